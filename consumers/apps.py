from django.apps import AppConfig


class ConsumersConfig(AppConfig):
    """The demonstration consumers as a Django app, so that their system check runs."""

    name = "consumers"
    verbose_name = "Demonstration consumers"

    def ready(self) -> None:
        # Importing the module registers the check; it needs the app registry.
        from consumers import checks  # noqa: F401
