"""Refused senders and what the delay did, for people on a terminal and for programs."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mxverdict.evidence.traffic import CAUSES, DelayedSender, RefusedSender, Traffic
from mxverdict.judge.durations import duration
from mxverdict.judge.log.delay_impact import LIMITS, judge_delay_cost
from mxverdict.judge.log.refused_senders import CAUSES as CAUSE_TEXTS
from mxverdict.judge.log.refused_senders import accepted_later, judge_refused_senders
from mxverdict.report.figures import bars, figures, what_if
from mxverdict.report.json import to_json
from mxverdict.report.terminal import print_findings
from mxverdict.report.timestamps import iso, stamp
from mxverdict.sanitize import visible

_SHOWN = 15
_BAR = 40


def traffic_json(traffic: Traffic) -> dict[str, Any]:
    """Return all that was collected (times as Unix times), the findings, and the limits of the log."""
    return {
        **dataclasses.asdict(traffic),
        "since_iso": iso(traffic.since),
        "until_iso": iso(traffic.until),
        "findings": to_json(_findings(traffic)),
        "causes": {cause: CAUSE_TEXTS[cause] for cause in CAUSES},
        "limits": list(LIMITS),
    }


def print_traffic(traffic: Traffic, console: Console) -> None:
    """Print refused senders, what the delay did hour by hour, the findings, and what the log cannot tell."""
    for remark in traffic.remarks:
        console.print(Text(f"Note: {visible(remark)}", style="yellow"))
    if traffic.read_from is not None:
        _print_refused(traffic, console)
        _print_delay(traffic, console)
    console.print()
    print_findings(_findings(traffic), console)
    if traffic.left:
        for limit in LIMITS:
            console.print(Text(f"  {limit}", style="dim"))


def _findings(traffic: Traffic) -> tuple[Any, ...]:
    return judge_refused_senders(traffic) + judge_delay_cost(traffic)


def _print_refused(traffic: Traffic, console: Console) -> None:
    title = f"\nSender verification refused {traffic.refused_total} times, {traffic.refused_groups} senders"
    console.print(Text(title, style="bold"))
    if not traffic.refused:
        return
    table = Table("relay host", "sender domain", "count", "first", "last", "why", "came in since", box=SIMPLE)
    for one in traffic.refused[:_SHOWN]:
        table.add_row(*_refused_cells(one))
    console.print(table)
    rest = traffic.refused_groups - min(_SHOWN, len(traffic.refused))
    if rest:
        console.print(Text(f"  and {rest} more", style="dim"))


def _refused_cells(one: RefusedSender) -> Iterator[Text]:
    host = f"{one.name}\n{one.address}" if one.name else one.address
    passed = "no"
    if one.passed_at is not None:
        passed = f"{one.passed}, {'since then too' if accepted_later(one) else 'before the last'}"
    deferred = f" ({one.deferred} put off)" if one.deferred else ""
    for text in (
        host, one.domain or "(none)", f"{one.count}{deferred}", _when(one.first), _when(one.last),
        CAUSE_TEXTS.get(one.cause, one.cause), passed,
    ):  # fmt: skip
        yield Text(visible(text, 300))


def _print_delay(traffic: Traffic, console: Console) -> None:
    console.print(
        Text(f"\nThe delay, {stamp(traffic.since)} to {stamp(traffic.until)}, in whole hours", style="bold")
    )
    if not traffic.complete:
        console.print(Text("  reading is not finished; the figures grow with the next call", style="yellow"))
    for name, number, remark in figures(traffic):
        console.print(Text(f"  {name:<27}{number:>9}  {remark}"))
    if traffic.untold:
        text = f"  {traffic.untold} addresses were too many to tell apart: they are in the sums alone"
        console.print(Text(text, style="yellow"))
    if traffic.left:
        console.print(Text("\n  Of the addresses that left, this would have exempted:", style="bold"))
        for name, addresses, connections, remark in what_if(traffic):
            counted = f"{addresses} addresses, {connections} connections" + (
                f"  ({remark})" if remark else ""
            )
            console.print(Text(f"  {name:<37}{counted}"))
    _print_bars(traffic, console)
    _print_senders("Always give up", traffic.giving_up, traffic.giving_up_total, console)
    _print_senders("Kept waiting longest", traffic.waiting, traffic.kept_waiting, console)


def _print_bars(traffic: Traffic, console: Console) -> None:
    made = bars(traffic.hours, traffic.since, traffic.until)
    highest = max((bar.connections for bar in made), default=0)
    if not highest:
        return
    console.print(Text("\n  connections: █ stayed  ░ left during the delay", style="dim"))
    for bar in made:
        length = max(round(_BAR * bar.connections / highest), bool(bar.connections))
        gone = min(length, max(round(_BAR * bar.left / highest), bool(bar.left)))
        console.print(
            Text.assemble(
                f"  {time.strftime('%m-%d %H:%M', time.localtime(bar.start))} ",
                ("█" * (length - gone), "green"),
                ("░" * gone, "red"),
                f" {bar.connections}" + (f", {bar.left} left" if bar.left else ""),
            )
        )


def _print_senders(title: str, senders: Sequence[DelayedSender], total: int, console: Console) -> None:
    if not senders:
        return
    console.print(Text(f"\n  {title}: {total} addresses", style="bold"))
    for one in senders[:_SHOWN]:
        waited = f", delivered after {duration(one.waited)}" if one.waited is not None else ""
        name = f" {one.name}" if one.name else ""
        times = f"left {one.left} times, {_when(one.first_left)} to {_when(one.last_left)}"
        console.print(Text(f"  {visible(one.address + name, 300)}  {times}{waited}"))
    if total > _SHOWN:
        console.print(Text(f"  and {total - _SHOWN} more", style="dim"))


def _when(unix_time: float) -> str:
    return time.strftime("%m-%d %H:%M", time.localtime(unix_time))
