"""`python3 dev.py screenshot`: the README's pictures, of parts that are started for them.

Two sites, each with a service process of its own, on one database and one Redis: what Ada and
Grace say to each other in the picture goes from one service to the other. The first of them
counts, for the picture of its front page.
"""

from devkit import checkout, client_sdk, health, ports, run, step
from devkit.addresses import Addresses
from devkit.buttons import Buttons
from devkit.interruption import Interruption
from devkit.parts import Parts
from devkit.stack import Stack
from devkit.step import Outcome
from devkit.terminal import Terminal
from devkit.virtualenv import VirtualEnvironment

STATE = checkout.STATE / "screenshot"
_TIMEOUT_S = 120.0
_PEOPLE = ("ada", "grace")


def take(venv: VirtualEnvironment, terminal: Terminal, interruption: Interruption) -> list[Outcome]:
    """Start everything on free ports, take the picture, stop everything.

    Raises:
        Failure: a part did not start.
        Interrupted: somebody asked for the end meanwhile.
    """
    client_sdk.ensure(venv, terminal, interruption)
    stack = Stack(interruption)
    try:
        redis = run.start_redis(venv, STATE, terminal)
        stack.adopt_redis(redis)
        sites: list[Addresses] = []
        for person in _PEOPLE:
            chosen = _free_addresses()
            parts = Parts(
                venv,
                chosen,
                redis_url=redis.url,
                state=STATE,
                logs=f"logs/{person}",
                actions=Buttons.names(redis),  # to be seen; nobody obeys
            )
            if not sites:
                run.prepare_database(parts, terminal, interruption)
                stack.start(parts.counter())
            _start(stack, parts, chosen)
            sites.append(chosen)
        urls = [f"http://localhost:{site.site_port}" for site in sites]
        return [
            step.take(
                name,
                [venv.python, f"scripts/{name}.py", *arguments],
                terminal,
                interruption,
                timeout_s=_TIMEOUT_S,
                logs=STATE / "logs",
                streams=True,
            )
            for name, arguments in (("screenshot", urls), ("compare_screenshot", urls[:1]))
        ]
    finally:
        stack.stop()


def _free_addresses() -> Addresses:
    site = ports.free_port()
    return Addresses(site, ports.next_free(site + 1), has_ipv6=ports.has_ipv6_loopback())


def _start(stack: Stack, parts: Parts, chosen: Addresses) -> None:
    site, service = stack.start(parts.site()), stack.start(parts.service())
    stack.wait_until(lambda: health.site_trouble(chosen), site)
    stack.wait_until(lambda: health.service_trouble(chosen), service)
