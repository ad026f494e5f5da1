from django.apps import AppConfig


class WhiteboardConfig(AppConfig):
    name = "example.whiteboard"
    label = "whiteboard"
    default_auto_field = "django.db.models.BigAutoField"
