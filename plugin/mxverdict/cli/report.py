"""`mxverdict report`: what to send to the customer."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

from mxverdict.cli.common import (
    check_output,
    close_expired_quietly,
    command,
    exit_on_interrupt,
    load_saved_check,
    progress,
    root_host,
    seconds,
    tester_option,
    write_output,
)
from mxverdict.errors import UsageError
from mxverdict.evidence import Evidence
from mxverdict.findings import Report


def register(commands: Any) -> None:
    report = command(commands, "report", _report, "what to send to the customer")
    report.add_argument(
        "targets", nargs="*", metavar="TARGET", help="domain, host name or address of this server"
    )
    tester_option(report)
    report.add_argument("--text", action="store_true", help="plain text for a ticket (default)")
    report.add_argument("--html", action="store_true", help="one HTML file that needs nothing else")
    report.add_argument(
        "--evidence",
        metavar="FILE",
        type=Path,
        help="report what `mxverdict check --save` wrote, without a server",
    )
    report.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write to FILE, for root's eyes only"
    )
    report.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=45.0,
        help="patience with this server's own replies (default: 45)",
    )


def _report(options: argparse.Namespace) -> int:
    from mxverdict.collect.progress import Progress
    from mxverdict.services import check
    from mxverdict.window.queries import recent_windows

    if options.text + options.html + options.json > 1:
        raise UsageError("--text, --html and --json exclude each other")
    if options.evidence is not None and options.targets:
        raise UsageError("--evidence reports what is in the file; name no targets with it")
    if options.output is not None:
        check_output(options.output)
    windows: Optional[Sequence[Any]] = None
    if options.evidence is not None:
        evidence, report = load_saved_check(options.evidence, options.tester)
    else:
        testers = [tester.name for tester in check.select_testers(options.tester)]
        host = root_host()
        close_expired_quietly(host)
        exit_on_interrupt()
        evidence, report = check.run(
            host,
            targets=options.targets,
            testers=testers,
            progress=Progress(progress),
            reply_timeout=options.timeout,
        )
        windows = recent_windows(host)
    written = _written(options, report, evidence, windows)
    if options.output is None:
        sys.stdout.write(written)
    else:
        write_output(options.output, written)
    return report.exit_status


def _written(
    options: argparse.Namespace, report: Report, evidence: Evidence, windows: Optional[Sequence[Any]]
) -> str:
    if options.json:
        from mxverdict.report.mxtoolbox_api import api_json

        return json.dumps({"schema": 1, **api_json(report, evidence)}, indent=2) + "\n"
    if options.html:
        from mxverdict.report.html import report_html

        return report_html(report, evidence, windows)
    from mxverdict.report.plain_text import report_text

    return report_text(report, evidence, windows)
