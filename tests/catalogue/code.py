"""The messages that stand in the code, its templates and its data."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Union

from jinja2.ext import babel_extract

PACKAGE = Path(__file__).parents[2] / "plugin/mxverdict"
_SINGLE = ("_", "gettext", "N_", "Message")
_JINJA = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
_DATA: dict[str, Callable[[Any], Iterator[str]]] = {}

Id = Union[str, tuple[str, str]]
Found = tuple[str, Id]
"""File, message."""


def found(package: Path = PACKAGE) -> Iterator[Found]:
    """Every message of the package. Raises ValueError for one that is put together at run time."""
    for path in sorted(package.rglob("*")):
        place = str(path.relative_to(package))
        if path.suffix == ".py":
            for message in _python(path):
                yield place, message
        elif path.suffix == ".html":
            for message in _jinja(path):
                yield place, message
        elif place in _DATA:
            for text in _DATA[place](json.loads(path.read_text(encoding="utf-8"))):
                yield place, text


def _python(path: Path) -> Iterator[Id]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "mxverdict.i18n.catalog":
            for name in {one.asname for one in node.names} - {None, "_"}:
                raise ValueError(f"{path}:{node.lineno}: messages are not looked for in {name}()")
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        place = f"{path}:{node.lineno}"
        if name == "ngettext":
            (one,), (many,) = (_constants(argument, place) or [""] for argument in node.args[:2])
            if one and many:
                yield one, many
        elif name in _SINGLE and node.args:
            yield from _constants(node.args[0], place)


def _constants(node: ast.expr, place: str) -> list[str]:
    """The texts that an argument may be; none when it is a variable."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value] if node.value else []
    if isinstance(node, ast.IfExp):
        return _constants(node.body, place) + _constants(node.orelse, place)
    if isinstance(node, (ast.JoinedStr, ast.BinOp)) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
    ):
        raise ValueError(f"{place}: a message has to be a plain text")
    return []


def _jinja(path: Path) -> Iterator[Id]:
    with path.open("rb") as file:
        for line, function, message, _ in babel_extract(file, ("_", "gettext", "ngettext"), (), _JINJA):
            texts = message if isinstance(message, tuple) else (message,)
            if function == "ngettext":
                one, many = texts[:2] if len(texts) > 1 else (None, None)
                if not one or not many:
                    raise ValueError(f"{path}:{line}: a message has to be a plain text")
                yield one, many
            elif texts[0]:
                yield texts[0]


def _of_blocklists(data: Any) -> Iterator[str]:
    for entry in data["lists"]:
        yield from entry["codes"].values()
        yield from entry.get("refusals", {}).values()
        yield from filter(None, (entry.get("access"), entry.get("hint")))
    yield from (entry["ended"] for entry in data["dead"])
    yield from (entry["why"] for entry in data["closed"])


def _of_testers(data: Any) -> Iterator[str]:
    yield from (entry["effect"] for entry in data["senders"])


def _of_refusals(data: Any) -> Iterator[str]:
    for entry in data["classes"].values():
        yield from (entry[name] for name in ("title", "meaning", "todo"))


def _of_rules(data: Any) -> Iterator[str]:
    for entry in data.values():
        yield entry["purpose"]
        yield from entry["steps"]
        yield from (entry["false_positive"], entry["todo"])


_DATA.update(
    {
        **{f"rules/pages/{path.name}": _of_rules for path in (PACKAGE / "rules/pages").glob("*.json")},
        "testers/blocklists.json": _of_blocklists,
        "testers/catalogue.json": _of_testers,
        "refusals/refusals.json": _of_refusals,
    }
)
