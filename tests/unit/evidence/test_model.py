from __future__ import annotations

import json
from typing import Any

import pytest

from mxverdict.evidence import from_json, to_json
from tests.unit.evidence_maker import evidence, probe


def test_evidence_survives_a_file() -> None:
    for sample in (evidence(), evidence(probes=(probe(failure="gone"),))):
        assert from_json(json.loads(json.dumps(to_json(sample)))) == sample


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(schema=2),
        lambda data: data.pop("hostname"),
        lambda data: data.update(extra=1),
        lambda data: data.update(previews="none"),
        lambda data: data["previews"][0].update(stages=[1]),
        lambda data: data["previews"][0]["stages"][0].update(delay="20"),
        lambda data: data["settings"].update(delay_stanzas=True),
    ],
)
def test_what_is_no_evidence_is_refused_in_one_line(change: Any) -> None:
    data = to_json(evidence())
    data = json.loads(json.dumps(data))
    change(data)
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        from_json(data)


@pytest.mark.parametrize("data", [None, [], "x", 3, {}])
def test_other_json_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="no evidence file"):
        from_json(data)
