"""Who listens on a port, as far as this user may know."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

_LISTEN = "0A"
_LSOF_TIMEOUT_S = 5.0


def describe(port: int) -> str | None:
    """Give `process 123 (gunicorn …)`, or None when it can't be told without more rights."""
    if Path("/proc/net/tcp").exists():
        return _from_proc(port)
    return _from_lsof(port)


def _from_proc(port: int) -> str | None:
    wanted = {f"socket:[{inode}]" for inode in _inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(
                str(descriptor.readlink()) in wanted for descriptor in (process / "fd").iterdir()
            ):
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                return f"process {process.name} ({' '.join(words).strip()[:60]})"
        except OSError:  # another user's, or gone meanwhile
            continue
    return None


def _inodes(port: int) -> Iterator[str]:
    # Fields by position: sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode.
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if table.exists():
            for line in table.read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _from_lsof(port: int) -> str | None:
    if not shutil.which("lsof"):
        return None
    try:
        answer = subprocess.run(
            ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LSOF_TIMEOUT_S,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired:
        return None
    fields = {line[0]: line[1:] for line in answer.splitlines() if line}
    return f"process {fields['p']} ({fields.get('c', '?')})" if "p" in fields else None
