"""Work that outlives the request: a detached process, and a file that says how far it is and how it ended.

Each line of the file is one state, the last one counts. The file is locked while the work runs, so that a
killed process shows as such. What a job found lies beside it in a second file, and what it has found so far
in a third as long as it runs. Texts are kept as messages; whoever shows one translates it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Optional

from mxverdict import installation
from mxverdict.errors import MxVerdictError, UsageError, WindowRefused
from mxverdict.host import Host
from mxverdict.i18n.catalog import activate
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import Message, from_json, message_of, to_json
from mxverdict.web.http import incidents
from mxverdict.web.http.request import HttpError

_NAME = re.compile(r"[a-z0-9-]{1,40}")
ABOUT_DOMAIN = "domain-"
"""How the names of jobs begin that check the domain which is their title."""
_KEPT_SECONDS = 86400
_RUNNING = Message("Working …")
_INTERRUPTED = Message("The work was interrupted.")
_AGAIN = Message("Start it again.")
_PUT_RIGHT = Message("What it left undone is put right within a minute.")
_BUG = Message("Something went wrong inside MX Verdict (incident {number}).")
_LAST_LINES = 16 * 1024
"""Bytes at the end of a job's file in which its last line is looked for."""
_TRIES = 5
_WAIT = 10.0
MOST_AT_ONCE = 4
MOST_KEPT = 300
"""Checks of one owner, where the number is limited: one takes threads and sockets, its result disk."""
MOST_BYTES_KEPT = 100_000_000
"""Of the results of such an owner's checks: as many of domains that mean harm would fill the disk."""
MOST_CHANGES_AT_ONCE = 2
MOST_CHANGES = 200
"""Jobs without a title of such an owner: each may wait for a lock, or have Exim's configuration built."""


@dataclass(frozen=True)
class Job:
    """`state` is `running`, `done`, `failed` or `interrupted`; `text` and `advice` are one line each.

    `title` is what the job is about ("" for one that has no page of its own), `changed` the Unix time of its
    last word. Of `total` units `done` are done (0 of 0: nobody knows); `version` counts what was shown of its
    result while it runs. `owner` is the WHM user who started it, "" for nobody. `private`: why it failed is
    for root alone.
    """

    name: str
    state: str
    text: str
    advice: str = ""
    title: str = ""
    changed: float = field(default=0.0, compare=False)
    done: int = 0
    total: int = 0
    version: int = 0
    owner: str = ""
    private: bool = False


class JobHandle:
    """What running work writes on: its steps, what it has found so far and what it found."""

    def __init__(self, path: Path, file: int, title: str, owner: str = "") -> None:
        self._path = path
        self._file = file
        self._always = {"title": title, "owner": owner}
        self._far = {"done": 0, "total": 0, "version": 0}

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        """Say in one line what is being done, and how much of the whole is done; without a `total` that
        stays as it was."""
        if total:
            self._far.update(done=done, total=total)
        self._line({"state": "running", "text": text if isinstance(text, Message) else text[:200]})

    def show(self, result: object) -> None:
        """Let what is found so far be seen, as JSON; the next step tells of it. Raises OSError, TooLarge."""
        self._write(_partial(self._path), result)
        self._far["version"] += 1

    def keep(self, result: object) -> None:
        """Leave what was found, as JSON; it replaces what an earlier job of the name left. Raises OSError,
        TooLarge."""
        self._write(_result(self._path), result)

    def end(self, outcome: dict[str, Any]) -> None:
        if outcome["state"] == "done":
            self._far["done"] = self._far["total"]
        self._line(outcome)
        _partial(self._path).unlink(missing_ok=True)

    def _line(self, said: dict[str, Any]) -> None:
        os.write(self._file, json.dumps(to_json({**said, **self._always, **self._far})).encode() + b"\n")

    def _write(self, path: Path, result: object) -> None:
        from mxverdict.evidence.bounded_json import bounded_json
        from mxverdict.fs.atomic_write import atomic_write

        atomic_write(path, bounded_json(result), durable=False)


