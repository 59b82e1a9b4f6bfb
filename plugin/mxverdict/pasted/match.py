"""Which of our findings a pasted row is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from mxverdict.findings import DomainReport, Finding, Prediction, Report, Verdict
from mxverdict.net.address import is_address
from mxverdict.pasted.model import MXTOOLBOX, Pasted, PastedRow
from mxverdict.testers import row_texts

GONE = ("smtp.connect", "smtp.disconnect", "ptr.record")
"""Rules whose rows MXToolbox leaves out when there is nothing to complain of."""
_STAND_INS = {
    "smtp.banner": "ptr.record",
    "ptr.forward": "ptr.record",
    "ptr.hostname": "ptr.record",
    "ptr.record": "ptr.forward",
    "smtp.connect": "smtp.disconnect",
    "smtp.disconnect": "smtp.connect",
}
"""Which rule's row reports the same in another state of affairs, by rule."""


@dataclass(frozen=True)
class MatchedFinding:
    """A finding with where it was made; `instead` when its row takes the place of the pasted one."""

    finding: Finding
    place: str
    sources: tuple[str, ...] = ()
    instead: bool = False


@dataclass(frozen=True)
class LocalTargets:
    """What belongs to this server. `own` maps a name or address, in lower case, to those of this server's
    addresses that it leads to: none, and it is another's; what it does not hold is decided by the report."""

    report: Report
    own: Mapping[str, Sequence[str]]

    def addresses(self, host: str) -> Optional[tuple[str, ...]]:
        """Return the server's addresses that a host leads to: empty when it is another's, None when not
        known."""
        if not host:
            return self.checked
        if host in self.own:
            return tuple(self.own[host])
        if host in self.checked:
            return (host,)
        if host == self.report.hostname.lower():
            return self.checked
        return () if is_address(host) else None

    @property
    def checked(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(prediction.server_address for prediction in self.report.predictions))

    def domains(self, host: str) -> tuple[DomainReport, ...]:
        """Return the reports of the domains that a host is, or is a row of."""
        return tuple(
            domain
            for domain in self.report.domains
            if not host
            or domain.domain.lower() == host
            or any(finding.row.host.lower() == host for finding in domain.findings)
        )


def host_of(row: PastedRow, pasted: Pasted) -> str:
    """Return what a row is about: as it says, else what the report was asked about if that is one thing, else
    ""."""
    if row.host:
        return row.host.lower().rstrip(".")
    same = {subject.argument for subject in pasted.subjects if subject.command == row.category}
    named = same or {subject.argument for subject in pasted.subjects}
    return next(iter(named)) if len(named) == 1 else ""


def found(row: PastedRow, host: str, places: LocalTargets) -> Optional[MatchedFinding]:
    """Return the finding for a row about a host: the worst, where the tester's addresses or ours differ."""
    addresses = places.addresses(host)
    predictions = [
        prediction
        for prediction in places.report.predictions
        if prediction.tester == row.tester and prediction.server_address in (addresses or ())
    ]
    if row.tester != MXTOOLBOX or row.category == "smtp":
        made = _predicted(row, predictions)
        if made is not None or row.tester != MXTOOLBOX:
            return made
    return in_domains(row, host, places)


def _predicted(row: PastedRow, predictions: Sequence[Prediction]) -> Optional[MatchedFinding]:
    every = [
        MatchedFinding(finding, prediction.server_address, prediction.sources)
        for prediction in predictions
        for finding in prediction.findings
    ]
    disconnected = row.is_headline and row.text.lower().startswith("server dis")
    rule = "smtp.disconnect" if disconnected else row.rule
    same = [one for one in every if one.finding.id == rule]
    if not same:
        same = [replace(one, instead=True) for one in every if one.finding.id == _STAND_INS.get(rule)]
    return _worst(same)


def _is_about(finding: Finding, row: PastedRow) -> bool:
    """Whether a finding is about the same as a pasted row. A blocklist is known by its name, and so is a row
    whose rule is not known."""
    same_name = finding.row.name.casefold() == row.name.casefold()
    if row.rule in ("", "blocklist.listed"):
        return same_name and finding.row.category == row.category
    return finding.id == row.rule


def in_domains(row: PastedRow, host: str, places: LocalTargets) -> Optional[MatchedFinding]:
    every = [
        MatchedFinding(finding, domain.domain)
        for domain in places.domains(host)
        for finding in domain.findings
        if _is_about(finding, row)
    ]
    every += [
        MatchedFinding(finding, finding.row.host)
        for finding in places.report.server
        if _is_about(finding, row)
        and (not host or finding.row.host.lower() in (host, *(places.addresses(host) or ())))
    ]
    about = [one for one in every if host and one.finding.row.host.lower() == host]
    return _worst(
        [one for one in about or every if one.finding.row.category == row.category] or about or every
    )


def is_gone(row: PastedRow, host: str, places: LocalTargets) -> bool:
    """Whether a row about a domain is one that the tester leaves out when all is well, and so it is today."""
    texts = row_texts.load(row.category).get(row.name) if row.category in row_texts.CATEGORIES else None
    today = [
        finding
        for domain in places.domains(host)
        for finding in domain.findings
        if finding.row.category == row.category
    ]
    return (
        texts is not None
        and not texts.ok
        and bool(today)
        and all(finding.verdict is not Verdict.UNKNOWN for finding in today)
    )


def _worst(candidates: Sequence[MatchedFinding]) -> Optional[MatchedFinding]:
    return min(candidates, key=lambda one: one.finding.verdict.rank, default=None)
