"""Name servers that misbehave, each at its own address: `python -m tests.sandbox.rude_names`.

`ADDRESSES` says where; the zone of each is its name under `test`.
"""

from __future__ import annotations

import random
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

Answer = Callable[[dns.message.Message], Iterator[bytes]]
"""Packets to send for one UDP question."""

_PATIENCE = 20.0
_HOSTILE = r"\027[31m<script>alert\0401\041</script>"


def mute(question: dns.message.Message) -> Iterator[bytes]:
    yield from ()


def garbage(question: dns.message.Message) -> Iterator[bytes]:
    yield random.Random(question.id).randbytes(300)


def cut_off(question: dns.message.Message) -> Iterator[bytes]:
    yield _reply(question).to_wire()[:20]


def mirror(question: dns.message.Message) -> Iterator[bytes]:
    yield question.to_wire()


def pointer_loop(question: dns.message.Message) -> Iterator[bytes]:
    yield struct.pack(">HHHHHH", question.id, 0x8400, 1, 0, 0, 0) + b"\xc0\x0c\x00\x06\x00\x01"


def flood(question: dns.message.Message) -> Iterator[bytes]:
    """Never the right answer, but always one more."""
    until = time.monotonic() + 6
    while time.monotonic() < until:
        yield struct.pack(">HHHHHH", question.id ^ 1, 0x8400, 0, 0, 0, 0)


def truncated(question: dns.message.Message) -> Iterator[bytes]:
    reply = _reply(question)
    reply.flags |= dns.flags.TC
    yield reply.to_wire()


def cnames(question: dns.message.Message) -> Iterator[bytes]:
    name = question.question[0].name
    number = random.randrange(10**9)
    zone = dns.name.Name(name.labels[-3:])
    yield _reply(question, f"{name} 0 IN CNAME x{number}.{zone}").to_wire()


def referral_to_itself(question: dns.message.Message) -> Iterator[bytes]:
    reply = _reply(question)
    reply.flags &= ~dns.flags.AA
    zone = dns.name.Name(question.question[0].name.labels[-3:])
    reply.authority.append(dns.rrset.from_text(zone, 60, "IN", "NS", f"ns.{zone}"))
    yield reply.to_wire()


def refuses_edns(question: dns.message.Message) -> Iterator[bytes]:
    """An ancient, honest server: it understands no EDNS, else it answers properly."""
    if question.edns >= 0:
        reply = _reply(question)
        reply.set_rcode(dns.rcode.FORMERR)
        yield reply.to_wire()
        return
    yield _honest(question).to_wire()


def crowd(question: dns.message.Message) -> Iterator[bytes]:
    """Two hundred name servers, with names that a terminal or a browser would obey."""
    yield from truncated(question)


def _honest(question: dns.message.Message) -> dns.message.Message:
    name = question.question[0].name
    zone = dns.name.Name(name.labels[-3:])
    kind = question.question[0].rdtype
    if name == zone and kind == dns.rdatatype.SOA:
        return _reply(question, f"{zone} 60 IN SOA ns.{zone} root.{zone} 2026010101 7200 3600 1209600 3600")
    if name == zone and kind == dns.rdatatype.NS:
        return _reply(question, f"{zone} 60 IN NS ns.{zone}")
    if name == dns.name.from_text("ns", zone) and kind == dns.rdatatype.A:
        return _reply(question, f"{name} 60 IN A {ADDRESSES[zone.labels[0].decode()]}")
    return _reply(question)


def _hostile(question: dns.message.Message) -> dns.message.Message:
    name = question.question[0].name
    zone = dns.name.Name(name.labels[-3:])
    kind = question.question[0].rdtype
    if kind == dns.rdatatype.SOA:
        bad = f"{_HOSTILE}.{zone}"
        return _reply(question, f"{zone} 60 IN SOA {bad} {bad} 4294967295 2147483647 0 0 4294967295")
    if kind == dns.rdatatype.NS:
        return _reply(question, *(f"{zone} 60 IN NS {_HOSTILE}{number}.{zone}" for number in range(200)))
    if kind == dns.rdatatype.A:
        return _reply(question, f"{name} 60 IN A {ADDRESSES[zone.labels[0].decode()]}")
    return _reply(question)


