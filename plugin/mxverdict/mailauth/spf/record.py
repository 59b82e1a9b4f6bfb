"""One SPF record, read term by term (RFC 7208 sections 4.6, 5, 6 and 12)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Optional

from mxverdict.i18n.message import Message
from mxverdict.net.address import Network

MECHANISMS = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")
LOOKUP_MECHANISMS = ("include", "a", "mx", "ptr", "exists")
"""Mechanisms that count, like redirect, towards the limit of ten (RFC 7208 section 4.6.4)."""

RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

_MECHANISM = re.compile(r"([+\-~?]?)([A-Za-z0-9][A-Za-z0-9_.\-]*)(?:([:/])(.*))?", re.DOTALL)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.\-]*)=(.*)", re.DOTALL)
_LENGTHS = re.compile(r"(?:/(0|[1-9]\d{0,2}))?(?://(0|[1-9]\d{0,2}))?\Z")
_LENGTH = re.compile(r"(?:/(?:0|[1-9]\d{0,2}))?\Z")
_MACRO = re.compile(r"%(?:\{([A-Za-z])(\d*)(r?)([.\-+,/_=]*)\}|[%_\-])", re.IGNORECASE)
_TOP_LABEL = re.compile(r"(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])\Z")
_SHOWN = 60
_NAME_LENGTH = 253
_MEANT = {"ipv4": "ip4", "ipv6": "ip6", "ip": "ip4", "includes": "include", "inlcude": "include"}
_ERRORS_LIMIT = 20
TERMS_LIMIT = 4096
"""Terms of one record that are read; receivers give up long before."""
_SHORT = 1024
"""Characters up to which a record is kept read; of longer ones, the last few."""


@dataclass(frozen=True)
class Term:
    """A mechanism or modifier: `text` as it is written, `name` in lower case, `qualifier` `+ - ~ ?` ("" for a
    modifier), `domain` its domain-spec ("" for the domain itself), `network` of ip4 and ip6, `length_4` and
    `length_6` the prefix lengths of a and mx."""

    text: str
    name: str
    qualifier: str = ""
    domain: str = ""
    network: Optional[Network] = None
    length_4: int = 32
    length_6: int = 128

    @property
    def result(self) -> str:
        return RESULTS[self.qualifier]


@dataclass(frozen=True)
class Record:
    """`terms` in their order; `errors` says what is wrong, one line each: with any, the whole record is
    refused (RFC 7208 section 4.6)."""

    text: str
    terms: tuple[Term, ...]
    errors: tuple[str, ...]

    @property
    def mechanisms(self) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if term.qualifier)

    @property
    def all(self) -> Optional[Term]:
        return next((term for term in self.mechanisms if term.name == "all"), None)

    @property
    def redirect(self) -> Optional[Term]:
        """Return where to go on when no mechanism matches: nowhere when there is an `all` (section 6.1)."""
        if self.all is not None:
            return None
        return next((term for term in self.terms if term.name == "redirect" and not term.qualifier), None)

    @property
    def after_all(self) -> tuple[Term, ...]:
        """Return the terms after the first `all`."""
        last = self.all
        return self.terms[self.terms.index(last) + 1 :] if last is not None else ()

    @property
    def lookup_terms(self) -> tuple[Term, ...]:
        """Return the terms that cost a lookup when nothing before them matches: none after `all`."""
        reached = self.terms[: len(self.terms) - len(self.after_all)]
        redirect = self.redirect
        return tuple(
            term
            for term in reached
            if (term.qualifier and term.name in LOOKUP_MECHANISMS) or term is redirect
        )

    @property
    def ignored(self) -> tuple[Term, ...]:
        """Return the mechanisms written with "=": they are read as unknown modifiers, which are ignored."""
        return tuple(term for term in self.terms if not term.qualifier and term.name in MECHANISMS)


def is_record(text: str) -> bool:
    """Whether a TXT record is an SPF record (RFC 7208 section 4.5)."""
    start = text[:7].lower()
    return start == "v=spf1 " or text.lower() == "v=spf1"


def parse(text: str) -> Record:
    """Read a record that `is_record` (or should be). Nothing is raised."""
    return _parse_short(text) if len(text) <= _SHORT else _parse_long(text)


def _parse(text: str) -> Record:
    errors: list[str] = []
    if not is_record(text):
        errors.append(Message('the record does not start with "v=spf1 "'))
    if not all(" " <= character <= "~" for character in text):
        errors.append(Message("the record holds characters outside printable ASCII"))
    parts = [part for part in text.split(" ")[1:] if part]
    if len(parts) > TERMS_LIMIT:
        errors.append(Message("the record has more than {limit} terms", limit=TERMS_LIMIT))
    terms = []
    for part in parts[:TERMS_LIMIT]:
        if len(errors) < _ERRORS_LIMIT:
            term = _term(part, errors)
            if term is not None:
                terms.append(term)
    for name in ("redirect", "exp"):
        if sum(term.name == name and not term.qualifier for term in terms) > 1:
            errors.append(Message('"{name}=" stands more than once', name=name))
    return Record(text, tuple(terms), tuple(dict.fromkeys(errors)))


_parse_short = lru_cache(maxsize=128)(_parse)
_parse_long = lru_cache(maxsize=8)(_parse)


def expand(spec: str, values: dict[str, str]) -> Optional[str]:
    """Return a domain-spec with its macros filled in from `values` (letter to text, RFC 7208 section 7); None
    when one of them is not given."""
    missing = False

    def fill(match: re.Match[str]) -> str:
        nonlocal missing
        letter = (match[1] or "").lower()
        if not letter:
            return {"%%": "%", "%_": " ", "%-": "%20"}[match[0]]
        value = values.get(letter)
        if value is None:
            missing = True
            return ""
        parts = re.split(f"[{re.escape(match[4] or '.')}]", value)
        if match[3]:
            parts.reverse()
        kept = int(match[2][:4]) if match[2] else len(parts)
        return ".".join(parts[-kept:] if kept else parts)

    name = _MACRO.sub(fill, spec)
    name = name.rstrip(".")
    if len(name) > _NAME_LENGTH and name[-_NAME_LENGTH - 1] != ".":
        name = name[-_NAME_LENGTH:].partition(".")[2]
    return None if missing else name[-_NAME_LENGTH:]


def has_macro(spec: str) -> bool:
    return "%{" in spec


def _term(word: str, errors: list[str]) -> Optional[Term]:
    modifier = _MODIFIER.fullmatch(word)
    if modifier is not None:
        return _modifier(word, modifier[1].lower(), modifier[2], errors)
    match = _MECHANISM.fullmatch(word)
    if match is None:
        errors.append(Message("{word} is no SPF term", word=_shown(word)))
        return None
    qualifier, name = match[1] or "+", match[2].lower()
    rest = (match[3] or "") + (match[4] or "")
    if name not in MECHANISMS:
        meant = _MEANT.get(name, "")
        if meant:
            message = Message('{word} is no SPF mechanism ("{meant}" is meant?)')
        else:
            message = Message("{word} is no SPF mechanism")
        errors.append(message.format(word=_shown(word), meant=meant))
        return None
    if name in ("ip4", "ip6"):
        return _network(word, name, qualifier, rest, errors)
    if name == "all" and rest:
        errors.append(Message("{word}: nothing may follow all", word=_shown(word)))
    return _named(word, name, qualifier, rest, errors)


def _modifier(word: str, name: str, value: str, errors: list[str]) -> Term:
    if name in ("redirect", "exp"):
        _check_domain(word, value, errors)
    elif "%" in _MACRO.sub("", value):
        errors.append(Message("{word} holds a malformed macro", word=_shown(word)))
    return Term(word, name, domain=value)


def _network(word: str, name: str, qualifier: str, rest: str, errors: list[str]) -> Optional[Term]:
    version = 4 if name == "ip4" else 6
    try:
        if not rest.startswith(":"):
            raise ValueError
        network = ipaddress.ip_network(rest[1:], strict=False)
        if network.version != version or not _LENGTH.match(rest[1:].lstrip("0123456789abcdefABCDEF.:")):
            raise ValueError
    except ValueError:
        errors.append(
            Message("{word} is no IPv{version} address or network", word=_shown(word), version=version)
        )
        return None
    return Term(word, name, qualifier, network=network)


def _named(word: str, name: str, qualifier: str, rest: str, errors: list[str]) -> Term:
    length_4, length_6 = 32, 128
    if name in ("a", "mx"):
        lengths = _LENGTHS.search(rest)
        assert lengths is not None
        length_4, length_6 = int(lengths[1] or 32), int(lengths[2] or 128)
        if length_4 > 32 or length_6 > 128:
            errors.append(Message("{word} has a prefix length that is too large", word=_shown(word)))
        rest = rest[: lengths.start()]
    domain = rest[1:]
    if name in ("include", "exists") and not domain:
        errors.append(Message("{word} names no domain", word=_shown(word)))
    elif rest and name != "all":
        if not rest.startswith(":"):
            errors.append(Message("{word} has a malformed prefix length", word=_shown(word)))
        _check_domain(word, domain, errors)
    return Term(word, name, qualifier, domain, None, length_4, length_6)


def _check_domain(word: str, domain: str, errors: list[str]) -> None:
    """Check a domain-spec (RFC 7208 section 7.1): it ends in a macro or a top label that is not all
    digits."""
    plain = _MACRO.sub("", domain)
    letters = {(match[1] or "").lower() for match in _MACRO.finditer(domain)} - {""}
    label = domain.rstrip(".").rpartition(".")[2]
    if "%" in plain or letters - set("slodiphv"):
        errors.append(Message("{word} holds a malformed macro", word=_shown(word)))
    elif not (re.search(r"%\{[^}]*\}\Z", domain) or ("." in domain.rstrip(".") and _TOP_LABEL.match(label))):
        errors.append(Message("{word} names no domain", word=_shown(word)))


def _shown(word: str) -> str:
    return f'"{word[:_SHOWN]}{"…" if len(word) > _SHOWN else ""}"'
