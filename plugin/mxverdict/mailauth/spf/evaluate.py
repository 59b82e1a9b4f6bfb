"""`check_host()` of RFC 7208 section 4 over a table of DNS answers."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Optional

from mxverdict.evidence.policy import DnsAnswer
from mxverdict.i18n.message import Message
from mxverdict.mailauth.spf.record import Record, Term, expand, has_macro, is_record, parse
from mxverdict.mailauth.spf.tree import Table, key
from mxverdict.net.address import Address

LOOKUP_LIMIT = 10
VOID_LIMIT = 2
NAME_LIMIT = 10
"""RFC 7208 section 4.6.4: terms with look-ups, look-ups without an answer, names of one mx or ptr."""

STRANGERS = ("192.0.2.1", "2001:db8::1")
"""Addresses that no record should allow (RFC 5737 and RFC 3849)."""


@dataclass(frozen=True)
class Outcome:
    """`result` is one of RFC 7208 section 2.6: `pass`, `fail`, `softfail`, `neutral`, `none`, `permerror`,
    `temperror`; `term` is the one that decided ("" for none) in the record of `domain`, and `why` says more
    about an error. `voids` are names in the records that lead nowhere. With `needs`, look-ups that the table
    lacks, the result is not known yet.
    """

    result: str
    domain: str
    term: str = ""
    why: str = ""
    lookups: int = 0
    voids: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()


class _Stop(Exception):
    def __init__(self, result: str, why: str) -> None:
        super().__init__(why)
        self.result = result
        self.why = why


def check_host(address: str, domain: str, answers: Table, helo: str = "") -> Outcome:
    """Return what the SPF record of `domain` says of mail from it that `address` (IP text) sends."""
    parsed = ipaddress.ip_address(address)
    check = _Check(parsed, domain.rstrip(".").lower(), answers, helo or domain)
    try:
        result, where, term = check.evaluate(check.domain)
        why = ""
    except _Stop as stop:
        result, where, term, why = stop.result, check.domain, "", stop.why
    voids = tuple(void for void, literal in check.voids.items() if literal)
    return Outcome(result, where, term, why, check.lookups, voids, tuple(check.needs))


def macros(address: Address, sender: str, domain: str, helo: str) -> dict[str, str]:
    """Return the values of the macro letters (RFC 7208 section 7.2) for mail of the domain `sender`, while
    the record of `domain` is looked at. `p` is "unknown": its use is discouraged, and that answer allowed
    (section 7.3)."""
    version_4 = address.version == 4
    return {
        "s": f"postmaster@{sender}",
        "l": "postmaster",
        "o": sender,
        "d": domain,
        "i": str(address) if version_4 else ".".join(address.exploded.replace(":", "")),
        "p": "unknown",
        "v": "in-addr" if version_4 else "ip6",
        "h": helo,
    }


@dataclass
class _Check:
    address: Address
    domain: str
    answers: Table
    helo: str
    lookups: int = 0
    voids: dict[str, bool] = field(default_factory=dict)
    """Each look-up without an answer, and whether the record names it without a macro."""
    needs: dict[tuple[str, str], None] = field(default_factory=dict)

    def evaluate(self, domain: str) -> tuple[str, str, str]:
        """Return the result, the domain whose record gave it, and the term. The lookup limit ends
        recursion."""
        record = self.record(domain)
        if record is None:
            return "none", domain, ""
        if record.errors:
            raise _Stop("permerror", f"{domain}: {record.errors[0]}")
        for term in record.mechanisms:
            if self.matches(term, domain):
                return term.result, domain, term.text
        if record.redirect is None:
            return "neutral", domain, ""
        self.count(record.redirect)
        target = self.target(record.redirect, domain)
        result = self.evaluate(target)
        if result[0] == "none" and not self.lacks(target, "TXT"):
            raise _Stop(
                "permerror",
                Message(
                    "{domain} redirects to {target}, which has no SPF record", domain=domain, target=target
                ),
            )
        return result

    def record(self, domain: str) -> Optional[Record]:
        answer = self._lookup(domain, "TXT", void=False)
        texts = [text for text in answer.records if is_record(text)]
        if len(texts) > 1:
            raise _Stop(
                "permerror",
                Message("{domain} has {count} SPF records", domain=domain, count=len(texts)),
            )
        return parse(texts[0]) if texts else None

    def matches(self, term: Term, domain: str) -> bool:
        if term.name == "all":
            return True
        if term.network is not None:
            return term.network.version == self.address.version and self.address in term.network
        self.count(term)
        target = self.target(term, domain)
        if term.name == "include":
            return self.includes(target, domain)
        if term.name == "exists":
            return bool(self._lookup(target, "A", literal=not has_macro(term.domain)).records)
        if term.name == "ptr":
            return self.is_named_below(target)
        names = self.mail_hosts(target, term) if term.name == "mx" else [target]
        return any(self.has_address(name, term) for name in names)

    def includes(self, target: str, domain: str) -> bool:
        result, _, _ = self.evaluate(target)
        if result == "none" and not self.lacks(target, "TXT"):
            raise _Stop(
                "permerror",
                Message("{domain} includes {target}, which has no SPF record", domain=domain, target=target),
            )
        return result == "pass"

    def mail_hosts(self, target: str, term: Term) -> list[str]:
        names = [text.split()[-1].rstrip(".") for text in self._lookup(target, "MX").records]
        if len(names) > NAME_LIMIT:
            raise _Stop(
                "permerror",
                Message(
                    "{term}: {target} has {count} MX hosts, {limit} may be",
                    term=term.text,
                    target=target,
                    count=len(names),
                    limit=NAME_LIMIT,
                ),
            )
        return [name for name in names if name]

    def has_address(self, name: str, term: Term) -> bool:
        version_4 = self.address.version == 4
        length = term.length_4 if version_4 else term.length_6
        found = self._lookup(name, "A" if version_4 else "AAAA", void=term.name == "a").records
        return any(_within(self.address, text, length) for text in found)

    def is_named_below(self, target: str) -> bool:
        pointer = self.address.reverse_pointer
        kind = "A" if self.address.version == 4 else "AAAA"
        names = [
            name.rstrip(".").lower()
            for name in self._lookup(pointer, "PTR", void=False, failing=False).records
        ]
        below = [name for name in names[:NAME_LIMIT] if f".{name}".endswith(f".{target.lower()}")]
        return any(
            _within(self.address, text, self.address.max_prefixlen)
            for name in below
            for text in self._lookup(name, kind, void=False, failing=False).records
        )

    def target(self, term: Term, domain: str) -> str:
        if not term.domain:
            return domain
        name = expand(term.domain, macros(self.address, self.domain, domain, self.helo))
        if not name:
            raise _Stop("permerror", Message("{term} leads to no domain name", term=term.text))
        return name

    def count(self, term: Term) -> None:
        self.lookups += 1
        if self.lookups > LOOKUP_LIMIT:
            raise _Stop(
                "permerror",
                Message(
                    "more than {limit} look-ups are needed; {term} is one too many",
                    limit=LOOKUP_LIMIT,
                    term=term.text,
                ),
            )

    def lacks(self, name: str, kind: str) -> bool:
        return key(name, kind) in self.needs

    def _lookup(
        self, name: str, kind: str, *, void: bool = True, literal: bool = True, failing: bool = True
    ) -> DnsAnswer:
        """Return an answer of the table. `void`: count it when it is empty; `failing`: an error ends the
        check."""
        answer = self.answers.get(key(name, kind))
        if not all(0 < len(label) < 64 for label in name.split(".")):
            answer = DnsAnswer(name, kind, exists=False)
        if answer is None:
            self.needs[key(name, kind)] = None
            return DnsAnswer(name, kind)
        if answer.error:
            if failing:
                raise _Stop("temperror", answer.error)
            return DnsAnswer(name, kind)
        if void and not answer.records:
            self.voids[f"{name} {kind}"] = literal
            if len(self.voids) > VOID_LIMIT:
                raise _Stop(
                    "permerror",
                    Message(
                        "more than {limit} look-ups lead nowhere: {voids}",
                        limit=VOID_LIMIT,
                        voids=", ".join(self.voids),
                    ),
                )
        return answer


def _within(address: Address, text: str, length: int) -> bool:
    try:
        return address in ipaddress.ip_network(f"{text}/{length}", strict=False)
    except ValueError:
        return False