def start(
    host: Host, work: Callable[[], str], name: str = "", owner: str = "", *, limited: bool = False
) -> Optional[str]:
    """Run `work` in a process of its own and return the job's name; `work` returns one line on what was done.

    With a `name`, only one job of it runs at a time: None when it runs already. `limited` as below. Raises
    OSError when the job cannot be written down or started.
    """
    return start_at_desk(host, lambda _desk: work(), name, owner=owner, limited=limited)


def start_at_desk(
    host: Host,
    work: Callable[[JobHandle], str],
    name: str = "",
    title: str = "",
    owner: str = "",
    *,
    limited: bool = False,
) -> Optional[str]:
    """Like `start`, for work that tells its steps and leaves a result, under a `title`. When it is `limited`,
    an owner may have so many at once, and so many kept. Raises HttpError for one more."""
    folder = _folder(host)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget_old(folder)
    name = name or os.urandom(16).hex()
    with _one_at_a_time(folder) if limited else contextlib.nullcontext():
        file = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _locked(file):
                return None
            if limited:
                _require_room(host, folder / name, title, owner)
            os.ftruncate(file, 0)
            _partial(folder / name).unlink(missing_ok=True)
            desk = JobHandle(folder / name, file, title, owner)
            desk.step(_RUNNING)
            if os.fork() == 0:
                _live_on(host, work, desk, file)
        finally:
            os.close(file)
    return name


def read(host: Host, name: str) -> Optional[Job]:
    """None when there is no such job."""
    if not _NAME.fullmatch(name):
        return None
    running = False
    try:
        with (_folder(host) / name).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                running = True
            known = os.fstat(file.fileno())
            changed = known.st_mtime
            file.seek(max(0, known.st_size - _LAST_LINES))
            said = file.read(_LAST_LINES).rpartition(b"\n")[0].rpartition(b"\n")[2]
    except OSError:
        return None
    job = Job(name, "running", _RUNNING, changed=changed)
    with contextlib.suppress(ValueError, TypeError):  # a line that a full disk tore, or of another version
        job = _job(name, changed, json.loads(said)) if said else job
    if job.state != "running" or running:
        return job
    advice = _AGAIN if job.title else _PUT_RIGHT
    return replace(job, state="interrupted", text=_INTERRUPTED, advice=advice)


def _job(name: str, changed: float, line: dict[str, Any]) -> Job:
    for key in ("text", "advice"):
        if key in line:
            line[key] = from_json(line[key])
    return Job(name, changed=changed, **line)


def result(host: Host, name: str) -> Any:
    """What the last job of that name left that had a result; None when there is none of the last day."""
    return _read_json(_result(_folder(host) / name)) if _NAME.fullmatch(name) else None


def partial(host: Host, name: str) -> Any:
    """What the job of that name, which runs, has found so far; None when it has not shown anything."""
    return _read_json(_partial(_folder(host) / name)) if _NAME.fullmatch(name) else None


def _read_json(path: Path) -> Any:
    from mxverdict.evidence.bounded_json import BYTES_LIMIT
    from mxverdict.fs.read import read_regular

    try:
        return None if _is_old(path) else json.loads(read_regular(path, BYTES_LIMIT))
    except (OSError, ValueError, RecursionError):
        return None


def titled(host: Host, prefix: str) -> list[Job]:
    """Jobs with a title whose names begin with `prefix`, the latest first."""
    try:
        names = [path.name for path in _folder(host).iterdir() if path.name.startswith(prefix)]
    except OSError:
        return []
    found = [job for job in (read(host, name) for name in names) if job is not None and job.title]
    return sorted(found, key=lambda job: job.changed, reverse=True)


