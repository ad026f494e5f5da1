from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from example.accounts.demonstration import DEMO_USERS, PASSWORD


class Command(BaseCommand):
    help = "Make Ada, Grace and Admin with a well-known password. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "DEMO is off, so this may be a site that others can reach; everybody knows the"
                " password of the demonstration's users. Set DEMO=1 to make them all the same."
            )
        for demo_user in DEMO_USERS:
            user = demo_user.bring_about()
            role = ", may use the admin" if user.is_staff else ""
            self.stdout.write(f"{user.email} is {user.name}{role}; password {PASSWORD}")
