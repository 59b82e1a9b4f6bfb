"""German is complete: each message of the code is translated, by a person, and none that is gone is left."""

from __future__ import annotations

from tests.catalogue.faults import untranslated


def test_german_is_complete() -> None:
    assert untranslated("de") == []
