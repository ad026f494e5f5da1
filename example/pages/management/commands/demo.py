from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from example.accounts.demonstration import DEMO_USERS


class Command(BaseCommand):
    help = (
        "Make the demonstration's users and orders where DEMO is on; where it is off, lock out"
        " those users who still have the well-known password. Safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DEMO:
            for command in ("demo_users", "demo_orders"):
                call_command(command, stdout=self.stdout)
            return
        for user in DEMO_USERS:
            if user.lock_out():
                self.stdout.write(f"{user.email} had the well-known password, and is locked out")
        self.stdout.write("DEMO is off: nobody has a well-known password")
