"""`python3 dev.py images`: the two images of this checkout, and what compose.yaml puts beside them.

No registry is asked: the base image and the services are made from Debian's packages and a
CPython 3.12 of this machine, under the names that the Dockerfiles and compose.yaml use.
"""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devkit import checkout, environment, step
from devkit.containers import recipe
from devkit.failure import Failure
from devkit.interruption import Interruption
from devkit.step import Outcome
from devkit.terminal import Terminal

_CACHE = recipe.FOLDER / "cache"
_TIMEOUT_S = 900.0
_NAME = re.compile(r"^\s*image:\s*(\S+)", re.MULTILINE)
_VERSION = re.compile(r'^__version__ = "(.+)"', re.MULTILINE)
# What a stand-in can be made for, by the last part of the image's name.
_KINDS = ("valkey", "redis", "postgres", "nginx", "caddy")
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Image:
    """One that is built here."""

    name: str
    dockerfile: str


GATEWAY = Image("django-ws-service:latest", "Dockerfile")
SITE = Image("example-site:latest", "example/Dockerfile")
OWN = (GATEWAY, SITE)


def names() -> list[str]:
    """Give all images that containers are started from, as podman's store knows them."""
    return [*(f"localhost/{image.name}" for image in OWN), *_services()]


def build(terminal: Terminal, interruption: Interruption) -> list[Outcome]:
    """Make what is missing of the stand-ins, build the two images, say how large they are.

    Ends with the first step that fails.

    Raises:
        Failure: this machine can't.
        Interrupted: somebody asked for the end meanwhile.
    """
    recipe.check()
    outcomes: list[Outcome] = []
    for name, argv in steps().items():
        outcome = step.take(
            name, argv, terminal, interruption, timeout_s=_TIMEOUT_S, extra_env=recipe.environment()
        )
        outcomes.append(outcome)
        if not outcome.is_good:
            return outcomes
    terminal.line()
    took_s = {outcome.name: outcome.took_s for outcome in outcomes}
    for image in OWN:
        size_mb = _size_bytes(f"localhost/{image.name}") / _MEGABYTE
        terminal.line(
            f"  {image.name:<28} {size_mb:5.0f} MB  built in {took_s[_step_of(image)]:.1f} s"
        )
    base_mb = _size_bytes("docker.io/library/python:3.12-slim") / _MEGABYTE
    terminal.line(f"  {'python:3.12-slim (stand-in)':<28} {base_mb:5.0f} MB  is part of both")
    return outcomes


_Steps = dict[str, Sequence[str | Path]]


def steps() -> _Steps:
    """Give the command lines, in their order, by their names.

    Raises:
        Failure: compose.yaml names an image for which there is no stand-in.
    """
    base: _Steps = {"base image": [recipe.SCRIPTS / "make-base-image", "--cache", _CACHE]}
    services: _Steps = {
        f"image {_kind(name)}": [
            *(recipe.SCRIPTS / "make-service-image", _kind(name), name),
            *("--cache", _CACHE),
        ]
        for name in _services()
    }
    own: _Steps = {_step_of(image): _building(image) for image in OWN}
    # What is left of builds of last week and before; this week's make the next build quick.
    old: _Steps = {"old images": ["podman", "image", "prune", "--force", "--filter", "until=168h"]}
    return base | services | own | old


def _step_of(image: Image) -> str:
    return f"image {image.name.partition(':')[0]}"


def _building(image: Image) -> list[str | Path]:
    return [
        recipe.SCRIPTS / "build-image",
        f"localhost/{image.name}",
        checkout.ROOT,
        *("--layers", "--file", checkout.ROOT / image.dockerfile),
        *("--build-arg", f"VERSION={_version()}", "--build-arg", f"REVISION={_revision()}"),
    ]


def _services() -> list[str]:
    """What compose.yaml starts that isn't built here, by its whole name."""
    text = (checkout.ROOT / "compose.yaml").read_text()
    found = dict.fromkeys(_NAME.findall(text))
    return [_whole(name) for name in found if name not in {image.name for image in OWN}]


def _whole(name: str) -> str:
    """The name as a registry's user means it: `nginx:1` is `docker.io/library/nginx:1`."""
    if "/" not in name:
        return f"docker.io/library/{name}"
    return name if "." in name.split("/")[0] else f"docker.io/{name}"


def _kind(name: str) -> str:
    kind = name.rpartition("/")[2].partition(":")[0]
    if kind not in _KINDS:
        raise Failure(f"compose.yaml names {name}: there is no stand-in for {kind}")
    return kind


def _version() -> str:
    text = (checkout.ROOT / "ws_service" / "__init__.py").read_text()
    found = _VERSION.search(text)
    return found[1] if found else "unknown"


def _revision() -> str:
    """Of the commit; `unknown` outside of git."""
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=checkout.ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"


def _size_bytes(name: str) -> int:
    asked = subprocess.run(
        ["podman", "image", "inspect", "--format", "{{.Size}}", name],
        env=environment.own(**recipe.environment()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(asked.stdout)
