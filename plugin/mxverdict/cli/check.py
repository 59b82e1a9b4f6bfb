"""`mxverdict check` and `mxverdict judge`: the full diagnosis, fresh or from saved evidence."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from mxverdict.cli.common import (
    check_output,
    close_expired_quietly,
    command,
    console,
    exit_on_interrupt,
    load_saved_check,
    print_json,
    progress,
    root_host,
    seconds,
    tester_option,
    write_output,
)
from mxverdict.cli.window import actor, window_line
from mxverdict.errors import UsageError

if TYPE_CHECKING:
    from mxverdict.evidence import Evidence
    from mxverdict.evidence.bounded_json import TooLarge


def register(commands: Any) -> None:
    check = command(
        commands,
        "check",
        _check,
        "the full diagnosis of this server, or of all that testers grade about a domain",
    )
    check.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help="domain, or host name or address of this server (default: its main addresses)",
    )
    tester_option(check)
    check.add_argument(
        "--save", metavar="FILE", type=Path, help="keep all evidence in FILE for `mxverdict judge`"
    )
    check.add_argument("--transcript", action="store_true", help="print each tester's transcript too")
    check.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=seconds,
        default=45.0,
        help="patience with this server's own replies (default: 45)",
    )
    check.add_argument(
        "--budget",
        metavar="SECONDS",
        type=seconds,
        default=60.0,
        help="for everything that is asked of DNS, blocklists and other mail servers together (default: 60)",
    )
    check.add_argument(
        "--whm",
        metavar="HOST[:PORT]",
        help="read the settings from WHM over HTTPS; the API token is taken from $MXVERDICT_WHM_TOKEN and "
        "goes to HOST directly: proxies and authorities that the environment names (such as $HTTPS_PROXY and "
        "$REQUESTS_CA_BUNDLE) are not used",
    )
    check.add_argument("--whm-user", default="root", help="the token's user (default: root)")
    trust = check.add_mutually_exclusive_group()
    trust.add_argument("--whm-ca", metavar="FILE", help="authority that signed WHM's certificate")
    trust.add_argument("--whm-insecure", action="store_true", help="accept any certificate of WHM")

    judge = command(commands, "judge", _judge, "judge saved evidence again, without a server")
    judge.add_argument("file", metavar="FILE", type=Path, help="what `mxverdict check --save` wrote")
    tester_option(judge)
    judge.add_argument("--transcript", action="store_true", help="print each tester's transcript too")


def _check(options: argparse.Namespace) -> int:
    from mxverdict.audit.checks import audit_check, counted_findings
    from mxverdict.collect.progress import Progress
    from mxverdict.report.json import report_json
    from mxverdict.services import check

    host = root_host()
    testers = check.select_testers(options.tester)
    if options.save is not None:
        check_output(options.save)
    windows = close_expired_quietly(host)
    exit_on_interrupt()
    evidence, report = check.run(
        host,
        targets=options.targets,
        testers=[tester.name for tester in testers],
        api=_whm(options),
        progress=Progress(progress),
        reply_timeout=options.timeout,
        budget=options.budget,
    )
    if options.targets:
        audit_check(host, actor(), options.targets, [one.verdict for one in counted_findings(report)])
    too_large = None if options.save is None else _save(options.save, evidence)
    if options.json:
        print_json({**report_json(report), "windows": [window.to_json() for window in windows]})
    else:
        _print_report(report, options.transcript, windows)
    if too_large is not None:
        print(f"mxverdict: {too_large}. {too_large.hint}", file=sys.stderr)
        return too_large.exit_status
    return report.exit_status


def _save(path: Path, evidence: Evidence) -> Optional[TooLarge]:
    """Write the evidence to a file. Return why that was not done; raise UsageError when it cannot be."""
    from mxverdict.evidence import to_json
    from mxverdict.evidence.bounded_json import TooLarge, bounded_json

    try:
        text = bounded_json(to_json(evidence)).decode()
    except TooLarge as error:
        return error
    write_output(path, text)
    return None


def _judge(options: argparse.Namespace) -> int:
    from mxverdict.report.json import report_json

    _, report = load_saved_check(options.file, options.tester)
    if options.json:
        print_json(report_json(report))
    else:
        _print_report(report, options.transcript, ())
    return report.exit_status


def _whm(options: argparse.Namespace) -> Any:
    if options.whm is None:
        return None
    from mxverdict.whm.https import HttpsWhmApi

    token = os.environ.get("MXVERDICT_WHM_TOKEN", "")
    server, _, port = options.whm.partition(":")
    if not token:
        raise UsageError("put the API token for --whm into $MXVERDICT_WHM_TOKEN")
    if port and not port.isdigit():
        raise UsageError(f"{options.whm!r} is no HOST:PORT")
    verify = False if options.whm_insecure else options.whm_ca or True
    return HttpsWhmApi(server, options.whm_user, token, port=int(port or 2087), verify=verify)


def _print_report(report: Any, transcripts: bool, windows: Sequence[Any]) -> None:
    from mxverdict.report.terminal import print_report

    screen = console()
    print_report(report, screen, transcripts=transcripts)
    for window in windows:
        screen.print(window_line(window))
