from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from example.device import demonstration


class Command(BaseCommand):
    help = "Make the terrarium, and give its sensor the key in DEVICE_KEY or a new one."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("DEMO is off: this device is for the demonstration only.")
        device = demonstration.bring_about()
        if settings.DEVICE_KEY:
            device.set_key(settings.DEVICE_KEY)
            self.stdout.write(f"{device} has the key in DEVICE_KEY")
        else:
            self.stdout.write(f"{device} has a new key: DEVICE_KEY={device.new_key()}")
        device.save()
