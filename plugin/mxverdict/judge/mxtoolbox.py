"""The SMTP report of MXToolbox, row by row in its words, from a played session.

Names, texts and rules: mxtoolbox.com/problem/smtp/, cPanel's forum resource 545 and published reports; the
thresholds of the two time rows are estimates and stand in the catalogue.
"""

from __future__ import annotations

from typing import Optional

from mxverdict.findings import Row, Session
from mxverdict.judge.truth import Truth, is_host_name
from mxverdict.testers import Tester

BANNER = "SMTP Banner Check"
TLS = "SMTP TLS"
REVERSE_MISMATCH = "SMTP Reverse DNS Mismatch"
REVERSE_RESOLUTION = "SMTP Reverse DNS Resolution"
VALID_HOSTNAME = "SMTP Valid Hostname"
CONNECTION_TIME = "SMTP Connection Time"
TRANSACTION_TIME = "SMTP Transaction Time"
OPEN_RELAY = "SMTP Open Relay"
CONNECT = "SMTP Connect"

_ORDER = {"error": 0, "warning": 1, "unknown": 2, "ok": 3}


def headline(session: Session, tester: Tester) -> str:
    if session.timed_out_at("connect"):
        return f"Timeout waiting for response after {tester.patience:g} seconds. : Completed Connect"
    if session.ended == "dropped" and session.reply("connect") is None:
        return "Failed To Connect"
    return ""


def rows(session: Session, truth: Truth, tester: Tester) -> tuple[Row, ...]:
    """Failures first, then warnings, then what passes."""
    if session.ended == "unknown":
        return ()
    found = [*_name_rows(session, truth), _tls(session), *_times(session, tester), _relay(session)]
    if headline(session, tester) == "Failed To Connect":
        found.insert(0, Row(CONNECT, "error", "Failed To Connect"))
    return tuple(sorted(found, key=lambda row: _ORDER[row.level]))


def transcript(session: Session, truth: Truth, tester: Tester) -> str:
    """As the tester prints it: commands, replies with the milliseconds each took, the total."""
    lines = [f"Connecting to {truth.address}", ""]
    for stage in session.stages:
        if stage.reply is None:
            if session.ended == "timeout":
                lines.append(
                    f"SendSMTPCommand: Timeout waiting for response after {tester.patience:g} seconds."
                )
            continue
        if stage.command:
            lines.append(stage.command)
        last = len(stage.reply.lines) - 1
        for number, text in enumerate(stage.reply.lines):
            mark = " " if number == last else "-"
            tail = f" [{round(stage.seconds * 1000)} ms]" if number == last else ""
            lines.append(f"{stage.reply.code}{mark}{text}{tail}")
    lines += ["", f"LookupServer {round(session.seconds * 1000)}ms"]
    return "\n".join(lines)


def _name_rows(session: Session, truth: Truth) -> list[Row]:
    if not truth.ptr_known:
        return [Row(REVERSE_RESOLUTION, "unknown", "Reverse DNS could not be looked up from here")]
    if not truth.ptr_names:
        return [Row(REVERSE_RESOLUTION, "error", "Reverse DNS Resolution - No PTR Record found")]
    name = truth.ptr_names[0]
    return [_banner(session, truth), _mismatch(truth, name), _valid_hostname(name)]


def _banner(session: Session, truth: Truth) -> Row:
    greeting = session.reply("connect")
    text = greeting.text.lower() if greeting is not None else ""
    if any(name.lower() in text for name in truth.ptr_names):
        return Row(BANNER, "ok", "OK - Reverse DNS matches SMTP Banner")
    return Row(BANNER, "warning", "Reverse DNS does not match SMTP Banner")


def _mismatch(truth: Truth, name: str) -> Row:
    if truth.forward_confirmed is None:
        return Row(REVERSE_MISMATCH, "unknown", f"The address of {name} could not be looked up from here")
    if truth.forward_confirmed:
        return Row(REVERSE_MISMATCH, "ok", f"OK - {truth.address} resolves to {name}")
    return Row(REVERSE_MISMATCH, "warning", "Reverse DNS Mismatch")


def _valid_hostname(name: str) -> Row:
    if is_host_name(name):
        return Row(VALID_HOSTNAME, "ok", "OK - Reverse DNS is a valid Hostname")
    return Row(VALID_HOSTNAME, "warning", "Reverse DNS is not a valid Hostname")


def _tls(session: Session) -> Row:
    reply = session.reply("ehlo")
    if reply is not None and reply.offers("STARTTLS"):
        return Row(TLS, "ok", "OK - Supports TLS.")
    return Row(TLS, "warning", "Warning - Does not support TLS.")


def _times(session: Session, tester: Tester) -> list[Row]:
    greeted = session.reply("connect") is not None
    connection: Optional[float] = session.stages[0].seconds if greeted else 0.0
    return [
        _time(CONNECTION_TIME, connection or 0.0, tester, "Connection time"),
        _time(TRANSACTION_TIME, session.seconds, tester, "Transaction Time"),
    ]


def _time(name: str, seconds: float, tester: Tester, words: str) -> Row:
    shown = "0" if seconds == 0 else f"{seconds:.3f}"
    if seconds >= tester.bad_seconds:
        return Row(name, "error", f"{shown} seconds - Not good! on {words}")
    if seconds >= tester.warn_seconds:
        return Row(name, "warning", f"{shown} seconds - Warning on {words}")
    return Row(name, "ok", f"{shown} seconds - Good on {words}")


def _relay(session: Session) -> Row:
    reply = session.reply("rcpt")
    if reply is not None and 200 <= reply.code < 300:
        return Row(OPEN_RELAY, "error", "May be an open relay.")
    return Row(OPEN_RELAY, "ok", "OK - Not an open relay.")
