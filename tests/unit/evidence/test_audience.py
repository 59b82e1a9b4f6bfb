"""Who may see which part of the evidence: each field is in a table, and nothing of root's is in what the
judge makes for resellers."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from mxverdict.evidence import Evidence, from_json, seen_by, to_json
from mxverdict.evidence.audience import Audience, redacted
from mxverdict.findings import Verdict
from mxverdict.i18n.message import Message
from mxverdict.report.json import report_json
from mxverdict.services import check
from tests.unit.root_secrets import SECRET, rate_limited, rich, secrets

_TABLE = Path(__file__).parents[2] / "tables/evidence_audience.tsv"
ROWS = [line.split("\t") for line in _TABLE.read_text().splitlines() if not line.startswith("#")]


def fields(kind: Any, known: set[Any]) -> Iterator[tuple[str, bool]]:
    """Every field of the evidence that a reseller's page can come to, and whether it is root's alone."""
    if typing.get_origin(kind) in (typing.Union, tuple):
        for inner in typing.get_args(kind):
            yield from fields(inner, known)
    elif isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind not in known:
        known.add(kind)
        hints, name = typing.get_type_hints(kind), kind.__name__
        for one in dataclasses.fields(kind):
            of_root = bool(one.metadata)
            yield f"{name}.{one.name}", of_root
            if not of_root:
                yield from fields(hints[one.name], known)


def test_every_field_has_its_audience() -> None:
    """A new field is nobody's until somebody has thought about who may see it."""
    assert dict(fields(Evidence, set())) == {row[0]: row[1] == "root" for row in ROWS}
    assert all(len(row) == 3 and row[2] for row in ROWS)


def with_messages(value: Any) -> Any:
    """The same with a message, as what has run leaves one, in the place of each text."""
    if isinstance(value, tuple):
        return tuple(map(with_messages, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = {one.name: with_messages(getattr(value, one.name)) for one in dataclasses.fields(value)}
        return dataclasses.replace(value, **named)
    return Message("{text}", text=value) if isinstance(value, str) and not isinstance(value, Enum) else value


def test_a_message_that_is_roots_is_empty_for_others() -> None:
    seen = seen_by(with_messages(rich()), Audience.RESELLER)
    assert seen == seen_by(rich(), Audience.RESELLER)
    assert secrets(json.dumps(to_json(seen))) == set()


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def test_every_secret_is_one_that_root_reads() -> None:
    """Else nothing were shown by their absence."""
    evidence = rich()
    assert secrets(json.dumps(to_json(evidence))) == set(range(1, SECRET.count + 1))
    told = secrets(json.dumps(report_json(check.judge_evidence(evidence))))
    assert len(told) > SECRET.count // 2


@pytest.mark.parametrize("complete", [(), ("smtp",), ("smtp", "dns", "mx", "spf", "dmarc", "blacklist")])
def test_no_secret_is_in_what_the_judge_makes_for_resellers(complete: tuple[str, ...]) -> None:
    evidence = rich()
    seen = seen_by(evidence, Audience.RESELLER)
    assert secrets(json.dumps(to_json(seen))) == set()
    for given in (evidence, seen):
        for report in (
            check.judge_evidence(given, audience=Audience.RESELLER),
            check.judge_partial_evidence(given, complete, audience=Audience.RESELLER),
        ):
            assert secrets(json.dumps(report_json(report))) == set()
            assert report.server == ()


def test_the_verdicts_are_the_same_for_everybody() -> None:
    for evidence in (rich(), rate_limited()):
        root = check.judge_evidence(evidence)
        other = check.judge_evidence(evidence, audience=Audience.RESELLER)
        for whole, part in ((root.predictions, other.predictions), (root.domains, other.domains)):
            assert [[f.verdict for f in one.findings] for one in whole] == [
                [f.verdict for f in one.findings] for one in part
            ]
            assert [[f.row for f in one.findings] for one in whole] == [
                [f.row for f in one.findings] for one in part
            ]


def test_a_refusal_for_the_rate_stays_one() -> None:
    (prediction,) = check.judge_evidence(rate_limited(), audience=Audience.RESELLER).predictions
    verdicts = {finding.verdict for finding in prediction.findings if finding.row.level == "error"}
    assert verdicts == {Verdict.FALSE_POSITIVE}


def test_what_is_veiled_twice_is_the_same() -> None:
    once = seen_by(rich(), Audience.RESELLER)
    assert seen_by(once, Audience.RESELLER) == once
    assert redacted(once, Audience.RESELLER) == once
    assert from_json(json.loads(json.dumps(to_json(once)))) == once
    assert seen_by(rich(), Audience.ROOT) == rich()
