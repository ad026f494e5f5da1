"""Asking ``dev.py run`` for what the site itself has no right to: ending other processes.

dev.py names a pipe and what it is willing to do; on any other start there is neither, and
nothing here does anything.
"""

import os
import stat
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


class NobodyListens(Exception):
    """dev.py has gone, or never was there."""


def offered(request: HttpRequest) -> tuple[str, ...]:
    """What this visitor may ask for: something in development, on this machine; else nothing."""
    if not settings.DEBUG or not settings.DEMO_CONTROL or not _is_from_this_machine(request):
        return ()
    return tuple(settings.DEMO_ACTIONS)


def ask(action: str) -> None:
    """Pass a wish on; dev.py drops it while it is busy with another. Raises NobodyListens."""
    try:
        # Without waiting: a pipe that nobody reads is an error, not a page that hangs.
        pipe = os.open(settings.DEMO_CONTROL, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        raise NobodyListens(str(error)) from error
    try:
        if not stat.S_ISFIFO(os.fstat(pipe).st_mode):
            raise NobodyListens(f"{settings.DEMO_CONTROL} is no pipe")
        os.write(pipe, f"{action}\n".encode())
    except OSError as error:
        raise NobodyListens(str(error)) from error
    finally:
        os.close(pipe)


def _is_from_this_machine(request: HttpRequest) -> bool:
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
