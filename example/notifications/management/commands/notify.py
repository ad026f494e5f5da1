from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from example.accounts.models import User
from example.notifications.models import Notification


class Command(BaseCommand):
    help = "Send somebody a notification: notify ada@example.org 'Your tea is ready'"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("text")

    def handle(self, *args: Any, email: str, text: str, **options: Any) -> None:
        try:
            user = User.objects.get_by_natural_key(email)
        except User.DoesNotExist as error:
            raise CommandError(f"There is no {email}.") from error
        Notification.objects.create(user=user, text=text[:200])
        self.stdout.write(f"{user.get_short_name()} has been told.")
