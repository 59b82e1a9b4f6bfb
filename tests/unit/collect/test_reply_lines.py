"""What is kept of a reply: all of a usual one, the beginning of any other, and never more than the limits."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from mxverdict.collect.reply_lines import LINES_LIMIT, TEXT_LIMIT, ReplyLines
from mxverdict.collect.smtp_client import SmtpClient
from mxverdict.evidence import Reply


def kept(lines: Iterable[str]) -> tuple[str, ...]:
    collected = ReplyLines()
    for line in lines:
        collected.add(line)
    return collected.kept()


@contextmanager
def server(reply: bytes) -> Iterator[int]:
    """Listens on a port of 127.0.0.1 and answers connecting and the first command with `reply`."""

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(reply)
            connection.recv(1000)
            connection.sendall(reply)
            connection.recv(1000)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    "lines",
    [
        ["mail.example ESMTP"],
        ["", ""],
        ["mail.example", "SIZE 52428800", "8BITMIME", "PIPELINING", "STARTTLS", "HELP"],
        [f"LINE {number}" for number in range(LINES_LIMIT)],
        ["x" * 500] * 4,
        ["x" * TEXT_LIMIT],
    ],
)
def test_a_usual_reply_is_kept_as_it_is(lines: list[str]) -> None:
    assert kept(lines) == tuple(lines)


def test_of_many_lines_the_first_are_kept_and_the_rest_is_counted() -> None:
    found = kept(f"{number}" for number in range(9000))
    assert found[:17] == tuple(f"{number}" for number in range(17))
    assert found[17:] == ("[… +8983]",)


def test_a_line_that_is_cut_says_so() -> None:
    (found,) = kept(["y" * 65_000])
    assert found == "y" * (len(found) - 3) + "[…]"
    assert len(found) <= TEXT_LIMIT


def test_a_capability_that_is_acted_on_is_kept_wherever_it_stands() -> None:
    lines = ["mail.example", *(f"X-{number}" for number in range(300)), "STARTTLS", "PIPELINING", "HELP"]
    reply = Reply(250, kept(lines))
    assert reply.offers("STARTTLS")
    assert reply.offers("PIPELINING")
    assert len(reply.lines) == LINES_LIMIT
    assert not Reply(250, kept(line for line in lines if line != "STARTTLS")).offers("STARTTLS")


def test_a_greeting_that_reads_like_a_capability_is_none() -> None:
    assert not Reply(250, kept(["STARTTLS", *["x"] * 50])).offers("STARTTLS")


def test_whatever_comes_stays_within_the_limits(random: random.Random) -> None:
    for _ in range(2000):
        words = ["STARTTLS", "pipelining ", "x" * random.choice((0, 1, 40, 512, 1990, 2048, 5000))]
        lines = [random.choice(words) for _ in range(random.choice((1, 2, 18, 19, 20, 21, 100)))]
        found = kept(lines)
        assert 1 <= len(found) <= LINES_LIMIT
        assert sum(map(len, found)) <= TEXT_LIMIT
        within = len(lines) <= LINES_LIMIT and sum(map(len, lines)) <= TEXT_LIMIT
        assert (found == tuple(lines)) == within


def test_a_conversation_keeps_no_more() -> None:
    with server(b"220-ab\r\n" * 9000 + b"220 end\r\n") as port:
        talk = SmtpClient("127.0.0.1", port, 5.0)
        banner, hello = talk.connect(), talk.hello("me")
        talk.close()
    assert banner == hello
    assert banner.code == 220
    assert banner.lines == ("ab",) * 17 + ("[… +8984]",)
