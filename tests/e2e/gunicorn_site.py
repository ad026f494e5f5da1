"""The example site under Gunicorn beside a service of its own, as a deployment has them."""

import http.client
import sys
import time
from pathlib import Path
from typing import Self

from devkit.child import Child
from devkit.ports import IPV4, IPV6, free_port, has_ipv6_loopback
from tests.live import CHECKOUT, START_LIMIT_S, Service, Site

POLL_INTERVAL_S = 0.05
SERVE = (
    *("-m", "ws_service", "serve", "--bind", "127.0.0.1:{port}"),
    *(("--bind", "[::1]:{port}") if has_ipv6_loopback() else ()),
)
HOSTS = ("localhost", IPV4, *((f"[{IPV6}]",) if has_ipv6_loopback() else ()))


class GunicornSite:
    """A Gunicorn process and the service that its pages connect to; both may be restarted."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.port = free_port()
        environment = {
            "WS_SERVICE_ALLOWED_ORIGINS": ",".join(self.url("", host) for host in HOSTS),
        }
        self.service = Service(
            site,
            folder / "service.log",
            SERVE,
            settings="example.settings",
            environment=environment,
        )
        binds = [IPV4, *([f"[{IPV6}]"] if has_ipv6_loopback() else [])]
        self.web = Child(
            "gunicorn",
            [
                *(sys.executable, "-m", "gunicorn", "example.wsgi:application"),
                *(f"--bind={host}:{self.port}" for host in binds),
                *("--threads=8", "--no-control-socket", f"--worker-tmp-dir={folder}"),
            ],
            env=site.environment() | {"LIVE_URL": f":{self.service.port}"},
            cwd=CHECKOUT,
            log=folder / "gunicorn.log",
        )

    def __enter__(self) -> Self:
        """Start both and wait until both answer."""
        try:
            self.web.start()
            self.service.start()
            self._wait_for_the_start_page()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop both."""
        self.service.stop()
        self.web.stop()

    def url(self, path: str, host: str = "localhost") -> str:
        """The address of a page by one of the machine's names."""
        return f"http://{host}:{self.port}{path}"

    def _wait_for_the_start_page(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not self._answers():
            assert self.web.poll() is None, f"Gunicorn ended at its start:\n{self.web.tail(60)}"
            assert time.monotonic() < deadline, f"no start page:\n{self.web.tail(60)}"
            time.sleep(POLL_INTERVAL_S)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(IPV4, self.port, timeout=START_LIMIT_S)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()
