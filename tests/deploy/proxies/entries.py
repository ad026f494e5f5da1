"""The entry files of `deploy/`, and how each is started as its first lines say."""

import grp
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import trustme

from devkit.child import Child
from tests.conformance import sdk_process
from tests.deploy.proxies.network import Network
from tests.live import CHECKOUT, bare_environment

DEPLOY: Final = CHECKOUT / "deploy"
# Any user that owns nothing; the one of the project's images.
USER: Final = 10001
ASK_LIMIT_S: Final = 30
_PLAIN: Final = (
    *("setpriv", "--reuid", str(USER), "--clear-groups", "--no-new-privs"),
    *("--inh-caps=-all", "--bounding-set=-all", "--regid", str(USER), "--"),
)
# As the Debian package's unit starts Caddy: not root, but ports below 1024, and with the group
# of the unix sockets.
_LOW_PORTS: Final = (
    *("setpriv", "--reuid", str(USER), "--clear-groups", "--no-new-privs", "--regid", "www-data"),
    *("--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service"),
    *("--bounding-set=-all,+net_bind_service", "--"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry file, what it listens on, and by which name its pages are opened."""

    name: str
    program: str
    config: str
    port: int
    host: str = "localhost"
    is_tls: bool = True
    knows_its_name: bool = True
    site_address: str = ""

    @property
    def is_compose(self) -> bool:
        return "compose" in self.name

    @property
    def authority(self) -> str:
        """Host and port as a browser writes them."""
        is_default = self.port == (443 if self.is_tls else 80)
        return self.host if is_default else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{'https' if self.is_tls else 'http'}://{self.authority}"

    @property
    def user(self) -> tuple[str, ...]:
        """The command by which it gets its user: nginx on a host stays root and gives it up."""
        if self.is_compose:
            return _PLAIN
        return _LOW_PORTS if self.program == "caddy" else ()


_NGINX: Final = "/etc/nginx/django-ws-service"
COMPOSE = Entry(
    "nginx-compose", "nginx", f"{_NGINX}/compose.conf", 8080, is_tls=False, knows_its_name=False
)
COMPOSE_TLS = Entry(
    "nginx-compose-tls", "nginx", f"{_NGINX}/compose-tls.conf", 8443, knows_its_name=False
)
HOST = Entry("nginx-host", "nginx", "/etc/nginx/nginx.conf", 443, "www.example.com")
HOST_UNIX = Entry("nginx-host-unix", "nginx", "/etc/nginx/nginx.conf", 443, "www.example.com")
# For this one name Caddy's automatic HTTPS asks no authority on the internet.
CADDY = Entry("caddy-host", "caddy", "/etc/caddy/Caddyfile", 443, site_address="localhost")
CADDY_UNIX = Entry(
    "caddy-host-unix", "caddy", "/etc/caddy/Caddyfile.unix", 443, site_address="localhost"
)
CADDY_COMPOSE = Entry("caddy-compose", "caddy", "/etc/caddy/Caddyfile.compose", 8443)
CADDY_COMPOSE_NAMED = Entry(
    "caddy-compose-named",
    "caddy",
    "/etc/caddy/Caddyfile.compose",
    8443,
    "www.example.com",
    site_address="https://www.example.com:8443",
)

ENTRIES: Final = (COMPOSE, COMPOSE_TLS, HOST, HOST_UNIX, CADDY, CADDY_UNIX, CADDY_COMPOSE)
IN_COMPOSE: Final = tuple(entry for entry in ENTRIES if entry.is_compose)


class Edge:
    """A proxy by one of the entry files, in a network."""

    def __init__(self, entry: Entry, network: Network, log: Path) -> None:
        self.entry = entry
        self.network = network
        self.log = log
        _writable(log)
        self.child = Child(entry.name, network.command(self._argv), env=self.environment, log=log)

    @property
    def environment(self) -> dict[str, str]:
        """What the program is started with."""
        address = self.entry.site_address
        return bare_environment() | {
            "HOME": "/run/caddy",
            "XDG_DATA_HOME": "/run/caddy/data",
            "XDG_CONFIG_HOME": "/run/caddy/config",
            **({"SITE_ADDRESS": address} if address else {}),
        }

    @cached_property
    def _argv(self) -> list[str]:
        if self.entry.program == "nginx":
            return [*self.entry.user, "nginx", "-c", self.entry.config, "-g", "daemon off;"]
        return [*self.entry.user, "caddy", "run", *self._caddy_config]

    def ask(self, action: str) -> tuple[int, str]:
        """What the program says about its configuration: status and output.

        action: "check"; for nginx "show" as well, for Caddy "adapt".
        """
        self.lay_out()
        if self.entry.program == "nginx":
            words = {"check": "-t", "show": "-T"}
            argv = ["nginx", words[action], "-c", self.entry.config]
        else:
            argv = ["caddy", action.replace("check", "validate"), *self._caddy_config]
        output = _writable(self.log.with_suffix(f".{action}"))
        with output.open("w") as file:
            finished = subprocess.run(
                self.network.command([*self.entry.user, *argv]),
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=ASK_LIMIT_S,
            )
        return finished.returncode, output.read_text()

    @property
    def _caddy_config(self) -> tuple[str, ...]:
        return ("--config", self.entry.config, "--adapter", "caddyfile")

    @property
    def authority_file(self) -> Path:
        """The certificate of the authority that its clients trust."""
        if self.entry.program == "nginx":
            return self.network.path("nginx") / "certificates" / "authority.pem"
        return self.network.path("run") / "caddy/data/caddy/pki/authorities/local/root.crt"

    def sdk_argv(self) -> list[str]:
        """The Python SDK where the site's name is known and its certificate trusted."""
        argv = sdk_process.python()
        if not self.entry.is_tls:
            return self.network.command(argv)
        trusted = self.network.path("run") / "trusted.pem"
        shutil.copy(self.authority_file, trusted)
        return self.network.command(["env", "SSL_CERT_FILE=/run/trusted.pem", *argv])

    def logs(self) -> str:
        """All that it has written about requests and errors."""
        files = [self.log, *sorted(self.network.path("log").glob("*.log"))]
        return "\n".join(file.read_text() for file in files)

    def lay_out(self) -> None:
        """Put the files where docs/proxies.md says that they go."""
        place = self.network.path("nginx")
        shutil.copytree(DEPLOY / "nginx", place / "django-ws-service", dirs_exist_ok=True)
        shutil.copytree(DEPLOY / "nginx" / "parts", place / "parts", dirs_exist_ok=True)
        main = "host-unix.conf" if self.entry.name.endswith("unix") else "host.conf"
        shutil.copy(DEPLOY / "nginx" / main, place / "nginx.conf")
        shutil.copytree(DEPLOY / "caddy", self.network.path("caddy"), dirs_exist_ok=True)


def _writable(log: Path) -> Path:
    """A file that a program's user may open again as /dev/stdout, as a container's is."""
    log.touch()
    log.chmod(0o666)
    return log


def prepare(network: Network) -> None:
    """What a host or an image has already: types, a certificate, folders, names."""
    certificates = network.path("nginx") / "certificates"
    certificates.mkdir(exist_ok=True)
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1", "www.example.com")
    authority.cert_pem.write_to_path(str(certificates / "authority.pem"))
    chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    (certificates / "fullchain.pem").write_bytes(chain)
    key = certificates / "privkey.pem"
    key.write_bytes(certificate.private_key_pem.bytes())
    key.chmod(0o600)
    shutil.chown(key, USER)
    shutil.copy("/etc/nginx/mime.types", network.path("nginx"))
    caddy = network.path("run") / "caddy"
    caddy.mkdir(exist_ok=True)
    shutil.chown(caddy, USER)
    sockets = network.path("run") / "django-ws-service"
    sockets.mkdir(exist_ok=True)
    shutil.chown(sockets, group=grp.getgrnam("www-data").gr_gid)
    sockets.chmod(0o710)
    network.path("hosts").write_text("127.0.0.1 localhost www.example.com\n")
    network.path("resolv.conf").write_text("nameserver 127.0.0.11\noptions ndots:0\n")
