"""The running cpsrvd: its pid file, and the HUP that registration and buildeximconf send it."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

PID_FILE = "var/run/cpsrvd.pid"


def hup(root: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((root / PID_FILE).read_text()), signal.SIGHUP)
