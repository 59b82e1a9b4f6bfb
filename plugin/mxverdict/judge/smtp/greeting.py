"""Judges testers that only ask for the greeting, or the greeting and STARTTLS: one row each."""

from __future__ import annotations

from mxverdict.findings import Finding, Row, Verdict
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.smtp.rows import RowContext


def judge_row(case: RowContext) -> tuple[Finding, ...]:
    row = _row(case)
    if row.level == "ok":
        return (Finding(row, Verdict.OK, _("It gets what it asks for.")),)
    if case.timed_out_on_delay:
        return (_hung_up(row, case),)
    works = case.truth.tls_works if case.tester.report == "starttls" else case.truth.greeting is not None
    if works is None:
        return (
            Finding(
                row, Verdict.UNKNOWN, _("The server's own answer could not be read."), case.refusal_lines
            ),
        )
    return (
        Finding(
            row,
            Verdict.FALSE_POSITIVE if works and case.refusal else Verdict.PROBLEM,
            _("The tester was refused at once; the server answers others.") if case.refusal else
            _("The server really does not answer as the tester expects."),
            (*case.refusal_lines, *((translate(case.preview.detail),) if case.preview.detail else ())),
        ),
    )  # fmt: skip


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
        row,
        Verdict.FALSE_POSITIVE,
        wrong.format(reason=case.hangs_up),
        case.statements,
        _("Its addresses are not published: only a test window that switches the delay off helps.")
        if not case.tester.addresses
        else _("To show it a clean report, open a test window."),
    )


def _row(case: RowContext) -> Row:
    tester = case.tester
    if case.session.ended in ("timeout", "dropped"):
        return Row(tester.rule, tester.row, "error", tester.timeout_text)
    greeting = case.session.reply("connect")
    if greeting is None or greeting.code != 220:
        return Row(tester.rule, tester.row, "error", f"refused: {case.refusal}")
    if tester.report == "starttls":
        reply = case.session.reply("ehlo")
        if reply is None or not reply.offers("STARTTLS"):
            return Row(tester.rule, tester.row, "warning", tester.no_starttls_text)
    return Row(tester.rule, tester.row, "ok", tester.ok_text)
