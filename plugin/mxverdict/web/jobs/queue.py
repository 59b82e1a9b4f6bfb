"""Jobs: work that outlives the request, in a detached process with a file for its progress and outcome.

Each line of the file is one state, and the last one counts. The file is locked while the work runs, so that a
killed process is recognized. The result is in a second file beside it, a partial result in a third while the
job runs. Texts are kept as messages; whoever shows one translates it.
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
from enum import Enum
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
_REPAIRED = Message("What it left undone is put right within a minute.")
_BUG = Message("Something went wrong inside MX Verdict (incident {number}).")
_LAST_LINES = 16 * 1024
"""Bytes at the end of a job's file in which its last line is looked for."""
_TRIES = 5
_WAIT = 10.0
MAX_RUNNING_CHECKS = 4
MAX_KEPT_CHECKS = 300
"""Checks of one owner, where the number is limited: one takes threads and sockets, its result disk."""
MAX_KEPT_BYTES = 100_000_000
"""Of the results of such an owner's checks: as many of domains that mean harm would fill the disk."""
MAX_RUNNING_CHANGES = 2
MAX_CHANGES = 200
"""Jobs without a title of such an owner: each may wait for a lock, or have Exim's configuration built."""


class JobState(str, Enum):
    """The values are those of the jobs' files and of the pages' script."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Job:
    """`text` says in one line what the job does or how it ended, `hint` what to do about it.

    `title` is what the job is about ("" for one that has no page of its own), `changed` the Unix time of its
    last line. Of `total` units `done` are done (0 of 0: unknown); `version` counts its partial results.
    `owner` is the WHM user who started it, "" for nobody. `private`: why it failed is for root alone.
    """

    name: str
    state: JobState
    text: str
    hint: str = ""
    title: str = ""
    changed: float = field(default=0.0, compare=False)
    done: int = 0
    total: int = 0
    version: int = 0
    owner: str = ""
    private: bool = False

    @property
    def is_running(self) -> bool:
        return self.state is JobState.RUNNING


class JobHandle:
    """Takes the progress, the partial results and the result of running work."""

    def __init__(self, path: Path, file: int, title: str, owner: str = "") -> None:
        self._path = path
        self._file = file
        self._always = {"title": title, "owner": owner}
        self._progress = {"done": 0, "total": 0, "version": 0}

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        """Report in one line what is being done, and that `done` of `total` is; 0 leaves these as they
        were."""
        if total:
            self._progress.update(done=done, total=total)
        self._line({"state": JobState.RUNNING, "text": text if isinstance(text, Message) else text[:200]})

    def publish_partial(self, result: object) -> None:
        """Publish a partial result, as JSON; the next step announces it. Raises OSError, TooLarge."""
        self._write(_partial(self._path), result)
        self._progress["version"] += 1

    def save_result(self, result: object) -> None:
        """Save the result, as JSON, in place of that of an earlier job of the name. Raises OSError,
        TooLarge."""
        self._write(_result(self._path), result)

    def end(self, outcome: dict[str, Any]) -> None:
        if outcome["state"] is JobState.DONE:
            self._progress["done"] = self._progress["total"]
        self._line(outcome)
        _partial(self._path).unlink(missing_ok=True)

    def _line(self, state: dict[str, Any]) -> None:
        os.write(
            self._file, json.dumps(to_json({**state, **self._always, **self._progress})).encode() + b"\n"
        )

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
    return start_with_handle(host, lambda _handle: work(), name, owner=owner, limited=limited)


def start_with_handle(
    host: Host,
    work: Callable[[JobHandle], str],
    name: str = "",
    title: str = "",
    owner: str = "",
    *,
    limited: bool = False,
) -> Optional[str]:
    """Like `start`, for work that reports its progress and has a result, under a `title`.

    `limited`: an owner may have a limited number of jobs running and kept. Raises HttpError for one more.
    """
    folder = _folder(host)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _delete_expired(folder)
    name = name or os.urandom(16).hex()
    with _one_at_a_time(folder) if limited else contextlib.nullcontext():
        file = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _locked(file):
                return None
            if limited:
                _enforce_quota(host, folder / name, title, owner)
            os.ftruncate(file, 0)
            _partial(folder / name).unlink(missing_ok=True)
            handle = JobHandle(folder / name, file, title, owner)
            handle.step(_RUNNING)
            if os.fork() == 0:
                _run_child(host, work, handle, file)
        finally:
            os.close(file)
    return name


def read(host: Host, name: str) -> Optional[Job]:
    """Return None when there is no such job."""
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
            line = file.read(_LAST_LINES).rpartition(b"\n")[0].rpartition(b"\n")[2]
    except OSError:
        return None
    job = Job(name, JobState.RUNNING, _RUNNING, changed=changed)
    with contextlib.suppress(ValueError, TypeError):  # a line that a full disk tore, or of another version
        job = _job(name, changed, json.loads(line)) if line else job
    if running or not job.is_running:
        return job
    hint = _AGAIN if job.title else _REPAIRED
    return replace(job, state=JobState.INTERRUPTED, text=_INTERRUPTED, hint=hint)


def _job(name: str, changed: float, line: Any) -> Job:
    """Raises ValueError and TypeError for a line that this version did not write."""
    if not isinstance(line, dict) or not {"state", "text"} <= line.keys():
        raise TypeError
    state, text, hint = JobState(line.pop("state")), line.pop("text"), line.pop("advice", "")
    return Job(name, state, from_json(text), from_json(hint), changed=changed, **line)


def result(host: Host, name: str) -> Any:
    """Return the result of the last job of that name that had one; None when there is none of the last
    day."""
    return _read_json(_result(_folder(host) / name)) if _NAME.fullmatch(name) else None


def partial(host: Host, name: str) -> Any:
    """Return the partial result of the running job of that name; None when it has published none."""
    return _read_json(_partial(_folder(host) / name)) if _NAME.fullmatch(name) else None


def _read_json(path: Path) -> Any:
    from mxverdict.evidence.bounded_json import BYTES_LIMIT
    from mxverdict.fs.read import read_regular

    try:
        return None if _is_old(path) else json.loads(read_regular(path, BYTES_LIMIT))
    except (OSError, ValueError, RecursionError):
        return None


def list_titled(host: Host, prefix: str) -> list[Job]:
    """Return the jobs with a title whose names begin with `prefix`, the latest first."""
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
        if job is None or not job.is_running:
            return
        time.sleep(0.01)


def _folder(host: Host) -> Path:
    return host.state / "jobs"


def _result(job: Path) -> Path:
    return job.with_name(f"{job.name}.json")


def _partial(job: Path) -> Path:
    return job.with_name(f"{job.name}.part")


def _locked(file: int) -> bool:
    """Try to lock a job's file, retrying briefly: readers hold a shared lock for an instant."""
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


