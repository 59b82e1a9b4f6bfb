"""What a host forwards to a customer: what the tester says, what is true, the proof, what was done."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from mxverdict.evidence import Evidence, Probe
from mxverdict.findings import Finding, Prediction, Report, Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.report.timestamps import stamp
from mxverdict.testers import format_sources, load, row_texts, titles

if TYPE_CHECKING:
    from mxverdict.window import Window

_SECTIONS = (
    ("problem", N_("Real problems"), (Verdict.PROBLEM,)),
    ("false_positive", N_("False alarms, with the proof"), (Verdict.FALSE_POSITIVE,)),
    ("unknown", N_("Could not be checked"), (Verdict.UNKNOWN,)),
    ("rest", N_("All the rest"), (Verdict.ADVISORY, Verdict.NOT_RUN, Verdict.OK)),
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_STATES = {
    "open": N_("still open"),
    "closed": N_("closed"),
    "failed": N_("did not open; everything was put back"),
    "close_failed": N_("NOT CLOSED YET, being retried"),
}
METHOD = N_(
    "The rows are what the tester's report says or will say: this server's own Exim was asked, in a pretend "
    "session (exim -bh), what it does to the tester's addresses. What is true was measured at the time above "
    "in a real SMTP conversation with the server and in the DNS."
)


@dataclass(frozen=True)
class ReportItem:
    """One finding; `tester` prints its row ("" when none does) about `places` (addresses, a domain)."""

    finding: Finding
    tester: str
    places: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return the row's name: a tester's as it prints it, one of ours in the current language."""
        return _(self.finding.row.name)

    @property
    def where(self) -> str:
        return ", ".join(self.places)


@dataclass(frozen=True)
class Section:
    """`kind` is `problem`, `false_positive`, `unknown` or `rest`."""

    kind: str
    title: str
    items: tuple[ReportItem, ...]

    @property
    def folded(self) -> bool:
        return self.kind == "rest"


@dataclass(frozen=True)
class Transcript:
    title: str
    text: str


@dataclass(frozen=True)
class ReportDocument:
    """`about` is the domain that was asked for, or the server; `facts` are pairs of name and value, `done`
    one line for each test window (None: not known)."""

    about: str
    summaries: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    sections: tuple[Section, ...]
    done: Optional[tuple[str, ...]]
    transcripts: tuple[Transcript, ...]
    version: str


def letter(
    report: Report, evidence: Optional[Evidence] = None, windows: Optional[Sequence[Window]] = None
) -> ReportDocument:
    """Return the document. `evidence` is what the report was judged from; without it the real conversations
    are missing. `windows` are those to tell of (None: it is not known which there were)."""
    items = list(_merged(_items(report)))
    sections = (
        Section(kind, _(title), tuple(item for item in items if item.finding.verdict in verdicts))
        for kind, title, verdicts in _SECTIONS
    )
    return ReportDocument(
        about=report.domains[0].domain if len(report.domains) == 1 else report.hostname,
        summaries=tuple(_summaries(report)),
        facts=_facts(report),
        remarks=tuple(map(translate, report.remarks)),
        sections=tuple(section for section in sections if section.items),
        done=None if windows is None else tuple(map(_window, sorted(windows, key=_opened_at))),
        transcripts=tuple(_transcripts(report, evidence)),
        version=report.version,
    )


def _summaries(report: Report) -> Iterator[str]:
    if all(domain.summary != report.summary for domain in report.domains):
        yield report.summary
    for domain in report.domains:
        yield f"{domain.domain}: {domain.summary}"


def _items(report: Report) -> Iterator[ReportItem]:
    """Yield the items in the order of the testers' own reports: domains, then each tester, then what no
    tester prints."""
    for domain in report.domains:
        for finding in domain.findings:
            tester = "MXToolbox" if row_texts.printed(finding.row) else ""
            yield ReportItem(finding, _speaker(finding, tester), (finding.row.host or domain.domain,))
    for prediction in report.predictions:
        for finding in prediction.findings:
            yield ReportItem(finding, _speaker(finding, prediction.title), (prediction.server_address,))
    for finding in report.server:
        yield ReportItem(finding, "", (finding.row.host or report.hostname,))


