"""How one browser can be two people: it keeps other cookies for each host name."""

from dataclasses import dataclass

from django.http import HttpRequest

_NAMES = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class CookieJar:
    """This site by one of the machine's names; ``is_here``: the name the browser uses now."""

    host: str
    is_here: bool


def cookie_jars(request: HttpRequest) -> list[CookieJar]:
    """The site by each of its names on this machine; none when it is reached by another."""
    here = request.get_host()
    if here.removesuffix(f":{request.get_port()}") not in (*_NAMES, "[::1]"):
        return []
    hosts = [f"{name}:{request.get_port()}" for name in _NAMES]
    return [CookieJar(host, is_here=host == here) for host in hosts]
