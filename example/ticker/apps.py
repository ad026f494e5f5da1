from django.apps import AppConfig


class TickerConfig(AppConfig):
    name = "example.ticker"
    label = "ticker"
    default_auto_field = "django.db.models.BigAutoField"
