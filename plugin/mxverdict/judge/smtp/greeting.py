"""Judges testers that ask for the greeting, for STARTTLS or for the open port alone: one row each."""

from __future__ import annotations

import re
from typing import Optional

from mxverdict.evidence import Reply
from mxverdict.findings import Finding, Row, Verdict
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.smtp.rows import RowContext


def judge_row(case: RowContext) -> tuple[Finding, ...]:
    row = _row(case)
    return (_passed(row, case) if row.level == "ok" else _failed(row, case),)


def _passed(row: Row, case: RowContext) -> Finding:
    refused_from = _refused_from(case)
    if refused_from is not None:
        return _too_many(case, refused_from)
    return Finding(row, Verdict.OK, _("It gets what it asks for."), _about_connections(case))


def _failed(row: Row, case: RowContext) -> Finding:
    if case.tester.report == "connect":
        why = _("Nothing answers on port 25; all mail to this address waits or is lost.")
        return Finding(row, Verdict.PROBLEM, why)
    if case.timed_out_on_delay:
        return _hung_up(row, case)
    if _unexpected(case):
        return _not_matched(row, case)
    works = case.truth.tls_works if case.tester.report == "starttls" else case.truth.greeting is not None
    if works is None:
        why = _("The server's own answer could not be read.")
        return Finding(row, Verdict.UNKNOWN, why, case.refusal_lines)
    return _refused(row, case, works)


def _refused(row: Row, case: RowContext, works: bool) -> Finding:
    if works and case.rate_limited:
        why = _(
            "Exim answers; it refuses this address for up to an hour because too many of its sessions "
            "failed, as relay tests do."
        )
        todo = _("Wait an hour before the next test, or test from another address.")
        return Finding(row, Verdict.FALSE_POSITIVE, why, case.refusal_lines, todo)
    return Finding(
        row,
        Verdict.FALSE_POSITIVE if works and case.refusal else Verdict.PROBLEM,
        _("The tester was refused at once; the server answers others.")
        if case.refusal
        else _("The server really does not answer as the tester expects."),
        (*case.refusal_lines, *((translate(case.preview.detail),) if case.preview.detail else ())),
    )


def _hung_up(row: Row, case: RowContext) -> Finding:
    starttls = case.tester.report == "starttls"
    works = case.truth.tls_works if starttls else case.truth.greeting is not None
    if works is None:
        why = _("It never gets an answer: {reason}.").format(reason=case.hangs_up)
        return Finding(row, Verdict.UNKNOWN, why, case.statements)
    if not works:
        why = _("It hangs up early, but the row is true all the same.")
        return Finding(row, Verdict.PROBLEM, why, case.statements)
    wrong = (
        _("It is wrong, STARTTLS works: {reason}.")
        if starttls
        else _("It is wrong, the server greets: {reason}.")
    )
    return Finding(
        row, Verdict.FALSE_POSITIVE, wrong.format(reason=case.hangs_up), case.statements, _todo(case)
    )


def _todo(case: RowContext) -> str:
    if case.tester.setting:
        return _(case.tester.setting)
    if case.tester.addresses:
        return _("To show it a clean report, open a test window.")
    return _("Its addresses are not published: only a test window that switches the delay off helps.")


def _not_matched(row: Row, case: RowContext) -> Finding:
    why = _(
        "The server greets; {tester} waits for a line like {pattern}, and no line of this greeting is one, "
        "however long it waits."
    ).format(tester=case.tester.title, pattern=case.tester.expects)
    reply = case.session.reply("connect")
    greeting = _lines(reply) if reply is not None else ()
    shown = tuple(_("Exim at CONNECT: {reply}").format(reply=line) for line in greeting)
    return Finding(row, Verdict.FALSE_POSITIVE, why, shown, _todo(case))


def _too_many(case: RowContext, refused_from: int) -> Finding:
    tester = case.tester
    text = tester.printed_text(tester.timeout_text, case.truth.address, case.truth.hostname)
    row = Row(tester.rule, tester.row, "error", text)
    limit = next(one for one in case.preview.connection_limits if one.refused_from() == refused_from)
    why = _(
        "The server answers; the test opens about {connections} connections, and Exim refuses it from number "
        "{number} on: a rule of this server allows {limit} in {period}."
    ).format(
        connections=tester.connections, number=refused_from, limit=f"{limit.limit:g}", period=limit.period
    )
    todo = _("Raise that limit, or exempt the tester's address from it, in the ACL for connections.")
    return Finding(row, Verdict.FALSE_POSITIVE, why, _about_connections(case), todo)


def _refused_from(case: RowContext) -> Optional[int]:
    """Return from which of its connections on the tester is refused; None when it opens fewer."""
    numbers = [number for one in case.preview.connection_limits if (number := one.refused_from())]
    return min((number for number in numbers if number <= case.tester.connections), default=None)


def _about_connections(case: RowContext) -> tuple[str, ...]:
    """Return what Exim's limits on connections mean for a tester that opens many."""
    limits = case.preview.connection_limits
    if case.tester.connections < 2 or not limits:
        return ()
    asked = ", ".join(f"{one.limit:g}/{one.period}" for one in limits)
    counting = ", ".join(f"{one.limit:g}/{one.period}" for one in limits if one.counted)
    said = (
        _(
            "It opens about {connections} connections. Exim asks for rates of failed sessions at the "
            "connection ({limits}); connections alone are not counted there."
        )
        if not counting
        else _(
            "It opens about {connections} connections. Exim limits them by their number ({counting}) among "
            "the rates that it asks for at the connection ({limits})."
        )
    )
    return (said.format(connections=case.tester.connections, limits=asked, counting=counting),)


def _lines(reply: Reply) -> tuple[str, ...]:
    """Return the lines of a reply as they are sent (RFC 5321 section 4.2.1)."""
    last = len(reply.lines) - 1
    return tuple(
        f"{reply.code}{' ' if number == last else '-'}{line}" for number, line in enumerate(reply.lines)
    )


def _unexpected(case: RowContext) -> bool:
    """Whether a greeting came in time of which no line is as the tester wants it."""
    reply = case.session.reply("connect")
    if not case.tester.expects or reply is None or reply.code != 220:
        return False
    return not any(re.search(case.tester.expects, line) for line in _lines(reply))


def _row(case: RowContext) -> Row:
    tester = case.tester
    level, text = _said(case)
    return Row(
        tester.rule, tester.row, level, tester.printed_text(text, case.truth.address, case.truth.hostname)
    )


def _said(case: RowContext) -> tuple[str, str]:
    """Return the level and the words of what the tester prints."""
    tester = case.tester
    if tester.report == "connect" and case.session.stages:
        return "ok", tester.ok_text
    if case.session.ended in ("timeout", "dropped") or _unexpected(case):
        return "error", tester.timeout_text
    greeting = case.session.reply("connect")
    if greeting is None or greeting.code != 220:
        return "error", f"refused: {case.refusal}"
    if tester.report == "starttls":
        reply = case.session.reply("ehlo")
        if reply is None or not reply.offers("STARTTLS"):
            return "warning", tester.no_starttls_text
    return "ok", tester.ok_text
