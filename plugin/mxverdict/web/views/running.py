"""What the pages show of a check that still runs: the known rows, and what is pending."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mxverdict.findings import Finding, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.pasted import Answer, Explanation
from mxverdict.testers import Tester
from mxverdict.testers.row_texts import CATEGORIES
from mxverdict.web.tasks.checks import PartialCheck
from mxverdict.web.views.check import Group, check_view
from mxverdict.web.views.domain import DomainView, domain_view

_PENDING = {
    "blacklist": N_("Blocklists are still being asked."),
    "smtp": N_("Still looking at what testers meet at this server."),
    "dns": N_("Name servers are still being asked."),
    "mx": N_("Still talking to the mail hosts."),
    "spf": N_("The SPF record is still being read."),
    "dmarc": N_("The DMARC record is still being read."),
}


@dataclass(frozen=True)
class RunningView:
    """`groups` and `listings` are about an address. `pending` has a sentence for each category of rows that
    is not known yet, `count` is the number of known rows."""

    domains: tuple[DomainView, ...] = ()
    groups: tuple[Group, ...] = ()
    listings: tuple[Finding, ...] = ()
    pending: tuple[str, ...] = ()
    count: int = 0


def running_view(found: PartialCheck, testers: Sequence[Tester]) -> RunningView:
    report = found.report
    domains = tuple(domain_view(domain) for domain in report.domains)
    shown = check_view(found.evidence, report, testers)
    groups = () if domains else shown.groups
    listings = () if domains else shown.server
    count = sum(len(domain.findings) for domain in report.domains)
    count += sum(len(card.findings) for group in groups for card in group.cards) + len(listings)
    return RunningView(domains, groups, listings, pending(found.complete), count)


def pending(complete: Collection[str]) -> tuple[str, ...]:
    return tuple(_(_PENDING[category]) for category in CATEGORIES if category not in complete)


def partial_answers(explanation: Explanation, complete: Collection[str]) -> tuple[Answer, ...]:
    """Return the answers that are final: rows of complete categories, without `unknown` ones, which other
    rows may yet answer."""
    return tuple(
        answer
        for answer in explanation.answers
        if answer.verdict is not Verdict.UNKNOWN and _category(answer) in complete
    )


def _category(answer: Answer) -> str:
    return answer.row.category if answer.row.category in CATEGORIES else "smtp"
