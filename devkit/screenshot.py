"""`python3 dev.py screenshot`: pictures of the example site's pages, for a phone and a desktop.

A site with its service, and everything that pushes, is started for them. All pictures go to
`.dev/screenshot/pages`; the few that the README and the docs show, to `docs/images`.
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
_TIMEOUT_S = 240.0


def take(venv: VirtualEnvironment, terminal: Terminal, interruption: Interruption) -> list[Outcome]:
    """Start everything on free ports, take the pictures, stop everything.

    Raises:
        Failure: a part did not start.
        Interrupted: somebody asked for the end meanwhile.
    """
    client_sdk.ensure(venv.python, terminal, interruption)
    stack = Stack(interruption)
    try:
        redis = run.start_redis(venv, STATE, terminal)
        stack.adopt_redis(redis)
        chosen = _free_addresses()
        actions = Buttons.names(redis)  # to be seen; nobody obeys
        parts = Parts(venv, chosen, redis_url=redis.url, state=STATE, actions=actions)
        run.prepare_database(parts, terminal, interruption)
        _start(stack, parts, chosen)
        site = f"http://localhost:{chosen.site_port}"
        return [
            step.take(
                name,
                [venv.python, f"scripts/{name}.py", site, *arguments],
                terminal,
                interruption,
                timeout_s=_TIMEOUT_S,
                logs=STATE / "logs",
                streams=True,
            )
            for name, arguments in (
                ("compare_screenshot", ()),
                ("pages_screenshot", (STATE / "pages",)),
            )
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
    for part in (parts.counter(), parts.ticker(), parts.sensor()):
        stack.start(part)
