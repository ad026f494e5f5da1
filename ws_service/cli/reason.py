"""Why a start failed, in words that mend it."""

from __future__ import annotations

from pathlib import Path
from traceback import walk_tb

from ws_service.errors import WsServiceError
from ws_service.routing_module import place_of


def reason_of(error: Exception, settings: str | None, application: str | None) -> str | None:
    """What happened and what mends it; None for an error that needs its traceback.

    settings: the settings' module. application: ``module:attribute``, if that was started.
    """
    from django.core.exceptions import ImproperlyConfigured  # a command's --help needs no Django

    if _is_about_logging(error):
        causes = [str(each) for each in (error, error.__cause__) if each is not None]
        return f"The settings' LOGGING can't be used: {': '.join(causes)}."
    if isinstance(error, ModuleNotFoundError):
        return f"{error}{_what_mends(error, settings, application)}"
    if isinstance(error, ImportError):
        return f"{error}{place_of(error)}"
    return str(error) if isinstance(error, ImproperlyConfigured | WsServiceError) else None


def _is_about_logging(error: Exception) -> bool:
    """Whether Django was doing as ``LOGGING`` and ``LOGGING_CONFIG`` say."""
    return any(
        frame.f_code.co_name == "configure_logging"
        and frame.f_globals.get("__name__") == "django.utils.log"
        for frame, _ in walk_tb(error.__traceback__)
    )


def _what_mends(error: ModuleNotFoundError, settings: str | None, application: str | None) -> str:
    """By who asks for the module: the start, INSTALLED_APPS, or a line of some module."""
    missing = error.name or ""
    asked_for = {
        "DJANGO_SETTINGS_MODULE": settings or "",
        "The application": (application or "").partition(":")[0],
    }
    for who, module in asked_for.items():
        if _leads_through(missing, module):
            return (
                f". {who} is {module!r}, and it is looked for in {Path.cwd()} and on PYTHONPATH:"
                " start it where manage.py is, or correct the name."
            )
    from ws_service.conf import installed_apps  # see above

    for app in installed_apps():
        if _leads_through(missing, app):
            return (
                f". INSTALLED_APPS has {app!r}: install the package where this runs, or correct"
                " the name."
            )
    return f"{place_of(error)}. Install what has it where this runs, or correct the name."


def _leads_through(package: str, path: str) -> bool:
    """Whether importing the path begins with importing the package."""
    return bool(package) and f"{path}.".startswith(f"{package}.")
