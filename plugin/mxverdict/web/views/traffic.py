"""What the page of the log shows of those who sent: whom the server refused, and what the delay does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence.traffic import DelayedSender, RefusedSender, Traffic, TrafficHour
from mxverdict.findings import Finding, worst_first
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.catalog import ngettext
from mxverdict.judge.durations import duration
from mxverdict.judge.log.delay_impact import LIMITS, judge_delay_cost
from mxverdict.judge.log.refused_senders import CAUSES, accepted_later, judge_refused_senders
from mxverdict.report.figures import bars, figures, what_if
from mxverdict.testers.providers import title_of
from mxverdict.web.views.chart import Chart, chart

_MAX_REFUSED = 50
_MAX_DELAYED = 15
_ALWAYS = 2
"""Figures that are shown even when they are 0."""


@dataclass(frozen=True)
class Refused:
    """A relay host and sender domain that was refused; sentences for `why` and for what has `passed`
    since."""

    sender: RefusedSender
    why: str
    passed: str


@dataclass(frozen=True)
class Delayed:
    """An address that left during the delay; `delivered` says when it delivered, "" for never, `provider`
    whose pool it belongs to, "" for none."""

    sender: DelayedSender
    delivered: str
    provider: str


@dataclass(frozen=True)
class TrafficView:
    """`figures` are (what, number, note); `omitted` of the senders refused are not listed, `counted` is False
    when the log holds nothing that could be counted."""

    traffic: Traffic
    counted: bool
    refused: tuple[Refused, ...]
    omitted: int
    refused_findings: tuple[Finding, ...]
    delay_findings: tuple[Finding, ...]
    chart: Optional[Chart]
    bars: tuple[TrafficHour, ...]
    figures: tuple[tuple[str, int, str], ...]
    what_if: tuple[tuple[str, int, int, str], ...]
    giving_up: tuple[Delayed, ...]
    waiting: tuple[Delayed, ...]
    limits: tuple[str, ...]


def traffic_view(traffic: Traffic) -> TrafficView:
    made = bars(traffic.hours, traffic.since, traffic.until)
    shown = traffic.refused[:_MAX_REFUSED]
    return TrafficView(
        traffic=traffic,
        counted=traffic.read_from is not None,
        refused=tuple(_refused(one) for one in shown),
        omitted=max(0, traffic.refused_groups - len(shown)),
        refused_findings=worst_first(judge_refused_senders(traffic)),
        delay_findings=worst_first(judge_delay_cost(traffic)),
        chart=chart(made),
        bars=tuple(made),
        figures=tuple(one for n, one in enumerate(figures(traffic)) if n < _ALWAYS or one[1]),
        what_if=what_if(traffic) if traffic.left else (),
        giving_up=_delayed(traffic.giving_up),
        waiting=_delayed(traffic.waiting),
        limits=LIMITS if traffic.left else (),
    )


def _refused(one: RefusedSender) -> Refused:
    if one.passed_at is None:
        passed = _("Since the first refusal nothing came in.")
    else:
        later = _("the last one after the last refusal")
        earlier = _("the last one before the last refusal")
        passed = ngettext(
            "Since the first refusal {count} message came in all the same, {when}.",
            "Since the first refusal {count} messages came in all the same, {when}.",
            one.passed,
        ).format(count=one.passed, when=later if accepted_later(one) else earlier)
    return Refused(one, _(CAUSES.get(one.cause, one.cause)), passed)


def _delayed(senders: Sequence[DelayedSender]) -> tuple[Delayed, ...]:
    return tuple(
        Delayed(
            one,
            _("after {duration}").format(duration=duration(one.waited)) if one.waited is not None else "",
            title_of(one.name),
        )
        for one in senders[:_MAX_DELAYED]
    )
