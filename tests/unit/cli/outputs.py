"""One run of each command with --json, with as many fields filled as it has."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from mxverdict.evidence import Evidence, Forward, Reply, ReverseDns, Tls
from mxverdict.evidence.decode import decode
from mxverdict.evidence.tester_candidate import Candidate, HeloMatch
from mxverdict.evidence.traffic import COMMON_PROVIDERS as COMMON_PROVIDERS_LIST
from mxverdict.evidence.traffic import NO_DELAY, Traffic, TrafficHour, WhatIf
from mxverdict.evidence.visit import Visit, VisitLog
from mxverdict.findings import Finding, Report, Verdict
from mxverdict.services.check import judge_evidence
from mxverdict.services.pasted_report import StoredPastedReport
from mxverdict.testers import TesterAddress
from mxverdict.testers.local_addresses import LocalTesterAddress
from mxverdict.window.changes.common_providers import Sample, Samples, Statement
from mxverdict.window.dry_run import DryRun
from mxverdict.window.model import WindowKind, WindowState
from tests.sandbox.server_files import REPOSITORY
from tests.unit import evidence_maker, outbound_maker, root_secrets
from tests.unit.cli.command_line import CommandLine
from tests.unit.report_maker import FINDINGS, domain_report
from tests.unit.selfcheck_maker import GOOD
from tests.unit.window.rows import window

NEW = "18.209.86.200"
OPEN = window(id=7, opened_at=time.time(), until_tested=True)
PERMANENT = window(id=3, kind="permanent", networks=("192.0.2.7",), minutes=0, reason="confirmed")
COMMON_PROVIDERS = replace(PERMANENT, kind=WindowKind.COMMON_PROVIDERS, networks=())
DRY_RUN = DryRun(
    "/etc/exim.conf.localopts", "a=0", "a=1", (Statement(53, "!hosts = : +b", "!hosts = : +a : +b"),),
    Samples((Sample("Example", "192.0.2.128/27", "192.0.2.129"),), 2, 3),
    {"192.0.2.129": 40}, {"192.0.2.129": 0},
)  # fmt: skip
VISIT = Visit(
    "mxtoolbox", "18.209.86.113", 4711, 1_794_990_000.0, 0, name="a.mxtoolbox.com", helo="x", seconds=15.2,
    ended="left", stage="rcpt", refused="relay", refusal="Rejected relay attempt",
)  # fmt: skip
VISITS = VisitLog(1_794_900_000.0, (VISIT, replace(VISIT, tester="swaks", seconds=None)), ())
CANDIDATE = Candidate(
    HeloMatch(NEW, "mxtoolbox", "k.mxtoolbox.com", 1_794_900_000.0, 1_794_990_000.0, 2, "a line"),
    ReverseDns(NEW, ("k.mxtoolbox.com",), (Forward("k.mxtoolbox.com", (NEW,)),)),
    "k.mxtoolbox.com",
)
ADDED = TesterAddress(f"{NEW}/32", "k.mxtoolbox.com", "2026-11-25", "DNS", added=True)
REMOVED = LocalTesterAddress(NEW, "mxtoolbox", "k.mxtoolbox.com", "2026-11-25", "DNS")
PASTED = (REPOSITORY / "tests/corpus/smtp_page_2026.txt").read_text(encoding="utf-8")


@cache
def checked() -> tuple[Evidence, Report]:
    """A check of a domain, with everything in it."""
    evidence = root_secrets.rich()
    return evidence, replace(judge_evidence(evidence), remarks=("one more address was left out",))


def report(*verdicts: Verdict) -> Report:
    """A report whose findings are those of `report_maker` with these verdicts."""
    found = tuple(one for one in FINDINGS if one.verdict in verdicts)
    return replace(checked()[1], predictions=(), server=(), domains=(domain_report(findings=found),))


def findings(*verdicts: Verdict) -> tuple[Finding, ...]:
    return tuple(one for one in FINDINGS if one.verdict in verdicts)


def traffic() -> Traffic:
    """The case of `traffic_judged.json` with the most in it."""
    table = json.loads((REPOSITORY / "tests/tables/traffic_judged.json").read_text(encoding="utf-8"))
    defaults = table["defaults"]
    lists = {
        name: [defaults[kind]]
        for name, kind in (("waiting", "sender"), ("giving_up", "sender"), ("refused", "refused"))
    }
    found = decode(Traffic, {**defaults["traffic"], **lists, "remarks": ["a file is gone"]}, "traffic")
    assert isinstance(found, Traffic)
    hours = (TrafficHour(found.since, 3, 2, 1),)
    spares = (WhatIf(COMMON_PROVIDERS_LIST, 4, 1, 2), WhatIf(NO_DELAY, None, 1, 2))
    return replace(
        found, connections=3, left=2, refused_total=1, refused_groups=1, hours=hours, what_if=spares
    )


def ladder() -> Any:
    """One with a route, TLS, a delivery and a well-known receiver."""
    first = outbound_maker.climb(tls=Tls(True, "TLSv1.3", True, True, ("mx1.remote.example",), 1_800_000_000))
    return outbound_maker.ladder(
        first,
        outbound_maker.climb("refused", "connect", address="198.51.100.21"),
        receivers=outbound_maker.receivers(first),
        delivery=outbound_maker.climb("reply", "data", Reply(554, ("no",))),
        send=True,
        skipped=("198.51.100.22 was left out",),
        remarks=("a remark",),
    )


def _check(cli: CommandLine) -> list[str]:
    cli.answer("services.check.run", checked())
    cli.answer("window.queries.open_windows", (OPEN,))
    return ["check", "good.test"]


def _judge(cli: CommandLine) -> list[str]:
    return ["judge", saved(cli)]


def _explain(cli: CommandLine) -> list[str]:
    evidence, judged = checked()
    cli.answer("services.pasted_report.run", StoredPastedReport(evidence, judged, {}))
    return ["explain", cli.file("report.txt", PASTED + "\nSMTP Moon Phase\tThe moon is full\n")]


def _report(cli: CommandLine) -> list[str]:
    cli.answer("services.check.run", checked())
    return ["report"]


def _preview(cli: CommandLine) -> list[str]:
    cli.answer("collect.collector.preview_addresses", checked()[0].previews)
    return ["preview"]


def _outbound(cli: CommandLine) -> list[str]:
    cli.answer("collect.outbound.read_outbound", ladder())
    return ["outbound", "remote.example", "--send"]


def _log(cli: CommandLine) -> list[str]:
    cli.answer("services.mail_log.read_tester_visits", replace(VISITS, remarks=("a file is gone",)))
    cli.answer("services.mail_log.read_traffic", traffic())
    return ["log"]


def _window(cli: CommandLine) -> list[str]:
    cli.answer("window.service.open_window", OPEN)
    return ["window", "open"]


def _window_dry_run(cli: CommandLine) -> list[str]:
    cli.answer("window.dry_run.simulate_common_providers", DRY_RUN)
    return ["window", "open", "--common-mail-providers", "--dry-run"]


def _window_list(cli: CommandLine) -> list[str]:
    closed = replace(
        OPEN, state=WindowState.CLOSED, closed_at=OPEN.opened_at + 60, remark="a remark", error="an error"
    )
    cli.answer("window.queries.list_windows", (OPEN, closed))
    cli.answer("window.queries.permanent_entries", (PERMANENT,))
    return ["window", "list"]


def _testers_list(cli: CommandLine) -> list[str]:
    return ["testers", "list"]


def _testers_found(cli: CommandLine) -> list[str]:
    cli.answer("services.tester_addresses.candidates", ((CANDIDATE,), ("a file is gone",)))
    return ["testers", "list", "--found"]


def _testers_add(cli: CommandLine) -> list[str]:
    cli.answer("services.tester_addresses.add", ADDED)
    return ["testers", "add", NEW]


def _testers_remove(cli: CommandLine) -> list[str]:
    cli.answer("services.tester_addresses.remove", REMOVED)
    return ["testers", "remove", NEW]


def _selfcheck(cli: CommandLine) -> list[str]:
    cli.answer("collect.selfcheck.collect", GOOD)
    return ["selfcheck"]


def _error(_: CommandLine) -> list[str]:
    return ["judge", "/nonexistent"]


OUTPUTS: dict[str, Callable[[CommandLine], list[str]]] = {
    "check": _check,
    "error": _error,
    "explain": _explain,
    "judge": _judge,
    "log": _log,
    "outbound": _outbound,
    "preview": _preview,
    "report": _report,
    "rule": lambda _: ["rule", "smtp.starttls"],
    "selfcheck": _selfcheck,
    "testers-add": _testers_add,
    "testers-found": _testers_found,
    "testers-list": _testers_list,
    "testers-remove": _testers_remove,
    "window": _window,
    "window-dry-run": _window_dry_run,
    "window-list": _window_list,
}
"""By the name of its schema: replaces the services of the command and returns its words."""


def saved(cli: CommandLine) -> str:
    """The path of a saved check."""
    from mxverdict.evidence import to_json

    return cli.file("saved.json", json.dumps(to_json(evidence_maker.evidence())))
