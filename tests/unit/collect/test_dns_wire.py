"""Large DNS messages are read in part, one at a time; small ones as they are."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.resolver
import dns.rrset
import pytest

from mxverdict.collect.dns_wire import (
    RECORDS_LIMIT,
    Resolver,
    SmallAnswers,
    ask_over_tcp,
    large_answers,
    read,
    read_zone_facts,
)

NAME = "shop.example."
QUESTION = dns.message.make_query(NAME, "TXT")
KEY = (QUESTION.question[0].name, QUESTION.question[0].rdtype, QUESTION.question[0].rdclass)


def answer(*records: dns.rrset.RRset, question: dns.message.Message = QUESTION) -> bytes:
    message = dns.message.make_response(question)
    message.answer.extend(records)
    return message.to_wire(max_size=65535)


def texts(count: int) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(NAME, 60, "IN", "TXT", [f'"{number}"' for number in range(count)])


@pytest.mark.parametrize(("sent", "kept"), [(3, 3), (RECORDS_LIMIT, RECORDS_LIMIT), (1500, RECORDS_LIMIT)])
def test_no_more_than_so_many_records_are_read(sent: int, kept: int) -> None:
    assert sum(map(len, read(answer(texts(sent)), QUESTION).answer)) == kept


def test_an_answer_to_another_question_is_none() -> None:
    with pytest.raises(dns.query.BadResponse):
        read(answer(question=dns.message.make_query("else.example.", "TXT")), QUESTION)


@pytest.mark.parametrize(
    "wire",
    [b"", b"\0" * 11, b"\xff" * 40, answer(texts(3))[:-5]],
    ids=["nothing", "short", "junk", "cut"],
)
def test_what_is_no_message_is_an_error_of_dns(wire: bytes) -> None:
    with pytest.raises(dns.exception.DNSException):
        read(wire, QUESTION)


def test_of_a_message_that_is_kept_only_facts_of_the_zone_are() -> None:
    addresses = dns.rrset.from_text(NAME, 60, "IN", "A", "192.0.2.1")
    message = read_zone_facts(answer(texts(900), addresses), QUESTION)
    assert [one.rdtype.name for one in message.answer] in ([], ["A"])
    whole = read_zone_facts(answer(texts(3), addresses), QUESTION)
    assert [one.rdtype.name for one in whole.answer] == ["A"]


class Server:
    """Takes one question over TCP and sends these pieces."""

    def __init__(self, *pieces: bytes, keep_open: bool = False) -> None:
        self._pieces, self._keep_open = pieces, keep_open
        self._end = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._end.set()
        self._listening.close()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            connection.recv(4096)
            for piece in self._pieces:
                connection.sendall(piece)
            if self._keep_open:
                self._end.wait(30)


def framed(wire: bytes) -> bytes:
    return struct.pack(">H", len(wire)) + wire


def test_an_answer_in_pieces_is_whole() -> None:
    sent = framed(answer(texts(900)))
    with closing(Server(*(sent[at : at + 999] for at in range(0, len(sent), 999)))) as server:
        assert ask_over_tcp(QUESTION, "127.0.0.1", server.port, 10.0) == sent[2:]


def test_an_answer_that_ends_early_is_an_error() -> None:
    with closing(Server(framed(answer(texts(3)))[:20])) as server, pytest.raises(EOFError):
        ask_over_tcp(QUESTION, "127.0.0.1", server.port, 10.0)


def test_an_answer_that_does_not_come_times_out() -> None:
    with closing(Server(b"\x01", keep_open=True)) as server, pytest.raises(dns.exception.Timeout):
        ask_over_tcp(QUESTION, "127.0.0.1", server.port, 0.2)


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    with closing(Server(framed(answer(texts(900))))) as server:
        yield Resolver("127.0.0.1", server.port)


def ask(resolver: Resolver) -> dns.message.Message:
    return resolver.query(QUESTION, 10.0, None, 0, True)


def test_a_large_answer_is_not_kept_and_others_wait_for_its_end(resolver: Resolver) -> None:
    cache = SmallAnswers(10)
    with large_answers():
        ask(resolver)
        cache.put(KEY, _answer(ask_small()))
        with closing(Server(framed(answer(texts(900))))) as second:
            waiting = threading.Thread(target=_within, args=(Resolver("127.0.0.1", second.port),))
            waiting.start()
            waiting.join(0.3)
            assert waiting.is_alive()
    waiting.join(10)
    assert not waiting.is_alive()
    assert cache.get(KEY) is None
    cache.put(KEY, _answer(ask_small()))
    assert cache.get(KEY) is not None


def ask_small() -> dns.message.Message:
    return read(answer(texts(1)), QUESTION)


def _answer(message: dns.message.Message) -> dns.resolver.Answer:
    assert isinstance(message, dns.message.QueryMessage)
    return dns.resolver.Answer(*KEY, message)


def _within(resolver: Resolver) -> None:
    with large_answers():
        ask(resolver)
