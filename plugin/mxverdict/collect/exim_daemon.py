"""Exim's daemon, as its pid file names it. A new configuration counts once a daemon was started after it.

The number may have become somebody else's since: only a process of root's or of Exim's user, who owns the
spool folder, is taken for the daemon.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

from mxverdict.collect.exim_options import exim_options
from mxverdict.host import Host
from mxverdict.processes import is_of

RUNNING, MISSING, UNREADABLE, NO_NUMBER, NO_PROCESS, OTHER_PROGRAM = (
    "running", "missing", "unreadable", "no_number", "no_process", "other_program",
)  # fmt: skip
_MAX_PID_FILE = 32


def daemon_pid(host: Host) -> Optional[int]:
    """None unless the pid file names a running process of Exim's."""
    return _read(host)[1]


def daemon_state(host: Host) -> str:
    """What the pid file names: RUNNING for a process of Exim's, or what is wrong with it."""
    return _read(host)[0]


def pid_file_is_configured(host: Host) -> Optional[bool]:
    """Whether the configuration has the daemon's pid file where we look; None when Exim does not say. Without
    the option it is in the spool folder."""
    options = exim_options(host, "pid_file_path", "spool_directory")
    if not options:
        return None
    usual = f"{options.get('spool_directory', '')}/exim-daemon.pid"
    return os.path.realpath(options.get("pid_file_path") or usual) == os.path.realpath(host.exim_pid_file)


def _read(host: Host) -> tuple[str, Optional[int]]:
    try:
        with os.fdopen(os.open(host.exim_pid_file, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            content = file.read(_MAX_PID_FILE)
    except FileNotFoundError:
        return MISSING, None
    except OSError:
        return UNREADABLE, None
    if not content.strip().isdigit() or int(content) < 1:
        return NO_NUMBER, None
    try:
        executable = (Path("/proc") / str(int(content)) / "exe").readlink().name
    except OSError:
        return NO_PROCESS, None
    if not executable.startswith("exim") or not is_of(_users(host), int(content)):
        return OTHER_PROGRAM, None
    return RUNNING, int(content)


def _users(host: Host) -> tuple[int, ...]:
    try:
        return 0, host.exim_pid_file.parent.stat().st_uid
    except OSError:
        return (0,)


def daemon_is_current(host: Host) -> bool:
    """Whether Exim's daemon runs and was started after exim.conf was written."""
    try:
        started = host.exim_pid_file.stat().st_mtime_ns
        return daemon_pid(host) is not None and started >= host.exim_conf.stat().st_mtime_ns
    except OSError:
        return False
