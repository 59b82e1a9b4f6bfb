"""Judges the server itself: what no tester prints but an owner has to know."""

from __future__ import annotations

from collections.abc import Sequence

from mxverdict.evidence import DelayState, Evidence
from mxverdict.evidence.server import ADDRESSES, DELAY, GREYLISTING, HOST_NAME
from mxverdict.findings import Finding, Row, Verdict
from mxverdict.i18n.catalog import N_, ngettext
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.testers import UNKNOWN_HOSTS, ImpatientSender

_REBUILD = N_(
    "Run /usr/local/cpanel/scripts/buildeximconf. When it succeeds, run "
    "/usr/local/cpanel/scripts/restartsrv_exim. When it fails, correct what its last lines name (line and "
    "file) in WHM, Exim Configuration Manager, Advanced Editor, before the next build."
)
_MISSING = {
    HOST_NAME: (
        "server.hostname",
        N_("Host name of the server"),
        N_("Exim's primary_hostname is used instead."),
    ),
    ADDRESSES: (
        "server.addresses",
        N_("Addresses of the server"),
        N_("Addresses behind NAT are not recognized as this server's."),
    ),
    GREYLISTING: ("server.greylisting", N_("Greylisting"), ""),
}
"""Rule and row of each fact that could not be read, and what follows from that."""


def delay_on(evidence: Evidence) -> bool | None:
    """Whether Exim, as configured now, makes unknown hosts wait; None when that is not known."""
    known = [
        preview
        for preview in evidence.previews
        if preview.understood and preview.stage("connect") is not None
    ]
    unknown_hosts = [preview for preview in known if preview.address in UNKNOWN_HOSTS.values()]
    if unknown_hosts:
        return any(preview.delay("connect") for preview in unknown_hosts)
    if any(preview.delay("connect") for preview in known):
        return True
    stanzas = evidence.settings.delay_stanzas
    return None if stanzas is None else stanzas > 0


def judge_server(evidence: Evidence) -> tuple[Finding, ...]:
    return (
        *_settings(evidence.settings),
        *_missing(evidence.settings),
        *_broken(evidence),
        *_silent(evidence),
        *_relay_entries(evidence),
        *_counted(evidence),
    )


def _missing(settings: DelayState) -> list[Finding]:
    found = []
    for one in settings.missing:
        if one.fact in _MISSING:
            rule, name, consequence = _MISSING[one.fact]
            row = Row(rule, name, "unknown", _("could not be read"))
            evidence = (_(consequence),) if consequence else ()
            found.append(Finding(row, Verdict.UNKNOWN, translate(one.reason), evidence))
    return found


def _settings(settings: DelayState) -> list[Finding]:
    name = N_("Delay for unknown hosts")
    unreadable = [one.reason for one in settings.missing if one.fact == DELAY]
    if settings.delay_stanzas is None:
        row = Row("smtp.delay.setting", name, "unknown", _("exim.conf could not be read"))
        why = _("What Exim is configured to do could not be read.")
        return [Finding(row, Verdict.UNKNOWN, why, tuple(map(translate, unreadable)))]
    running = settings.delay_stanzas > 0
    count = settings.delay_stanzas
    line = ngettext("{count} delay stanza in exim.conf", "{count} delay stanzas in exim.conf", count).format(
        count=count
    )
    found = []
    if settings.error:
        row = Row("smtp.delay.setting", "WHM", "unknown", _("the setting could not be read"))
        found.append(Finding(row, Verdict.UNKNOWN, translate(settings.error), (line,)))
    elif unreadable:
        says = (
            _("setting unknown, exim.conf says on") if running else _("setting unknown, exim.conf says off")
        )
        row = Row("smtp.delay.setting", name, "unknown", says)
        found.append(Finding(row, Verdict.UNKNOWN, translate(unreadable[0]), (line,)))
    elif settings.delay_setting is not None and settings.delay_setting != running:
        says = _("WHM says off, exim.conf says on") if running else _("WHM says on, exim.conf says off")
        row = Row("smtp.delay.setting", name, "warning", says)
        why = _(
            "The setting was changed, but no build has put it into exim.conf: none was run, or it failed."
        )
        found.append(Finding(row, Verdict.PROBLEM, why, (line,), _(_REBUILD)))
    elif settings.delay_stanzas not in (0, 3):
        row = Row("smtp.delay.setting", name, "warning", _("{count} of 3 delay stanzas").format(count=count))
        why = _("exim.conf lacks the usual three delay stanzas; it was edited by hand or cPanel has changed.")
        found.append(Finding(row, Verdict.ADVISORY, why, (line,)))
    elif not running:
        row = Row("smtp.delay.setting", name, "warning", _("off"))
        why = _("Unknown hosts are not made to wait; that keeps much spam out when it is on.")
        todo = _("Switch the delay on in WHM, Exim Configuration Manager, unless it is off on purpose.")
        found.append(Finding(row, Verdict.ADVISORY, why, (line,), todo))
    else:
        found.append(
            Finding(
                Row("smtp.delay.setting", name, "ok", _("on")),
                Verdict.OK,
                _("Unknown hosts are made to wait."),
                (line,),
            )
        )
    return found


