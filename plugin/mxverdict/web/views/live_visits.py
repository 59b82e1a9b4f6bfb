"""What testers meet while a window is open, from the log as it grows."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence

from mxverdict import testers
from mxverdict.evidence.visit import Visit
from mxverdict.host import Host
from mxverdict.i18n.catalog import gettext as _
from mxverdict.sanitize import visible
from mxverdict.services import mail_log
from mxverdict.web.views.log import VisitRow, visit_row
from mxverdict.web.views.timestamps import moment
from mxverdict.window import Window
from mxverdict.window.model import DELAY_OFF

_TIMEOUT = 1.0
_SLACK = 1.0
_MAX_VISITS = 5


def observed_visits(host: Host, window: Window) -> tuple[VisitRow, ...]:
    """Return the last visits while the window was open of the testers that it is for, the oldest first: those
    from its addresses, or all when the delay is off."""
    log = mail_log.read_tester_visits(host, window.opened_at - _SLACK, time.monotonic() + _TIMEOUT)
    known = testers.load(host=host).testers
    found = [visit for visit in log.visits if _is_for(visit, window)]
    return tuple(visit_row(visit, known) for visit in found[-_MAX_VISITS:])


def visit_lines(visits: Sequence[VisitRow]) -> list[str]:
    """Return a line for each visit."""
    return [visible(_line(one), 400) for one in visits]


def _is_for(visit: Visit, window: Window) -> bool:
    if visit.came_at > (window.closed_at or float("inf")):
        return False
    address = ipaddress.ip_address(visit.address)
    named = any(address in ipaddress.ip_network(one) for one in window.networks)
    return named or window.kind == DELAY_OFF


def _line(one: VisitRow) -> str:
    visit = one.visit
    who = {"time": moment(visit.came_at), "tester": one.title, "address": visit.address}
    if visit.ended == "unknown" and not visit.refused:
        return _("{time}: {tester} from {address} is here.").format(**who)
    sentences = [_("{time}: {tester} from {address} {ended}.").format(ended=one.ended, **who)]
    if visit.seconds is not None:
        sentences.append(_("It stayed {seconds} s.").format(seconds=f"{visit.seconds:g}"))
    if one.printed:
        sentences.append(_("It prints: {text}").format(text=one.printed))
    return " ".join(sentences)
