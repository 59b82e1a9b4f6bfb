"""Mail addresses that may stand in an SMTP command, and those that may not."""

from __future__ import annotations

import pytest

from mxverdict.errors import UsageError
from mxverdict.net import mailbox


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("info@Shop.Example", "info@shop.example"),
        (" a.b+c@example.net ", "a.b+c@example.net"),
        ("x@bücher.example", "x@xn--bcher-kva.example"),
        ("o'neil@example.net.", "o'neil@example.net"),
    ],
)
def test_an_address(text: str, address: str) -> None:
    assert mailbox.parse_mailbox(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "info",
        "@shop.example",
        "info@",
        "a b@shop.example",
        "a@shop.example\r\nRCPT TO:<b@shop.example>",
        "a@shop.example> <b@shop.example",
        "a\nb@shop.example",
        "a@b@shop.example",
        "<a>@shop.example",
        '"a b"@shop.example',
        ".a@shop.example",
        "a..b@shop.example",
        "a@[203.0.113.10]",
        "a@203.0.113.10",
        "ä@shop.example",
        "a" * 65 + "@shop.example",
        "a@" + "b" * 64 + ".example",
        "a\0@shop.example",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(UsageError):
        mailbox.parse_mailbox(text)
