from __future__ import annotations

from pathlib import Path

import pytest

from mxverdict.addresses import is_public, special_kind
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


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("198.51.100.7", ""),
        ("2001:db8::1", ""),
        ("8.8.8.8", ""),
        ("10.1.2.3", "private"),
        ("100.64.0.1", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.0", ""),
        ("192.168.1.1", "private"),
        ("127.0.0.53", "loopback"),
        ("169.254.169.254", "link-local"),
        ("0.0.0.0", "reserved"),
        ("255.255.255.255", "reserved"),
        ("224.0.0.1", "multicast"),
        ("::1", "loopback"),
        ("::", "reserved"),
        ("fe80::1", "link-local"),
        ("fd00::1", "private"),
        ("ff02::1", "multicast"),
        ("::ffff:10.0.0.1", "reserved"),
        ("::10.0.0.1", "private"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("64:ff9b::808:808", ""),
        ("64:ff9b:1::808:808", "reserved"),
        ("2002:7f00:1::1", "loopback"),
        ("2002:808:808::1", ""),
    ],
)
def test_kind_of_address(address: str, kind: str) -> None:
    assert special_kind(address) == kind
    assert is_public(address) == (kind == "")


def test_what_is_no_address_is_not_public() -> None:
    assert not is_public("example.com")
