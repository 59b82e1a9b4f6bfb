from __future__ import annotations

from pathlib import Path

from mxverdict.collect.lsearch import read_keys, read_pairs


def test_pairs(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_bytes(
        b"# a comment: no key\n\nShop.example: one\nbakery.example two three\n"
        b'"with space": four\n*:\n  five\n  six\nshop.example: again\nalone\n\xff\xfe: bytes\n'
    )
    assert read_pairs(file) == (
        ("shop.example", "one"),
        ("bakery.example", "two three"),
        ("with space", "four"),
        ("*", "five six"),
        ("alone", ""),
        ("\ufffd\ufffd", "bytes"),
    )
    assert "bakery.example" in read_keys(file)
