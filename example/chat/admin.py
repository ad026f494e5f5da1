from django.contrib import admin

from example.chat.models import Message


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
    """To look through, and to delete what should not have been said."""

    list_display = ("room", "author", "text", "at")
    list_filter = ("room",)
    list_select_related = ("author",)
