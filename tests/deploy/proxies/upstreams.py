"""What is behind the proxies: the example site, two replicas of the service, a Valkey."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devkit.child import Child
from devkit.redis_server import RedisServer
from tests.deploy.proxies import docker_dns
from tests.deploy.proxies.network import Network, have
from tests.live import CHECKOUT, Service, Site, http_answer, wait_until

WEB: Final = "172.30.0.10"
REPLICAS: Final = ("172.30.0.11", "172.30.0.12")
# Where the second replica can be found as well, after it was "made anew".
NEW_ADDRESS: Final = "172.30.0.13"
_SETTINGS: Final = {
    "ALLOWED_HOSTS": "localhost,127.0.0.1,www.example.com",
    "BEHIND_PROXY": "true",
    "LIVE_URL": "",
    # Gunicorn believes X-Forwarded-Proto from loopback and unix sockets only.
    "FORWARDED_ALLOW_IPS": "*",
}


@dataclass
class Names:
    """What Docker's DNS answers."""

    file: Path
    known: dict[str, list[str]] = field(default_factory=dict)

    def say(self, **addresses: list[str]) -> None:
        """Say so from now on; an empty list is a name without addresses."""
        self.known |= addresses
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(self.known))
        new.replace(self.file)


@dataclass
class Upstreams:
    """They run, and both replicas answer."""

    site: Site
    names: Names
    replicas: tuple[Service, Service]
    environment: Mapping[str, str]

    def publish(self, topic: str, data: object) -> None:
        """Publish as the site does."""
        self.site.run_in_django(
            f"from ws_service import publish; publish({topic!r}, {data!r}, on_commit=False)"
        )


@contextmanager
def dns(network: Network) -> Iterator[Names]:
    """Docker's DNS; nobody is known to it yet."""
    names = Names(network.folder / "containers.json")
    names.say()
    server = Child(
        "dns",
        [sys.executable, "-m", "tests.deploy.proxies.docker_dns", str(names.file)],
        cwd=CHECKOUT,
        log=network.folder / "dns.log",
    )
    with server:
        wait_until(lambda: _is_bound(docker_dns.ADDRESS, 53) or not server.is_running)
        assert server.is_running, server.tail()
        yield names


def _is_bound(address: str, port: int) -> bool:
    """Whether somebody has this UDP port of this network."""
    local = "".join(f"{int(part):02X}" for part in reversed(address.split(".")))
    table = Path("/proc/thread-self/net/udp").read_text()
    return f" {local}:{port:04X} " in table


@contextmanager
def running(network: Network) -> Iterator[Upstreams]:
    """Start all of it, inside the network."""
    for address in (WEB, *REPLICAS, NEW_ADDRESS):
        have(address)
    sockets = network.path("run") / "django-ws-service"
    with ExitStack() as stack:
        names = stack.enter_context(dns(network))
        redis = stack.enter_context(RedisServer().start(network.folder / "redis"))
        site = Site(f"sqlite:///{network.folder}/site.sqlite3", redis.url)
        site.make_data()
        web = Child(
            "gunicorn",
            [
                *(sys.executable, "-m", "gunicorn", "example.wsgi:application"),
                *(f"--bind={WEB}:8000", "--bind=127.0.0.1:8000", f"--bind=unix:{sockets}/web.sock"),
                *("--threads=4", "--no-control-socket", f"--worker-tmp-dir={network.folder}"),
            ],
            env=site.environment() | _SETTINGS,
            cwd=CHECKOUT,
            log=network.folder / "gunicorn.log",
        )
        stack.enter_context(web)
        first = _replica(
            site,
            network.folder / "ws-1.log",
            f"{REPLICAS[0]}:8001",
            "127.0.0.1:8001",
            f"unix:{sockets}/ws.sock",
            port=8001,
        )
        second = _replica(
            site,
            network.folder / "ws-2.log",
            f"{REPLICAS[1]}:8001",
            f"{NEW_ADDRESS}:8001",
            "127.0.0.1:8002",
            port=8002,
        )
        for replica in (first, second):
            stack.callback(replica.stop)
            replica.start()
        wait_until(lambda: http_answer(8000)[0] != 0 or not web.is_running)
        assert web.is_running, web.tail()
        names.say(web=[WEB], ws=list(REPLICAS))
        yield Upstreams(site, names, (first, second), _SETTINGS)


def _replica(site: Site, log: Path, *binds: str, port: int) -> Service:
    argv = ("-m", "ws_service", "serve", *(f"--bind={bind}" for bind in binds))
    return Service(site, log, argv, settings="example.settings", environment=_SETTINGS, port=port)
