"""The published schemas say all of what each command prints: no field is missing, mistyped or unknown."""

from __future__ import annotations

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
ANY_KEY = {("causes",)}
"""Objects whose keys are no fields."""
Shape = tuple[str, ...]


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


@pytest.mark.slow
@pytest.mark.parametrize("name", OUTPUTS)
def test_a_missing_or_mistyped_field_is_found(name: str, cli: CommandLine) -> None:
    found = shortened(cli.run(*OUTPUTS[name](cli), "--json").json, set())
    holds = validator(name).is_valid
    assert holds(found)
    passed = []
    for shape, holder in fields(found).items():
        kept = holder.pop(shape[-1])
        if (name, *shape) not in OPTIONAL and holds(found):
            passed.append(("missing", shape))
        holder[shape[-1]] = {"of": 1}
        if holds(found):
            passed.append(("mistyped", shape))
        holder[shape[-1]] = kept
    assert passed == []


def shortened(value: Any, seen: set[Shape], shape: Shape = ()) -> Any:
    """The same without members of lists that have no field of their own: a check has very many."""
    if isinstance(value, dict):
        return {key: shortened(one, seen, (*shape, key)) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    kept: list[Any] = []
    for one in value:
        own = fields(one, shape).keys()
        if not own or own - seen or not kept:
            seen |= own
            kept.append(shortened(one, seen, shape))
    return kept


def fields(value: Any, shape: Shape = ()) -> dict[Shape, dict[str, Any]]:
    """Each field at whatever depth, by the names that lead to it, with an object that has it."""
    found = {}
    if isinstance(value, dict) and shape[-1:] not in ANY_KEY:
        for key, one in value.items():
            inner = (*shape, key)
            found[inner] = value
            found.update(fields(one, inner))
    elif isinstance(value, list):
        for one in value:
            found.update(fields(one, shape))
    return found


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
