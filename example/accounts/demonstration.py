"""The people of the demonstration, known by everyone who has read the README."""

from dataclasses import dataclass

from example.accounts.models import User

PASSWORD = "demo"  # noqa: S105 - printed on the screen by dev.py; demo_users refuses without DEMO


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Somebody to be with one click."""

    slug: str
    name: str
    is_superuser: bool = False

    @property
    def email(self) -> str:
        return f"{self.slug}@example.org"

    def bring_about(self) -> User:
        """Make the user, or put back what was changed; an unchanged one keeps its logins."""
        user, _ = User.objects.get_or_create(email=self.email)
        user.name = self.name
        user.is_active = True
        user.is_staff = user.is_superuser = self.is_superuser
        # A new hash of the same password would end every Django session of the user.
        if not user.check_password(PASSWORD):
            user.set_password(PASSWORD)
        user.save()
        return user

    def lock_out(self) -> bool:
        """Where the demonstration is over: whether there was somebody with that password."""
        user = User.objects.filter(email=self.email).first()
        if user is None or not user.check_password(PASSWORD):
            return False
        user.set_unusable_password()  # which ends the Django sessions, too
        user.is_active = False
        user.save()
        return True


ADA = DemoUser("ada", "Ada")
GRACE = DemoUser("grace", "Grace")
ADMIN = DemoUser("admin", "Admin", is_superuser=True)
DEMO_USERS = (ADA, GRACE, ADMIN)
ONE_CLICK_USERS = {user.slug: user for user in (ADA, GRACE)}
