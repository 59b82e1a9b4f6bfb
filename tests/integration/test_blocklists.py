"""Blocklists that list, refuse, answer everything or nothing: each a zone of a real rbldnsd."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mxverdict.evidence.blocklist import BlocklistEvidence, ListAnswer
from mxverdict.findings import Finding, Owner
from mxverdict.judge.domain.blocklist import judge_blocklists, judge_named
from mxverdict.testers.blocklists import Blocklist, load
from tests.sandbox.blocklists import Blocklists
from tests.sandbox.box import Sandbox

TABLE = json.loads(Path(__file__).parents[1].joinpath("tables/blocklist_answers.json").read_text())
ADDRESSES = ["203.0.113.10", "203.0.113.11", "2001:db8:10::10", "192.168.1.5"]
PATIENCE = 3.0

ASK = """
import dataclasses, json, sys, time
from mxverdict.collect.dnsbl import read_blocklists
from mxverdict.testers.blocklists import load
addresses, zones, patience = json.loads(sys.argv[1])
lists = [known for known in load().lists if known.zone in zones]
started = time.monotonic()
evidence = read_blocklists(addresses, started + patience, lists)
print(json.dumps([dataclasses.asdict(evidence), time.monotonic() - started]))
"""


@dataclass(frozen=True)
class Asked:
    evidence: BlocklistEvidence
    seconds: float
    lists: list[Blocklist]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return judge_blocklists(self.evidence, self.lists)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as running, Blocklists(running, delay=0.3) as lists:
        for entry in TABLE["lists"]:
            lists.serve(entry["zone"], entry["behaviour"], entry.get("listed"))
        lists.start()
        yield running


@pytest.fixture(scope="module")
def asked(box: Sandbox) -> Asked:
    return ask(box, [entry["zone"] for entry in TABLE["lists"]], PATIENCE)


def ask(box: Sandbox, zones: list[str], patience: float, addresses: list[str] = ADDRESSES) -> Asked:
    argument = json.dumps([addresses, zones, patience])
    done = box.run([sys.executable, "-c", ASK, argument], check=True)
    found, seconds = json.loads(done.stdout)
    lists = [known for known in load().lists if known.zone in zones]
    return Asked(_evidence(found), seconds, lists)


def _evidence(found: dict[str, Any]) -> BlocklistEvidence:
    answers, controls = (
        tuple(
            ListAnswer(**{**answer, "codes": tuple(answer["codes"]), "reasons": tuple(answer["reasons"])})
            for answer in found[name]
        )
        for name in ("answers", "controls")
    )
    rest = {name: tuple(found[name]) for name in ("resolvers", "addresses", "not_asked")}
    return BlocklistEvidence(answers=answers, controls=controls, **rest)


def _told(finding: Finding) -> str:
    return "\n".join((finding.why, *finding.evidence, finding.todo))


@pytest.mark.parametrize("expected", TABLE["findings"], ids=lambda e: f"{e['row']} {e['host']} {e['says']}")
def test_finding(asked: Asked, expected: dict[str, str]) -> None:
    found = [
        finding
        for finding in asked.findings
        if (finding.row.name, finding.row.host) == (expected["row"], expected["host"])
        and finding.verdict.value == expected["verdict"]
    ]
    assert any(expected["says"] in _told(finding) for finding in found), "\n\n".join(map(_told, found))
    assert all(finding.row.category == "blacklist" for finding in found)
    if "owner" in expected:
        assert [finding.owner for finding in found] == [Owner[expected["owner"]]]


def test_no_other_listing_is_found(asked: Asked) -> None:
    found = {(f.row.name, f.row.host) for f in asked.findings if f.row.level == "error"}
    told = {(e["row"], e["host"]) for e in TABLE["findings"] if e["row"] != "Blocklists"}
    everything = {("MAILSPIKE BL", "203.0.113.10"), ("BACKSCATTERER", "203.0.113.10")}
    assert found == told | everything


@pytest.mark.parametrize("expected", TABLE["named"], ids=lambda e: f"{e['name']} {e['host']}")
def test_a_listing_that_a_report_names(asked: Asked, expected: dict[str, str]) -> None:
    finding = judge_named(asked.evidence, expected["name"], expected["host"])
    assert finding.verdict.value == expected["verdict"], finding
    assert finding.row.host == expected["host"]


def test_lists_that_do_not_answer_cost_no_more_than_the_deadline(asked: Asked) -> None:
    assert asked.seconds < PATIENCE + 0.5


def test_says_whose_resolver_was_asked(asked: Asked) -> None:
    assert asked.evidence.resolvers == ("192.0.2.53",)
    assert "asked through 192.0.2.53" in _told(asked.findings[-2])


def test_public_resolver_is_named(asked: Asked) -> None:
    evidence = dataclasses.replace(asked.evidence, resolvers=("8.8.8.8",))
    refused = [f for f in judge_blocklists(evidence, asked.lists) if "refused" in f.row.text]
    assert "8.8.8.8 is a public resolver (Google)" in refused[0].evidence


def test_dead_resolver_gives_no_listing(box: Sandbox) -> None:
    box.dns.freeze()
    try:
        asked = ask(box, ["zen.spamhaus.org", "dnsbl.dronebl.org"], 1.0)
    finally:
        box.dns.thaw()
    assert asked.seconds < 1.5
    assert {finding.verdict.value for finding in asked.findings} == {"unknown"}


def test_a_deadline_that_is_over_asks_nothing(box: Sandbox) -> None:
    asked = ask(box, ["zen.spamhaus.org"], -1.0)
    assert {answer.error for answer in asked.evidence.controls} == {"no time was left to ask"}
    assert {finding.verdict.value for finding in asked.findings} == {"unknown"}


def test_without_a_public_address_no_list_is_asked(box: Sandbox) -> None:
    asked = ask(box, ["zen.spamhaus.org"], 1.0, ["10.0.0.1", "fe80::1"])
    assert asked.evidence.controls == ()
    assert [finding.row.text for finding in asked.findings] == ["not asked"]
