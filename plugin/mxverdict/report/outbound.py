"""The telnet ladder for people on a terminal, and for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from mxverdict.evidence import ProbeStage, Tls
from mxverdict.evidence.outbound import OutboundEvidence, SmtpAttempt
from mxverdict.findings import LadderReport
from mxverdict.report.json import to_json
from mxverdict.report.terminal import print_findings
from mxverdict.sanitize import visible

_SHOWN_LINES = 20


def ladder_json(ladder: OutboundEvidence, report: LadderReport) -> dict[str, Any]:
    return {
        "ladder": dataclasses.asdict(ladder),
        **to_json(report),
        "exit_status": report.exit_status,
    }


def print_ladder(ladder: OutboundEvidence, report: LadderReport, console: Console) -> None:
    """The conclusion, each conversation as it was held, then the findings."""
    console.print(Text(visible(report.summary), style="bold"))
    for remark in ladder.remarks:
        console.print(Text(f"Note: {visible(remark)}", style="yellow"))
    reached = [climb for receiver in ladder.receivers for climb in receiver.climbs]
    shown = dict.fromkeys(ladder.climbs if ladder.domain else reached)
    for climb in shown:
        _print_climb(climb, console)
    if ladder.delivery:
        console.print(Text("\nThe test message:", style="bold"), end="")
        _print_climb(ladder.delivery, console)
    console.print()
    print_findings(report.findings, console)


def _print_climb(climb: SmtpAttempt, console: Console) -> None:
    console.print()
    for text, style in climb_lines(climb):
        console.print(Text(text, style=style))


def climb_lines(climb: SmtpAttempt) -> Iterator[tuple[str, str]]:
    """Lines and their styles: `->` is what we sent, `<-` what came back and after how many seconds, `**` what
    happened besides."""
    source = climb.local_address or climb.source.address or "this server"
    yield f"{visible(climb.host)} [{climb.address}] from {source}", "bold"
    last_starttls = max((n for n, stage in enumerate(climb.stages) if stage.name == "starttls"), default=-1)
    for number, stage in enumerate(climb.stages):
        yield from _exchange(stage)
        if number == last_starttls and climb.tls is not None:
            yield _handshake(climb.tls)
    if climb.cause and climb.cause != "reply":
        yield f"  **          {visible(climb.failure)}", "red"


def _handshake(tls: Tls) -> tuple[str, str]:
    problem = f": {visible(tls.problem)}" if tls.problem else ""
    if not tls.handshake:
        return f"  **          TLS does not work{problem}", "red"
    trusted = problem or ", certificate trusted"
    return f"  **          {tls.version}{trusted}", "yellow" if problem else "green"


def _exchange(stage: ProbeStage) -> Iterator[tuple[str, str]]:
    if stage.command:
        yield f"  ->          {visible(stage.command)}", ""
    if stage.reply is None:
        yield f"  <- {stage.seconds:6.2f} s nothing", "red"
        return
    lines = stage.reply.lines[:_SHOWN_LINES]
    style = "green" if stage.reply.positive else "red"
    for number, line in enumerate(lines):
        time = f"{stage.seconds:6.2f} s" if number == 0 else " " * 8
        dash = "-" if number < len(stage.reply.lines) - 1 else " "
        yield f"  <- {time} {stage.reply.code}{dash}{visible(line)}", style
