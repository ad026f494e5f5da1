from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "example.pages"
    label = "pages"
