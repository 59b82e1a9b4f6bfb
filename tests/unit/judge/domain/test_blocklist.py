"""Blocklists judged from a table, and the lists themselves: data that has to be sound."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
from pathlib import Path
from typing import Any, Union

import pytest

from mxverdict.collect.dnsbl import query_name
from mxverdict.evidence.blocklist import BlocklistEvidence, ListAnswer
from mxverdict.judge.domain.blocklist import judge_blocklists
from mxverdict.testers import row_texts
from mxverdict.testers.blocklists import IMPORTANCES, Blocklist, load

CASES = json.loads(Path(__file__).parents[3].joinpath("tables/blocklist_judged.json").read_text())["cases"]
KNOWN = load()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_findings(case: dict[str, Any]) -> None:
    zen = dataclasses.replace(KNOWN.lists[0], importance=case.get("importance", "high"))
    evidence = BlocklistEvidence(
        resolvers=("192.0.2.53",),
        addresses=tuple(case["answers"]),
        answers=_answers(zen, case["answers"]),
        controls=_answers(zen, case["controls"]),
    )
    findings = judge_blocklists(evidence, [zen])
    assert [[f.row.name, f.row.host, f.verdict.value] for f in findings] == case["findings"]
    for finding in findings:
        assert finding.row.level == {"ok": "ok", "unknown": finding.row.level}.get(
            finding.verdict.value, "error"
        )
        assert finding.why.endswith(".")
    assert any(case.get("says", "") == line for line in findings[0].evidence) or "says" not in case


def _answers(known: Blocklist, said: dict[str, Union[str, list[str]]]) -> tuple[ListAnswer, ...]:
    return tuple(
        ListAnswer(known.zone, address, error=text)
        if isinstance(text, str)
        else ListAnswer(known.zone, address, codes=tuple(text))
        for address, text in said.items()
    )


@pytest.mark.parametrize("known", KNOWN.lists, ids=lambda known: known.zone)
def test_list(known: Blocklist) -> None:
    assert known.importance in IMPORTANCES
    assert known.removal.startswith("https://")
    assert known.source
    assert known.codes
    for code in (*known.codes, *known.refusals):
        assert ipaddress.ip_address(code.code) in ipaddress.ip_network("127.0.0.0/8")
        assert code.meaning
    assert not any(known.refuses(code.code) for code in known.codes)
    assert all(known.refuses(f"127.255.255.{last}") for last in (252, 254, 255))
    assert known.title in row_texts.load("blacklist")
    assert KNOWN.named(known.zone.upper()) is KNOWN.named(f" {known.title.lower()} ") is known


def test_no_list_stands_twice() -> None:
    zones = [known.zone for known in KNOWN.lists]
    titles = [known.title for known in KNOWN.lists]
    for dead in KNOWN.dead:
        zones.extend(dead.zones)
        titles.extend(dead.titles)
    for closed in KNOWN.closed:
        zones.extend(closed.zones)
        titles.extend(closed.titles)
    assert len(set(zones)) == len(zones)
    assert len({title.lower() for title in titles}) == len(titles)


@pytest.mark.parametrize("known", KNOWN.dead, ids=lambda known: str(known.zones[0]))
def test_dead_list_is_found_by_each_of_its_names(known: Any) -> None:
    assert known.source
    assert all(KNOWN.dead_named(name) is known for name in (*known.zones, *known.titles))
    assert all(KNOWN.named(name) is None for name in (*known.zones, *known.titles))


def test_names_to_look_up() -> None:
    """The examples of RFC 5782 sections 2.1 and 2.4."""
    assert query_name("192.0.2.99", "bad.example.com") == "99.2.0.192.bad.example.com"
    assert query_name("2001:db8:1:2:3:4:567:89ab", "ugly.example.com") == (
        "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example.com"
    )
