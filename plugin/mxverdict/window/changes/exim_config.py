"""Makes Exim run a changed setting: build the configuration, restart, and see that both took effect.

The daemon parses its configuration at start alone, so a new exim.conf counts after a restart (see the Exim
specification, chapter "The Exim command line", on SIGHUP). It writes its pid file when it is started, and
leaves it alone on SIGHUP: a daemon that was only reloaded since the build is restarted once more.
"""

from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import Callable, NamedTuple, Optional

from mxverdict import processes
from mxverdict.collect.exim_daemon import (
    MISSING,
    NO_NUMBER,
    NO_PROCESS,
    OTHER_PROGRAM,
    RUNNING,
    UNREADABLE,
    daemon_is_current,
    daemon_state,
    pid_file_is_configured,
)
from mxverdict.collect.exim_preview import delay_stanzas
from mxverdict.errors import CommandFailed, HostError, WindowRefused
from mxverdict.fs import safe_edit
from mxverdict.fs.atomic_write import atomic_write
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.whm import localopts
from mxverdict.whm.build_output import BuildFailed

BUILD_TIMEOUT = 120.0
RESTART_TIMEOUT = 90.0
_OTHERS_WAIT = 5.0
_OTHERS_WAIT_OPENING = 20.0
_ORPHAN_WAIT = 5.0
_START_WAIT = 10.0
_POLL = 0.1

BUILDS = frozenset({"buildeximconf", "restartsrv_exim", "set_tweaksetting"})
"""Commands and API functions that change Exim's configuration or the daemon."""

_NO_PROOF = {
    MISSING: Message("{path} is missing: Exim is not running, or a restart could not be verified"),
    UNREADABLE: Message("{path} cannot be read, so a restart of Exim could not be verified"),
    NO_NUMBER: Message("{path} does not hold a process ID, so a restart of Exim could not be verified"),
    NO_PROCESS: Message(
        "{path} names no running process: Exim is not running, or a restart could not be verified"
    ),
    OTHER_PROGRAM: Message("{path} names a process that is not Exim, so a restart could not be verified"),
}


class Other(NamedTuple):
    """A build that another process of root's runs: process number, start in clock ticks since the boot, and
    name of the command."""

    pid: int
    start: int
    name: str

    @property
    def is_running(self) -> bool:
        return processes.start_of(self.pid) == self.start


def stanzas(host: Host) -> int:
    """How many delay stanzas exim.conf holds (3 on, 0 off). Raises HostError when it cannot be read."""
    found = delay_stanzas(host.exim_conf)
    if found is None:
        raise HostError(Message("{path} cannot be read", path=host.exim_conf))
    return len(found)


def dry_run(host: Host, candidate: bytes) -> None:
    """Have buildeximconf check a localopts file, installing nothing. Raises HostError when it says no."""
    path = host.state / "candidate.localopts"
    try:
        atomic_write(path, candidate)
        _run(host, host.buildeximconf, f"--localopts={path}", timeout=BUILD_TIMEOUT)
    except OSError as error:
        raise HostError(
            Message("{path} cannot be written: {error}", path=path, error=error.strerror)
        ) from error
    finally:
        path.unlink(missing_ok=True)


Follows = Callable[[Host, bytes], bool]
"""Whether exim.conf follows the content of exim.conf.localopts, in what a change is about. Raises HostError,
SettingUnknown."""


def delay_follows(host: Host, content: bytes) -> bool:
    """Whether exim.conf has the delay that the settings say."""
    return (stanzas(host) > 0) == localopts.is_on(content)


def is_applied(host: Host, *, built: bool = False, follows: Follows = delay_follows) -> bool:
    """Whether exim.conf follows the setting and the daemon was started after exim.conf was written. Where the
    setting cannot be read, exim.conf follows it when it was just `built`. Raises HostError."""
    content = safe_edit.read(host.localopts) or b""
    try:
        is_followed = follows(host, content)
    except localopts.SettingUnknown:
        is_followed = built
    return is_followed and daemon_is_current(host)


