"""Exim: version, configuration, simulated sessions, daemon."""

from __future__ import annotations

from typing import Optional

from mxverdict.evidence.selfcheck import EximFacts, Selfcheck, Session
from mxverdict.judge.selfcheck.item import UNKNOWN, Item, item
from mxverdict.testers.known_holes import parse

_OLDEST, _NEWEST = (4, 94), (4, 100)
_SECONDS = 20
_OPTIONAL = frozenset({"greylist_trusted_netblocks", "greylist_common_mail_providers"})
"""Lists that settings of WHM cut out of the stanzas."""
_REQUIRED = frozenset(
    {
        "loopback", "neighbor_netblocks", "trustedmailhosts", "recent_authed_mail_ips", "backupmx_hosts",
        "skipsmtpcheck_hosts", "senderverifybypass_hosts", "cpanel_mail_netblocks",
    }
)  # fmt: skip
_NOT_UNDERSTOOD = (
    "Check and preview report “unable to check”, and no test window opens, since its effect could not be "
    "verified."
)
_FAILURES = {
    "timeout": "Exim did not answer in time",
    "not_understood": "the output was not understood",
    "broken": "Exim gave up in the middle of the session",
    "crashed": "Exim crashed",
    "missing": "Exim could not be started",
}
_DAEMONS = {
    "running": "names Exim's daemon",
    "missing": "missing",
    "unreadable": "cannot be read",
    "no_number": "does not hold a process ID",
    "no_process": "names no running process",
    "other_program": "names a process that is not Exim",
}


def exim_items(evidence: Selfcheck) -> list[Item]:
    exim = evidence.exim
    return [
        _version(exim),
        _markers(exim),
        _trace(exim),
        _delay(evidence),
        _exempt_lists(exim),
        item(
            "exim.bypass_list",
            exim.bypass_defined,
            {True: "as expected", False: "defined otherwise", None: "exim.conf cannot be read"}[
                exim.bypass_defined
            ],
            "senderverifybypass_hosts is looked up by address in /etc/senderverifybypasshosts",
            "An entry there has no effect: a test window that exempts a tester does not open.",
        ),
        item(
            "exim.tracksenders",
            exim.rcpt_tried,
            "off"
            if exim.rcpt_tried
            else "on; this self-check therefore stopped its simulated sessions before RCPT",
            "acl_0tracksenders is off",
            "A simulated session that goes as far as RCPT is counted in Exim's ratelimit database.",
        ),
        _pid_file(exim),
        item(
            "exim.daemon",
            exim.current,
            {True: "started after exim.conf was written", False: "started before exim.conf was written"}.get(
                bool(exim.current), ""
            )
            if exim.current is not None
            else "cannot be told (see exim.pid_file)",
            "the daemon runs the present configuration",
            "Real sessions differ from simulated ones until /usr/local/cpanel/scripts/restartsrv_exim is "
            "run.",
        ),
    ]


def _version(exim: EximFacts) -> Item:
    version = parse(exim.version)
    good = None if version is None else _OLDEST <= version[:2] <= _NEWEST
    return item(
        "exim.version",
        good,
        exim.version or "cannot be told",
        "4.94 to 4.100",
        "Results were not verified with this version; exim.trace shows whether its output is understood.",
    )


def _markers(exim: EximFacts) -> Item:
    return item(
        "exim.markers",
        None if exim.stanzas is None else exim.stanzas in (0, 3),
        "exim.conf cannot be read" if exim.stanzas is None else str(exim.stanzas),
        "3 marked delay statements in exim.conf (on) or 0 (off)",
        "Any number above 0 is taken as on; predictions follow the simulated sessions.",
    )


def _session(exim: EximFacts, visitor: str) -> Session:
    return next((one for one in exim.sessions if one.visitor == visitor), Session(visitor, "missing"))


