"""DMARC records (RFC 7489, since May 2026 RFC 9989): where they may stand, which one counts, what it says.

The record itself is read by the library `dmarc`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence.policy import DnsAnswer
from mxverdict.i18n.message import Message

WALK_LIMIT = 8
"""Names that are asked for one domain (RFC 9989 section 4.10)."""
_DESTINATIONS_LIMIT = 10
_LENGTH_LIMIT = 4096

_RECORD = re.compile(r"v\s*=\s*DMARC1\s*(;|\Z)")
_PUBLIC_SUFFIX = re.compile(r";\s*psd\s*=\s*([yn])\b", re.IGNORECASE)
_DESTINATION = re.compile(r"\s*mailto:[^@,]+@([A-Za-z0-9._-]+)(![0-9]+[kmgt]?)?\s*", re.IGNORECASE)
_MEANINGS = {
    "DMARCDisposition": "policy (none, quarantine or reject)",
    "DMARCAlignment": "alignment (r or s)",
    "DMARCTesting": "value of t (y or n)",
    "Record required tag p unspecified": Message("the policy is missing (p=none, p=quarantine or p=reject)"),
}


@dataclass(frozen=True)
class DmarcRecord:
    """A record at `_dmarc.` of `domain`; `organisation` is the domain that it belongs to. `policy` is what it
    asks for mail of the domain it was looked up for (`none`, `quarantine`, `reject`; "" when it cannot be
    read, see `error`), `percent` to how much of it, `inherited` whether it is that of a parent. `aggregate`
    and `failure` are where reports go (URIs as they stand)."""

    domain: str
    organisation: str
    text: str
    inherited: bool
    policy: str = ""
    percent: int = 100
    aggregate: tuple[str, ...] = ()
    failure: tuple[str, ...] = ()
    error: str = ""

    @property
    def malformed_destinations(self) -> tuple[str, ...]:
        return tuple(uri for uri in (*self.aggregate, *self.failure) if not _DESTINATION.fullmatch(uri))

    @property
    def outside_destinations(self) -> tuple[str, ...]:
        """Return the domains that have to agree to get the reports (RFC 7489 section 7.1)."""
        matches = (_DESTINATION.fullmatch(uri) for uri in (*self.aggregate, *self.failure))
        domains = dict.fromkeys(match[1].lower().rstrip(".") for match in matches if match is not None)
        own = f".{self.organisation}"
        return tuple(name for name in domains if not f".{name}".endswith(own))[:_DESTINATIONS_LIMIT]


def is_record(text: str) -> bool:
    """Whether a TXT record is taken as a DMARC record (RFC 7489 section 6.6.3)."""
    return _RECORD.match(text) is not None


def places(domain: str) -> tuple[str, ...]:
    """Return the names where a record for the domain may be, its own first (tree walk of RFC 9989 section
    4.10)."""
    labels = domain.rstrip(".").lower().split(".")
    parents = [labels[start:] for start in range(1, len(labels))]
    if len(labels) > WALK_LIMIT - 1:
        parents = [parent for parent in parents if len(parent) < WALK_LIMIT]
    return tuple(f"_dmarc.{'.'.join(name)}" for name in (labels, *parents))[:WALK_LIMIT]


def effective(domain: str, answers: Sequence[DnsAnswer]) -> Optional[DmarcRecord]:
    """Return the record that counts for mail of the domain: its own, or else that of its organizational
    domain. A name with more than one record has none (RFC 7489 section 6.6.3)."""
    found = {}
    for answer in answers:
        texts = [text for text in answer.records if is_record(text)]
        if len(texts) == 1:
            found[answer.name.lower().removeprefix("_dmarc.")] = texts[0]
    if not found:
        return None
    organisation = _organisation(found)
    own = domain.rstrip(".").lower()
    return _read(own if own in found else organisation, organisation, found, own)


def _organisation(found: dict[str, str]) -> str:
    """Return the organizational domain (RFC 9989 section 4.10.2): the one that says so (psd=n), else the
    shortest that is no public suffix."""
    says = {name: match[1].lower() for name, text in found.items() for match in [_suffix(text)] if match}
    shortest = sorted(found, key=lambda name: name.count("."))
    for name in shortest:
        if says.get(name) == "n":
            return name
    return next((name for name in shortest if says.get(name) != "y"), shortest[-1])


def _suffix(text: str) -> Optional[re.Match[str]]:
    return _PUBLIC_SUFFIX.search(text[:_LENGTH_LIMIT])


def _read(domain: str, organisation: str, found: dict[str, str], own: str) -> DmarcRecord:
    import dmarc

    text = found[domain]
    inherited = domain != own
    if len(text) > _LENGTH_LIMIT:
        error = Message("the record has {count} characters; nobody reads one that long", count=len(text))
        return DmarcRecord(domain, organisation, text, inherited, error=error)
    try:
        read = dmarc.DMARC().parse_record(text, domain)
    except dmarc.Error as error:
        return DmarcRecord(domain, organisation, text, inherited, error=_plain(str(error)))
    asked = read.sp if inherited and read.sp is not dmarc.DMARCDisposition.UNSPECIFIED else read.p
    return DmarcRecord(
        domain,
        organisation,
        text,
        inherited,
        policy=str(asked.value),
        percent=read.pct,
        aggregate=tuple(uri.strip() for uri in read.rua),
        failure=tuple(uri.strip() for uri in read.ruf),
        error="" if 0 <= read.pct <= 100 else Message("pct={pct} is no percentage", pct=read.pct),
    )


def _plain(error: str) -> str:
    for theirs, ours in _MEANINGS.items():
        error = error.replace(theirs, ours)
    return error
