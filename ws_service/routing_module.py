"""The module that ``WS_SERVICE["ROUTING"]`` names: patterns, topics and methods of a site."""

from importlib import import_module
from traceback import extract_tb
from types import ModuleType

from ws_service.errors import InvalidRouting


def import_routing(name: str) -> ModuleType:
    """Import the site's routing module.

    Raises InvalidRouting, whatever its code raises; the text has the exception and its line.
    """
    try:
        return import_module(name)
    except InvalidRouting:
        raise  # of topic() or rpc(): its text says enough
    except Exception as error:
        hint = ""
        if "SyncWebsocketConsumer" in str(error):
            hint = " Channels calls its synchronous consumer WebsocketConsumer."
        raise InvalidRouting(
            f"WS_SERVICE['ROUTING'] {name!r} can't be imported: {_what(error)}"
            f"{place_of(error)}.{hint}"
        ) from error


def place_of(error: BaseException) -> str:
    """The file and line that failed, in brackets: the site's own last one, if any of it ran.

    Nothing where only we and importlib ran, and for a SyntaxError, which names its own.
    """
    frames = [f for f in extract_tb(error.__traceback__) if "importlib" not in f.filename]
    if isinstance(error, SyntaxError) or not frames or frames[-1].filename == __file__:
        return ""
    own = [f for f in frames if "site-packages" not in f.filename and f.filename != __file__]
    frame = (own or frames)[-1]
    return f" ({frame.filename}, line {frame.lineno})"


def _what(error: Exception) -> str:
    """The exception's text, after its name unless the text says as much alone."""
    if isinstance(error, ImportError):
        return str(error)
    return f"{type(error).__name__}: {error}"
