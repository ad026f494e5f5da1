"""Whether others than this machine's users can reach the site, and what must not be there then."""

from collections.abc import Iterable, Mapping

from django.core.exceptions import ImproperlyConfigured

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
# What stands in a public file is no secret. Django calls its own such keys "django-insecure-…".
_PUBLIC = ("insecure-", "django-insecure-")
_PUBLIC_SITE = (
    "Others can reach this site, by a name in ALLOWED_HOSTS or by a port that is open to more than"
    " this machine (PUBLISHED_ON), and"
)


def is_loopback_only(hosts: Iterable[str]) -> bool:
    """Whether these are names and addresses of nothing but the machine itself."""
    return all(host in LOOPBACK or host.endswith(".localhost") for host in hosts)


def refuse_what_everybody_knows(secrets: Mapping[str, str | None], is_demo: bool) -> None:
    """Called by the settings of a site that others can reach; stops each of its processes.

    secrets: by the names of their variables. Raises ImproperlyConfigured with those whose values
    are the public ones of compose.yaml or of development.
    """
    known = [name for name, value in secrets.items() if (value or "").startswith(_PUBLIC)]
    if known:
        raise ImproperlyConfigured(
            f"{_PUBLIC_SITE} {', '.join(known)} still has the value for trying things out, which"
            " everybody can read. Make one with:"
            ' python3 -c "import secrets; print(secrets.token_urlsafe(50))"'
        )
    if is_demo:
        raise ImproperlyConfigured(
            f"{_PUBLIC_SITE} DEMO makes users whose password everybody knows. Set DEMO=false, and"
            " make your own with createsuperuser."
        )