def _huge(question: dns.message.Message) -> bytes:
    """64 kB of proper records that were not asked for."""
    name = question.question[0].name
    reply = _reply(question)
    texts = (f'"{number:05}{"x" * 180}"' for number in range(310))
    reply.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *texts))
    return reply.to_wire(max_size=65535)


def _reply(question: dns.message.Message, *records: str) -> dns.message.Message:
    reply = dns.message.make_response(question)
    reply.use_edns(False)
    reply.flags |= dns.flags.AA
    for record in records:
        owner, ttl, kind_class, kind, value = record.split(" ", 4)
        reply.answer.append(dns.rrset.from_text(owner, int(ttl), kind_class, kind, value))
    return reply


def _tcp_drip(channel: socket.socket, question: dns.message.Message) -> None:
    channel.sendall(b"\xff\xff")
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        channel.sendall(b"x")
        time.sleep(0.2)


def _tcp_close(channel: socket.socket, question: dns.message.Message) -> None:
    channel.close()


def _tcp_mute(channel: socket.socket, question: dns.message.Message) -> None:
    time.sleep(_PATIENCE)


def _tcp_huge(channel: socket.socket, question: dns.message.Message) -> None:
    _send(channel, _huge(question))


def _tcp_hostile(channel: socket.socket, question: dns.message.Message) -> None:
    _send(channel, _hostile(question).to_wire(max_size=65535))


def _tcp_honest(channel: socket.socket, question: dns.message.Message) -> None:
    _send(channel, _honest(question).to_wire())


Channel = Callable[[socket.socket, dns.message.Message], None]
_SERVERS: dict[str, tuple[Answer, Channel]] = {
    "mute": (mute, _tcp_mute),
    "garbage": (garbage, _tcp_close),
    "cut-off": (cut_off, _tcp_close),
    "mirror": (mirror, _tcp_close),
    "pointer-loop": (pointer_loop, _tcp_close),
    "flood": (flood, _tcp_mute),
    "dripping": (truncated, _tcp_drip),
    "closing": (truncated, _tcp_close),
    "tcp-mute": (truncated, _tcp_mute),
    "huge": (truncated, _tcp_huge),
    "cnames": (cnames, _tcp_close),
    "referral": (referral_to_itself, _tcp_close),
    "ancient": (refuses_edns, _tcp_honest),
    "crowd": (crowd, _tcp_hostile),
}
ADDRESSES = {name: f"198.51.100.{number}" for number, name in enumerate(_SERVERS, start=70)}


def delegations() -> list[str]:
    """Lines of the zone above."""
    return [
        line
        for name, address in ADDRESSES.items()
        for line in (f"{name}.test. NS ns.{name}.test.", f"ns.{name}.test. A {address}")
    ]


def _send(channel: socket.socket, wire: bytes) -> None:
    channel.sendall(struct.pack(">H", len(wire)) + wire)


def _serve_udp(sock: socket.socket, answer: Answer) -> None:
    def one(wire: bytes, sender: tuple[Any, ...]) -> None:
        with suppress(OSError):
            for packet in answer(dns.message.from_wire(wire)):
                sock.sendto(packet, sender)

    while True:
        wire, sender = sock.recvfrom(4096)
        threading.Thread(target=one, args=(wire, sender), daemon=True).start()


def _serve_tcp(sock: socket.socket, talk: Channel) -> None:
    def one(channel: socket.socket) -> None:
        with channel, suppress(OSError, struct.error):
            (length,) = struct.unpack(">H", channel.recv(2))
            talk(channel, dns.message.from_wire(channel.recv(length)))

    while True:
        channel, _ = sock.accept()
        threading.Thread(target=one, args=(channel,), daemon=True).start()


def main() -> None:
    for name, (answer, talk) in _SERVERS.items():
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((ADDRESSES[name], 53))
        threading.Thread(target=_serve_udp, args=(udp, answer), daemon=True).start()
        tcp = socket.create_server((ADDRESSES[name], 53))
        threading.Thread(target=_serve_tcp, args=(tcp, talk), daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
