"""Lines of Exim's main log about incoming connections, made as each version from 4.94 to 4.100 writes them
with any choice of log selectors, and whole sessions of them with the truth about each.

Forms: the calls of `log_write` in smtp_in.c, receive.c, host.c, daemon.c, acl.c and tls*.c of those versions
(read 2026-11). Nothing here is shared with the product or with the reference parser.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import NamedTuple, Optional

VERSIONS = (94, 95, 96, 97, 98, 99, 100)
"""Minor numbers: 4.94 to 4.100."""
SELECTORS = (
    "connection_id", "dmarc_verbose", "dnssec", "incoming_interface", "millisec", "pid", "pipelining",
    "smtp_incomplete_transaction", "smtp_no_mail", "smtp_syntax_error", "spf_verbose", "subject",
    "tls_cipher", "tls_peerdn", "tls_sni", "zone",
)  # fmt: skip
"""Those that change lines about incoming connections; `zone` stands for the option `log_timezone`."""
CPANELS = frozenset({"subject", "tls_cipher"})
HELOS = (
    "k.example",
    "K",
    "x y",
    "(x)",
    "a)b",
    "x (y)",
    "[192.0.2.1]",
    "[x",
    "F=<a>",
    "D=1s",
    "lost D=1s",
    "é\x01\x7f",
)
"""What visitors say that is odd and yet can only be read in one way."""


@dataclass(frozen=True)
class Peer:
    """A visitor: `name` is its PTR, "" without; `helo` what it said, "" before it said so. `dnssec`: its PTR
    is signed."""

    address: str
    port: int
    name: str = ""
    helo: str = ""
    dnssec: bool = False

    @property
    def shown_helo(self) -> str:
        """What the log shows of the HELO."""
        same = self.helo.lower() in (self.name.lower(), f"[{self.address}]") if self.name else False
        return "" if same else self.helo


class Truth(NamedTuple):
    """What a session's lines tell. `later`: left after the greeting; `how` the follower of a window puts it,
    None when the session does not close one. `taken`: Exim took the connection."""

    peer: Peer
    came_at: float
    ended: str
    seconds: float
    refused: bool
    left: bool = False
    later: bool = False
    delivered: int = 0
    unverified: int = 0
    how: Optional[str] = None
    taken: bool = True


class Stamped(NamedTuple):
    """A line without its end, written at that time (Unix time)."""

    at: float
    text: str


class Exim:
    """One version with its log selectors. Methods answer the text after the time stamp."""

    def __init__(self, version: int, selectors: Collection[str]) -> None:
        self.version = version
        self.on = frozenset(selectors)

    def stamp(self, at: float) -> str:
        """Time stamp and process, as far as they are logged, with the blank after."""
        moment = datetime.fromtimestamp(at, timezone.utc)
        text = f"{moment + timedelta(hours=2 if 'zone' in self.on else 0):%Y-%m-%d %H:%M:%S}"
        text += f".{moment.microsecond // 1000:03}" if "millisec" in self.on else ""
        text += " +0200" if "zone" in self.on else ""
        return f"{text} [{4000 + int(at) % 1000}] " if "pid" in self.on else f"{text} "

    def duration(self, seconds: float) -> str:
        whole = int(seconds)
        parts = ((whole // 3600, "h"), (whole // 60 % 60, "m"), (whole % 60, "s"))
        text = "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
        if "millisec" not in self.on:
            return text
        text = text[:-1] if text.endswith("s") else f"{text}0"
        return f"{text}.{round(seconds % 1 * 1000):03}s"

    def full_host(self, peer: Peer) -> str:
        helo = f"({peer.shown_helo}) " if peer.shown_helo else ""
        name = f"{peer.name} " if peer.name else ""
        return f"{name}{helo}[{peer.address}]:{peer.port}"

    def host(self, peer: Peer) -> str:
        return f"{self.full_host(peer)}{self._interface}{self._id(peer)}"

    def connection(self, peer: Peer) -> str:
        return f"SMTP connection{self._id(peer)} from {self.full_host(peer)}{self._interface}"

    def connect(self, peer: Peer) -> str:
        taken = "(TCP/IP connection count = 3)"
        return f"SMTP connection from [{peer.address}]:{peer.port}{self._interface}{self._id(peer)} {taken}"

    def full(self, peer: Peer) -> str:
        return f"Connection from [{peer.address}]:{peer.port}{self._interface} refused: too many connections"

    def lost(self, peer: Peer, stayed: float, before: str = "") -> str:
        return f"{self.connection(peer)} {before}lost D={self.duration(stayed)}"

    def lost_in_data(self, peer: Peer, part: str) -> str:
        return f"{self.connection(peer)} lost while reading message data{part}"

    def disconnected(self, peer: Peer, stayed: float, before: str = "") -> str:
        doing = "unexpected disconnection while reading SMTP command"
        return f"{doing} from {before}{self.host(peer)} D={self.duration(stayed)}"

    def closed(self, peer: Peer, stayed: float, reason: str) -> str:
        return f"{self.connection(peer)}{self._stayed(stayed)} closed {reason}"

    def silent(self, peer: Peer, stayed: float, tls: bool) -> str:
        how = "SMTP command timeout on TLS" if tls else "SMTP command timeout on"
        return f"{how} connection from {self.host(peer)}{self._stayed(stayed)}"

    def silent_in_data(self, peer: Peer, stayed: float, sender: str) -> str:
        what = "SMTP data timeout (message abandoned) on connection from"
        return f"{what} {self.full_host(peer)} F=<{sender}>{self._stayed(stayed)}"

    def too_soon(self, peer: Peer, command: str, given: str) -> str:
        count = f" ({len(given)} bytes)" if self.version >= 97 else ""
        return (
            "SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): "
            f'rejected "{self._quoted(command)}" H={self.host(peer)} next input="{given}"{count}'
        )

    def early(self, peer: Peer, given: str) -> str:
        return (
            "SMTP protocol synchronization error (input sent without waiting for greeting): "
            f'rejected connection from H={self.host(peer)} input="{given}"'
        )

    def too_many(self, peer: Peer, command: str) -> str:
        last = f'too many unrecognized commands (last was "{self._quoted(command)}")'
        return f"SMTP call from {self.host(peer)} dropped: {last}"

    def tls_failed(self, peer: Peer, why: str) -> str:
        return f"TLS error on {self.connection(peer)[5:]} {why}"

    def rejected(self, peer: Peer, what: str, sender: Optional[str] = None, temporarily: bool = False) -> str:
        verified = self._verified if sender is not None else ""
        given = "" if sender is None else f" F=<{sender}>"
        verb = "temporarily rejected" if temporarily else "rejected"
        return f"{self._dnssec(peer, 'H=')}{self.host(peer)}{self._tls}{given}{verified} {verb} {what}"

    def dropped_by_connect(self, peer: Peer, why: str) -> str:
        return f"{self._dnssec(peer, 'H=')}{self.host(peer)}{self._tls} dropped by 'connect' ACL{why}"

    def unverified(self, peer: Peer, how: str, sender: str, why: str) -> str:
        return f"H={self.host(peer)} sender verify {how} for <{sender}>: {why}"

    def warned(self, peer: Peer, why: str) -> str:
        return f"H={self.host(peer)} Warning: {why}"

    def incomplete(self, peer: Peer, sender: str) -> str:
        return f"H={self.host(peer)} incomplete transaction (QUIT) from <{sender}>"

    def wrong(self, peer: Peer, command: str) -> str:
        said = self._quoted(command)
        return f'SMTP syntax error in "{said}" H={self.host(peer)} unrecognized command'

    def no_mail(self, peer: Peer, stayed: float) -> str:
        told = f"{self.host(peer)} D={self.duration(stayed)}{self._tls} C=EHLO,QUIT"
        return f"no MAIL in SMTP connection from {told}"

    def arrival(self, peer: Peer, number: int, sender: str, subject: str) -> str:
        parts = (6, 11, 4) if self.version >= 97 else (6, 6, 2)
        name = "-".join(f"{number:0{length}}" for length in parts)
        pipelining = " L-" if "pipelining" in self.on else ""
        title = f' T="{subject}"' if "subject" in self.on else ""
        host = f"{self._dnssec(peer, ' H=')}{self.host(peer)}"
        verified = self._verified
        return (
            f"{name} <= {sender or '<>'}{host} P=esmtps{pipelining}{verified}{self._tls} S=316{title} for c@d"
        )

    @property
    def _interface(self) -> str:
        return " I=[203.0.113.5]:25" if "incoming_interface" in self.on else ""

    def _id(self, peer: Peer) -> str:
        if "connection_id" not in self.on or self.version < 97:
            return ""
        return f" Ci={peer.port}" if self.version < 99 else f" Ci=z{peer.port}B"

    def _stayed(self, seconds: float) -> str:
        return f" D={self.duration(seconds)}" if self.version >= 97 else ""

    def _dnssec(self, peer: Peer, before: str) -> str:
        return f" DS{before}" if "dnssec" in self.on and peer.dnssec else before

    @property
    def _verified(self) -> str:
        if self.version < 100:
            return ""
        spf, dmarc = "spf_verbose" in self.on, "dmarc_verbose" in self.on
        return f"{' SPF=softfail' if spf else ''}{' DMARC=none' if dmarc else ''}"

    @property
    def _tls(self) -> str:
        text = " X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no" if "tls_cipher" in self.on else ""
        text += ' DN="CN=k.example, O=x y"' if "tls_peerdn" in self.on else ""
        sni = ' SNI="a b"' if self.version < 96 else " SNI=a\\sb"
        return text + (sni if "tls_sni" in self.on else "")

    def _quoted(self, command: str) -> str:
        """In 4.99 the quotation marks of a command are escaped."""
        return command.replace('"', '\\"') if self.version >= 99 else command


_QUIT, _GONE, _SILENT = "left with QUIT", "left without QUIT", "said nothing more until it timed out"
_DROPPED, _ERRORS = "was disconnected by this server", "was disconnected by this server after too many errors"


class Maker:
    """Makes sessions of one Exim. `helos` are what visitors say, besides names and addresses of their own."""

    def __init__(self, dice: random.Random, exim: Exim, helos: Collection[str] = HELOS) -> None:
        self._dice = dice
        self._exim = exim
        self._helos = tuple(helos)
        self._number = 0

    def session(self, at: float, address: str) -> tuple[Truth, list[Stamped]]:
        """One session that begins then."""
        dice = self._dice
        name = dice.choice(("", f"mail{address[-2:]}.example.com"))
        bare = Peer(address, dice.randrange(1024, 65536), name, dnssec=bool(name) and dice.random() < 0.5)
        said = dice.choice((*self._helos, *([name, name.upper()] if name else []), f"[{address}]"))
        self._number += 1
        kinds: list[Callable[[Peer, Peer, float, float], tuple[Truth, list[str]]]] = [
            self._in_the_delay, self._after_helo, self._after_mail, self._relay, self._unverified,
            self._message, self._silent, self._silent_in_data, self._lost_in_data, self._too_soon,
            self._early, self._too_many, self._drop, self._blocked, self._tls, self._full,
        ]  # fmt: skip
        precision = dice.choice((0.0, 0.25, 0.5)) if "millisec" in self._exim.on else 0.0
        stayed = dice.choice((0, 1, 5, 12, 20, 25, 65, 3661)) + precision
        truth, texts = dice.choice(kinds)(bare, replace(bare, helo=said), at, stayed)
        first = [Stamped(at, self._exim.connect(bare))] if truth.taken else []
        if "smtp_syntax_error" in self._exim.on and truth.ended == "quit":
            texts.insert(0, self._exim.wrong(bare, dice.choice(self._helos)))
        if "smtp_incomplete_transaction" in self._exim.on and truth.ended == "quit":
            texts.insert(-1, self._exim.incomplete(replace(bare, helo=said), "a@b.example"))
        if "smtp_no_mail" in self._exim.on and truth.ended in ("quit", "left"):
            texts.append(self._exim.no_mail(truth.peer, stayed))
        lines = [*first, *(Stamped(at + stayed, text) for text in texts)]
        return truth, [Stamped(line.at, self._exim.stamp(line.at) + line.text) for line in lines]

    def _in_the_delay(self, bare: Peer, _: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        later = stayed >= 21
        truth = Truth(bare, at, "left", stayed, False, left=not later, later=later)
        return truth, [self._exim.lost(bare, stayed, self._dice.choice(("", "TFO ")))]

    def _after_helo(self, _: Peer, peer: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        later = bool(peer.shown_helo) or stayed >= 21
        how = _GONE if peer.shown_helo else None
        truth = Truth(peer, at, "left", stayed, False, left=not later, later=later, how=how)
        return truth, [self._exim.lost(peer, stayed)]

    def _after_mail(self, _: Peer, peer: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        before = self._dice.choice(("", "TFO ", "TFO* "))
        truth = Truth(peer, at, "left", stayed, False, later=True, how=_GONE)
        return truth, [self._exim.disconnected(peer, stayed, before)]

    def _relay(self, _: Peer, peer: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        exim = self._exim
        said = self._dice.choice(("Rejected relay attempt: 'x'", '"No Such User Here"', "no"))
        refused = exim.rejected(peer, f"RCPT <c@d.example>: {said}", "a@b.example", self._dice.random() < 0.3)
        truth = Truth(peer, at, "quit", stayed, True, how=_QUIT)
        return truth, [exim.warned(peer, "x"), refused, exim.closed(peer, stayed, "by QUIT")]

    def _unverified(self, _: Peer, peer: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        exim, how = self._exim, self._dice.choice(("fail", "defer"))
        texts = [
            exim.unverified(peer, how, "a@nope.example", "The mail server could not deliver mail to a."),
            exim.rejected(peer, "RCPT <c@d.example>: Sender verify failed", "a@nope.example"),
            exim.closed(peer, stayed, "by QUIT"),
        ]
        return Truth(peer, at, "quit", stayed, True, unverified=1, how=_QUIT), texts

    def _message(self, _: Peer, peer: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        sender = self._dice.choice(("", "a@b.example"))
        texts = [
            self._exim.arrival(peer, self._number, sender, "x <= y"),
            self._exim.closed(peer, stayed, "by QUIT"),
        ]
        return Truth(peer, at, "quit", stayed, False, delivered=1, how=_QUIT), texts

    def _silent(self, _: Peer, peer: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        how = _SILENT if peer.shown_helo else None
        text = self._exim.silent(peer, stayed, self._dice.random() < 0.5)
        return Truth(peer, at, "timeout", stayed, False, how=how), [text]

    def _silent_in_data(self, _: Peer, peer: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        sender = self._dice.choice(("", "a@b.example", '"a> D=3s"@b.example'))
        text = self._exim.silent_in_data(peer, stayed, sender)
        return Truth(peer, at, "timeout", stayed, False, how=_SILENT), [text]

    def _lost_in_data(self, _: Peer, peer: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        text = self._exim.lost_in_data(peer, self._dice.choice(("", " (header)")))
        return Truth(peer, at, "left", stayed, False, later=True, how=_GONE), [text]

    def _too_soon(self, _: Peer, peer: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        text = self._exim.too_soon(peer, self._dice.choice(("RSET", 'HELO "x"')), "QUIT\\r\\n")
        how = _DROPPED if peer.shown_helo else None
        return Truth(peer, at, "dropped", stayed, False, how=how), [text]

    def _early(self, bare: Peer, _: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        return Truth(bare, at, "dropped", stayed, False), [self._exim.early(bare, "EHLO x\\r\\n")]

    def _too_many(self, _: Peer, peer: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        how = _ERRORS if peer.shown_helo else None
        return Truth(peer, at, "dropped", stayed, False, how=how), [self._exim.too_many(peer, "FOO")]

    def _drop(self, _: Peer, peer: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        refused = self._exim.rejected(peer, f"EHLO or HELO {peer.helo}: Bad HELO")
        closed = self._exim.closed(peer, stayed, "by DROP in ACL")
        how = _DROPPED if peer.shown_helo else None
        return Truth(peer, at, "dropped", stayed, True, how=how), [refused, closed]

    def _blocked(self, bare: Peer, _: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        text = self._exim.rejected(bare, 'connection in "connect" ACL: Host is in a list')
        if self._exim.version >= 97 and self._dice.random() < 0.5:
            text = self._exim.dropped_by_connect(bare, self._dice.choice(("", ": Host is in a list")))
            return Truth(bare, at, "rejected", stayed, True), [text]
        if self._dice.random() < 0.5:
            return Truth(bare, at, "rejected", stayed, True), [text]
        return Truth(bare, at, "rejected", stayed, True), [
            text,
            self._exim.closed(bare, stayed, "by DROP in ACL"),
        ]

    def _tls(self, _: Peer, peer: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        why = self._dice.choice(
            (
                "(SSL_accept): timed out", "SSL_accept: TCP connection closed by peer",
                "(gnutls_handshake): The TLS connection was non-properly terminated.",
            )
        )  # fmt: skip
        failed = self._exim.tls_failed(peer, why)
        if self._dice.random() < 0.5:
            closed = self._exim.closed(peer, stayed, "by EOF")
            return Truth(peer, at, "left", stayed, True, later=True, how=_GONE), [failed, closed]
        closed = self._exim.closed(peer, stayed, "by QUIT")
        return Truth(peer, at, "quit", stayed, True, how=_QUIT), [failed, closed]

    def _full(self, bare: Peer, _: Peer, at: float, stayed: float) -> tuple[Truth, list[str]]:
        truth = Truth(bare, at + stayed, "rejected", 0.0, True, taken=False)
        return truth, [self._exim.full(bare)]
