"""The patient probe against servers that behave, misbehave and never answer; real sockets on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from mxverdict.collect import mail_route
from mxverdict.collect.smtp_probe import probe

Script = Callable[[socket.socket], None]


@contextmanager
def server(script: Script) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    script(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def polite(connection: socket.socket) -> None:
    connection.sendall(b"220-mail.example\r\n220-second\r\n")
    time.sleep(0.05)
    connection.sendall(b"220 third\r\n")
    connection.recv(1000)
    connection.sendall(b"250-mail.example\r\n250 SIZE 1000\r\n")
    connection.recv(1000)


def never(connection: socket.socket) -> None:
    connection.recv(1000)


def endless_line(connection: socket.socket) -> None:
    connection.sendall(b"220 " + b"x" * 10_000_000)


def endless_lines(connection: socket.socket) -> None:
    for _ in range(200_000):
        connection.sendall(b"220-" + b"x" * 50 + b"\r\n")


def junk(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hangs_up(connection: socket.socket) -> None:
    connection.sendall(b"220-mail")


def refuses(connection: socket.socket) -> None:
    connection.sendall(b"554 not you\r\n")


def refuses_ehlo(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example\r\n")
    connection.recv(1000)
    connection.sendall(b"550 go away\r\n")


def drips(connection: socket.socket) -> None:
    for _ in range(100):
        connection.sendall(b"220-x\r\n")
        time.sleep(0.05)


def drizzles(connection: socket.socket) -> None:
    for _ in range(5000):
        connection.sendall(b"2")
        time.sleep(0.0002)


def broken_tls(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example\r\n")
    connection.recv(1000)
    connection.sendall(b"250-mail.example\r\n250 STARTTLS\r\n")
    connection.recv(1000)
    connection.sendall(b"220 go\r\nthis is no TLS\r\n")


def test_a_split_greeting_of_three_lines_is_read_whole() -> None:
    with server(polite) as port:
        seen = probe("127.0.0.1", "mail.example", port=port)
    assert seen.failure == ""
    connect = seen.stage("connect")
    assert connect is not None and connect.reply is not None
    assert connect.reply.lines == ("mail.example", "second", "third")
    assert connect.seconds >= 0.05
    assert seen.tls is None


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        (never, "no reply within 0.3 s"),
        (drips, "no reply within 0.3 s"),
        (drizzles, "no reply within 0.3 s"),
        (endless_line, "more than 64 KiB"),
        (endless_lines, "more than 64 KiB"),
        (junk, "no SMTP reply"),
        (hangs_up, "hung up"),
        (refuses, "greeted with 554"),
        (refuses_ehlo, "answered EHLO with 550"),
    ],
)
def test_a_bad_server_gives_one_clear_line(script: Script, failure: str) -> None:
    started = time.monotonic()
    with server(script) as port:
        seen = probe("127.0.0.1", "mail.example", port=port, reply_timeout=0.3)
    assert failure in seen.failure
    assert "\n" not in seen.failure
    assert time.monotonic() - started < 3


def knows(**replies: bytes) -> Script:
    """A server that answers commands so, and everything else with 221."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"220 mail.example\r\n")
        while command := connection.recv(1000):
            connection.sendall(replies.get(command[:4].decode(), b"221 bye") + b"\r\n")

    return script


OK, TEMPORARY, UNKNOWN, REFUSED = b"250 mail.example", b"451 later", b"502 what", b"550 go away"


@pytest.mark.parametrize(
    ("ehlo", "helo", "stages", "failure"),
    [
        (OK, OK, ["connect", "ehlo"], ""),
        (UNKNOWN, OK, ["connect", "ehlo", "helo"], ""),
        (REFUSED, OK, ["connect", "ehlo", "helo"], ""),
        (REFUSED, REFUSED, ["connect", "ehlo", "helo"], "the server answered HELO with 550"),
        (TEMPORARY, OK, ["connect", "ehlo"], "the server answered EHLO with 451"),
    ],
)
def test_helo_follows_a_refused_ehlo_alone(ehlo: bytes, helo: bytes, stages: list[str], failure: str) -> None:
    with server(knows(EHLO=ehlo, HELO=helo)) as port:
        seen = probe("127.0.0.1", "mail.example", port=port)
        outcome = greet_loopback(port)
    assert ([stage.name for stage in seen.stages], seen.failure) == (stages, failure)
    assert outcome == ("greeted" if not failure else "busy" if ehlo == TEMPORARY else "turned_away")


def greet_loopback(port: int) -> str:
    """How a remote mail host that answers so is seen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mail_route, "special_purpose_kind", lambda _: "")
        return mail_route.greet("127.0.0.1", [], "me.example", time.monotonic() + 5, port=port).outcome


def test_a_broken_handshake_is_told_from_no_starttls() -> None:
    with server(broken_tls) as port:
        seen = probe("127.0.0.1", "mail.example", port=port, reply_timeout=1)
    assert seen.tls is not None
    assert not seen.tls.handshake
    assert seen.tls.problem


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert f"no connection to port {port}" in probe("127.0.0.1", "mail.example", port=port).failure
