"""The judged result: what each tester would print, what is true, and why. Plain frozen data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Optional

from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.rules import RULES

if TYPE_CHECKING:
    from mxverdict.evidence import Reply

SCHEMA = 1


class Verdict(str, Enum):
    """What a row is worth; docs/glossary.md says what each means."""

    PROBLEM = "problem"
    FALSE_POSITIVE = "false_positive"
    UNKNOWN = "unknown"
    ADVISORY = "advisory"
    NOT_RUN = "not_run"
    OK = "ok"

    @property
    def label(self) -> str:
        """Return it for people, in the current language."""
        return _(_LABELS[self])

    @property
    def rank(self) -> int:
        """Return its place in an order with the worst first, from 0."""
        return list(Verdict).index(self)

    @property
    def level(self) -> str:
        """Return the level of a row of our own with this verdict."""
        return _ROW_LEVELS[self]


_LABELS = {
    Verdict.PROBLEM: N_("Problem"),
    Verdict.FALSE_POSITIVE: N_("False alarm"),
    Verdict.UNKNOWN: N_("Could not be checked"),
    Verdict.ADVISORY: N_("True but harmless"),
    Verdict.NOT_RUN: N_("Never tested"),
    Verdict.OK: N_("OK"),
}


LEVELS = ("error", "warning", "unknown", "ok")
"""Of rows, the worst first."""
_ROW_LEVELS = {
    Verdict.PROBLEM: "error",
    Verdict.FALSE_POSITIVE: "error",
    Verdict.UNKNOWN: "unknown",
    Verdict.ADVISORY: "warning",
    Verdict.NOT_RUN: "unknown",
    Verdict.OK: "ok",
}


class Owner(str, Enum):
    """Whose job it is to change what a finding is about."""

    NOBODY = N_("nobody")
    DNS_PROVIDER = N_("whoever runs the name servers")
    ZONE = N_("whoever edits the zone")
    ZONE_TEMPLATE = N_("the zone template in WHM")
    ADDRESS = N_("whoever owns the address (host or data centre)")
    SERVER = N_("the owner of this server")
    OTHER_SERVER = N_("the owner of the other mail server")
    BLOCKLIST = N_("the operator of the blocklist")

    @property
    def label(self) -> str:
        """Return it for people, in the current language; `value` is the same in every language."""
        return _(self.value)


@dataclass(frozen=True)
class Row:
    """One line of a tester's report: its name, its level (`ok`, `warning`, `error`, or `unknown` where we
    cannot tell) and the words it prints.

    `rule` is the identifier of what it is about (`mxverdict.rules`; ValueError for one that is not there),
    `category` is the tester's group of rows (`smtp`, `dns`, `mx`, `spf`, `dmarc`, `blacklist`), `host` what
    the row is about (a domain, a name, an address), `details` the lines the tester prints below it.
    """

    rule: str
    name: str
    level: str
    text: str
    category: str = "smtp"
    host: str = ""
    details: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ValueError(f"{self.rule!r} is not in mxverdict.rules")


@dataclass(frozen=True)
class Finding:
    """A judged row. `why` is one plain sentence, `todo` what should be done ("" for nothing) and `owner` by
    whom (None: nothing to do, or it is plain from `todo`)."""

    row: Row
    verdict: Verdict
    why: str
    evidence: tuple[str, ...] = ()
    todo: str = ""
    owner: Optional[Owner] = None

    @property
    def id(self) -> str:
        """Return the identifier of its rule."""
        return self.row.rule


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by verdict."""
    return tuple(sorted(findings, key=lambda finding: finding.verdict.rank))


@dataclass(frozen=True)
class SessionStage:
    """One wait of the tester: `start` and `end` in seconds from its first packet, how much of it is Exim's
    deliberate delay, and the reply it got (None: it gave up or was dropped before one came)."""

    name: str
    command: str
    start: float
    end: float
    delay: float
    reply: Optional[Reply]

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Session:
    """What the tester lives through. `ended` is `complete`, `timeout`, `dropped` or `unknown`."""

    stages: tuple[SessionStage, ...]
    ended: str
    seconds: float

    def reply(self, name: str) -> Optional[Reply]:
        return next((stage.reply for stage in self.stages if stage.name == name), None)

    def timed_out_at(self, name: str) -> bool:
        return self.ended == "timeout" and self.stages[-1].name == name


@dataclass(frozen=True)
class Prediction:
    """One tester's report about one server address, for those of its source addresses that get the same."""

    tester: str
    title: str
    sources: tuple[str, ...]
    server_address: str
    patience: float
    headline: str
    session: Session
    findings: tuple[Finding, ...]
    transcript: str
    history: str = ""
    """How this compares with the tester's last visit in Exim's log."""
    setting: str = ""
    """What ends the tester's false alarms: a setting, there or on this server; "" when none is known."""

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(finding.row for finding in self.findings)


@dataclass(frozen=True)
class DomainReport:
    """What MXToolbox's domain health report prints about one domain, judged; its order: failures first."""

    domain: str
    summary: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class OutboundReport:
    """What `mxverdict outbound` found; `domain` is "" when only the well-known receivers were asked."""

    domain: str
    summary: str
    findings: tuple[Finding, ...]

    @property
    def exit_status(self) -> int:
        """As `Report.exit_status`."""
        verdicts = {finding.verdict for finding in self.findings}
        return 1 if Verdict.PROBLEM in verdicts else 3 if Verdict.UNKNOWN in verdicts else 0


@dataclass(frozen=True)
class Report:
    """Everything judged from one piece of evidence. `server` holds findings that no tester prints."""

    version: str
    hostname: str
    taken_at: float
    exim_version: str
    delay_on: Optional[bool]
    summary: str
    predictions: tuple[Prediction, ...]
    server: tuple[Finding, ...]
    remarks: tuple[str, ...] = ()
    domains: tuple[DomainReport, ...] = ()
    schema: int = SCHEMA

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return all findings, each once: the SMTP rows of a domain are those of the predictions."""
        predicted = tuple(f for prediction in self.predictions for f in prediction.findings)
        of_domains = (f for domain in self.domains for f in domain.findings if f.row.category != "smtp")
        return self.server + predicted + tuple(of_domains)

    @property
    def counts(self) -> dict[Verdict, int]:
        counted = Counter(finding.verdict for finding in self.findings)
        return {verdict: counted[verdict] for verdict in Verdict}

    @property
    def exit_status(self) -> int:
        """Return 0 nothing wrong, 1 a real problem, 3 nothing could be checked."""
        if self.counts[Verdict.PROBLEM]:
            return 1
        return 3 if self.counts[Verdict.UNKNOWN] else 0
