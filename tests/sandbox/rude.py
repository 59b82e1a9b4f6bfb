"""A host on port 25 that is no mail server: `python -m tests.sandbox.rude SCRIPT ADDRESS`."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

Script = Callable[[socket.socket], None]


def reset_at_accept(channel: socket.socket) -> None:
    _reset(channel)


def reset_after_banner(channel: socket.socket) -> None:
    channel.sendall(b"220 rude.example ESMTP\r\n")
    channel.recv(1000)
    _reset(channel)


def close_at_accept(channel: socket.socket) -> None:
    channel.close()


def close_after_banner(channel: socket.socket) -> None:
    channel.sendall(b"220 rude.example ESMTP\r\n")
    channel.recv(1000)


def close_at_rcpt(channel: socket.socket) -> None:
    _answer(channel, {b"RCPT": b""})


def mute(channel: socket.socket) -> None:
    channel.recv(1000)
    time.sleep(60)


def not_smtp(channel: socket.socket) -> None:
    channel.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def endless_banner(channel: socket.socket) -> None:
    while True:
        channel.sendall(b"220-" + b"x" * 60 + b"\r\n")


def dripping_banner(channel: socket.socket) -> None:
    while True:
        channel.sendall(b"220-slowly\r\n")
        time.sleep(0.1)


def dripping_bytes(channel: socket.socket) -> None:
    channel.sendall(b"220 ")
    while True:
        channel.sendall(b"x")
        time.sleep(0.1)


def long_line(channel: socket.socket) -> None:
    channel.sendall(b"220 " + b"y" * 65_536 + b"\r\n")
    channel.recv(1000)
    time.sleep(60)


def endless_ehlo(channel: socket.socket) -> None:
    channel.sendall(b"220 rude.example ESMTP\r\n")
    channel.recv(1000)
    while True:
        channel.sendall(b"250-ENDLESS\r\n")
        time.sleep(0.01)


def escapes(channel: socket.socket) -> None:
    """Speaks SMTP in terminal escapes, bytes outside ASCII and HTML."""
    spite = b"\x1b[2J\x1b]0;owned\x07\xff\xfe\xc3\x28 <script>alert(1)</script>"
    channel.sendall(b"220 rude.example " + spite + b"\r\n")
    _replies(
        channel, {b"EHLO": b"250-rude.example " + spite + b"\r\n250 " + spite, b"RCPT": b"550 5.7.1 " + spite}
    )


def hostile(channel: socket.socket) -> None:
    """Speaks SMTP in the texts of tests/tables/hostile.json, all in each reply."""
    rows = json.loads((Path(__file__).parents[1] / "tables/hostile.json").read_text())
    texts = [row["text"] * row.get("times", 1) for row in rows]
    lines = [text.replace("\r", "").replace("\n", " ").encode(errors="surrogateescape") for text in texts]
    spite = b" ~ ".join(lines)
    channel.sendall(b"220 rude.example " + spite + b"\r\n")
    capabilities = b"".join(b"250-" + line + b"\r\n" for line in lines)
    replies = {
        b"EHLO": capabilities + b"250 " + spite,
        b"MAIL": b"250 " + spite,
        b"RCPT": b"550 5.7.1 " + spite,
    }
    _replies(channel, replies)


def two_letter_lines(channel: socket.socket) -> None:
    """Answers everything with close to 64 KiB in lines of two letters."""
    channel.sendall(_two_letters(220))
    with channel.makefile("rb") as lines:
        for line in lines:
            refused = line.upper().startswith((b"RCPT", b"STARTTLS"))
            channel.sendall(_two_letters(550 if refused else 250))


def _two_letters(code: int) -> bytes:
    return f"{code}-ab\r\n".encode() * 9_000 + f"{code} ab\r\n".encode()


def tls_garbage(channel: socket.socket) -> None:
    channel.sendall(b"220 rude.example ESMTP\r\n")
    _replies(
        channel, {b"EHLO": b"250-rude.example\r\n250 STARTTLS", b"STARTTLS": b"220 go\r\nthis is no TLS"}
    )


def tls_mute(channel: socket.socket) -> None:
    channel.sendall(b"220 rude.example ESMTP\r\n")
    _replies(
        channel, {b"EHLO": b"250-rude.example\r\n250 STARTTLS", b"STARTTLS": b"220 go"}, last=b"STARTTLS"
    )
    time.sleep(60)


def _answer(channel: socket.socket, replies: dict[bytes, bytes]) -> None:
    channel.sendall(b"220 rude.example ESMTP\r\n")
    _replies(channel, replies)


def _replies(channel: socket.socket, replies: dict[bytes, bytes], last: bytes = b"QUIT") -> None:
    """Answer each command by its first word, `250 OK` unless told otherwise; "" hangs up."""
    with channel.makefile("rb") as lines:
        for line in lines:
            word = line.split()[0].upper() if line.strip() else b""
            reply = replies.get(word, b"250 OK")
            if not reply:
                return
            channel.sendall(reply + b"\r\n")
            if word == last:
                return


def _reset(channel: socket.socket) -> None:
    """Close with RST instead of FIN."""
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    channel.close()


SCRIPTS: dict[str, Script] = {
    script.__name__: script
    for script in (
        reset_at_accept,
        reset_after_banner,
        close_at_accept,
        close_after_banner,
        close_at_rcpt,
        mute,
        not_smtp,
        endless_banner,
        dripping_banner,
        dripping_bytes,
        long_line,
        endless_ehlo,
        escapes,
        hostile,
        two_letter_lines,
        tls_garbage,
        tls_mute,
    )
}


def _serve(channel: socket.socket, script: Script) -> None:
    with channel, suppress(OSError):
        script(channel)


def main(script: str, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 25), family=family) as listening:
        print("listening", flush=True)
        while True:
            channel, _ = listening.accept()
            threading.Thread(target=_serve, args=(channel, SCRIPTS[script]), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:3])