def _enforce_quota(host: Host, path: Path, title: str, owner: str) -> None:
    """Raises HttpError when the job at `path` is one too many beside those of its owner."""
    every = [read(host, one.name) for one in path.parent.iterdir() if one.name != path.name]
    others = [job for job in every if job and bool(job.title) == bool(title) and job.owner == owner]
    running = sum(job.is_running for job in others)
    refusal = (
        _checks_refusal(running, len(others), _bytes_kept(path.parent, others))
        if title
        else _changes_refusal(running, len(others))
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


def _checks_refusal(running: int, kept: int, size: int) -> Optional[HttpError]:
    if running >= MAX_RUNNING_CHECKS:
        return HttpError(
            429,
            _("{count} of your checks are running.").format(count=running),
            hint=_("Wait until one of them has ended."),
        )
    if kept >= MAX_KEPT_CHECKS or size >= MAX_KEPT_BYTES:
        return HttpError(
            429,
            _("{count} of your checks are kept already.").format(count=kept),
            hint=_("What is older than a day is not kept."),
        )
    return None


def _changes_refusal(running: int, kept: int) -> Optional[HttpError]:
    if running >= MAX_RUNNING_CHANGES:
        return _under_way()
    if kept >= MAX_CHANGES:
        return HttpError(
            429,
            _("You have changed test windows {count} times within a day.").format(count=kept),
            hint=_("Every window closes by itself at its deadline."),
        )
    return None


def _under_way() -> HttpError:
    return HttpError(429, _("Another change of yours is under way."), hint=_("Try again in a minute."))


def _delete_expired(folder: Path) -> None:
    """Delete old files, and whatever is no file and would be in the way of one. Running jobs stay, also
    when the clock was put forward, which makes everything old."""
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


def _run_child(host: Host, work: Callable[[JobHandle], str], handle: JobHandle, file: int) -> None:
    """Do the work in the child process, detached from browser and terminal, and record its outcome."""
    try:
        os.setsid()
        import signal

        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        _detach(keep=file)
        activate("en")
        handle.end(_outcome(host, work, handle))
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


def _outcome(host: Host, work: Callable[[JobHandle], str], handle: JobHandle) -> dict[str, Any]:
    try:
        return {"state": JobState.DONE, "text": work(handle)}
    except (UsageError, WindowRefused) as error:  # their hint is about the command line
        return {"state": JobState.FAILED, "text": message_of(error)}
    except MxVerdictError as error:
        return {
            "state": JobState.FAILED,
            "text": message_of(error),
            "advice": error.hint,
            "private": not error.public,
        }
    except Exception as error:
        number = incidents.record(host, error)
        cause = installation.cause(error)
        if cause is not None:
            return {
                "state": JobState.FAILED,
                "text": message_of(cause),
                "advice": cause.hint,
                "private": True,
            }
        return {"state": JobState.FAILED, "text": _BUG.format(number=number)}