def _speaker(finding: Finding, tester: str) -> str:
    """Return who prints the row: where the tester's output is not known, the words are ours."""
    return "" if finding.row.level == "unknown" else tester


def _merged(items: Iterable[ReportItem]) -> Iterator[ReportItem]:
    """Findings that differ in the place and in figures alone stand once, with the proof of the first."""
    groups: dict[object, list[ReportItem]] = {}
    for item in items:
        row, finding = item.finding.row, item.finding
        equivalent = (item.tester, row.category, row.name, row.level, _NUMBER.sub("#", row.text))
        groups.setdefault((*equivalent, finding.verdict, _NUMBER.sub("#", finding.why)), []).append(item)
    for group in groups.values():
        places = tuple(dict.fromkeys(place for item in group for place in item.places))
        yield ReportItem(group[0].finding, group[0].tester, places)


def _facts(report: Report) -> tuple[tuple[str, str], ...]:
    delay = {True: _("on"), False: _("off"), None: _("not known")}[report.delay_on]
    return (
        (_("Server"), report.hostname),
        (_("Checked"), stamp(report.taken_at)),
        ("Exim", report.exim_version),
        (_("Delay for unknown hosts"), delay),
    )


def _opened_at(window: Window) -> float:
    return window.opened_at


def _window(window: Window) -> str:
    if window.closed_at is None:
        reported = _("{opened}: test window {number} for {tester} ({what}), {state}")
    else:
        reported = _("{opened}: test window {number} for {tester} ({what}), {state} at {closed}")
    notes = (translate(window.remark), translate(window.error))
    return reported.format(
        opened=stamp(window.opened_at),
        number=window.id,
        tester=titles(window.testers, load().testers),
        what=_("delay off for all") if window.kind == "delay_off" else ", ".join(window.networks),
        state=_(_STATES.get(window.state, window.state)),
        closed="" if window.closed_at is None else stamp(window.closed_at),
    ) + "".join(f"; {note}" for note in notes if note)


def _transcripts(report: Report, evidence: Optional[Evidence]) -> Iterator[Transcript]:
    for equivalent in _same_session(report.predictions):
        first = equivalent[0]
        if not first.headline and not any(stage.reply for stage in first.session.stages):
            continue
        places = ", ".join(dict.fromkeys(prediction.server_address for prediction in equivalent))
        sources = format_sources(source for prediction in equivalent for source in prediction.sources)
        title = _("What {tester} meets at {places}, coming from {sources}").format(
            tester=first.title, places=places, sources=sources
        )
        yield Transcript(title, "\n".join(part for part in (first.headline, first.transcript) if part))
    for probe in evidence.probes if evidence is not None else ():
        yield Transcript(
            _("The real conversation with {address}").format(address=probe.address), _conversation(probe)
        )


def _same_session(predictions: Iterable[Prediction]) -> list[list[Prediction]]:
    groups: dict[object, list[Prediction]] = {}
    for prediction in predictions:
        stages = tuple(
            (stage.name, stage.delay, stage.reply and stage.reply.code) for stage in prediction.session.stages
        )
        groups.setdefault((prediction.tester, stages, prediction.session.ended), []).append(prediction)
    return list(groups.values())


def _conversation(probe: Probe) -> str:
    lines = []
    for stage in probe.stages:
        lines += [stage.command] if stage.command else []
        if stage.reply is not None:
            last = len(stage.reply.lines) - 1
            lines += [
                f"{stage.reply.code}{' ' if number == last else '-'}{text}"
                for number, text in enumerate(stage.reply.lines)
            ]
            lines[-1] += f" [{round(stage.seconds * 1000)} ms]"
    if probe.tls is not None:
        if probe.tls.handshake:
            state = _("STARTTLS: handshake done, {version}").format(version=probe.tls.version)
        else:
            state = _("STARTTLS: handshake failed")
        lines.append(state + (f" ({translate(probe.tls.problem)})" if probe.tls.problem else ""))
    if probe.failure:
        lines.append(translate(probe.failure))
    return "\n".join(lines)
