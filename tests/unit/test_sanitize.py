"""Text from outside, made harmless."""

from __future__ import annotations

import pytest

from mxverdict.sanitize import LIMIT, visible

CASES = (
    ("cp1.example.net ESMTP", "cp1.example.net ESMTP"),
    ("", ""),
    ("two\nlines\r\n", "two\nlines\\r\n"),
    ("Grüße, 東京, שָׁלוֹם", "Grüße, 東京, שָׁלוֹם"),
    ("\x1b[31mred\x00\x7f\x9b", "\\x1b[31mred\\x00\\x7f\\x9b"),
    ("\u202egnp.exe\u200b\ufeff\U000e0001", "\\u202egnp.exe\\u200b\\ufeff\\U000e0001"),
    ("\udcff", "\\udcff"),
    ("Z" + "\u0334" * 10 + "y\u0301", "Z" + "\u0334" * 8 + "\\u0334\\u0334y\u0301"),
    ("x" * (LIMIT + 1), "x" * LIMIT + "…"),
    ("\x1b" * (LIMIT + 1), "\\x1b" * LIMIT + "…"),
)


@pytest.mark.parametrize(("text", "shown"), CASES, ids=range(len(CASES)))
def test_what_could_do_harm_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown
