"""Whether others than this machine's users can reach the site, and what must not be there then."""

from collections.abc import Iterable, Mapping

from django.core.exceptions import ImproperlyConfigured

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
# What stands in a public file is no secret. Django calls its own such keys "django-insecure-…".
_PUBLIC = ("insecure-", "django-insecure-")


def is_loopback_only(hosts: Iterable[str]) -> bool:
    """Whether these ALLOWED_HOSTS are names of nothing but the machine itself."""
    return all(host in LOOPBACK or host.endswith(".localhost") for host in hosts)


def refuse_what_everybody_knows(secrets: Mapping[str, str | None], is_demo: bool) -> None:
    """Called by the settings of a site that others can reach; stops each of its processes.

    secrets: by the names of their variables. Raises ImproperlyConfigured with those whose values
    are the public ones of compose.yaml or of development.
    """
    known = [name for name, value in secrets.items() if (value or "").startswith(_PUBLIC)]
    if known:
        raise ImproperlyConfigured(
            f"ALLOWED_HOSTS names a host that others can reach, and {', '.join(known)} still has"
            " the value for trying things out, which everybody can read. Make one with:"
            ' python3 -c "import secrets; print(secrets.token_urlsafe(50))"'
        )
    if is_demo:
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS names a host that others can reach, and DEMO makes users whose password"
            " everybody knows. Unset DEMO, and make your own with createsuperuser."
        )
