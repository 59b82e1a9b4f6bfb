"""What the templates show, made from a check's result: plain values in the order of the page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Optional

from mxverdict.errors import MxVerdictError
from mxverdict.evidence import Evidence, Preview, Settings
from mxverdict.findings import Finding, Prediction, Report, Verdict
from mxverdict.web.timeline import Timeline, timeline

_ORDER = list(Verdict)


@dataclass(frozen=True)
class Card:
    """One tester's report about one address. `tally` counts the verdicts that occur, worst first."""

    prediction: Prediction
    findings: tuple[Finding, ...]
    tally: tuple[tuple[Verdict, int], ...]
    timeline: Optional[Timeline]
    expanded: bool


@dataclass(frozen=True)
class Group:
    """The cards of one tester."""

    title: str
    cards: tuple[Card, ...]


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


def check_view(evidence: Evidence, report: Report) -> CheckView:
    return CheckView(
        report=report,
        delay=delay(report.delay_on, evidence.settings),
        greylisting=_on_off(evidence.settings.greylisting),
        server=worst_first(report.server),
        groups=_groups(report.predictions, evidence),
    )


def worst_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.verdict)))


def delay(is_on: Optional[bool], settings: Settings) -> Delay:
    stanzas = settings.delay_stanzas
    note = ""
    if settings.delay_setting is not None and stanzas is not None and settings.delay_setting != (stanzas > 0):
        note = "The setting and what Exim runs disagree: the configuration was not rebuilt after a change."
    if settings.edit_in_progress:
        note = "Somebody is changing the Exim configuration right now."
    return Delay(
        state=_on_off(is_on),
        setting=_on_off(settings.delay_setting),
        running="unknown" if stanzas is None else "on" if stanzas else "off",
        note=note,
    )


def moment(unix_time: float, *, day: bool = False) -> str:
    """A time of day in the server's zone, with the zone named; with the date when `day` or when it is not today."""
    local = time.localtime(unix_time)
    zone = time.strftime("%Z (UTC%z)", local)
    name = time.strftime("%Z", local)
    clock = time.strftime("%H:%M:%S ", local) + (name if name in ("UTC", "GMT") else zone)
    if day or local[:3] != time.localtime()[:3]:
        return time.strftime("%Y-%m-%d ", local) + clock
    return clock


def countdown(seconds: float) -> str:
    """`14:05`, or `1:14:05` from an hour on."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _groups(predictions: Sequence[Prediction], evidence: Evidence) -> tuple[Group, ...]:
    local = {target.address: target.local_address for target in evidence.targets}
    first = predictions[0] if predictions else None
    groups = []
    for title, members in groupby(predictions, key=lambda prediction: prediction.title):
        cards = [
            _card(
                one, [p for p in evidence.previews if p.local_address == local.get(one.server_address)], first
            )
            for one in members
        ]
        cards.sort(key=lambda card: _ORDER.index(card.tally[0][0]) if card.tally else len(_ORDER))
        groups.append(Group(title, tuple(cards)))
    return tuple(groups)


def _card(prediction: Prediction, previews: Sequence[Preview], first: Optional[Prediction]) -> Card:
    findings = worst_first(prediction.findings)
    tally = tuple(
        (verdict, count)
        for verdict in _ORDER
        if (count := sum(finding.verdict is verdict for finding in findings))
    )
    return Card(
        prediction=prediction,
        findings=findings,
        tally=tally,
        timeline=timeline(prediction, previews),
        expanded=prediction is first or any(finding.verdict is Verdict.PROBLEM for finding in findings),
    )


def _on_off(value: Optional[bool]) -> str:
    return "unknown" if value is None else "on" if value else "off"
