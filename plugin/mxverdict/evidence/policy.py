"""What a domain publishes about its mail: SPF (RFC 7208) and DMARC (RFC 9989), as found in DNS."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DnsAnswer:
    """Records of one name and type; a TXT record is its text, joined without quotes, and only those
    that could be meant are kept. `exists` is False for a name that does not exist, `error` is "" or one line:
    nothing is known then."""

    name: str
    kind: str
    records: tuple[str, ...] = ()
    exists: bool = True
    error: str = ""


@dataclass(frozen=True)
class ReportDestination:
    """A domain outside the owner's that DMARC reports go to, and what it publishes about taking them
    (RFC 9990 section 4)."""

    domain: str
    answer: DnsAnswer


@dataclass(frozen=True)
class Policy:
    """`spf` holds every answer that is needed to evaluate the domain's SPF record for mail from `outgoing`:
    its TXT records first, then those of its tree; `cut` is "" or why it was not followed to its end.
    `spf_type` is the deprecated record type 99. `dmarc` holds the TXT answers at `_dmarc.` of the domain and
    of its parents, nearest first, and `destinations` where the reports of the record that counts go."""

    domain: str
    spf: tuple[DnsAnswer, ...]
    spf_type: DnsAnswer
    dmarc: tuple[DnsAnswer, ...]
    destinations: tuple[ReportDestination, ...] = ()
    outgoing: tuple[str, ...] = ()
    cut: str = ""
