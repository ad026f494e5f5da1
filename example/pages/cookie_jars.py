"""How one browser can be two people: it keeps other cookies for each host name."""

from dataclasses import dataclass

from django.http import HttpRequest

from example.pages.live_address import without_port

_NAMES = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class CookieJar:
    """This site by one of the machine's names; ``is_here``: the name the browser uses now."""

    host: str
    is_here: bool


def cookie_jars(request: HttpRequest) -> list[CookieJar]:
    """The site by each of its names on this machine; none when it is reached by another."""
    here = request.get_host()
    # The port that the browser uses: behind a proxy this process listens on another.
    own_name = without_port(here)
    if own_name not in (*_NAMES, "[::1]"):
        return []
    hosts = [name + here.removeprefix(own_name) for name in _NAMES]
    return [CookieJar(host, is_here=host == here) for host in hosts]
