"""The published schemas say all of what each command prints: no field is missing, mistyped or unknown."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.output_schema import schema_of, schemas, validator
from tests.unit.cli.command_line import CommandLine
from tests.unit.cli.outputs import OUTPUTS

SHARED = "common"
OPTIONAL = {("log", "traffic")}
ANY_KEY = {"causes"}
"""Objects whose keys are no fields."""
Path = tuple[object, ...]


def test_each_schema_has_an_output_and_the_other_way_round() -> None:
    assert set(OUTPUTS) == set(schemas()) - {SHARED}


@pytest.mark.parametrize("name", schemas())
def test_each_schema_is_one(name: str) -> None:
    schema = schemas()[name]
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert {"title", "description"} <= set(schema)
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_is_printed_is_what_is_published(name: str, cli: CommandLine) -> None:
    words = OUTPUTS[name](cli)
    assert name in ("error", schema_of(words))
    found = cli.run(*words, "--json").json
    assert not list(validator(name).iter_errors({**found, "added_later": [{}]}))
    unknown = [f"{one.json_path}: {one.message[:300]}" for one in closed(name).iter_errors(found)]
    assert unknown == []


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_missing_or_mistyped_field_is_found(name: str, cli: CommandLine) -> None:
    found = cli.run(*OUTPUTS[name](cli), "--json").json
    seen: set[Path] = set()
    passed = []
    holds = validator(name).is_valid
    for path in fields(found):
        shape = tuple(step for step in path if isinstance(step, str))
        if shape in seen or ANY_KEY.intersection(shape[:-1]):
            continue
        seen.add(shape)
        if (name, *shape) not in OPTIONAL and holds(changed(found, path)):
            passed.append(("missing", shape))
        if holds(changed(found, path, {"of": 1})):
            passed.append(("mistyped", shape))
    assert passed == []
    assert len(seen) >= len(found)


def fields(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all fields at whatever depth."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        if isinstance(key, str):
            yield (*path, key)
        yield from fields(one, (*path, key))


def changed(found: Any, path: Path, *value: object) -> Any:
    """A copy with another value there, or without the field."""
    copied = copy.deepcopy(found)
    *way, last = path
    holder = copied
    for step in way:
        holder = holder[step]
    if value:
        holder[last] = value[0]
    else:
        del holder[last]
    return copied


def closed(name: str) -> Draft202012Validator:
    """The schema without leave to add fields."""
    among = json.loads(json.dumps(schemas()))
    report = among[SHARED]["$defs"].pop("report")
    for schema in _objects([among, *report["properties"].values()]):
        schema.setdefault("additionalProperties", False)
    among[SHARED]["$defs"]["report"] = report
    for command in ("check", "judge"):  # these add to what they refer to
        among[command].pop("additionalProperties", None)
        among[command]["unevaluatedProperties"] = False
    return validator(name, among)


def _objects(tree: Any) -> Iterator[dict[str, Any]]:
    for one in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _objects(one)
    if isinstance(tree, dict) and isinstance(tree.get("properties"), dict):
        yield tree
