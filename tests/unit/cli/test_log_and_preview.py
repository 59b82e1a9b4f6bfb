"""`mxverdict log` and `mxverdict preview`."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from mxverdict.evidence.visit import VisitLog
from tests.unit.cli.command_line import CommandLine
from tests.unit.cli.outputs import VISITS, traffic
from tests.unit.evidence_maker import preview


def answer(cli: CommandLine, log: VisitLog) -> None:
    cli.answer("services.mail_log.read_tester_visits", log)
    cli.answer("services.mail_log.read_traffic", traffic())


@pytest.mark.parametrize(
    ("log", "status"),
    [(VISITS, 0), (replace(VISITS, remarks=("a file is gone",)), 3), (VisitLog(), 3)],
    ids=["all of it", "a part", "no log"],
)
def test_log(cli: CommandLine, log: VisitLog, status: int) -> None:
    answer(cli, log)
    done = cli.run("log", "--json")
    assert (done.status, done.err, done.json["since"]) == (status, "", log.since)
    assert [one["tester"] for one in done.json["visits"]] == [one.tester for one in log.visits]
    text = cli.run("log")
    assert (text.status, text.err) == (status, "")
    assert "Sender verification refused" in text.out


def test_log_of_one_tester_has_nobody_elses_traffic(cli: CommandLine) -> None:
    answer(cli, VISITS)
    done = cli.run("log", "--tester", "swaks", "--since", "30m", "--json")
    assert [one["tester"] for one in done.json["visits"]] == ["swaks"]
    assert "traffic" not in done.json
    assert cli.called("services.mail_log.read_traffic") == []
    (call,) = cli.called("services.mail_log.read_tester_visits")
    assert call.arguments[1] == pytest.approx(time.time() - 1800, abs=600)
    assert "Sender verification" not in cli.run("log", "--tester", "swaks").out


@pytest.mark.parametrize(
    ("failures", "status"),
    [
        ([""], 0),
        (["", "broken"], 1),
        (["crashed"], 1),
        (["broken", "timeout"], 3),
        (["not_understood"], 3),
        ([], 0),
    ],
)
def test_preview(cli: CommandLine, failures: list[str], status: int) -> None:
    previews = tuple(preview(connect=20, failure=one) for one in failures)
    cli.answer("collect.collector.preview_addresses", previews)
    done = cli.run("preview", "18.209.86.113", "--json")
    assert (done.status, done.err) == (status, "")
    assert [one["failure"] for one in done.json["previews"]] == failures
    text = cli.run("preview", "18.209.86.113", "--tester", "swaks")
    assert (text.status, text.err) == (status, "")
    assert text.out.count("18.209.86.113 to ") == len(failures)
    (call,) = cli.called("collect.collector.preview_addresses")
    assert call.arguments[1] == ["18.209.86.113"]
    assert [one.name for one in call.arguments[2]] == ["swaks"]
