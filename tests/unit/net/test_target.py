"""What a user may name to be checked."""

from __future__ import annotations

import pytest

from mxverdict.errors import UsageError
from mxverdict.net.target import parse_target


@pytest.mark.parametrize(
    "text, name",
    [
        ("shop.example", "shop.example"),
        (" Shop.Example. ", "shop.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("fass。example", "fass.example"),
        ("i❤.example", "xn--i-7iq.example"),
        ("xn--fa-hia.example", "xn--fa-hia.example"),
        ("_dmarc.shop.example", "_dmarc.shop.example"),
        ("203.0.113.10", "203.0.113.10"),
        ("[203.0.113.10]", "203.0.113.10"),
        ("[IPv6:2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        (".".join(["a" * 63] * 3 + ["b" * 61]), ".".join(["a" * 63] * 3 + ["b" * 61])),
    ],
)
def test_targets(text: str, name: str) -> None:
    assert parse_target(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "localhost",
        "a..example",
        "-a.example",
        "a-.example",
        "a b.example",
        "a/b.example",
        "../a.example",
        "<script>.example",
        "a.example\x00",
        "a.example\nb.example",
        "info@shop.example",
        "https://shop.example/",
        "ü" * 64 + ".example",
        "\u202e.example",
        "\udcff.example",
        "[IPv6:203.0.113.10].example",
        "fe80::1%eth0",
        "fe80::1%<script>",
        "a" * 64 + ".example",
        ".".join(["a" * 63] * 4),
        "a." * 100_000,
    ],
)
def test_no_targets(text: str) -> None:
    with pytest.raises(UsageError, match="is no domain, host name or address") as refused:
        parse_target(text)
    assert len(str(refused.value)) < 500
