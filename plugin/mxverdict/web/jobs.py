"""Work that outlives the request: a detached process, and a file that says how it ended.

The file is locked while the work runs and empty until it is done, so that a killed process shows as such.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mxverdict.errors import MxVerdictError, UsageError, WindowRefused
from mxverdict.host import Host
from mxverdict.web import incidents

_NAME = re.compile(r"[a-z0-9-]{1,40}")
_KEPT_SECONDS = 86400


@dataclass(frozen=True)
class Job:
    """`state` is `running`, `done`, `failed` or `interrupted`; `text` and `advice` are one line each."""

    name: str
    state: str
    text: str
    advice: str = ""


def start(host: Host, work: Callable[[], str], name: str = "") -> Optional[str]:
    """Run `work` in a process of its own and return the job's name; `work` returns one line on what was done.

    With a `name`, only one job of it runs at a time: None when it runs already. Raises OSError when the job
    cannot be written down or started.
    """
    folder = _folder(host)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget_old(folder)
    name = name or os.urandom(16).hex()
    file = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        os.ftruncate(file, 0)
        if os.fork() == 0:
            _live_on(host, work, file)
    finally:
        os.close(file)
    return name


def read(host: Host, name: str) -> Optional[Job]:
    """None when there is no such job."""
    if not _NAME.fullmatch(name):
        return None
    try:
        with (_folder(host) / name).open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            ended = file.read()
    except BlockingIOError:
        return Job(name, "running", "Working …")
    except OSError:
        return None
    if not ended:
        return Job(
            name,
            "interrupted",
            "The work was interrupted.",
            "What it left undone is put right within a minute.",
        )
    return Job(name, **json.loads(ended))


def wait(host: Host, name: str, seconds: float) -> None:
    """Give a job up to `seconds` to end."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job = read(host, name)
        if job is None or job.state != "running":
            return
        time.sleep(0.05)


def _folder(host: Host) -> Path:
    return host.state / "jobs"


def _forget_old(folder: Path) -> None:
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - _KEPT_SECONDS:
                path.unlink()


def _live_on(host: Host, work: Callable[[], str], file: int) -> None:
    """The child's life: cut off from the browser and the terminal, do the work, write the end down."""
    try:
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        _detach(keep=file)
        os.write(file, json.dumps(_outcome(host, work)).encode())
    finally:
        os._exit(0)


def _detach(keep: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if descriptor > 2 and descriptor != keep:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _outcome(host: Host, work: Callable[[], str]) -> dict[str, str]:
    try:
        return {"state": "done", "text": work()}
    except (UsageError, WindowRefused) as error:  # their advice speaks of the command line
        return {"state": "failed", "text": str(error)}
    except MxVerdictError as error:
        return {"state": "failed", "text": str(error), "advice": error.advice}
    except Exception as error:
        number = incidents.record(host, error)
        return {"state": "failed", "text": f"Something went wrong inside MX Verdict (incident {number})."}
