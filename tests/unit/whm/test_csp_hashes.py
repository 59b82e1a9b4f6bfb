"""Hashes of what WHM's header and footer carry inside."""

from __future__ import annotations

import base64
import hashlib

import pytest

from mxverdict.whm.csp_hashes import UNSAFE_HASHES, inline_hashes

HELLO = "alert('Hello, world.');"


def hashes(*texts: str) -> list[str]:
    return [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts]


def test_the_example_of_the_specification() -> None:
    """CSP Level 3, section 8.3."""
    scripts = inline_hashes(f"<script>{HELLO}</script>")
    assert scripts == ["'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"]


@pytest.mark.parametrize(
    ("html", "scripts"),
    [
        ("", []),
        ("<p>onclick=1</p>", []),
        ("<script>a</script><p><script>b</script>", ["a", "b"]),
        ("<script>a</script><script>a</script>", ["a"]),
        ("<SCRIPT\nTYPE='text/javascript'>a</SCRIPT >", ["a"]),
        ('<script data-a="x > y">a</script>', ["a"]),
        ("<script>if (a < b && '</p>') {}</script>", ["if (a < b && '</p>') {}"]),
        ("<script>&amp;</script>", ["&amp;"]),
        ("<script>\r\na\rb\n</script>", ["\na\nb\n"]),
        ("<script>“ü”</script>", ["“ü”"]),
        ("<script></script>", [""]),
        ('<script src="/a.js"></script>', []),
        ("<script async src=/a.js></script>", []),
        ('<script data-src="/a.js">a</script>', ["a"]),
        ("<script>'<style>b</style>'</script>", ["'<style>b</style>'"]),
        ("<!-- <script> --><script>a</script>", ["a"]),
        ("<script>'<!--'</script><script>b</script>", ["'<!--'", "b"]),
        ("<scripted>a</scripted>", []),
        ("<script>a", []),
        ("<script>a</script", []),
        ("<a title=it's><script>a</script>", ["a"]),
        ('<a "><script>a</script>', ["a"]),
        ('<a title="><script>a</script>', []),
        ("<a <script>a</script><script>b</script>", ["b"]),
        ("< script>a</script><script>b</script>", ["b"]),
        ("</p title='<script>'><script>b</script>", ["b"]),
        ("<title><script></title><script>b</script>", ["b"]),
        ("<!--><script>a</script>", ["a"]),
        ("<!-- --!><script>a</script>", ["a"]),
        ("<!-- <script>a</script>", []),
        ("<script/ =src src>a</script><script =src>b</script>", ["b"]),
    ],
)
def test_scripts(html: str, scripts: list[str]) -> None:
    assert inline_hashes(html) == hashes(*scripts)


@pytest.mark.parametrize(
    ("html", "scripts"),
    [
        ('<a onclick="go()">', ["go()"]),
        ("<a ONCLICK = 'go(\"x\")'>", ['go("x")']),
        ("<a onclick=go()>", ["go()"]),
        ('<a href="#" onclick="a &amp;&amp; b">', ["a && b"]),
        ('<img/onerror="a"/style="b">', ["a"]),
        ('<p data-onclick="a" href="?onclick=b">', []),
        ("<style onload='a'>onclick='b'</style>", ["a"]),
        ("<script src='/a' onload='b'></script>", ["b"]),
    ],
)
def test_event_handlers(html: str, scripts: list[str]) -> None:
    found = inline_hashes(html)
    assert set(found) - {UNSAFE_HASHES} == set(hashes(*scripts))
    assert (UNSAFE_HASHES in found) is bool(scripts)


@pytest.mark.parametrize(
    "html", ["<style>a {}</style>", "<p style='a'>", "<style><script>a</script></style>"]
)
def test_styles_need_none(html: str) -> None:
    assert inline_hashes(html) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    [
        *(
            "<",
            "<script",
            "<script ",
            "<script>",
            "<script></scrip",
            "<style>",
            "<title>",
            "<!--",
            "<a>",
            "</a ",
        ),
        *("<a b=", "<a b='", '<a b="', "<a b='\"", "a='\" ", "<a \t", "<a =", "<a b ="),
    ],
)
def test_a_mebibyte_of_what_never_ends(part: str) -> None:
    """Where a text is gone through more than once, this takes minutes."""
    html = "<p onclick='go()'>" + part * ((1 << 20) // len(part))
    assert inline_hashes(html) == [UNSAFE_HASHES, *hashes("go()")]
