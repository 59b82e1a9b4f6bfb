"""Imports run down the floors of the house (docs/architecture.md), and never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import mxverdict

PACKAGE = Path(mxverdict.__file__).parent
FLOORS = (
    ("cli", "web"),
    ("report",),
    ("services", "window"),
    ("pasted",),
    ("judge", "collect"),
    ("settings",),
    ("testers", "whm", "audit", "refusals"),
    ("mailauth",),
    ("net", "installation"),
    ("host",),
    ("processes",),
    ("fs",),
    ("findings",),
    ("evidence", "rules"),
    ("errors",),
    ("i18n", "logs"),
    ("sanitize", "host_paths", "__init__"),
)
"""Packages and modules of `mxverdict`, the highest first; those of one floor do not import each other."""
EXCEPTIONS = {
    ("mxverdict.fs.lock", "mxverdict.host"): "the folder of the locks",
    ("mxverdict.audit.rotation", "mxverdict.window.journal"): "which windows' lines a rotation must keep",
}
_FLOOR_OF = {name: number for number, names in enumerate(FLOORS) for name in names}


def modules() -> Iterator[tuple[str, Path]]:
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


@cache
def imports() -> dict[str, set[str]]:
    """The product's modules by name, each with those that it imports anywhere in it."""
    files = dict(modules())
    return {name: set(_imported(path, files)) for name, path in files.items()}


def _imported(path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name in files)
        elif isinstance(node, ast.ImportFrom) and (package := node.module or "") in files:
            inner = (f"{package}.{one.name}" for one in node.names)
            yield from (one if one in files else package for one in inner)


def unit(module: str) -> str:
    """The package or module at the top that it belongs to."""
    return [*module.split("."), "__init__"][1]


def test_each_module_stands_on_a_floor() -> None:
    assert {unit(name) for name in imports()} == set(_FLOOR_OF)


def test_no_import_runs_up() -> None:
    up = [
        f"{name} imports {other}"
        for name, others in imports().items()
        for other in sorted(others)
        if (name, other) not in EXCEPTIONS
        and unit(name) != unit(other)
        and _FLOOR_OF[unit(other)] <= _FLOOR_OF[unit(name)]
    ]
    assert not up, "\n".join(up)


def test_no_module_imports_itself_by_a_way_round() -> None:
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        raise AssertionError(" <- ".join(error.args[1])) from None


def test_each_exception_is_one() -> None:
    found = imports()
    for name, other in EXCEPTIONS:
        assert other in found[name]
