"""Closes what is due. A timer and a cron line run this file through `bin/keeper`: first as `python3 -I -S
keeper.py look`, which on most ticks is all, then without that word where there is work.

It needs the standard library alone. That first step imports nothing else of the package.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import time

_JOURNAL = "var/lib/mxverdict/journal.sqlite"
_COPY = "var/lib/mxverdict/journal.copy.sqlite"
_TRUSTED = "etc/greylist_trusted_netblocks"
_FAILURE = "var/lib/mxverdict/keeper.error"
_OLDEST = (3, 9)
_LOCK_WAIT = 25.0
_LIMIT = 780.0
"""Seconds after which a signal ends a round that hangs, and the next one goes on from the journal: more than
all that is waited for takes together, less than the unit's TimeoutStartSec."""
_MARGIN = 60.0
_WORK = 10
"""Exit status where there is work; Python itself ends with none of its own that is like it."""
_DAY = 86_400.0


def idle(root: str, *, mail: bool = True) -> bool:
    """Whether the journal below `root` surely holds nothing to do, sending an owed `mail` included; in doubt
    it does."""
    path = os.path.join(root, _JOURNAL)  # noqa: PTH118  (pathlib costs more than all the rest)
    if not os.access(path, os.F_OK):
        return not os.access(os.path.join(root, _COPY), os.F_OK)  # noqa: PTH118
    if not (_is_file(path) and _is_file(f"{path}-journal")):
        return False
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            unfinished = (
                "SELECT EXISTS (SELECT 1 FROM windows WHERE state NOT IN ('closed', 'failed')"
                " AND (kind NOT IN ('permanent', 'common_mail_providers') OR state != 'open')"
                " OR mailed = 1 AND closed_at > ?)"
            )
            deferred = "SELECT EXISTS (SELECT 1 FROM changes WHERE state = 'dormant')"
            if connection.execute(unfinished, (time.time() - _DAY if mail else float("inf"),)).fetchone()[0]:
                return False
            return not connection.execute(deferred).fetchone()[0] or _is_empty(os.path.join(root, _TRUSTED))  # noqa: PTH118
        finally:
            connection.close()
    except sqlite3.Error:
        return False


def _is_file(path: str) -> bool:
    """Whether SQLite can open what is there, if anything is, without hanging."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except OSError:
        return True


def _is_empty(path: str) -> bool:
    try:
        return os.stat(path).st_size == 0  # noqa: PTH116
    except OSError:
        return True


def report_work() -> int:
    """Return the exit status by which `bin/keeper` knows whether there is work: 0 none, 10 some, 1 not with
    this Python."""
    if sys.version_info < _OLDEST:
        print("this Python is too old", file=sys.stderr)  # noqa: T201
        return 1
    return 0 if idle(os.environ.get("MXVERDICT_ROOT", "/")) else _WORK


def work() -> int:
    """Return the exit status of `main`; what breaks it is recorded where `bin/keeper` records that it cannot
    start."""
    path = os.path.join(os.environ.get("MXVERDICT_ROOT", "/"), _FAILURE)  # noqa: PTH118
    try:
        status = main()
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        print(f"mxverdict keeper: broke off, so test windows may stay open: {reason}", file=sys.stderr)  # noqa: T201
        _record(path, reason)
        return 3
    if os.access(path, os.F_OK):
        os.unlink(path)  # noqa: PTH108
    return status


def _record(path: str, reason: str) -> None:
    new = f"{path}.new"
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(f"{reason}\n")
        os.replace(new, path)  # noqa: PTH105
    except OSError:
        return


def main() -> int:
    """Close what is due, then send a mail that is owed. While another round is under way this one ends.

    Exit status: 0 done or nothing to do, 3 the journal can be neither read nor restored,
    4 a window failed to close, now or on an earlier tick."""
    if idle(os.environ.get("MXVERDICT_ROOT", "/")):
        return 0
    import signal

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, _LIMIT)
    import logging

    from mxverdict import logs
    from mxverdict.errors import MxVerdictError
    from mxverdict.fs.lock import if_free
    from mxverdict.host import Host
    from mxverdict.window.model import CLOSE_FAILED
    from mxverdict.window.queries import open_windows
    from mxverdict.window.sweep import close_all_due

    logs.for_keeper()
    logger = logging.getLogger("mxverdict.keeper")
    host = Host.from_environment()
    try:
        with if_free(host, "keeper", _LIMIT + _MARGIN) as free:
            if not free:
                return 0
            handled = close_all_due(host, _LOCK_WAIT)
        latest = {window.id: window for window in [*open_windows(host), *handled]}
    except MxVerdictError as error:
        logger.error("%s", error)
        return error.exit_status
    from mxverdict.window.notify import send_owed

    send_owed(host)
    failed = [window for window in latest.values() if window.state == CLOSE_FAILED]
    for window in handled:
        if window.finished:
            logger.info("window %d is %s", window.id, window.state)
    for window in failed:
        logger.error("window %d does not close: %s", window.id, window.error)
    return 4 if failed else 0


if __name__ == "__main__":
    sys.path.insert(0, os.path.realpath(__file__).rpartition("/mxverdict/window/")[0])
    sys.exit(report_work() if sys.argv[1:] == ["look"] else work())
