from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from example.accounts.models import User
from ws_service import connection_token, subscription_token


class Command(BaseCommand):
    help = "Print a token with which a program connects as somebody, or subscribes to one topic."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--topic", help="for this topic instead of a connection: orders:42")
        parser.add_argument("--minutes", type=int, default=10, help="how long it is good for (10)")

    def handle(
        self, *args: Any, email: str, topic: str | None, minutes: int, **options: Any
    ) -> None:
        try:
            user = User.objects.get_by_natural_key(email)
        except User.DoesNotExist as error:
            raise CommandError(f"There is no {email}.") from error
        lifetime = timedelta(minutes=minutes)
        if topic is None:
            token = connection_token(user, expires_in=lifetime)
        else:
            token = subscription_token(user, topic, expires_in=lifetime)
        self.stdout.write(token)
