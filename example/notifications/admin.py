from django.contrib import admin

from example.notifications.models import Notification


@admin.register(Notification)
class NotificationAdmin(admin.ModelAdmin):
    """Add one here and watch the bell."""

    list_display = ("user", "text", "is_read", "at")
    list_filter = ("is_read",)
    list_select_related = ("user",)
    autocomplete_fields = ("user",)
    fields = ("user", "text")
