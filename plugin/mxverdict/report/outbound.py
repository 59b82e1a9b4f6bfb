"""The outbound test for people on a terminal, and for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from mxverdict.evidence import ProbeStage, Tls
from mxverdict.evidence.outbound import OutboundEvidence, SmtpAttempt
from mxverdict.findings import OutboundReport
from mxverdict.report.json import to_json
from mxverdict.report.terminal import print_findings
from mxverdict.sanitize import visible

_SHOWN_LINES = 20


def outbound_json(outbound: OutboundEvidence, report: OutboundReport) -> dict[str, Any]:
    return {
        "ladder": dataclasses.asdict(outbound),
        **to_json(report),
        "exit_status": report.exit_status,
    }


def print_outbound(outbound: OutboundEvidence, report: OutboundReport, console: Console) -> None:
    """Print the conclusion, each conversation as it was held, then the findings."""
    console.print(Text(visible(report.summary), style="bold"))
    for remark in outbound.remarks:
        console.print(Text(f"Note: {visible(remark)}", style="yellow"))
    reached = [attempt for receiver in outbound.receivers for attempt in receiver.climbs]
    shown = dict.fromkeys(outbound.climbs if outbound.domain else reached)
    for attempt in shown:
        _print_attempt(attempt, console)
    if outbound.delivery:
        console.print(Text("\nThe test message:", style="bold"), end="")
        _print_attempt(outbound.delivery, console)
    console.print()
    print_findings(report.findings, console)


def _print_attempt(attempt: SmtpAttempt, console: Console) -> None:
    console.print()
    for text, style in attempt_lines(attempt):
        console.print(Text(text, style=style))


def attempt_lines(attempt: SmtpAttempt) -> Iterator[tuple[str, str]]:
    """Yield lines and their styles: `->` is what we sent, `<-` what came back and after how many seconds,
    `**` what happened besides."""
    source = attempt.local_address or attempt.source.address or "this server"
    yield f"{visible(attempt.host)} [{attempt.address}] from {source}", "bold"
    last_starttls = max((n for n, stage in enumerate(attempt.stages) if stage.name == "starttls"), default=-1)
    for number, stage in enumerate(attempt.stages):
        yield from _exchange(stage)
        if number == last_starttls and attempt.tls is not None:
            yield _handshake(attempt.tls)
    if attempt.cause and attempt.cause != "reply":
        yield f"  **          {visible(attempt.failure)}", "red"


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
