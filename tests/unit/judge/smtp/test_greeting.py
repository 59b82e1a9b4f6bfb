"""Testers with one row, monitors among them: what is predicted, why, and which setting ends a false alarm."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest

from mxverdict import testers
from mxverdict.evidence.smtp import ConnectionLimit, Reply
from mxverdict.findings import Finding
from mxverdict.judge.engine import judge
from mxverdict.pasted import recognise
from mxverdict.testers import UNKNOWN_HOSTS
from tests.unit.evidence_maker import evidence, preview

KNOWN = testers.load()
OF_ONE_ROW = [tester for tester in KNOWN.testers if tester.report != testers.MXTOOLBOX]
GREETING = ("cp1.example.net ESMTP Exim 4.96", "We do not authorize bulk mail", "and reserve all rights.")
COUNTING = """\
>>> processing ACL acl_smtp_connect "defer" (/etc/exim.conf 7)
>>> check ratelimit = {limit} / 1h / strict / per_conn{option}
>>> ratelimit condition count=1 {limit}/1h/per_conn/192.0.2.1
>>> ratelimit db {updated}
>>> ratelimit computed rate {rate}
"""


def finding(tester: testers.Tester, *, delay: int = 0, lines: tuple[str, ...] = (), raw: str = "") -> Finding:
    met = preview(connect=delay, tester=tester, address=UNKNOWN_HOSTS[4])
    first, *rest = met.stages
    if lines:
        first = replace(first, reply=Reply(220, lines))
    met = replace(met, stages=(first, *rest), raw=raw)
    (prediction,) = judge(evidence(previews=(met,)), (tester,), ()).predictions
    assert prediction.setting == tester.setting
    (found,) = prediction.findings
    return found


def test_the_catalogue_holds_what_is_to_be_said_of_each() -> None:
    assert len(KNOWN.testers) >= 20
    assert len({tester.name for tester in KNOWN.testers}) == len(KNOWN.testers)
    for tester in OF_ONE_ROW:
        assert tester.patience_source and tester.date and tester.setting and tester.row, tester.name
        assert bool(tester.expects) == bool(tester.expects_source)
        assert (tester.connections > 1) == bool(tester.connections_source)


@pytest.mark.parametrize("tester", OF_ONE_ROW, ids=lambda tester: tester.name)
def test_what_is_predicted_is_read_when_it_is_pasted(tester: testers.Tester) -> None:
    for delay in (0, 300, 400):
        row = finding(tester._replace(expects=""), delay=delay).row
        if row.text == row.name:
            continue  # Internet.nl prints it whatever the result.
        (read,) = recognise(row.text).rows
        assert (read.tester, read.name, read.complains) == (tester.name, row.name, row.level != "ok")


@pytest.mark.parametrize("tester", OF_ONE_ROW, ids=lambda tester: tester.name)
def test_what_it_waits_for_decides(tester: testers.Tester) -> None:
    tester = tester._replace(expects="")
    after = finding(tester, delay=int(tester.patience) + 1)
    assert finding(tester, delay=int(tester.patience) - 1).row.level == "ok"
    if tester.report == "connect":
        assert after.row.level == "ok"
    else:
        assert (after.verdict.value, after.todo) == ("false_positive", tester.setting)


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (GREETING, "false_positive"),
        (GREETING[:2], "false_positive"),
        (("ESMTP",), "false_positive"),
        (GREETING[:1], "ok"),
        (("mail.example ESMTP Postfix",), "ok"),
    ],
    ids=["three lines", "two lines", "no name", "one line", "another's"],
)
def test_a_pattern_that_no_line_fits(lines: tuple[str, ...], verdict: str) -> None:
    exporter = KNOWN.tester("blackbox_exporter")
    found = finding(exporter, lines=lines)
    assert found.verdict.value == verdict
    assert (exporter.expects in found.why) is (verdict != "ok")
    late = finding(exporter, delay=20, lines=lines)
    assert (late.verdict.value, exporter.expects in late.why) == ("false_positive", False)


@pytest.mark.parametrize(
    ("limit", "rate", "updated", "number"),
    [
        ("3.0", "1.0", "updated", 4),
        ("3.0", "2.9", "updated", 4),
        ("1.2", "1.0", "updated", 2),
        ("5.0", "0.0", "not updated: readonly mode", None),
        ("100.0", "1.0", "updated", None),
        ("9" * 400, "1.0", "updated", None),
    ],
)
def test_a_rate_that_a_run_of_many_connections_reaches(
    limit: str, rate: str, updated: str, number: Optional[int]
) -> None:
    raw = COUNTING.format(limit=limit, rate=rate, updated=updated, option="")
    found = finding(KNOWN.tester("internet.nl"), raw=raw)
    assert found.verdict.value == ("ok" if number is None else "false_positive")
    assert number is None or f"from number {number} on" in found.why
    alone = finding(KNOWN.tester("check_smtp"), raw=raw)
    assert (alone.verdict.value, alone.evidence) == ("ok", ())


def test_only_what_refuses_is_a_limit() -> None:
    raw = COUNTING.format(limit="3.0", rate="1.0", updated="updated", option="")
    met = replace(preview(), raw=raw)
    assert met.connection_limits == (ConnectionLimit(3.0, "1h", True),)
    assert replace(met, raw=raw.replace('"defer"', '"warn"')).connection_limits == ()
    assert replace(met, raw=raw.replace("per_conn", "per_rcpt")).connection_limits == ()


def test_who_is_named_none_is_looked_at_by_the_usual_ones() -> None:
    usual = KNOWN.select([])
    assert {"mxtoolbox", "check_smtp"} <= {tester.name for tester in usual}
    assert "zabbix" not in {tester.name for tester in usual}
    assert KNOWN.select(["all"]) == KNOWN.testers
    assert [tester.name for tester in KNOWN.select(["Zabbix"])] == ["zabbix"]