def apply_configuration(host: Host, follows: Follows = delay_follows) -> None:
    """Build and restart unless the setting is in force. Raises HostError when it is not afterwards."""
    if is_applied(host, follows=follows):
        return
    _run(host, host.buildeximconf, timeout=BUILD_TIMEOUT)
    _run(host, host.restartsrv_exim, timeout=RESTART_TIMEOUT)
    give_up = time.monotonic() + _START_WAIT
    while not is_applied(host, built=True, follows=follows):
        if time.monotonic() > give_up:
            raise HostError(
                Message("Exim does not run the new configuration although build and restart said OK")
            )
        time.sleep(_POLL)


def end_orphans(host: Host, names: frozenset[str]) -> None:
    """End those commands and API functions that a killed process of ours left, after a few seconds in which
    they may end themselves.

    For whoever holds the lock of all who start such: whoever did is dead. What we started is known by what
    was written down then, not by anything that the process says of itself.
    """
    give_up = time.monotonic() + _ORPHAN_WAIT
    while left := [one for one in processes.remembered(host.state, host.boot()) if one.name in names]:
        if time.monotonic() >= give_up:
            for known in left:
                processes.end(known)
            return
        time.sleep(_POLL)


def wait_for_concurrent_builds(host: Host, wait: Optional[float] = None) -> list[Other]:
    """Wait a few seconds, or `wait`, for builds that other processes of root's run; return those left then.

    They read the old setting when they began and would put it in force after ours.
    """
    give_up = time.monotonic() + (_OTHERS_WAIT if wait is None else wait)
    while others := _under_way(host):
        if time.monotonic() >= give_up:
            return others
        time.sleep(_POLL)
    return []


def require_none_under_way(host: Host) -> None:
    """Raises HostError when a build goes on and does not end soon: before anything is changed."""
    end_orphans(host, BUILDS)
    require_ended(wait_for_concurrent_builds(host, _OTHERS_WAIT_OPENING))


def require_ended(others: list[Other]) -> None:
    """Raises HostError when one of them still runs."""
    for other in others:
        if other.is_running:
            raise HostError(
                Message("{command} is still running, started by somebody else", command=other.name)
            )


def _under_way(host: Host) -> list[Other]:
    """The builds of processes of root's, ours aside, at this moment."""
    ours = {known.pid for known in processes.remembered(host.state, host.boot())}
    found: list[Other] = []
    for pid in processes.of_root():
        command = [] if pid in ours else processes.command(pid, str(host.cpanel))
        if not command or (host.root != Path("/") and not command[0].startswith(f"{host.root}/")):
            continue
        name = command[0].rpartition("/")[2]
        start = processes.start_of(pid)
        if start is not None and (
            name in BUILDS or (name == host.whmapi1.name and BUILDS.intersection(command))
        ):
            found.append(Other(pid, start, name))
    return found


def check_restart(host: Host) -> None:
    """Raises WindowRefused where a rebuild and restart could not be made, or not be proved: a script that is
    missing or that others than root can change, a pid file that is elsewhere or names no Exim."""
    for script in (host.buildeximconf, host.restartsrv_exim):
        _check_script(script)
    state = daemon_state(host)
    if state != RUNNING:
        raise WindowRefused(_NO_PROOF[state].format(path=host.exim_pid_file))
    if pid_file_is_configured(host) is False:
        raise WindowRefused(
            Message(
                "Exim's configuration names another pid file than {path}, so a restart of Exim could not be "
                "verified",
                path=host.exim_pid_file,
            )
        )


def _check_script(script: Path) -> None:
    try:
        status = script.stat()
    except OSError:
        raise WindowRefused(Message("{path} is missing", path=script)) from None
    if not stat.S_ISREG(status.st_mode) or not status.st_mode & 0o100:
        raise WindowRefused(Message("{path} cannot be run", path=script))
    writable = status.st_mode & 0o002 or (status.st_mode & 0o020 and status.st_gid != 0)
    if status.st_uid != 0 or writable:
        raise WindowRefused(Message("{path} can be changed by others than root and is not run", path=script))


def _run(host: Host, command: Path, *arguments: str, timeout: float) -> None:
    done = host.run([command, *arguments], timeout=timeout, remember_as=command.name)
    if done.status != 0:
        failure = BuildFailed if command == host.buildeximconf else CommandFailed
        raise failure(command.name, done.status, done.stdout + done.stderr)
