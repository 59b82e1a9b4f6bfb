"""What the page of the log shows, made from a reading: plain values in the order of the page."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from mxverdict.evidence.visit import Visit, VisitLog
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.catalog import ngettext
from mxverdict.judge.smtp.visit_comparison import ending, reported_text
from mxverdict.testers import Tester

_MAX_VISITS = 200


@dataclass(frozen=True)
class VisitRow:
    """A visit: `title` of the tester, a phrase for how it `ended`, what the tester `printed` about it (""
    where the log does not show that)."""

    visit: Visit
    title: str
    ended: str
    printed: str

    @property
    def silent(self) -> bool:
        """Whether no EHLO was logged. (Exim omits a HELO name that DNS confirms.)"""
        return not self.visit.helo and self.visit.stage == "connect" and self.visit.ended != "quit"


@dataclass(frozen=True)
class VisitsView:
    """The visits since a time, the latest first; `total` are known, `since` is when the log begins, if that
    is later, `missing` says that there is no log."""

    summary: str
    visits: tuple[VisitRow, ...]
    total: int
    since: float
    missing: bool
    remarks: tuple[str, ...]


def visits_view(log: VisitLog, since: float, span: str, testers: Sequence[Tester]) -> VisitsView:
    """`span` names the time since then, as in `the last 24 hours`."""
    found = [visit for visit in log.visits if visit.came_at >= since]
    return VisitsView(
        summary=_summary(found, span, testers),
        visits=tuple(visit_row(visit, testers) for visit in reversed(found[-_MAX_VISITS:])),
        total=len(found),
        since=log.since if log.since is not None and log.since > since + 1 else 0.0,
        missing=log.since is None,
        remarks=log.remarks,
    )


def visit_row(visit: Visit, testers: Sequence[Tester]) -> VisitRow:
    tester = next((one for one in testers if one.name == visit.tester), None)
    return VisitRow(
        visit,
        tester.title if tester else visit.tester,
        ending(dataclasses.replace(visit, seconds=None)),
        reported_text(visit, tester) if tester else "",
    )


def _summary(visits: Sequence[Visit], span: str, testers: Sequence[Tester]) -> str:
    if not visits:
        return _("No tester was here in {span}.").format(span=span)
    names = {visit.tester for visit in visits}
    who = [tester.title for tester in testers if tester.name in names]
    if len(names) != 1 or not who:
        return _("Testers were here {count} times in {span}.").format(count=len(visits), span=span)
    return ngettext(
        "{tester} was here once in {span}.", "{tester} was here {count} times in {span}.", len(visits)
    ).format(tester=who[0], count=len(visits), span=span)
