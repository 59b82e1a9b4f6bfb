"""Lines in and out of an iplsearch file; every other byte stays."""

from __future__ import annotations

import ipaddress
from typing import Optional

import pytest

from mxverdict.net import iplsearch

ONE = ipaddress.ip_network("18.209.86.113")
BLOCK = ipaddress.ip_network("64.20.227.0/24")
SIX = ipaddress.ip_network("2001:db8:0:1:0:0:0:5")


@pytest.mark.parametrize(
    ("network", "line"),
    [
        ("18.209.86.113", "18.209.86.113"),
        ("64.20.227.0/24", "64.20.227.0/24"),
        ("2001:db8:0:1::5", '"2001:db8:0:1::5"'),
        ("2001:db8::/48", '"2001:db8::/48"'),
        ("2001:db8:0:1:1:1:1:1", '"2001:db8:0:1:1:1:1:1"'),
    ],
)
def test_line(network: str, line: str) -> None:
    assert iplsearch.line_of(ipaddress.ip_network(network)) == line


@pytest.mark.parametrize(
    "content",
    [
        b"18.209.86.113",
        b"18.209.86.113\r\n",
        b"18.209.86.113: yes\n",
        b"18.209.86.113 # MXToolbox\n",
        b"18.209.86.0/24\n",
        b"18.209.86.9/24\n",
        b'"18.209.86.113"\n',
        b"10.0.0.1\n18.209.86.113\n",
        b"bad\x00line\n18.209.86.113\n",
    ],
)
def test_present(content: bytes) -> None:
    assert iplsearch.missing(content, [ONE]) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"# 18.209.86.113\n",
        b"10.0.0.1\n 18.209.86.113\n",
        b"18.209.86.112/32\n",
        b"18.209.86.1133\n",
        b"host.example\n",
        b"\xff\xfe\n",
        b'"18.209.86.113\n',
    ],
)
def test_missing(content: bytes) -> None:
    assert iplsearch.missing(content, [ONE]) == [ONE]


def test_ipv6_counts_only_in_quotes() -> None:
    assert iplsearch.missing(b"2001:db8:0:1::5\n", [SIX]) == [SIX]
    assert iplsearch.missing(b'"2001:db8::/32"\n', [SIX]) == []


def test_a_part_of_a_network_is_not_the_network() -> None:
    assert iplsearch.missing(b"64.20.227.133\n", [BLOCK]) == [BLOCK]


CONTENTS = [
    b"",
    b"10.0.0.1\n",
    b"10.0.0.1",
    b"10.0.0.1\r\n10.0.0.2\r\n",
    b"10.0.0.1\r\n10.0.0.2",
    b"# only a comment",
    b"10.0.0.1: x\n  continued\n",
    b"10.0.0.1\n  ",
    b"\n\n\n",
    b"a\x00b\n\xff\xfe\n10.0.0.1\n",
    b"x" * 100_000,
]


@pytest.mark.parametrize("content", CONTENTS)
def test_in_and_out_leaves_every_byte(content: bytes) -> None:
    lines = [iplsearch.line_of(network) for network in (ONE, BLOCK, SIX)]
    added = iplsearch.add(content, lines)
    assert iplsearch.missing(added, [ONE, BLOCK, SIX]) == []
    assert added.endswith(content)
    assert iplsearch.remove(added, lines) == (content, [])


def test_what_others_appended_stays() -> None:
    added = iplsearch.add(b"10.0.0.1\n", ["18.209.86.113"]) + b"10.0.0.9\n"
    assert iplsearch.remove(added, ["18.209.86.113"]) == (b"10.0.0.1\n10.0.0.9\n", [])


def test_one_instance_is_taken_and_an_older_one_stays() -> None:
    content = b"18.209.86.113\n10.0.0.1\n18.209.86.113\n"
    assert iplsearch.remove(content, ["18.209.86.113"]) == (b"10.0.0.1\n18.209.86.113\n", [])


@pytest.mark.parametrize(
    "changed", [b"18.209.86.113 # keep\n", b"18.209.86.113:\n", b" 18.209.86.113\n", b"#18.209.86.113\n", b""]
)
def test_a_line_that_is_not_exactly_ours_any_more_stays(changed: bytes) -> None:
    assert iplsearch.remove(changed, ["18.209.86.113"]) == (changed, ["18.209.86.113"])


def test_an_editor_that_rewrote_the_line_ends_does_not_keep_it_in() -> None:
    content = b"10.0.0.1\r\n18.209.86.113\r\n"
    assert iplsearch.remove(content, ["18.209.86.113"]) == (b"10.0.0.1\r\n", [])


def test_quotes_that_an_editor_put_or_took_away_do_not_matter() -> None:
    assert iplsearch.remove(b'2001:db8::5\n"18.209.86.113"\n', ['"2001:db8::5"', "18.209.86.113"]) == (
        b"",
        [],
    )


def test_quotes_matter_where_told_so() -> None:
    content = b"2001:db8::5\n"
    assert iplsearch.remove(content, ['"2001:db8::5"'], ['"2001:db8::5"']) == (content, ['"2001:db8::5"'])
    assert iplsearch.remove(b'"2001:db8::5"\n' + content, ['"2001:db8::5"']) == (content, [])


def test_the_line_before_keeps_its_end() -> None:
    assert iplsearch.remove(b"10.0.0.1\n18.209.86.113", ["18.209.86.113"]) == (b"10.0.0.1\n", [])


@pytest.mark.parametrize(
    ("content", "exact", "others", "in_front", "left"),
    [
        (b"A\nB\nA\n", [], ["A"], [], b"B\nA\n"),
        (b"A\nB\nA\n", [], ["A"], ["A"], b"A\nB\n"),
        (b"A\nA\nB\nA\n", [], ["A", "A"], ["A"], b"A\nB\nA\n"),
        (b'A\nB\n"A"\n', [], ["A"], ["A"], b'B\n"A"\n'),
        (b"A\nB\n", [], ["A"], ["A"], None),
        (b"A\nB\n", [], ["A"], [], None),
        (b'"A"\nB\n', [], [], [], b"B\n"),
        (b'"A"\nA\n', ["A"], ["A"], [], None),
        (b"A\nB\n", [], ["B"], ["B"], b"B\n"),
    ],
)
def test_others_keep_theirs(
    content: bytes, exact: list[str], others: list[str], in_front: list[str], left: Optional[bytes]
) -> None:
    ours = "18.209.86.113"
    named = content.replace(b"A", ours.encode())
    exact, others, in_front = ([one.replace("A", ours) for one in some] for some in (exact, others, in_front))
    expected = (named, [ours]) if left is None else (left.replace(b"A", ours.encode()), [])
    assert iplsearch.remove(named, [ours], exact, others, in_front) == expected


def test_without_every_instance() -> None:
    content = b'18.209.86.113\n10.0.0.1\n"18.209.86.113"\r\n18.209.86.113 # kept\n'
    assert iplsearch.without(content, ["18.209.86.113", "10.9.9.9"]) == b"10.0.0.1\n18.209.86.113 # kept\n"
