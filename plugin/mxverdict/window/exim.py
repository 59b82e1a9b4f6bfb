"""Makes Exim run a changed setting: build the configuration, restart, and see that both took effect.

The daemon parses its configuration at start alone, so a new exim.conf counts after a restart (see the Exim
specification, chapter "The Exim command line", on SIGHUP). It writes its pid file when it is started, and
leaves it alone on SIGHUP: a daemon that was only reloaded since the build is restarted once more.
"""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

from mxverdict.collect.preview import delay_stanzas
from mxverdict.errors import CommandFailed, HostError
from mxverdict.host import MARK_VARIABLE, Host
from mxverdict.language import stored
from mxverdict.window import files, localopts

BUILD_TIMEOUT = 120.0
RESTART_TIMEOUT = 90.0
_FOREIGN_WAIT = 60.0
_ORPHAN_WAIT = 5.0
_START_WAIT = 10.0
_POLL = 0.1

_INTERPRETER = re.compile(r"(perl|python|bash|sh)[\d.]*$")
BUILDS = frozenset({"buildeximconf", "restartsrv_exim", "set_tweaksetting"})
"""Commands and API functions that change Exim's configuration or the daemon."""


def stanzas(host: Host) -> int:
    """How many delay stanzas exim.conf holds (3 on, 0 off). Raises HostError when it cannot be read."""
    found = delay_stanzas(host.exim_conf)
    if found is None:
        raise HostError(stored("{path} cannot be read").format(path=host.exim_conf))
    return len(found)


def dry_run(host: Host, candidate: bytes) -> None:
    """Have buildeximconf check a localopts file, installing nothing. Raises HostError when it says no."""
    path = host.state / "candidate.localopts"
    try:
        path.write_bytes(candidate)
        path.chmod(0o600)
        _run(host, host.buildeximconf, f"--localopts={path}", timeout=BUILD_TIMEOUT)
    except OSError as error:
        raise HostError(
            stored("{path} cannot be written: {error}").format(path=path, error=error.strerror)
        ) from error
    finally:
        path.unlink(missing_ok=True)


def in_force(host: Host, *, built: bool = False) -> bool:
    """Whether exim.conf follows the setting and the daemon was started after exim.conf was written. Where the
    setting cannot be told, exim.conf follows it when it was just `built`. Raises HostError."""
    content = files.read(host.localopts) or b""
    try:
        follows = (stanzas(host) > 0) == localopts.is_on(content)
    except localopts.SettingUnknown:
        follows = built
    return follows and _daemon_is_current(host)


def put_in_force(host: Host) -> None:
    """Build and restart unless the setting is in force. Raises HostError when it is not afterwards."""
    wait_for_others(host, BUILDS)
    if in_force(host):
        return
    _run(host, host.buildeximconf, timeout=BUILD_TIMEOUT)
    _run(host, host.restartsrv_exim, timeout=RESTART_TIMEOUT)
    give_up = time.monotonic() + _START_WAIT
    while not in_force(host, built=True):
        if time.monotonic() > give_up:
            raise HostError(
                stored("Exim does not run the new configuration although build and restart said OK")
            )
        time.sleep(_POLL)


def wait_for_others(host: Host, names: frozenset[str]) -> None:
    """Wait for those commands and API functions that somebody else, or a killed process of ours, runs now.

    They read the old setting when they began and would put it in force after ours. What a killed process of
    ours left is ended after a few seconds. Raises HostError when the others do not end.
    """
    started = time.monotonic()
    while under_way := _under_way(host, names):
        waited = time.monotonic() - started
        for process, name in under_way.items():
            if waited > _ORPHAN_WAIT and _is_ours(process):
                with suppress(OSError):
                    os.killpg(os.getpgid(int(process.name)), signal.SIGKILL)
            elif waited > _FOREIGN_WAIT:
                raise HostError(
                    stored("{command} is still running, started by somebody else").format(command=name)
                )
        time.sleep(_POLL)


def _under_way(host: Host, names: frozenset[str]) -> dict[Path, str]:
    """Folders in /proc and names of those commands, and of whmapi1 with those functions, at this moment."""
    found: dict[Path, str] = {}
    for process in Path("/proc").glob("[0-9]*"):
        words = _read(process / "cmdline").split("\0")
        program = _program(words)
        if host.root != Path("/") and not program.startswith(f"{host.root}/"):
            continue
        name = Path(program).name
        if name in names or (name == host.whmapi1.name and names.intersection(words)):
            found[process] = name
    return found


def _is_ours(process: Path) -> bool:
    """Whether we started it; as we hold the lock of all who start such, whoever did is dead."""
    return f"{MARK_VARIABLE}=1" in _read(process / "environ").split("\0")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _program(words: list[str]) -> str:
    """What a command line runs: its first word, or the script that an interpreter was given."""
    if _INTERPRETER.match(Path(words[0]).name):
        return next((word for word in words[1:] if word and not word.startswith("-")), "")
    return words[0]


def _daemon_is_current(host: Host) -> bool:
    try:
        pid = int(host.exim_pid_file.read_text())
        executable = (Path("/proc") / str(pid) / "exe").readlink().name
        started = host.exim_pid_file.stat().st_mtime_ns
        return executable.startswith("exim") and started >= host.exim_conf.stat().st_mtime_ns
    except (OSError, ValueError):
        return False


def _run(host: Host, command: Path, *arguments: str, timeout: float) -> None:
    done = host.run([command, *arguments], timeout=timeout)
    if done.status != 0:
        raise CommandFailed(command.name, done.status, done.stdout + done.stderr)
