"""``ws-service serve``: the site's settings, another process, WebSockets only."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from difflib import get_close_matches
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, Final, cast

from ws_service import __version__, node_id
from ws_service.bind import DEFAULT_PORT, ENVIRONMENT_NAME, Bind, remove_stale_socket
from ws_service.cli.reason import reason_of
from ws_service.errors import BrokerUnavailable, CannotListen, InvalidApplication, InvalidBind

if TYPE_CHECKING:
    from ws_service.asgi_types import ASGIApplication
    from ws_service.conf import ServiceConfig

logger = logging.getLogger(__name__)

EXIT_LIMIT_S: Final = 3.0
REDIS_GREETING_LIMIT_S: Final = 4.0
_INSTALL: Final = "Install the server: pip install 'django-ws-service[server]'"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "serve",
        help="serve WebSockets with the site's own settings",
        description="Serve WebSockets with the site's own settings (DJANGO_SETTINGS_MODULE).",
    )
    parser.add_argument(
        "application",
        nargs="?",
        metavar="module:attribute",
        help='an ASGI application; without it, one is built from settings.WS_SERVICE["ROUTING"]',
    )
    parser.add_argument(
        "-b",
        "--bind",
        action="append",
        metavar="ADDRESS",
        help="host:port, [v6]:port or unix:/path; may be repeated"
        f" (default: {ENVIRONMENT_NAME}, else {Bind()})",
    )
    parser.add_argument("-p", "--port", type=int, help="the port of a --bind that names none")
    parser.add_argument("-u", "--unix-socket", metavar="PATH", help="the same as --bind unix:PATH")
    parser.add_argument(
        "-e",
        "--endpoint",
        action="append",
        default=[],
        metavar="DESCRIPTION",
        help="a Twisted endpoint, as in ssl:8443:privateKey=key.pem:certKey=cert.pem",
    )
    parser.add_argument("--settings", metavar="MODULE", help="DJANGO_SETTINGS_MODULE for this run")
    parser.add_argument("--reload", action="store_true", help="restart when the code changes")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop. Returns the exit status; explains itself on stderr."""
    if "" not in sys.path and str(os.curdir) not in sys.path:
        sys.path.insert(0, os.curdir)  # like `python -m`: the site's code is where we stand
    if args.settings:
        os.environ["DJANGO_SETTINGS_MODULE"] = args.settings
    try:
        binds = listening_addresses(args)
    except InvalidBind as error:
        return _refuse(str(error))
    if not (args.application or os.environ.get("DJANGO_SETTINGS_MODULE")):
        return _refuse(
            "Whose settings? Set DJANGO_SETTINGS_MODULE to the site's settings module,"
            " or pass --settings mysite.settings."
        )
    if not args.reload:
        _obey_a_stop_from_now_on()
        return _serve(args, binds)
    from django.utils.autoreload import run_with_reloader  # only a development machine needs it

    run_with_reloader(_serve, args, binds, handles_signals=False)
    return 0


def listening_addresses(args: argparse.Namespace) -> list[Bind]:
    """Where to listen, from the arguments, else the environment, else the default.

    Raises InvalidBind.
    """
    texts = list(args.bind or [])
    if args.port is not None:
        texts = [_with_port(text, args.port) for text in texts or [Bind().host]]
    binds = [Bind.parse(text) for text in texts]
    if args.unix_socket:
        binds.append(Bind(unix_path=args.unix_socket))
    if binds or args.endpoint:
        return binds
    return Bind.parse_list(os.environ.get(ENVIRONMENT_NAME, "")) or [Bind()]


def _with_port(text: str, port: int) -> str:
    bind = Bind.parse(text)
    names_its_port = bind.port != DEFAULT_PORT or text.endswith(f":{DEFAULT_PORT}")
    if bind.unix_path is None and names_its_port and bind.port != port:
        raise InvalidBind(f"--bind {text} and --port {port} disagree; --bind takes host:port")
    return text if bind.unix_path else str(Bind(bind.host, port))


def _serve(args: argparse.Namespace, binds: list[Bind], handles_signals: bool = True) -> int:
    # Twisted's reactor first: whatever the site imports may install another one.
    try:
        from ws_service.server import daphne, garbage
    except ModuleNotFoundError as error:
        return _refuse(f"{error}. {_INSTALL}")
    import django

    try:
        application = _load(args.application)
        from ws_service.conf import load_config  # after setup(): it reads the settings

        config = load_config()
    except Exception as error:
        reason = reason_of(error, os.environ.get("DJANGO_SETTINGS_MODULE"), args.application)
        if reason is None:
            raise  # the interpreter prints it, whatever LOGGING says
        return _refuse(reason)
    _configure_logging()
    logger.info(
        "ws-service %s (Django %s, settings %s) is node %s",
        __version__,
        django.get_version(),
        os.environ.get("DJANGO_SETTINGS_MODULE"),
        node_id(),
    )
    _greet_the_topics_redis(config)
    try:
        _remove_stale_sockets(binds)
    except CannotListen as error:
        return _refuse(f"{error}.")
    try:
        api = _api(config)
    except CannotListen as error:
        return _refuse(f"The HTTP API {error} (WS_SERVICE['API_BIND']).")
    except ModuleNotFoundError as error:
        return _refuse(f"{error}. {_INSTALL}")
    garbage.settle()
    with api:
        reasons = daphne.serve(
            application,
            [*map(daphne.endpoint_of, binds), *args.endpoint],
            ping_interval_s=config.ping_interval_s,
            message_limit_bytes=config.message_limit_bytes,
            handles_signals=handles_signals,
        )
    for reason in reasons:
        _refuse(reason)
    status = 1 if reasons else 0
    if handles_signals:
        _exit_in_time(status)
    return status


