"""The code says things in the field's terms (docs/glossary.md): no private word in a name or a docstring."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

_PLUGIN = Path(__file__).parents[2] / "plugin/mxverdict"
_NAMES = {
    "told", "tell", "tells", "telling", "untold", "retold", "spoken", "tongue", "standing", "stands",
    "lately", "climb", "climbs", "climber", "ladder", "ladders", "mend", "mended", "tend", "tended",
    "settle", "settled", "gather", "gathered", "gathering", "draft", "desk", "veil", "veiled", "veils",
    "homeless", "blind", "heard", "dormant", "woken", "wake", "alike", "trouble", "troubles", "remark",
    "remarks", "spared", "whole", "look", "looks", "looked", "looking", "words", "most", "least", "longest",
    "unread", "got", "met", "came", "going", "advice"
}  # fmt: skip
"""Parts of names, between underscores or capitals."""
_PAIRS = ("let_past", "so_far", "put_back", "take_back", "for_good", "gave_up", "turned_away", "at_last")
_PHRASES = re.compile(
    r"\b(retold|told|tells|lets? \w+ past|for good|lately|mend(s|ed|ing)?|tend(s|ed|ing)?|settle[sd]?|"
    r"puts? back|tak(e|en|es) back|climb(s|ed|ers?)?|ladders?|gather(s|ed|ing)?|desk|veil(s|ed)?|homeless|"
    r"dormant|woken|alike|trouble|the report in hand|pretend(s|ed)?|in words|tongues?|spared|stands|"
    r"standing)\b",
    re.IGNORECASE,
)
_FORMATS = (
    "evidence",
    "settings.py",
    "findings.py",
    "pasted/model.py",
    "window/model.py",
    "report/document.py",
)
"""Their fields are keys of files and of JSON, which stay (docs/schema)."""
_STANDARD = {"gather", "zip_longest"}
"""Names of the standard library (asyncio, itertools)."""


def _files(place: str) -> list[Path]:
    path = _PLUGIN / place
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def _places() -> list[str]:
    """The packages and modules of the plugin."""
    return sorted(
        one.name for one in _PLUGIN.iterdir() if one.suffix == ".py" or (one / "__init__.py").exists()
    )


@cache
def _format_names(_plugin: Path, places: tuple[str, ...]) -> frozenset[str]:
    return frozenset(
        node.target.id
        for place in places
        for path in _files(place)
        for one in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(one, ast.ClassDef)
        for node in one.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    )


def _private(name: str) -> bool:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    if name in _STANDARD:
        return False
    return any(pair in words for pair in _PAIRS) or not _NAMES.isdisjoint(words.split("_"))


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 1)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            yield line, node.name
        elif isinstance(node, ast.Name):
            yield line, node.id
        elif isinstance(node, ast.Attribute):
            yield line, node.attr
        elif isinstance(node, (ast.arg, ast.keyword)) and node.arg:
            yield line, node.arg


def _prose(source: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Docstrings, of fields and constants too, and comments."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.lineno, node.value.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def private_words(path: Path) -> list[str]:
    """Return what a module says in words of its own, one line each."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    formats = _format_names(_PLUGIN, _FORMATS)
    place = path.relative_to(_PLUGIN)
    found = [f"{place}: {name}" for _, name in _names(tree) if name not in formats and _private(name)]
    for line, text in _prose(source, tree):
        found += [f"{place}:{line}: “{match[0]}”" for match in _PHRASES.finditer(text)]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("place", _places())
def test_names_and_docstrings_use_the_fields_terms(place: str) -> None:
    assert [one for path in _files(place) for one in private_words(path)] == []


def test_private_words_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "_PLUGIN", tmp_path)
    monkeypatch.setattr(sys.modules[__name__], "_FORMATS", ("model.py",))
    (tmp_path / "model.py").write_text("class Kept:\n    remarks: str\n")
    module = tmp_path / "module.py"
    module.write_text(
        'def mendAll(told, remarks):\n    """What climbs."""\n    # of the desk\n    return told\n'
    )
    assert private_words(module) == [
        "module.py: mendAll",
        "module.py: told",
        "module.py:2: “climbs”",
        "module.py:3: “desk”",
    ]


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        for module_path in _files(argument):
            print("\n".join(private_words(module_path)))
