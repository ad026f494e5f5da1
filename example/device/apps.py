from django.apps import AppConfig


class DeviceConfig(AppConfig):
    name = "example.device"
    label = "device"
    default_auto_field = "django.db.models.BigAutoField"
