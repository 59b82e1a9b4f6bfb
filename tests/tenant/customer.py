"""What a hosting customer can do on the server: run programs under any name, and own a folder."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

UID = 65533
SLEEP = "/bin/sleep"


class Customer:
    """Processes and files of one customer. `home` is theirs and may be entered by everybody."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._processes: list[subprocess.Popen[bytes]] = []

    def run(
        self,
        argv: Sequence[object],
        *,
        executable: Optional[str] = None,
        env: Optional[Mapping[str, str]] = None,
        new_session: bool = True,
    ) -> subprocess.Popen[bytes]:
        """Start a program that goes on; `argv[0]` is the name it goes by."""
        process = subprocess.Popen(
            [str(word) for word in argv],
            executable=executable,
            env=dict(env or {}),
            user=UID,
            group=UID,
            extra_groups=[],
            cwd=self.home,
            stdout=subprocess.PIPE,
            start_new_session=new_session,
        )
        self._processes.append(process)
        return process

    def own(self, path: Path, mode: int = 0o644) -> Path:
        """Give a file, folder or link to the customer."""
        os.chown(path, UID, UID, follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(mode)
        return path

    def end(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()


@contextmanager
def customer() -> Iterator[Customer]:
    with tempfile.TemporaryDirectory(prefix="mxv-customer-") as folder:
        there = Customer(Path(folder))
        there.own(there.home, 0o755)
        try:
            yield there
        finally:
            there.end()


def lives(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_for(path: Path, seconds: float = 30.0) -> None:
    give_up = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < give_up, path
        time.sleep(0.02)