def _obey_a_stop_from_now_on() -> None:
    """Until the server has its own handlers: process 1 of a container has none by default, and
    ignores what it doesn't handle. It would be waited for, then killed.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)


def _leave(number: int, _: FrameType | None) -> None:
    print(f"ws-service: {signal.Signals(number).name} while starting", file=sys.stderr)
    sys.exit(0)


def _exit_in_time(status: int) -> None:
    """Let the interpreter end in its own way, but not wait for a thread that is stuck.

    At its end it joins every pool's threads; one that hangs in the database would hold it up
    until an orchestrator kills it.
    """
    timer = threading.Timer(EXIT_LIMIT_S, os._exit, [status])
    timer.daemon = True
    timer.start()


def _greet_the_topics_redis(config: ServiceConfig) -> None:
    """Say at the start what would else be noticed by the first client only; and tell publishers
    that have no topics of their own which there are, before there is a first client.
    """
    from ws_service.redis_url import RedisUrl  # after setup(), like the rest
    from ws_service.topics.written import write_topics

    greeting: Future[None] = Future()

    def greet() -> None:
        try:
            write_topics(config, REDIS_GREETING_LIMIT_S)
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            greeting.set_exception(error)
        else:
            greeting.set_result(None)

    # In a thread, because nothing limits how long the system looks for a host's name.
    threading.Thread(target=greet, name="redis-greeting", daemon=True).start()
    try:
        greeting.result(REDIS_GREETING_LIMIT_S + 1)
    except (BrokerUnavailable, TimeoutError) as error:
        address = RedisUrl.parse(config.redis_url).address if config.redis_url else "Redis"
        reason = str(error) or "its name is still being looked for"
        logger.warning("%s does not answer, subscriptions fail until it does: %s", address, reason)


def _remove_stale_sockets(binds: list[Bind]) -> None:
    """Raises CannotListen."""
    for bind in binds:
        try:
            if bind.unix_path is not None:
                remove_stale_socket(bind.unix_path)
        except OSError as error:
            raise CannotListen(bind, error.strerror or str(error)) from error


def _api(config: ServiceConfig) -> AbstractContextManager[object]:
    """Serves the HTTP API meanwhile, if there is a key for it; it listens already.

    Raises CannotListen.
    """
    if config.api_key is None:
        logger.info("There is no HTTP API: WS_SERVICE['API_KEY'] is not set")
        return nullcontext()
    from ws_service.api import Api, ApiListener  # after setup(), like the rest
    from ws_service.conf import API_PORT

    return ApiListener(Api(config.api_key), Bind.parse(config.api_bind, API_PORT))


def _load(path: str | None) -> ASGIApplication:
    """The named application, or the one that the settings describe."""
    if path is None:
        import django

        django.setup()
        from ws_service.application import get_websocket_application  # needs the app registry

        return get_websocket_application()
    module_name, separator, attribute = path.partition(":")
    if not separator:
        text = f"{path!r}: write module:attribute, as in mysite.asgi:application"
        raise InvalidApplication(text)
    module = import_module(module_name)
    try:
        return cast("ASGIApplication", getattr(module, attribute))
    except AttributeError as error:
        near = get_close_matches(attribute, vars(module), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InvalidApplication(f"{module_name} has no {attribute!r}{hint}") from error


def _configure_logging() -> None:
    """Say something by default: a site whose LOGGING is silent on the root gets lines.

    Except those that a logger of the site's, or of Django's default configuration, has printed.
    """
    if logging.getLogger().handlers:
        return
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    (handler,) = logging.getLogger().handlers
    handler.addFilter(lambda record: not _is_handled_below_the_root(record.name))


def _is_handled_below_the_root(name: str) -> bool:
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None and logger is not logging.root:
        if any(not isinstance(each, logging.NullHandler) for each in logger.handlers):
            return True
        logger = logger.parent
    return False


def _refuse(text: str) -> int:
    """Say why the command ends.

    It is printed and not logged: LOGGING may be silent, and both would say it twice.
    """
    print(f"ws-service: {text}", file=sys.stderr)
    return 1
