"""What a check tells of itself while it runs: how far it is, and what it has found so far."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from mxverdict.collect.evidence_builder import EvidenceBuilder
from mxverdict.collect.progress import (
    FULL,
    PARTS,
    Progress,
    ProgressTotal,
)
from mxverdict.evidence import Evidence
from mxverdict.findings import Finding
from mxverdict.services import check
from mxverdict.testers.row_texts import CATEGORIES
from tests.unit.domain_evidence_maker import PARTS as FOUND
from tests.unit.domain_evidence_maker import known, whole

COMPLETE_BY = {
    "smtp": {"previews", "greeting", "names", "log"},
    "dns": {"zone"},
    "mx": {"hosts"},
    "spf": {"policy", "outgoing"},
    "dmarc": {"policy"},
    "blacklist": {"blocklists", "outgoing"},
}


class Heard(Progress):
    def __init__(self) -> None:
        super().__init__()
        self.advanced: list[tuple[str, int, int]] = []
        self.snapshots: list[tuple[Evidence, frozenset[str]]] = []

    def advance(self, part: str, done: int, total: int) -> None:
        self.advanced.append((part, done, total))

    def snapshot(self, evidence: Evidence, parts: frozenset[str]) -> None:
        self.snapshots.append((evidence, parts))


def findings(evidence: Evidence, complete: frozenset[str]) -> list[Finding]:
    report = check.judge_partial_evidence(evidence, complete)
    return [finding for domain in report.domains for finding in domain.findings]


def rows(found: list[Finding], categories: object = CATEGORIES) -> list[Finding]:
    return [finding for finding in found if finding.row.category in categories]  # type: ignore[operator]


@pytest.mark.parametrize("seed", range(20))
def test_parts_in_any_order_complete_the_categories_that_need_them(seed: int) -> None:
    heard = Heard()
    builder = EvidenceBuilder(known(), FOUND, heard, lambda evidence: evidence)
    order = random.Random(seed).sample(sorted(FOUND), len(FOUND))
    for number, part in enumerate(order, 1):
        builder.add(part, FOUND[part])
        done = set(order[:number])
        assert heard.snapshots[-1][1] == {name for name, needs in COMPLETE_BY.items() if needs <= done}
    assert builder.evidence() == whole()
    told = [parts for _, parts in heard.snapshots]
    assert told[0] == frozenset()
    assert all(before < after for before, after in zip(told, told[1:])), "one snapshot for each news"


@pytest.mark.parametrize("seed", range(20))
def test_rows_of_complete_categories_are_those_of_the_end(seed: int) -> None:
    (report,) = check.judge_evidence(whole()).domains
    heard = Heard()
    builder = EvidenceBuilder(known(), FOUND, heard, lambda evidence: evidence)
    for part in random.Random(seed).sample(sorted(FOUND), len(FOUND)):
        builder.add(part, FOUND[part])
    for evidence, complete in heard.snapshots:
        assert findings(evidence, complete) == rows(list(report.findings), complete)
    assert {finding.row.category for finding in findings(*heard.snapshots[-1])} == set(CATEGORIES)


def test_nothing_is_said_of_what_is_not_there_yet() -> None:
    report = check.judge_partial_evidence(known(), ())
    assert (report.predictions, report.server, report.summary) == ((), (), "")
    assert [domain.findings for domain in report.domains] == [()]
    for category in CATEGORIES:
        assert {finding.row.category for finding in findings(whole(), frozenset({category}))} == {category}


def test_listings_of_an_address_are_told_and_no_other_finding_of_the_server() -> None:
    evidence = replace(whole(), domains=())
    assert not check.judge_partial_evidence(evidence, {"smtp"}).server
    listed = check.judge_partial_evidence(evidence, {"smtp", "blacklist"})
    assert {finding.row.category for finding in listed.server} == {"blacklist"}
    assert listed.predictions == check.judge_evidence(evidence).predictions


def test_what_a_check_does_not_look_at_is_complete_from_the_start() -> None:
    heard = Heard()
    EvidenceBuilder(
        known(domains=()), ["previews", "blocklists", "outgoing"], heard, lambda evidence: evidence
    )
    assert heard.snapshots[0][1] == {"dns", "mx", "spf", "dmarc"}
    totals = {part: total for part, _, total in heard.advanced}
    assert {part for part, total in totals.items() if total} == {"previews", "blocklists", "outgoing"}


def test_a_tally_never_falls_and_ends_full() -> None:
    for seed in range(20):
        chance = random.Random(seed)
        tally = ProgressTotal()
        steps = [(part, n, 5) for part in PARTS for n in range(6)]
        chance.shuffle(steps)
        for part in PARTS:
            tally.advance(part, 0, 1)
        seen = [tally.done]
        for part, done, total in steps:
            tally.advance(part, done, total)
            seen.append(tally.done)
        assert seen == sorted(seen)
        assert 0 <= seen[0] <= seen[-1] <= FULL
        for part in PARTS:
            tally.advance(part, 1, 1)
        assert (tally.done, tally.text) == (FULL, "")


def test_a_tally_counts_what_is_left_to_do() -> None:
    tally = ProgressTotal()
    for part in ("settings", "zone", "blocklists"):
        tally.advance(part, 0, 1)
    tally.advance("settings", 1, 1)
    before = tally.done
    tally.advance("zone", 0, 0)
    assert tally.done > before, "what will not be done is no part of the whole"
    tally.advance("blocklists", 12, 31)
    assert tally.text == "12 of 31 blocklists asked"
    share = PARTS["settings"].weight + PARTS["blocklists"].weight * 12 / 31
    assert tally.done == int(FULL * share / (PARTS["settings"].weight + PARTS["blocklists"].weight))


def test_a_tally_tells_of_the_first_part_that_is_not_done() -> None:
    tally = ProgressTotal()
    tally.advance("blocklists", 12, 31)
    tally.advance("zone", 0, 1)
    assert tally.text == "asking the name servers"
    tally.advance("zone", 1, 1)
    assert tally.text == "12 of 31 blocklists asked"


def test_counted_work_is_counted_by_all_threads() -> None:
    told: list[tuple[str, int, int]] = []

    class Counting(Progress):
        def advance(self, part: str, done: int, total: int) -> None:
            told.append((part, done, total))

    with ThreadPoolExecutor(8) as pool:
        work = Counting().counted("previews", 200, abs)
        assert list(pool.map(work, range(-200, 0))) == list(range(200, 0, -1))
    assert told == [("previews", done, 200) for done in range(201)]


def test_steps_alone_for_a_terminal() -> None:
    said: list[str] = []
    steps = Progress(said.append)
    steps.step("reading the settings")
    steps.advance("settings", 1, 1)
    steps.snapshot(whole(), frozenset())
    assert said == ["reading the settings"]
