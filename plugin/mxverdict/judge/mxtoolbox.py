"""The SMTP report of MXToolbox, row by row in its words, from a played session.

Names, texts and rules: mxtoolbox.com/problem/smtp/, cPanel's forum resource 545 and published reports; the
thresholds of the two time rows are estimates and stand in the catalogue.
"""

from __future__ import annotations

from mxverdict.evidence import Reply
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
DISCONNECTED = "SMTP Server Disconnected"

_ORDER = {"error": 0, "warning": 1, "unknown": 2, "ok": 3}


_FAILED = "Failed To Connect"
_STEPS = {"connect": "Banner", "ehlo": "EHLO", "mail": "MAIL FROM", "rcpt": "RCPT TO"}


def headline(session: Session, tester: Tester) -> str:
    """The line above the rows: how the conversation went, or the greeting when it went to its end."""
    greeting = session.reply("connect")
    completed = [_STEPS[stage.name] for stage in session.stages if stage.reply is not None]
    step = completed[-1] if completed else "Connect"
    if session.ended == "unknown":
        return ""
    if session.ended == "timeout":
        return f"Timeout waiting for response after {tester.patience:g} seconds. : Completed {step}"
    if greeting is None or greeting.code >= 300:
        return _FAILED
    if session.ended == "dropped":
        return f"Server Disconnected : Completed {step}"
    return " ".join(_lines(greeting))


def rows(session: Session, truth: Truth, tester: Tester) -> tuple[Row, ...]:
    """Failures first, then warnings, then what passes."""
    if session.ended == "unknown":
        return ()
    found = [*_connect(session, tester), *_name_rows(session, truth), _tls(session)]
    found += [_connection_time(session, tester), _relay(session), _transaction_time(session, tester)]
    return tuple(sorted(found, key=lambda row: _ORDER[row.level]))


def transcript(session: Session, truth: Truth, tester: Tester) -> str:
    """As the tester prints it: commands, replies with the milliseconds each took, the total."""
    lines = [f"Connecting to {truth.address}", ""]
    if not session.stages:
        lines.append(_FAILED)
    for stage in session.stages:
        if stage.reply is None:
            if stage.command:
                lines.append(stage.command)
            if session.ended == "timeout":
                patience = f"{tester.patience:g} seconds"
                lines.append(f"SendSMTPCommand: Timeout waiting for response after {patience}.")
            else:
                lines.append("SendSMTPCommand: Connection closed by the server.")
            continue
        if stage.command:
            lines.append(stage.command)
        lines += _lines(stage.reply)
        lines[-1] += f" [{round(stage.seconds * 1000)} ms]"
    lines += ["", f"LookupServer {round(session.seconds * 1000)}ms"]
    return "\n".join(lines)


def _lines(reply: Reply) -> list[str]:
    last = len(reply.lines) - 1
    return [f"{reply.code}{' ' if number == last else '-'}{text}" for number, text in enumerate(reply.lines)]


def _connect(session: Session, tester: Tester) -> list[Row]:
    line = headline(session, tester)
    if line == _FAILED:
        return [Row(CONNECT, "error", _FAILED)]
    return [Row(DISCONNECTED, "error", "Server Disconnected")] if session.ended == "dropped" else []


def _name_rows(session: Session, truth: Truth) -> list[Row]:
    if not truth.ptr_known:
        return [Row(REVERSE_RESOLUTION, "unknown", "Reverse DNS could not be looked up from here")]
    if not truth.ptr_names:
        return [Row(REVERSE_RESOLUTION, "error", "Reverse DNS Resolution - No PTR Record found")]
    name = truth.ptr_names[0]
    return [_mismatch(truth, name), _valid_hostname(name), _banner(session, truth)]


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
    return Row(REVERSE_MISMATCH, "warning", f"Warning - {name} does not resolve to {truth.address}")


def _valid_hostname(name: str) -> Row:
    if is_host_name(name):
        return Row(VALID_HOSTNAME, "ok", "OK - Reverse DNS is a valid Hostname")
    return Row(VALID_HOSTNAME, "warning", "Reverse DNS is not a valid Hostname")


def _tls(session: Session) -> Row:
    reply = session.reply("ehlo")
    if reply is not None and reply.offers("STARTTLS"):
        return Row(TLS, "ok", "OK - Supports TLS.")
    return Row(TLS, "warning", "Warning - Does not support TLS.")


def _connection_time(session: Session, tester: Tester) -> Row:
    greeted = session.reply("connect") is not None
    seconds = session.stages[0].seconds if greeted else 0.0
    return _time(CONNECTION_TIME, seconds, tester, "Connection time")


def _transaction_time(session: Session, tester: Tester) -> Row:
    return _time(TRANSACTION_TIME, session.seconds, tester, "Transaction Time")


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
