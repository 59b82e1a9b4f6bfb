"""Judges everything MXToolbox's domain health report prints about one domain, and what it leaves out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Optional

from mxverdict.evidence import Domain, Evidence
from mxverdict.evidence.blocklist import BlocklistEvidence
from mxverdict.evidence.outgoing import sending_addresses
from mxverdict.findings import LEVELS, DomainReport, Finding, Prediction
from mxverdict.judge.domain.blocklist import judge_blocklists
from mxverdict.judge.domain.mail_policy import judge_policy
from mxverdict.judge.domain.mx import judge_mail_route
from mxverdict.judge.domain.zone import judge_zone
from mxverdict.judge.summary import about_domain
from mxverdict.testers.row_texts import CATEGORIES

TESTER = "mxtoolbox"


def judge_domains(evidence: Evidence, predictions: Sequence[Prediction]) -> tuple[DomainReport, ...]:
    """Return a report for each domain in `evidence`; its SMTP rows are those of `predictions` for its mail
    hosts."""

    @cache
    def listings(addresses: frozenset[str]) -> tuple[Finding, ...]:
        return _listings(evidence.blocklists, addresses)

    return tuple(_report(domain, evidence, predictions, listings) for domain in evidence.domains)


def _report(
    domain: Domain,
    evidence: Evidence,
    predictions: Sequence[Prediction],
    listings: Callable[[frozenset[str]], tuple[Finding, ...]],
) -> DomainReport:
    own = frozenset(evidence.own_addresses)
    sending = sending_addresses(domain.name, evidence.outgoing)
    mail_hosts = [address for host in domain.route.hosts for address in host.addresses]
    found = [
        *listings(frozenset([*mail_hosts, *sending])),
        *_smtp(predictions, _own_targets(domain, evidence)),
        *judge_zone(domain.zone, evidence.taken_at, own),
        *judge_mail_route(domain.route, evidence.greetings, own, domain.routing),
        *judge_policy(domain.policy, sending),
    ]
    found.sort(key=lambda f: (LEVELS.index(f.row.level), CATEGORIES.index(f.row.category)))
    return DomainReport(domain.name, about_domain("MXToolbox", found), tuple(found))


def _own_targets(domain: Domain, evidence: Evidence) -> tuple[str, ...]:
    return next((asked.addresses for asked in evidence.asked if asked.name == domain.name), ())


def _listings(evidence: Optional[BlocklistEvidence], addresses: frozenset[str]) -> tuple[Finding, ...]:
    if evidence is None:
        return ()
    return judge_blocklists(
        replace(
            evidence,
            addresses=tuple(address for address in evidence.addresses if address in addresses),
            answers=tuple(answer for answer in evidence.answers if answer.address in addresses),
            not_asked=tuple(address for address in evidence.not_asked if address in addresses),
        )
    )


def _smtp(predictions: Sequence[Prediction], addresses: Sequence[str]) -> list[Finding]:
    """Return the rows of the first of the tester's source addresses, for each of the server's `addresses`."""
    first: dict[str, Prediction] = {}
    for prediction in predictions:
        if prediction.tester == TESTER and prediction.server_address in addresses:
            first.setdefault(prediction.server_address, prediction)
    return [
        replace(finding, row=replace(finding.row, host=address))
        for address, prediction in first.items()
        for finding in prediction.findings
    ]