def _trace(exim: EximFacts) -> Item:
    expected = "`exim -bh` shows each delay, the statement that imposes it and the list that exempts from it"
    unknown, loopback = _session(exim, "unknown"), _session(exim, "loopback")
    failed = next((one for one in (unknown, loopback) if one.failure), None)
    if failed is not None:
        found = _FAILURES.get(failed.failure, failed.failure)
        if failed.names_list:
            found += f" over /etc/{failed.names_list} (see list.{failed.names_list})"
        uncertain = failed.failure == "timeout" or failed.names_list
        return item("exim.trace", None if uncertain else False, found, expected, _NOT_UNDERSTOOD)
    problem = _not_attributed(exim, unknown, loopback)
    return item(
        "exim.trace",
        not problem,
        problem or "understood",
        expected,
        "Seconds and replies still count. Reports do not name the cause, and a closed window cannot say "
        "which other "
        "entry still exempts a tester.",
    )


def _not_attributed(exim: EximFacts, unknown: Session, loopback: Session) -> str:
    if any(stage.delay and not stage.delayed_by for stage in unknown.stages):
        return "the statement that imposes the delay is not shown"
    connect = loopback.stages[0] if loopback.stages else None
    if exim.stanzas and unknown.delay and not (connect and connect.exempted_by):
        return "the list that exempts from the delay is not shown"
    return ""


def _delay(evidence: Selfcheck) -> Item:
    exim, line = evidence.exim, evidence.setting.line
    expected = f"{_SECONDS} s at connect and at RCPT while the setting is on, none while it is off"
    session = _session(exim, "unknown")
    on: Optional[bool] = {"on": True, "absent": True, "off": False, "empty": False}.get(line)
    if session.failure or on is None:
        why = "see exim.trace" if session.failure else "see setting.delay"
        return Item("exim.delay", UNKNOWN, f"cannot be told ({why})", expected, "The delay is not known.")
    stages = {stage.name: stage.delay for stage in session.stages}
    seconds = [stages.get("connect", 0), *([stages.get("rcpt", 0)] if exim.rcpt_tried else [])]
    wanted = [_SECONDS if on else 0] * len(seconds)
    meaning = (
        "Predictions follow the simulated session: they are right, but other than cPanel's documentation."
    )
    if any(seconds) != on:
        meaning = (
            "The setting is not in force: run /usr/local/cpanel/scripts/buildeximconf and, when it succeeds, "
            "restartsrv_exim; when it fails, correct what its last lines name first. A window that disables "
            "the delay is refused until then."
        )
    shown = " and ".join(f"{one} s" for one in seconds)
    return item(
        "exim.delay", seconds == wanted, f"{shown}; the setting is {'on' if on else 'off'}", expected, meaning
    )


def _exempt_lists(exim: EximFacts) -> Item:
    missing = sorted(_REQUIRED.difference(exim.exempt_lists))
    if exim.stanzas is None:
        good, found = None, "exim.conf cannot be read"
    elif exim.stanzas == 0:
        good, found = True, "the delay is off, no statement is there"
    else:
        good = not missing
        found = f"without {', '.join(missing)}" if missing else "all of them"
        found += f", and {exim.foreign_lists} of others" if exim.foreign_lists else ""
    meaning = "Visitors in those lists are delayed, and the predictions say so."
    if "senderverifybypass_hosts" in missing:
        meaning = "A test window that exempts a tester has no effect and does not open."
    return item("exim.exempt_lists", good, found, "every delay statement exempts cPanel's own lists", meaning)


def _pid_file(exim: EximFacts) -> Item:
    good = exim.daemon == "running" and exim.pid_path is not False
    found = _DAEMONS.get(exim.daemon, "cannot be told")
    if exim.pid_path is False:
        found += "; Exim's configuration names another file"
    return item(
        "exim.pid_file",
        good,
        found,
        "/var/spool/exim/exim-daemon.pid names Exim's daemon",
        "A restart could not be verified: windows that disable the delay for all senders are refused.",
    )
