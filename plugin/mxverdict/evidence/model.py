"""All evidence of one check, and how it goes through a file."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Optional

from mxverdict.evidence.audience import Audience, redacted, root_alone
from mxverdict.evidence.blocklist import BlocklistEvidence
from mxverdict.evidence.decode import decode
from mxverdict.evidence.mail_route import HostGreeting, MailRoute, Routing
from mxverdict.evidence.outgoing import Outgoing, of_domains
from mxverdict.evidence.policy import Policy
from mxverdict.evidence.relay import RelayProbe
from mxverdict.evidence.reverse_dns import Forward, ReverseDns
from mxverdict.evidence.server import DelayState, RelayListEntry, RequestedTarget, Target
from mxverdict.evidence.smtp import Preview, PreviewStage, Probe, ProbeStage, Reply, Tls
from mxverdict.evidence.visit import VisitLog
from mxverdict.evidence.zone import Zone

__all__ = [
    "DelayState",
    "Domain",
    "Evidence",
    "Forward",
    "Preview",
    "PreviewStage",
    "Probe",
    "ProbeStage",
    "RelayListEntry",
    "Reply",
    "RequestedTarget",
    "ReverseDns",
    "Target",
    "Tls",
    "from_json",
    "seen_by",
    "to_json",
]  # fmt: skip

SCHEMA = 1
_YEAR_9999 = 253_370_764_800


@dataclass(frozen=True)
class Domain:
    """All that was collected about one domain. `routing` is how cPanel routes its mail on this server."""

    name: str
    route: MailRoute
    zone: Zone
    policy: Policy
    routing: Routing


@dataclass(frozen=True)
class Evidence:
    """What one check collected. `taken_at` is Unix time; `testers` are the names of those it was collected
    for, `targets` the server addresses checked."""

    version: str
    taken_at: float
    hostname: str
    exim_version: str
    testers: tuple[str, ...]
    targets: tuple[Target, ...]
    previews: tuple[Preview, ...]
    probes: tuple[Probe, ...]
    reverse_dns: tuple[ReverseDns, ...]
    settings: DelayState
    relay_entries: tuple[RelayListEntry, ...] = field(default=(), metadata=root_alone())
    remarks: tuple[str, ...] = ()
    asked: tuple[RequestedTarget, ...] = ()
    own_addresses: tuple[str, ...] = ()
    """This server's, from inside and outside, as far as anything collected leads to one."""
    domains: tuple[Domain, ...] = ()
    greetings: tuple[HostGreeting, ...] = ()
    """Each remote mail host of the domains once."""
    blocklists: Optional[BlocklistEvidence] = None
    outgoing: tuple[Outgoing, ...] = ()
    relay_tests: tuple[RelayProbe, ...] = field(default=(), metadata=root_alone())
    visits: VisitLog = field(default_factory=VisitLog, metadata=root_alone())
    schema: int = field(default=SCHEMA)


def seen_by(evidence: Evidence, audience: Audience) -> Evidence:
    """Return what `audience` may see of the evidence of a check of theirs."""
    if audience is Audience.ROOT:
        return evidence
    names = [domain.name for domain in evidence.domains]
    outgoing = of_domains(evidence.outgoing, names)
    return redacted(dataclasses.replace(evidence, outgoing=outgoing), audience)


def to_json(evidence: Evidence) -> dict[str, Any]:
    return dataclasses.asdict(evidence)


def from_json(data: object) -> Evidence:
    """Return the inverse of `to_json`. Raises ValueError with one line when the data is not such evidence."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError(f"this is no evidence file of schema {SCHEMA}")
    evidence = decode(Evidence, data, "evidence")
    assert isinstance(evidence, Evidence)
    if not 0 <= evidence.taken_at < _YEAR_9999:
        raise ValueError("evidence.taken_at is no time")
    return evidence
