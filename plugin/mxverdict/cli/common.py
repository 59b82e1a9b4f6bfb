"""What the commands of the command line share."""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Optional

from mxverdict.errors import UsageError, WindowError
from mxverdict.host import Host, kill_all

if TYPE_CHECKING:
    from rich.console import Console

    from mxverdict.evidence import Evidence
    from mxverdict.findings import Report

INTERRUPTED = 130
"""Exit status after Ctrl-C, as the shell has it."""
_UNLIMITED = 10_000
_JUDGING = 60.0
"""Seconds that judging a saved file may take; the largest check takes a few."""


def command(commands: Any, name: str, run: Any, summary: str) -> argparse.ArgumentParser:
    """A new command of `commands` (sub-parsers) that calls `run(options)`, with `--json` and
    `--verbose`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:]
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="print on standard error what is run and asked"
    )
    parser.set_defaults(run=run)
    return parser


def tester_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tester",
        action="append",
        default=[],
        metavar="NAME",
        help="only this tester (may be repeated); `all`: the monitors of the catalogue too",
    )


def seconds(text: str) -> float:
    """An option's number of seconds. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 600:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no number of seconds up to 600")
    return value


def root_host() -> Host:
    """The server. Raises UsageError for anybody but root."""
    if os.geteuid() != 0:
        raise UsageError("only root can ask Exim and change its lists; run it as root")
    return Host.from_environment()


def exit_on_interrupt() -> None:
    """From now on Ctrl-C ends the process in no time, and the commands it runs with it. For commands that are
    about to do nothing but look: threads that wait for others would hold a KeyboardInterrupt back."""

    def stop(_: int, __: Optional[FrameType]) -> None:
        kill_all()
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), b"mxverdict: stopped\n")
        os._exit(INTERRUPTED)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop)


def console() -> Console:
    """Standard output as a terminal or, when it is none, without folding lines."""
    from rich.console import Console

    class OurConsole(Console):
        def on_broken_pipe(self) -> None:
            """Rich would end with status 1, which means a real problem here."""
            raise BrokenPipeError

    width = None if sys.stdout.isatty() else _UNLIMITED
    return OurConsole(highlight=False, markup=False, width=width)


def load_saved_check(path: Path, testers: Sequence[str]) -> tuple[Evidence, Report]:
    """What `mxverdict check --save` wrote, judged for some testers or all. Raises UsageError."""
    from mxverdict.evidence import from_json
    from mxverdict.evidence.bounded_json import BYTES_LIMIT
    from mxverdict.fs.in_time import in_time
    from mxverdict.fs.read import read_regular
    from mxverdict.services import check

    try:
        evidence = from_json(json.loads(read_regular(path, BYTES_LIMIT).decode()))
        return evidence, in_time(_JUDGING, lambda: check.judge_evidence(evidence, testers))
    except TimeoutError:
        raise UsageError(f"{path} cannot be judged: that takes longer than {_JUDGING:g} s") from None
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise UsageError(f"{path} is larger than {BYTES_LIMIT // 1_000_000} MB") from None
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise UsageError(f"{path} cannot be judged: `mxverdict check --save` did not write it") from None
    except (ValueError, LookupError, ArithmeticError, RecursionError) as error:
        raise UsageError(f"{path} cannot be judged: {error}") from None


def check_output(path: Path) -> None:
    """Raises UsageError when a file cannot be written there: before anything is looked at."""
    from mxverdict.fs.atomic_write import require_writable

    try:
        require_writable(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def write_output(path: Path, text: str) -> None:
    """All of it or nothing, readable by its owner alone. Raises UsageError."""
    from mxverdict.fs.atomic_write import atomic_write

    try:
        atomic_write(path, text.encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def progress(step: str) -> None:
    if sys.stderr.isatty():
        print(f"… {step}", file=sys.stderr)


def print_json(data: dict[str, Any]) -> None:
    print(json.dumps({"schema": 1, **data}, indent=2))


def close_expired(host: Host) -> Sequence[Any]:
    """Close what is due, as every command does. Returns what is open."""
    from mxverdict import window

    window.close_due(host)
    return window.open_windows(host)


def close_expired_quietly(host: Host) -> Sequence[Any]:
    """The same for commands that only look: an unusable journal is no reason to stop."""
    try:
        return close_expired(host)
    except WindowError:
        return ()
