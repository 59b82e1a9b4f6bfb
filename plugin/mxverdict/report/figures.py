"""What the delay did, in figures: sums with a remark on each, and hours put together to bars of a chart."""

from __future__ import annotations

from collections.abc import Sequence

from mxverdict.evidence.traffic import COMMON_PROVIDERS, NO_DELAY, TRUSTED_HOSTS, Traffic, TrafficHour
from mxverdict.i18n.catalog import N_, ngettext
from mxverdict.i18n.catalog import gettext as _
from mxverdict.judge.durations import duration
from mxverdict.report.timestamps import stamp

_MAX_BARS = 25
WHAT_IF = {
    COMMON_PROVIDERS: N_("Common Mail Providers exempt"),
    TRUSTED_HOSTS: N_("Trusted hosts of Greylisting exempt"),
    NO_DELAY: N_("no delay at all"),
}
_STEPS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 168)
"""Hours that one bar may stand for."""


def bars(hours: Sequence[TrafficHour], since: float, until: float) -> list[TrafficHour]:
    """Return the hours put together so that they make at most 25 bars, those without a line of log included.
    A bar begins at `start`; all have the same width."""
    number = int((until - since) // 3600)
    step = next((step for step in _STEPS if number <= step * _MAX_BARS), -(-number // _MAX_BARS))
    made = [TrafficHour(since + n * step * 3600, 0, 0, 0) for n in range(-(-number // step))]
    for hour in hours:
        n = int((hour.start - since) // (step * 3600))
        if 0 <= n < len(made):
            bar = made[n]
            made[n] = TrafficHour(
                bar.start,
                bar.connections + hour.connections,
                bar.left + hour.left,
                bar.delivered + hour.delivered,
            )
    return made


def figures(traffic: Traffic) -> tuple[tuple[str, int, str], ...]:
    """Return what is counted, how often, and a remark on it."""
    at_once = _("{count} of them within 2 s").format(count=traffic.left_at_once)
    turned_away = _("addresses, {count} connections").format(count=traffic.turned_away_connections)
    exempt = _("connections: {testers} of testers and this server, {users} of logged-in users' addresses")
    return (
        (_("connections"), traffic.connections, ""),
        (_("left during the delay"), traffic.left, at_once),
        (_("left later, without QUIT"), traffic.left_later, _("the wait at each recipient, among others")),
        (_("turned away"), traffic.turned_away, turned_away),
        (_("kept waiting"), traffic.kept_waiting, _waited(traffic)),
        (_("delivered before they left"), traffic.delivered_before, _("addresses, nothing came since")),
        (
            _("messages that came in"),
            traffic.delivered,
            ngettext("from {count} address", "from {count} addresses", traffic.delivering).format(
                count=traffic.delivering
            ),
        ),
        (_("most connections at once"), traffic.peak_connections, _peak(traffic)),
        (
            _("connections refused, none free"),
            traffic.refused_connections,
            _("“too many connections”, the last {time}").format(time=stamp(traffic.refused_connection_at))
            if traffic.refused_connection_at is not None
            else "",
        ),
        (
            _("not counted"),
            traffic.exempt_connections + traffic.user_connections,
            exempt.format(testers=traffic.exempt_connections, users=traffic.user_connections),
        ),
    )


def what_if(traffic: Traffic) -> tuple[tuple[str, int, int, str], ...]:
    """Return what would have exempted delayed senders: addresses, connections that left, and a remark."""
    rows = []
    for one in traffic.what_if:
        remark = ""
        if one.entries is not None:
            remark = ngettext(
                "{count} network in the list", "{count} networks in the list", one.entries
            ).format(count=one.entries)
        rows.append((_(WHAT_IF.get(one.by, one.by)), one.addresses, one.connections, remark))
    return tuple(rows)


def _peak(traffic: Traffic) -> str:
    if traffic.peak_at is None:
        return ""
    parts = [stamp(traffic.peak_at)]
    if traffic.slots:
        parts.append(_("Exim takes {count} at once").format(count=traffic.slots))
    if traffic.delayed_at_peak is not None:
        parts.append(_("the delay held {count}").format(count=traffic.delayed_at_peak))
    return ", ".join(parts)


def _waited(traffic: Traffic) -> str:
    if traffic.waited_median is None or traffic.waited_longest is None:
        return _("addresses")
    return _("addresses, half within {median}, at most {maximum}").format(
        median=duration(traffic.waited_median), maximum=duration(traffic.waited_longest)
    )
