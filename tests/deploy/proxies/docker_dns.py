"""A name server as in a Docker network: `python -m tests.deploy.proxies.docker_dns <file>`.

Listens on 127.0.0.11 and answers from a JSON file, `{"ws": ["172.30.0.11", …]}`, which it reads
again for each question. As Docker's, it says that an answer holds for ten minutes.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from twisted.internet import defer, reactor
from twisted.names import dns, error, server

ADDRESS: Final = "127.0.0.11"
_HOLDS_S: Final = 600


class Containers:
    """Where containers are, by the names of their services."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def query(self, query: dns.Query, timeout: Any = None) -> defer.Deferred[Any]:
        name = query.name.name.decode().rstrip(".").lower()
        addresses = json.loads(self._file.read_text()).get(name)
        if addresses is None:
            return defer.fail(error.DomainError(name))
        answers = [
            dns.RRHeader(name, dns.A, dns.IN, _HOLDS_S, dns.Record_A(address, _HOLDS_S))
            for address in addresses
            if query.type == dns.A
        ]
        return defer.succeed((answers, [], []))


def main(file: str) -> None:
    """Answer until told to stop."""
    factory = server.DNSServerFactory(clients=[Containers(Path(file))])
    listen: Any = reactor
    listen.listenUDP(53, dns.DNSDatagramProtocol(factory), interface=ADDRESS)
    listen.listenTCP(53, factory, interface=ADDRESS)
    listen.run()


if __name__ == "__main__":
    main(sys.argv[1])
