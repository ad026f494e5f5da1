from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Make the demonstration's users and orders, where DEMO is on. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            self.stdout.write("DEMO is off: no users with a well-known password")
            return
        for command in ("demo_users", "demo_orders"):
            call_command(command, stdout=self.stdout)
