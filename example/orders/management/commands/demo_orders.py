from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from example.accounts.models import User
from example.orders import demonstration


class Command(BaseCommand):
    help = "Make orders for Ada and Grace. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("DEMO is off: these orders are for the demonstration only.")
        try:
            orders = demonstration.bring_about()
        except User.DoesNotExist as error:
            raise CommandError("There is no Ada or no Grace: run demo_users first.") from error
        for order in orders:
            self.stdout.write(f"{order} for {order.customer}")
