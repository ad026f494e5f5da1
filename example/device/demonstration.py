"""The device of the demonstration."""

from example.accounts.models import User
from example.device.models import Device

NAME = "Terrarium"
EMAIL = "terrarium@devices.example.org"


def bring_about() -> Device:
    """Make the device and its account, if they are not there; with no key yet."""
    user, is_new = User.objects.get_or_create(email=EMAIL, defaults={"name": NAME})
    if is_new:
        user.set_unusable_password()  # nobody can log in as a device
        user.save()
    return Device.objects.filter(user=user).first() or Device(user=user, name=NAME)
