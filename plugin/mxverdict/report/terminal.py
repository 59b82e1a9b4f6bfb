"""The report for people on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from mxverdict.findings import DomainReport, Finding, Prediction, Report, Verdict, worst_first
from mxverdict.judge.domain.report import TESTER
from mxverdict.sanitize import visible
from mxverdict.testers import format_sources

INDENT = 23
_NARROWEST = 20
STYLES = {
    Verdict.PROBLEM: "bold red",
    Verdict.FALSE_POSITIVE: "green",
    Verdict.UNKNOWN: "bold yellow",
    Verdict.ADVISORY: "yellow",
    Verdict.NOT_RUN: "cyan",
    Verdict.OK: "dim",
}


@dataclass(frozen=True)
class VerdictLine:
    """A verdict with `text` beside it; what does not fit goes on below `text`."""

    verdict: Verdict
    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        label, style = f"  {self.verdict.label:<{INDENT - 2}}", STYLES[self.verdict]
        for line in self.text.wrap(console, max(options.max_width - INDENT, _NARROWEST)):
            yield Text.assemble((label, style), line)
            label = " " * INDENT


def print_report(report: Report, console: Console, *, transcripts: bool = False) -> None:
    """Print the summary, then what is wrong with the server, the domains, what is harmless about the server,
    and each tester's rows with verdict and evidence."""
    console.print(Text(visible(report.summary), style="bold"))
    state = {True: "on", False: "off", None: "unknown"}[report.delay_on]
    console.print(
        f"{visible(report.hostname)}, Exim {visible(report.exim_version)}; delay for unknown hosts: {state}"
    )
    for remark in report.remarks:
        console.print(Text(f"Note: {visible(remark)}", style="yellow"))
    broken = any(finding.verdict is Verdict.PROBLEM for finding in report.server)
    shown = [finding for finding in report.server if finding.verdict is not Verdict.OK or not report.domains]
    if broken or not report.domains:
        _print_server(shown, console)
    for domain in report.domains:
        _print_domain(domain, report.summary, console)
    if report.domains and not broken:
        _print_server(shown, console)
    reported = {finding.row.host for domain in report.domains for finding in domain.findings}
    others = [
        prediction
        for prediction in report.predictions
        if transcripts or prediction.tester != TESTER or prediction.server_address not in reported
    ]
    for equivalent in _grouped(others):
        _print_prediction(equivalent, console, transcripts)


def _print_server(shown: Sequence[Finding], console: Console) -> None:
    if shown:
        console.print("\nThis server", style="bold")
        console.print(Group(*_lines(shown)))


def _print_domain(domain: DomainReport, said: str, console: Console) -> None:
    """Print what is real first, false alarms with their proof next; of the rest that passes only the number.
    The sentence about the domain is left out where it was `said` on top."""
    summary = "" if domain.summary == said else f": {visible(domain.summary)}"
    console.print(Text(f"\n{visible(domain.domain)}{summary}", style="bold"))
    shown = worst_first(finding for finding in domain.findings if finding.verdict is not Verdict.OK)
    console.print(Group(*_lines(shown)))
    if passed := len(domain.findings) - len(shown):
        console.print(Text(f"  {passed} more rows pass and are fine.", style="dim"))


def _grouped(predictions: Iterable[Prediction]) -> list[list[Prediction]]:
    """Predictions of one tester that differ in the server's address alone stand together."""
    groups: dict[object, list[Prediction]] = {}
    for prediction in predictions:
        rows = tuple((f.id, f.row.level, f.verdict) for f in prediction.findings)
        groups.setdefault((prediction.tester, rows), []).append(prediction)
    return list(groups.values())


def _print_prediction(equivalent: list[Prediction], console: Console, transcripts: bool) -> None:
    prediction = equivalent[0]
    first, *others = dict.fromkeys(other.server_address for other in equivalent)
    sources = format_sources(source for other in equivalent for source in other.sources)
    also = f", and the same to {', '.join(others)}" if others else ""
    title = one_line(f"{prediction.title} from {sources} to {first}{also}")
    console.print(Text(f"\n{title}", style="bold"))
    if prediction.headline:
        console.print(Text(f"  {visible(prediction.headline)}"))
    if prediction.history:
        console.print(Text(f"  {visible(prediction.history)}"))
    console.print(Group(*_lines(prediction.findings)))
    if transcripts:
        console.print(_indented(visible(prediction.transcript, 20_000), "dim"))


def print_findings(findings: Iterable[Finding], console: Console) -> None:
    """Print each finding with its verdict and, unless it is fine, why, the evidence and what to do."""
    console.print(Group(*_lines(findings)))


def _lines(findings: Iterable[Finding]) -> list[RenderableType]:
    return [line for finding in findings for line in _finding(finding)]


def _finding(finding: Finding) -> Iterable[RenderableType]:
    head = Text.assemble(
        (f"{one_line(finding.row.name)}: ", ""),
        (f"{one_line(finding.row.host)}: " if finding.row.host else "", "dim"),
        (one_line(finding.row.text), "bold" if finding.row.level != "ok" else ""),
        ("" if finding.verdict is Verdict.OK else f"  [{finding.id}]", "dim"),
    )
    yield VerdictLine(finding.verdict, head)
    if finding.verdict is Verdict.OK:
        return
    yield _indented(one_line(finding.why))
    for evidence in finding.evidence:
        yield _indented(f"- {one_line(evidence)}", "dim")
    if finding.todo:
        whose = f" (by {finding.owner.value})" if finding.owner else ""
        yield _indented(f"> {one_line(finding.todo)}{whose}")


def one_line(text: str) -> str:
    """Return the text harmless and without line ends, by which it could pass for lines of ours."""
    return visible(text).replace("\n", "\\n")


def _indented(text: str, style: str = "") -> RenderableType:
    return Padding(Text(text, style=style), (0, 0, 0, INDENT), expand=False)
