"""Which DMARC record applies to a domain: policy discovery and the DNS tree walk (RFC 9989 section 4.10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence.policy import DnsAnswer
from mxverdict.mailauth.dmarc.destination import mail_domain
from mxverdict.mailauth.dmarc.record import Record, is_record, parse

WALK_LIMIT = 8
"""Names that are asked for one domain (RFC 9989 section 4.10)."""
_DESTINATIONS_LIMIT = 10
_PREFIX = "_dmarc."


@dataclass(frozen=True)
class DmarcRecord:
    """The record at `_dmarc.` of `domain` that applies to mail of a domain; `organization` is the
    organizational domain, `inherited` whether it is the record of a parent, `requested` and `policy` what it
    asks for that mail and what receivers apply (`none`, `quarantine`, `reject`; "" when they ignore it)."""

    domain: str
    organization: str
    record: Record
    inherited: bool
    requested: str
    policy: str

    @property
    def outside_destinations(self) -> tuple[str, ...]:
        """Domains that have to agree to get the reports (RFC 9990 section 4)."""
        uris = (*self.record.aggregate, *self.record.failure)
        domains = dict.fromkeys(filter(None, map(mail_domain, uris)))
        own = f".{self.organization}"
        return tuple(name for name in domains if not f".{name}".endswith(own))[:_DESTINATIONS_LIMIT]


def places(domain: str) -> tuple[str, ...]:
    """Names where a record for the domain may be, its own first (tree walk of RFC 9989 section 4.10)."""
    labels = domain.rstrip(".").lower().split(".")
    parents = [labels[start:] for start in range(1, len(labels))]
    if len(labels) > WALK_LIMIT - 1:
        parents = [parent for parent in parents if len(parent) < WALK_LIMIT]
    return tuple(f"{_PREFIX}{'.'.join(name)}" for name in (labels, *parents))[:WALK_LIMIT]


def effective(domain: str, answers: Sequence[DnsAnswer], exists: bool = True) -> Optional[DmarcRecord]:
    """Return the record that applies to mail of the domain: its own, else that of its organizational domain,
    else that of its public suffix. `answers` are those of `places`; `exists` is whether the domain does.

    A name with more than one record has none (RFC 9989 section 4.10, steps 2 and 6).
    """
    own = domain.rstrip(".").lower()
    found = dict(_walk(own, answers))
    if not found:
        return None
    organization = _organization(own, found)
    holder = next((name for name in (own, organization) if name in found), list(found)[-1])
    record, inherited = found[holder], holder != own
    return DmarcRecord(
        holder,
        organization,
        record,
        inherited,
        record.requested(inherited, exists),
        record.applied(inherited, exists),
    )


def _walk(own: str, answers: Sequence[DnsAnswer]) -> Iterator[tuple[str, Record]]:
    """Yield names and their records up to the top, or to one that says whether it is a public suffix."""
    by_name = {answer.name.lower().rstrip("."): answer for answer in answers}
    for place in places(own):
        answer = by_name.get(place)
        texts = [text for text in answer.records if is_record(text)] if answer is not None else []
        if len(texts) == 1:
            record = parse(texts[0])
            yield place.removeprefix(_PREFIX), record
            if record.public_suffix in ("y", "n"):
                return


def _organization(own: str, found: dict[str, Record]) -> str:
    """Return the organizational domain (RFC 9989 section 4.10.2); `found` is the walk's, nearest first."""
    top, record = list(found.items())[-1]
    if record.public_suffix == "y" and top != own:
        below = own.removesuffix(f".{top}").rpartition(".")[2]
        return f"{below}.{top}"
    return top
