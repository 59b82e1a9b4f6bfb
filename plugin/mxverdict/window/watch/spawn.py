"""Start the watcher of a window as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from mxverdict.host import Host

_WATCHER = str(Path(__file__).parents[1] / "watcher.py")
_START_WAIT = 10.0
"""Seconds."""


def start(host: Host, window_id: int) -> None:
    """Run `python3 -I -S watcher.py ID` in a session of its own. The standard library is enough, as for the
    keeper. One that cannot be started is no error."""
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            [sys.executable, "-I", "-S", _WATCHER, str(window_id)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=host.environment(),
            cwd="/",
            start_new_session=True,
            timeout=_START_WAIT,
            check=False,
        )
