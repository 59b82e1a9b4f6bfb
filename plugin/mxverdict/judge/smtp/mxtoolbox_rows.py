"""The SMTP report of MXToolbox, row by row in its words, from a played session.

Rules: mxtoolbox.com/problem/smtp/, cPanel's forum resource 545 and published reports. The texts stand in
`testers/rows/smtp.json`, the thresholds of the two time rows, which are estimates, in the catalogue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mxverdict.findings import LEVELS, Row, Session
from mxverdict.i18n.catalog import gettext as _
from mxverdict.judge.smtp.ground_truth import GroundTruth, is_host_name
from mxverdict.testers import Tester
from mxverdict.testers.row_texts import HEADLINE, RowTexts
from mxverdict.testers.row_texts import load as rows_of

if TYPE_CHECKING:
    from mxverdict.evidence import Reply

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

_STEPS = {"connect": "Banner", "ehlo": "EHLO", "mail": "MAIL FROM", "rcpt": "RCPT TO"}


def headline(session: Session, tester: Tester) -> str:
    """Return the line above the rows: how the conversation went, or the greeting when it went to its end."""
    greeting = session.reply("connect")
    completed = [_STEPS[stage.name] for stage in session.stages if stage.reply is not None]
    step = completed[-1] if completed else "Connect"
    if session.ended == "unknown":
        return ""
    if session.ended == "timeout":
        return _says(HEADLINE).failed.format(seconds=f"{tester.patience:g}", step=step)
    if _is_refused(session):
        return _says(CONNECT).failed
    if session.ended == "dropped":
        return f"Server Disconnected : Completed {step}"
    assert greeting is not None
    return " ".join(_lines(greeting))


def rows(session: Session, truth: GroundTruth, tester: Tester) -> tuple[Row, ...]:
    """Return the rows: failures, then warnings, then what passes."""
    if session.ended == "unknown":
        return ()
    found = [*_connect(session), *_name_rows(session, truth), _tls(session)]
    found += [_connection_time(session, tester), _relay(session), _transaction_time(session, tester)]
    return tuple(sorted(found, key=lambda row: LEVELS.index(row.level)))


def transcript(session: Session, truth: GroundTruth, tester: Tester) -> str:
    """Return the session as the tester prints it: commands, replies with the milliseconds each took, the
    total."""
    lines = [f"Connecting to {truth.address}", ""]
    if not session.stages:
        lines.append(_says(CONNECT).failed)
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


def _is_refused(session: Session) -> bool:
    """Whether the session ended without a greeting that welcomes the tester, other than by its patience."""
    greeting = session.reply("connect")
    return session.ended != "timeout" and (greeting is None or greeting.code >= 300)


def _connect(session: Session) -> list[Row]:
    if _is_refused(session):
        return [_says(CONNECT).fails()]
    return [_says(DISCONNECTED).fails()] if session.ended == "dropped" else []


def _name_rows(session: Session, truth: GroundTruth) -> list[Row]:
    if not truth.ptr_known:
        return [_says(REVERSE_RESOLUTION).unknown("", _("Reverse DNS could not be looked up from here"))]
    if not truth.ptr_names:
        return [_says(REVERSE_RESOLUTION).fails()]
    name = truth.ptr_names[0]
    return [_mismatch(truth, name), _row(VALID_HOSTNAME, is_host_name(name)), _banner(session, truth)]


def _banner(session: Session, truth: GroundTruth) -> Row:
    greeting = session.reply("connect")
    text = greeting.text.lower() if greeting is not None else ""
    return _row(BANNER, any(name.lower() in text for name in truth.ptr_names))


def _mismatch(truth: GroundTruth, name: str) -> Row:
    if truth.forward_confirmed is None:
        text = _("The address of {name} could not be looked up from here").format(name=name)
        return _says(REVERSE_MISMATCH).unknown("", text)
    return _row(REVERSE_MISMATCH, truth.forward_confirmed, address=truth.address, ptr=name)


def _tls(session: Session) -> Row:
    reply = session.reply("ehlo")
    return _row(TLS, reply is not None and reply.offers("STARTTLS"))


def _connection_time(session: Session, tester: Tester) -> Row:
    greeted = session.reply("connect") is not None
    return _time(CONNECTION_TIME, session.stages[0].seconds if greeted else 0.0, tester)


def _transaction_time(session: Session, tester: Tester) -> Row:
    return _time(TRANSACTION_TIME, session.seconds, tester)


def _time(name: str, seconds: float, tester: Tester) -> Row:
    shown = "0" if seconds == 0 else f"{seconds:.3f}"
    if tester.warn_seconds <= seconds < tester.bad_seconds:
        return _says(name).warns(seconds=shown)
    return _row(name, seconds < tester.bad_seconds, seconds=shown)


def _relay(session: Session) -> Row:
    reply = session.reply("rcpt")
    return _row(OPEN_RELAY, reply is None or not 200 <= reply.code < 300)


def _row(name: str, passes: bool, **values: Any) -> Row:
    texts = _says(name)
    return texts.passes(**values) if passes else texts.fails(**values)


def _says(name: str) -> RowTexts:
    return rows_of("smtp")[name]
