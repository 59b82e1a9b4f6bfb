"""Texts of the catalogue in the language that is spoken; English where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxverdict.i18n import catalog
from mxverdict.i18n.catalog import N_, activate, current_tag, decimal, gettext, ngettext
from tests.spoken import speaking

_TEXTS = {"Open": "Offen", "{count} row\0{count} rows": "{count} Zeile\0{count} Zeilen"}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    activate("en")


def test_english_needs_no_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "FOLDER", tmp_path)
    activate("en")
    assert (current_tag(), gettext("Open")) == ("en", "Open")


def test_another_language(tmp_path: Path) -> None:
    with speaking(tmp_path, _TEXTS):
        assert (current_tag(), gettext("Open"), gettext("Shut")) == ("de", "Offen", "Shut")
    assert (current_tag(), gettext("Open")) == ("en", "Open")


@pytest.mark.parametrize(
    ("count", "english", "german"), [(0, "rows", "Zeilen"), (1, "row", "Zeile"), (2, "rows", "Zeilen")]
)
def test_plural(count: int, english: str, german: str, tmp_path: Path) -> None:
    assert ngettext("{count} row", "{count} rows", count) == f"{{count}} {english}"
    with speaking(tmp_path, _TEXTS):
        assert ngettext("{count} row", "{count} rows", count) == f"{{count}} {german}"
        assert ngettext("{count} cow", "{count} cows", count) == f"{{count}} {english.replace('r', 'c', 1)}"


def test_a_text_that_has_a_plural_is_found_without_a_count(tmp_path: Path) -> None:
    with speaking(tmp_path, _TEXTS):
        assert gettext("{count} row") == "{count} Zeile"
        assert gettext("{count} rows") == "{count} rows"


@pytest.mark.parametrize(
    ("number", "digits", "english", "german"),
    [
        (15.363, 1, "15.4", "15,4"),
        (2.0, 0, "2", "2"),
        (0.0123, 3, "0.012", "0,012"),
        (-1.25, 2, "-1.25", "-1,25"),
    ],
)
def test_numbers(number: float, digits: int, english: str, german: str, tmp_path: Path) -> None:
    assert decimal(number, digits) == english
    with speaking(tmp_path, _TEXTS):
        assert decimal(number, digits) == german


@pytest.mark.parametrize("name", ["xx", "", "DE", "../de", "de/../de", "de\0"])
def test_a_language_that_there_is_not(name: str, tmp_path: Path) -> None:
    with speaking(tmp_path, _TEXTS):
        activate(name)
        assert (current_tag(), gettext("Open")) == ("en", "Open")


@pytest.mark.parametrize("content", [None, b"", b"no catalogue"])
def test_a_catalogue_that_is_missing_or_none(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "FOLDER", tmp_path)
    if content is not None:
        path = tmp_path / "de/LC_MESSAGES/mxverdict.mo"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    activate("de")
    assert (current_tag(), gettext("Open"), ngettext("a", "b", 2)) == ("en", "Open", "b")


def test_no_text_stays_no_text(tmp_path: Path) -> None:
    with speaking(tmp_path, _TEXTS):
        assert gettext("") == ""


def test_marking_changes_nothing(tmp_path: Path) -> None:
    with speaking(tmp_path, _TEXTS):
        assert N_("Open") == "Open"


@pytest.mark.parametrize("name", sorted(set(catalog.NAMES) - {"en"}))
def test_every_language_is_there(name: str) -> None:
    activate(name)
    assert current_tag() == name
