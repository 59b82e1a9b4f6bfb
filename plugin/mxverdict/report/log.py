"""The testers' visits for people on a terminal and for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from mxverdict.evidence.visit import Visit, VisitLog
from mxverdict.judge.smtp.visit_comparison import ending, format_time, reported_text
from mxverdict.sanitize import visible
from mxverdict.testers import Tester

_MAX_LINES = 200


def log_json(log: VisitLog, testers: Sequence[Tester]) -> dict[str, Any]:
    """Return `visits` with their fields as collected, a text on how each ended, and what the tester
    printed."""
    known = {tester.name: tester for tester in testers}
    return {
        "since": log.since,
        "visits": [
            {
                **dataclasses.asdict(visit),
                "time": datetime.fromtimestamp(visit.came_at).astimezone().isoformat(),
                "met": ending(visit),
                "printed": reported_text(visit, known[visit.tester]) if visit.tester in known else "",
            }
            for visit in log.visits
        ],
        "remarks": list(log.remarks),
    }


def print_log(log: VisitLog, testers: Sequence[Tester], console: Console) -> None:
    """Print a line for each visit, the oldest first, and below it what the tester will have printed."""
    known = {tester.name: tester for tester in testers}
    for remark in log.remarks:
        console.print(Text(f"Note: {visible(remark)}", style="yellow"))
    if log.since is None:
        console.print("Exim's main log is not there.")
        return
    since = datetime.fromtimestamp(log.since).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
    number = len(log.visits)
    many = "No visit" if not number else "1 visit" if number == 1 else f"{number} visits"
    console.print(Text(f"{many} of testers since {since}", style="bold"))
    if number > _MAX_LINES:
        console.print(f"  the last {_MAX_LINES}; --json has all")
    for visit in log.visits[-_MAX_LINES:]:
        _print_visit(visit, known.get(visit.tester), console)


def _print_visit(visit: Visit, tester: Tester | None, console: Console) -> None:
    title = tester.title if tester else visit.tester
    port = f" port {visit.port}" if visit.port else ""
    helo = f', EHLO "{visible(visit.helo, 100)}"' if visit.helo else ""
    console.print(Text(f"  {format_time(visit)}  {title} from {visit.address}{port}{helo}"))
    console.print(Text(f"    it {visible(ending(visit), 300)}"))
    said = reported_text(visit, tester) if tester else ""
    if said:
        console.print(Text(f"    {title} says: {said}", style="dim"))
