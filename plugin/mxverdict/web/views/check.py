"""What the templates show, made from a check's result: plain values in the order of the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

from mxverdict.errors import MxVerdictError
from mxverdict.findings import Finding, Prediction, Report, Verdict, worst_first
from mxverdict.testers import Tester
from mxverdict.web.views.timeline import Timeline, timeline

if TYPE_CHECKING:
    from mxverdict.evidence import DelayState, Evidence, Preview

CARDS_SHOWN = 8
"""Addresses that one tester's group shows, the worst first; the report to download holds all."""


@dataclass(frozen=True)
class Card:
    """One tester's report about one address. `tally` counts the verdicts that occur, worst first."""

    prediction: Prediction
    findings: tuple[Finding, ...]
    tally: tuple[tuple[Verdict, int], ...]
    timeline: Optional[Timeline]

    @property
    def complains(self) -> bool:
        return any(finding.row.level in ("warning", "error") for finding in self.findings)

    @property
    def has_problem(self) -> bool:
        return any(verdict is Verdict.PROBLEM for verdict, _ in self.tally)


@dataclass(frozen=True)
class Group:
    """The cards of one tester. `omitted` more are not shown."""

    title: str
    cards: tuple[Card, ...]
    omitted: int = 0


@dataclass(frozen=True)
class Delay:
    """`state` is `on`, `off` or `unknown`; `note` says where setting and configuration disagree, or ""."""

    state: str
    setting: str
    running: str
    note: str


@dataclass(frozen=True)
class CheckView:
    """`error` is set instead of all else when nothing could be checked."""

    report: Optional[Report] = None
    delay: Optional[Delay] = None
    greylisting: str = ""
    server: tuple[Finding, ...] = ()
    groups: tuple[Group, ...] = field(default=())
    error: Optional[MxVerdictError] = None

    @property
    def problems(self) -> int:
        """How many rows are real problems, of the server and of what testers report."""
        findings = [one for group in self.groups for card in group.cards for one in card.findings]
        rows = {(one.row.category, one.row.name) for one in findings if one.verdict is Verdict.PROBLEM}
        return len(rows) + sum(finding.verdict is Verdict.PROBLEM for finding in self.server)

    @property
    def others_have_problems(self) -> bool:
        return any(card.has_problem for group in self.groups[1:] for card in group.cards)

    @property
    def delayed(self) -> bool:
        """Whether the first tester complains because of the delay."""
        cards = self.groups[0].cards if self.groups else ()
        return any(
            card.complains and any(stage.delay for stage in card.prediction.session.stages) for card in cards
        )

    @property
    def server_is_broken(self) -> bool:
        return any(finding.verdict is Verdict.PROBLEM for finding in self.server)


def check_view(evidence: Evidence, report: Report, testers: Sequence[Tester]) -> CheckView:
    return CheckView(
        report=report,
        delay=delay(report.delay_on, evidence.settings),
        greylisting=_on_off(evidence.settings.greylisting),
        server=worst_first(report.server),
        groups=_groups(report.predictions, evidence, testers),
    )


def delay(is_on: Optional[bool], settings: DelayState) -> Delay:
    stanzas = settings.delay_stanzas
    note = ""
    if settings.delay_setting is not None and stanzas is not None and settings.delay_setting != (stanzas > 0):
        note = "The setting and what Exim runs disagree: no build has put the change into exim.conf."
    if settings.edit_in_progress:
        note = "Somebody is changing the Exim configuration right now."
    return Delay(
        state=_on_off(is_on),
        setting=_on_off(settings.delay_setting),
        running="unknown" if stanzas is None else "on" if stanzas else "off",
        note=note,
    )


def _groups(
    predictions: Sequence[Prediction], evidence: Evidence, testers: Sequence[Tester]
) -> tuple[Group, ...]:
    groups = []
    for tester in testers:
        cards = [
            _card(one, preview_of(one, tester, evidence)) for one in predictions if one.tester == tester.name
        ]
        if cards:
            shown = sorted(cards, key=_rank)[:CARDS_SHOWN]
            groups.append(Group(tester.title, tuple(shown), len(cards) - len(shown)))
    return tuple(groups)


def _card(prediction: Prediction, preview: Optional[Preview]) -> Card:
    findings = worst_first(prediction.findings)
    counts = Counter(finding.verdict for finding in findings)
    return Card(
        prediction=prediction,
        findings=findings,
        tally=tuple((verdict, counts[verdict]) for verdict in Verdict if counts[verdict]),
        timeline=timeline(prediction, preview),
    )


def preview_of(prediction: Prediction, tester: Tester, evidence: Evidence) -> Optional[Preview]:
    """Return the simulated session (exim -bh) that the prediction was made from."""
    local = {target.address: target.local_address for target in evidence.targets}
    for preview in evidence.previews:
        if (
            preview.address in prediction.sources
            and preview.local_address == local.get(prediction.server_address)
            and preview.commands == tuple(command for _, command in tester.commands(preview.address))
        ):
            return preview
    return None


def _rank(card: Card) -> tuple[int, bool, str]:
    """Worst first, then IPv4 before IPv6."""
    worst = card.tally[0][0].rank if card.tally else len(Verdict)
    return worst, ":" in card.prediction.server_address, card.prediction.server_address


def _on_off(value: Optional[bool]) -> str:
    return "unknown" if value is None else "on" if value else "off"
