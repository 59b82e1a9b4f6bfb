"""The command line: `mxverdict COMMAND …`. Exit statuses: 0 nothing wrong, 1 a real problem was found,
2 wrong usage, 3 could not be checked or done, 4 a window failed to close, whatever else there is to say."""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn, Optional

from mxverdict import __version__, installation, logs
from mxverdict.cli import check, explain, log, outbound, preview, report, rule, selfcheck, testers, window
from mxverdict.cli.common import INTERRUPTED, command, print_json
from mxverdict.errors import JournalError, MxVerdictError, WindowCloseError, WindowError
from mxverdict.host import Host
from mxverdict.sanitize import visible

CLOSE_FAILED = 4
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)
_UNLIMITED = 10_000
_UNFINISHED = {"opening": "is being opened", "closing": "is being closed", "close_failed": "FAILED TO CLOSE"}


def main(arguments: Optional[Sequence[str]] = None) -> int:
    _prepare_files()
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except (WindowCloseError, JournalError) as error:
        return _failed(error, options, error.exit_status)
    except MxVerdictError as error:
        return _failed(error, options, max(error.exit_status, warn_close_failures(error.exit_status)))
    except BrokenPipeError:
        detach_stdout()
        return 0
    except KeyboardInterrupt:
        print("mxverdict: stopped", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        return _unexpected(error, options)


def _run(options: argparse.Namespace) -> int:
    if options.verbose:
        logs.show_steps()
    status: int = options.run(options)
    sys.stdout.flush()
    if options.run is _keeper:
        return status
    _report(installation.python_changed())
    if options.run is selfcheck.run:
        return status  # its page is to be forwarded, and says of windows and keeper what may be
    return warn_close_failures(status)


def _prepare_files() -> None:
    """What the caller closed leads nowhere, so that no other file gets its number; a character that the
    encoding of the terminal lacks becomes a question mark. Nothing is read from it either."""
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY), encoding="utf-8")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def detach_stdout() -> None:
    """So that Python does not stumble over what is left in it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def warn_close_failures(status: int) -> int:
    """Say on standard error what fails to close; answers the status to end with instead of `status`."""
    if os.geteuid() != 0:
        return status
    from mxverdict.window import open_windows

    host = Host.from_environment()
    _report(installation.keeper_failure(host))
    try:
        stuck = close_failed(open_windows(host))
    except WindowError as error:
        _report(error)
        return status or error.exit_status
    for one in stuck:
        print(f"mxverdict: window {one.id} FAILED TO CLOSE: {visible(one.error)}", file=sys.stderr)
    return CLOSE_FAILED if stuck else status


def _report(error: Optional[MxVerdictError]) -> None:
    if error is not None:
        print(f"mxverdict: {visible(str(error))}. {error.hint}", file=sys.stderr)


def _unexpected(error: Exception, options: argparse.Namespace) -> int:
    try:
        return _explained(error, options)
    except MemoryError:
        return _out_of_memory()


def _explained(error: Exception, options: argparse.Namespace) -> int:
    """Answer the status of an error that the disk, the memory or the installation explains; raises any
    other."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        detach_stdout()
        print(f"mxverdict: the output cannot be written: {error.strerror}", file=sys.stderr)
        return MxVerdictError.exit_status
    if _no_thread_started(error):
        return _out_of_memory()
    broken = None if isinstance(error, MemoryError) else installation.cause(error)
    if broken is None:
        raise error
    status = broken.exit_status
    with suppress(ImportError):
        status = max(status, warn_close_failures(status))
    return _failed(broken, options, status)


def _no_thread_started(error: Exception) -> bool:
    """Python has no class of its own for that."""
    raised_in = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)][-1]
    return isinstance(error, RuntimeError) and raised_in is threading.Thread.start.__code__


def _out_of_memory() -> int:
    """Without anything that needs memory of its own."""
    sys.stderr.write(
        "mxverdict: there is not enough memory. Free some, or raise the limit (ulimit -v), and try again.\n"
    )
    return MxVerdictError.exit_status


def _failed(error: MxVerdictError, options: argparse.Namespace, status: int) -> int:
    message = visible(" ".join(str(error).split()))
    if getattr(options, "json", False):
        print_json({"error": message, "advice": error.hint, "exit_status": status})
    print(f"mxverdict: {message}. {error.hint}", file=sys.stderr)
    return status


class _Parser(argparse.ArgumentParser):
    """The words may come from `*` in a folder of somebody else's, who chose the names of the files."""

    def error(self, message: str) -> NoReturn:
        super().error(visible(" ".join(message.split())))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mxverdict",
        description="Says which findings of mail testers about this cPanel server are true, and opens test "
        "windows that close themselves.",
        epilog="Exit status: 0 nothing wrong, 1 a real problem was found, 2 wrong usage, 3 could not be "
        "checked or done, 4 a window failed to close.",
    )
    parser.add_argument("--version", action="version", version=f"mxverdict {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    for part in (check, explain, report, preview, window, outbound, log, rule, testers, selfcheck):
        part.register(commands)
    command(commands, "keeper", _keeper, "close what is due (the timer runs it)")
    return parser


def _keeper(_: argparse.Namespace) -> int:
    from mxverdict.window import keeper

    return keeper.main()


def close_failed(windows: Sequence[Any]) -> list[Any]:
    return [window for window in windows if window.state == "close_failed"]


if __name__ == "__main__":
    sys.exit(main())
