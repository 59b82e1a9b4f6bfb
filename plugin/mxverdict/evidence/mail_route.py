"""Where the mail of a domain goes: its mail hosts, their addresses, and what each of them answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence.smtp import Probe, Reply


@dataclass(frozen=True)
class MailHost:
    """One MX, or the domain itself in place of a missing MX.

    `canonical` is the name at the end of a chain of CNAMEs (the name itself without one), `literal` says that
    the name is an IP address, `exists` is False when the DNS knows no such name. `addresses` are IPv4 first;
    `errors` name the lookups without an answer, so that addresses may be missing. `left_out` more addresses
    were found and not checked (the domain has too many).
    """

    name: str
    preference: int
    canonical: str
    literal: bool
    exists: bool
    addresses: tuple[str, ...]
    errors: tuple[str, ...] = ()
    left_out: int = 0

    @property
    def is_alias(self) -> bool:
        return self.canonical.lower() != self.name.lower()


@dataclass(frozen=True)
class MailRoute:
    """`hosts` in order of preference, the lowest number first; equal numbers in order of name.

    `kind` is `mx` (there are MX records), `null` (the only one is a null MX, RFC 7505), `implicit` (no MX,
    the domain's own addresses stand in, RFC 5321 section 5.1), `none` (neither), `missing` (the domain does
    not exist) or `unknown` (see `error`). `records` are the MX records as published, `canonical` the domain
    at the end of a chain of CNAMEs, `left_out` how many MX hosts were not looked at (there are too many).
    """

    domain: str
    kind: str
    canonical: str
    records: tuple[str, ...] = ()
    hosts: tuple[MailHost, ...] = ()
    has_null_mx: bool = False
    left_out: int = 0
    error: str = ""


@dataclass(frozen=True)
class RecipientAnswer:
    """A reply to one RCPT, or to MAIL when that was refused (`stage`). `domain` is the one asked for, ""
    for the foreign recipient that only a relay accepts. `reply` is None when none came; `reason` says why."""

    domain: str
    recipient: str
    reply: Optional[Reply]
    seconds: float = 0.0
    reason: str = ""
    stage: str = "rcpt"

    @property
    def at_mail(self) -> bool:
        """Whether MAIL was refused; evidence of earlier versions says so in `reason`."""
        return self.stage == "mail" or self.reason == "at MAIL"


@dataclass(frozen=True)
class HostGreeting:
    """What one remote address did on port 25, in one conversation for all domains that lead there.

    `outcome` is `greeted` (220, and EHLO was answered), `busy` or `turned_away` (4xx or 5xx at one of them),
    `too_many` (not asked: others were before it) or else a key of `evidence.outbound.CAUSES`, such as
    `refused`, `timeout` or `silent`; `probe.failure` says it in one line. `probe` holds the conversation as
    far as EHLO, `recipients` the answers to RCPT; `patience` is how many seconds the conversation was given.
    """

    address: str
    outcome: str
    probe: Probe
    recipients: tuple[RecipientAnswer, ...] = ()
    patience: float = 0.0


@dataclass(frozen=True)
class Routing:
    """The lists of this server that hold a domain (cPanel's Email Routing): `local` is
    /etc/localdomains, `remote` /etc/remotedomains, `secondary` /etc/secondarymx. `error` says which could not
    be read."""

    domain: str
    local: bool
    remote: bool
    secondary: bool
    error: str = ""