def _broken(evidence: Evidence) -> list[Finding]:
    details = sorted(
        {preview.detail for preview in evidence.previews if preview.failure in ("broken", "crashed")}
    )
    unknown = sorted({preview.detail for preview in evidence.previews if not preview.understood})
    found = []
    if details:
        found.append(
            Finding(
                Row("smtp.session", "Exim", "error", _("drops connections")),
                Verdict.PROBLEM,
                _("Exim gives up in the middle of a session; real mail is lost or delayed by it."),
                tuple(map(translate, details)),
                _("Mend what Exim names; a missing list file can be created empty (root:mail 0640)."),
            )
        )
    if unknown:
        why = _("Exim could not be asked what it does to the testers.")
        found.append(
            Finding(
                Row("smtp.simulation", N_("Preview"), "unknown", _("no answer")),
                Verdict.UNKNOWN,
                why,
                tuple(map(translate, unknown)),
            )
        )
    return found


def _silent(evidence: Evidence) -> list[Finding]:
    """Return findings on addresses where Exim does not even serve this server, which it never delays."""
    return [
        Finding(
            Row("smtp.response", "SMTP", "error", _("does not answer properly"), host=probe.address),
            Verdict.PROBLEM,
            _("This server cannot hold an SMTP session with itself."),
            (
                _("{address} port 25: {failure}").format(
                    address=probe.address, failure=translate(probe.failure)
                ),
            ),
            _("Look at Exim: /usr/local/cpanel/scripts/restartsrv_exim, then its log."),
        )
        for probe in evidence.probes
        if probe.failure
    ]


def _relay_entries(evidence: Evidence) -> list[Finding]:
    return [
        Finding(
            Row(
                "smtp.relay.permission",
                N_("Relay right for a tester"),
                "error",
                _("{address} stands in {file}").format(address=entry.address, file=entry.file),
            ),
            Verdict.PROBLEM,
            _("That list lets the tester send mail through this server, so it will report an open relay."),
            (f"{entry.file}: {entry.line}",),
            _("Take the entry out; a test window uses a list that grants no relaying."),
        )
        for entry in evidence.relay_entries
    ]


def _counted(evidence: Evidence) -> list[Finding]:
    """Whether looking changed anything: the rate limits, where an ACL counts every session."""
    rates = sorted({rate for preview in evidence.previews for rate in preview.counted})
    if not rates:
        return []
    return [
        Finding(
            Row("smtp.ratelimit", N_("Simulated sessions"), "warning", _("count in Exim's rate limits")),
            Verdict.ADVISORY,
            _(
                "An ACL of this server counts senders at RCPT, in simulated sessions (exim -bh) too: each "
                "check adds to the rates of the addresses it simulates."
            ),
            tuple(rates),
            _(
                "If a tester is refused for its rate, wait an hour between checks, or set acl_0tracksenders "
                "to 0 in WHM, Exim Configuration Manager."
            ),
        )
    ]


def judge_delay_cost(evidence: Evidence, senders: Sequence[ImpatientSender]) -> list[Finding]:
    """Return a finding on the senders that give up before the delay ends, if there are any."""
    delays = [preview.delay("connect") or 0 for preview in evidence.previews if preview.understood]
    maximum = max(delays, default=0)
    hurt = [sender for sender in senders if sender.patience < maximum]
    if not hurt:
        return []
    return [
        Finding(
            Row(
                "smtp.delay.cost",
                N_("Cost of the delay"),
                "warning",
                _("{seconds} s before the banner").format(seconds=maximum),
            ),
            Verdict.ADVISORY,
            _(
                "RFC 5321 asks senders to wait 5 minutes; some give up sooner, and their mail is lost or "
                "late."
            ),
            tuple(_cost_line(sender) for sender in hurt),
            _(
                "If such a sender matters to you, let its addresses past the delay: Exim Configuration "
                "Manager, Access Lists, Sender verification bypass IP addresses."
            ),
        )
    ]


def _cost_line(sender: ImpatientSender) -> str:
    return _("{sender}: waits {seconds} s, {effect} ({source})").format(
        sender=sender.name,
        seconds=f"{sender.patience:g}",
        effect=_(sender.effect),
        source=sender.source,
    )
