from django.contrib import admin, messages
from django.http import HttpRequest

from example.device.models import Device


@admin.register(Device)
class DeviceAdmin(admin.ModelAdmin):
    """A new device gets its key here, once."""

    list_display = ("name", "user", "is_lamp_wanted")
    autocomplete_fields = ("user",)

    def save_model(self, request: HttpRequest, device: Device, form: object, change: bool) -> None:
        if not change:
            messages.warning(request, f"The device's key, shown this once: {device.new_key()}")
        super().save_model(request, device, form, change)
