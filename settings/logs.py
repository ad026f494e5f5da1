"""How everything here logs."""

from typing import Any


def lines_on_stderr(level: str) -> dict[str, Any]:
    """One line an event on stderr: what a container's log collector expects."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
    }
