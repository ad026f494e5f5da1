"""Which process is speaking: the node id."""

import os
import secrets
import socket

_node_of_pid: dict[int, str] = {}


def node_id() -> str:
    """Name this process: ``<hostname>-<8 random hex digits>``.

    The same for the life of the process, another one in a forked child. Safe to show to
    users; do not build anything on its form.
    """
    pid = os.getpid()
    if pid not in _node_of_pid:
        _node_of_pid.clear()
        _node_of_pid[pid] = f"{socket.gethostname()}-{secrets.token_hex(4)}"
    return _node_of_pid[pid]
