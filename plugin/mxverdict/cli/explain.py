"""`mxverdict explain`: a tester's report, pasted, answered row by row; or a bounce, answered."""

from __future__ import annotations

import argparse
import codecs
import os
import sys
from typing import TYPE_CHECKING, Any

from mxverdict.cli.common import (
    close_expired_quietly,
    command,
    console,
    exit_on_interrupt,
    print_json,
    progress,
    root_host,
    seconds,
    tester_option,
)
from mxverdict.errors import UsageError
from mxverdict.fs.read import open_regular
from mxverdict.i18n.message import Message, translate

if TYPE_CHECKING:
    from mxverdict.pasted import Pasted

_REASONS = 3
"""So many kinds of unrecognised lines are named when nothing else is found."""
_BYTES = 4 << 20
"""Of a text in UTF-8 this holds at least as many characters as are read."""


def register(commands: Any) -> None:
    explain = command(
        commands, "explain", _explain, "a tester's report or a bounce, pasted: what of it is true"
    )
    explain.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="the report; - or nothing: standard input"
    )
    tester_option(explain)
    explain.add_argument(
        "--about",
        action="append",
        default=[],
        metavar="TARGET",
        help="the domain, host name or address that the report is about, where it does not say so",
    )
    explain.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=45.0,
        help="patience with this server's own replies (default: 45)",
    )


class UnrecognizedReportError(UsageError):
    """What was pasted is no report that we know."""

    hint = Message(
        "Paste the whole report: the rows as MXToolbox's page shows them, or the JSON of its API; or a mail "
        "server's reply, or the bounce that quotes it."
    )


def _explain(options: argparse.Namespace) -> int:
    from mxverdict.collect.progress import Progress
    from mxverdict.net import target
    from mxverdict.pasted import recognise
    from mxverdict.report.pasted import explanation_json, print_explanation
    from mxverdict.services import check, pasted_report

    check.select_testers(options.tester)
    about = [target.parse_target(text) for text in options.about]
    pasted = recognise(_read(options.file))
    if not pasted.rows and not pasted.refusals:
        raise UnrecognizedReportError(f"no row of a tester's report was recognised{_reasons(pasted)}")
    host = root_host()
    close_expired_quietly(host)
    exit_on_interrupt()
    checked = pasted_report.run(
        host,
        pasted,
        about=about,
        testers=options.tester,
        progress=Progress(progress),
        reply_timeout=options.timeout,
    )
    explanation = checked.explain(pasted, about)
    if options.json:
        print_json(explanation_json(explanation))
    else:
        print_explanation(explanation, console())
    return explanation.exit_status


def _reasons(pasted: Pasted) -> str:
    """Return what the lines of a text without rows look like, the first few kinds of them."""
    lines = {line.reason: line.line for line in reversed(pasted.unrecognised)}
    kinds = [
        f"line {number}: {translate(reason)}" if number else translate(reason)
        for reason, number in reversed(list(lines.items()))
    ]
    return "".join(f"; {reason}" for reason in kinds[:_REASONS])


def _read(name: str) -> str:
    """The text of a file or of standard input, as far as it is read at all. Raises UsageError."""
    try:
        if name == "-":
            if sys.stdin.isatty():
                progress("paste the report, then press Enter and Ctrl-D")
            data = sys.stdin.buffer.read(_BYTES)
        else:
            with os.fdopen(open_regular(name), "rb") as file:
                data = file.read(_BYTES)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")
