"""Stand-in for `/usr/local/cpanel/scripts/restartsrv_exim` (docs/facts/whm.md 4.2).

Faults: `restart-fails` leaves Exim stopped, `restart-hangs` never ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from tests.sandbox.server_files import make_logs
from tests.sandbox.whm import faults

_ATTEMPTS = 5
_ATTEMPT_THAT_REBUILDS = 4
_LISTENING_ON_25 = (":0019 00000000:0000 0A", ":0019 00000000000000000000000000000000:0000 0A")


def main(root: Path, arguments: Sequence[str]) -> int:
    """0: Exim runs with the present configuration. 1: it does not run."""
    if faults.is_on(root, "restart-hangs"):
        time.sleep(3600)
    print("Waiting for “exim” to restart …")
    stop(root)
    complaint = "the sandbox was told to let it fail"
    if not faults.is_on(root, "restart-fails"):
        for attempt in range(1, _ATTEMPTS + 1):
            if attempt == _ATTEMPT_THAT_REBUILDS:
                _rebuild(root)
            complaint = start(root)
            if not complaint:
                print("“exim” restarted successfully.")
                return 0
    print(f"The “exim” service has failed to start: {complaint}")
    return 1


def _rebuild(root: Path) -> None:
    from tests.sandbox.commands import buildeximconf

    buildeximconf.build(root)


def start(root: Path) -> str:
    """Start the daemon in the present network namespace. Answers its complaint, "" when it listens."""
    make_logs(root)
    with os.fdopen(os.memfd_create("errors"), "w+") as errors:
        started = subprocess.run(
            [str(root / "usr/sbin/exim"), "-bd"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            cwd="/",
            check=False,
        )
        errors.seek(0)
        complaint = errors.read().strip()
    if started.returncode != 0:
        return complaint or f"exit status {started.returncode}"
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if _is_listening(_pid(root)):
            return ""
        time.sleep(0.005)
    return "it does not listen on port 25"


def stop(root: Path) -> None:
    """End the daemon; conversations under way go on in their own processes."""
    pid = _pid(root)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 3
    while _pid(root) is not None:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


def _pid(root: Path) -> Optional[int]:
    """The daemon's process id, if the pid file tells the truth."""
    try:
        pid = int((root / "var/spool/exim/exim-daemon.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_text()
    except (OSError, ValueError):
        return None
    return pid if str(root) in command else None


def _is_listening(pid: Optional[int]) -> bool:
    """Whether a socket listens on port 25 in the network namespace of that process."""
    try:
        tables = "".join(Path(f"/proc/{pid}/net/{table}").read_text() for table in ("tcp", "tcp6"))
    except OSError:
        return False
    return any(state in tables for state in _LISTENING_ON_25)
