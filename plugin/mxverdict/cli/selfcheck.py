"""`mxverdict selfcheck`: what this server is like, beside what MX Verdict relies on. Read-only."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxverdict.cli.common import check_output, command, exit_on_interrupt, progress, root_host, write_output
from mxverdict.errors import UsageError
from mxverdict.sanitize import visible

if TYPE_CHECKING:
    from mxverdict.evidence.selfcheck import Selfcheck

_MAX_REASON = 200


def register(commands: Any) -> None:
    selfcheck = command(
        commands,
        "selfcheck",
        run,
        "compare this server with what MX Verdict relies on; changes nothing",
    )
    selfcheck.add_argument(
        "-o",
        "--save",
        metavar="FILE",
        type=Path,
        help="also write the page as JSON to FILE; it names no host, domain, address or secret",
    )
    selfcheck.add_argument(
        "--from",
        dest="saved",
        metavar="FILE",
        type=Path,
        help="judge a saved page again, of any server, without asking this one",
    )


def run(options: argparse.Namespace) -> int:
    from mxverdict.judge.selfcheck import judge
    from mxverdict.report.selfcheck import selfcheck_json, selfcheck_text

    if options.save is not None:
        check_output(options.save)
    if options.saved is not None:
        evidence = _saved(options.saved)
    else:
        from mxverdict.collect.selfcheck import collect

        host = root_host()
        exit_on_interrupt()
        progress("asking WHM and Exim")
        evidence = collect(host)
    page = judge(evidence)
    text = json.dumps(selfcheck_json(evidence, page), indent=2) + "\n"
    if options.save is not None:
        write_output(options.save, text)
    sys.stdout.write(text if options.json else selfcheck_text(evidence, page))
    return page.exit_status


def _saved(path: Path) -> Selfcheck:
    """Raises UsageError with one short line, whatever the file holds."""
    from mxverdict.evidence.selfcheck import MAX_BYTES, from_bytes
    from mxverdict.fs.read import open_regular

    try:
        with os.fdopen(open_regular(path), "rb") as file:
            return from_bytes(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        reason = visible(" ".join(str(error).split()), _MAX_REASON)
        raise UsageError(f"{path} cannot be judged: {reason}") from None