def wait(host: Host, name: str, seconds: float) -> None:
    """Give a job up to `seconds` to end."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job = read(host, name)
        if job is None or job.state != "running":
            return
        time.sleep(0.01)


def _folder(host: Host) -> Path:
    return host.state / "jobs"


def _result(job: Path) -> Path:
    return job.with_name(f"{job.name}.json")


def _partial(job: Path) -> Path:
    return job.with_name(f"{job.name}.part")


def _locked(file: int) -> bool:
    """Take the lock; somebody who reads holds it for a moment only."""
    for attempt in range(_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01 * attempt)
        else:
            return True
    return False


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Raises HttpError when another request holds the lock for longer than `_WAIT`."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        give_up = time.monotonic() + _WAIT
        while not _locked(descriptor):
            if time.monotonic() > give_up:
                raise _under_way()
        yield
    finally:
        os.close(descriptor)


def _require_room(host: Host, path: Path, title: str, owner: str) -> None:
    """For the job at `path` beside those of its owner. Raises HttpError."""
    every = [read(host, one.name) for one in path.parent.iterdir() if one.name != path.name]
    others = [job for job in every if job and bool(job.title) == bool(title) and job.owner == owner]
    states = [job.state for job in others]
    refusal = (
        _too_many_checks(states, _bytes_kept(path.parent, others)) if title else _too_many_changes(states)
    )
    if refusal is not None:
        if not path.stat().st_size:
            path.unlink()
        raise refusal


def _bytes_kept(folder: Path, found: list[Job]) -> int:
    size = 0
    for job in found:
        with contextlib.suppress(OSError):
            size += _result(folder / job.name).stat().st_size
    return size


def _too_many_checks(states: list[str], size: int) -> Optional[HttpError]:
    if states.count("running") >= MOST_AT_ONCE:
        return HttpError(
            429,
            _("{count} of your checks are running.").format(count=states.count("running")),
            advice=_("Wait until one of them has ended."),
        )
    if len(states) >= MOST_KEPT or size >= MOST_BYTES_KEPT:
        return HttpError(
            429,
            _("{count} of your checks are kept already.").format(count=len(states)),
            advice=_("What is older than a day is not kept."),
        )
    return None


def _too_many_changes(states: list[str]) -> Optional[HttpError]:
    if states.count("running") >= MOST_CHANGES_AT_ONCE:
        return _under_way()
    if len(states) >= MOST_CHANGES:
        return HttpError(
            429,
            _("You have changed test windows {count} times within a day.").format(count=len(states)),
            advice=_("Every window closes by itself at its deadline."),
        )
    return None


def _under_way() -> HttpError:
    return HttpError(429, _("Another change of yours is under way."), advice=_("Try again in a minute."))


def _forget_old(folder: Path) -> None:
    """Old files go, and so does whatever is no file and would stand in the way of one. A clock that is put
    forward makes everything old, also what runs."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                shutil.rmtree(path)
            elif not stat.S_ISREG(mode) or (_is_old(path) and not _is_running(path)):
                path.unlink()


def _is_running(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _is_old(path: Path) -> bool:
    return path.stat().st_mtime < time.time() - _KEPT_SECONDS


def _live_on(host: Host, work: Callable[[JobHandle], str], desk: JobHandle, file: int) -> None:
    """The child's life: cut off from the browser and the terminal, do the work, write the end down."""
    try:
        os.setsid()
        import signal

        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        _detach(keep=file)
        activate("en")
        desk.end(_outcome(host, work, desk))
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


def _outcome(host: Host, work: Callable[[JobHandle], str], desk: JobHandle) -> dict[str, Any]:
    try:
        return {"state": "done", "text": work(desk)}
    except (UsageError, WindowRefused) as error:  # their advice speaks of the command line
        return {"state": "failed", "text": message_of(error)}
    except MxVerdictError as error:
        return {
            "state": "failed",
            "text": message_of(error),
            "advice": error.advice,
            "private": not error.public,
        }
    except Exception as error:
        number = incidents.record(host, error)
        cause = installation.cause(error)
        if cause is not None:
            return {"state": "failed", "text": message_of(cause), "advice": cause.advice, "private": True}
        return {"state": "failed", "text": _BUG.format(number=number)}
