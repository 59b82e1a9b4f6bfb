"""Judges each MXToolbox row: what it says, what is true, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mxverdict.evidence import Preview, Reply
from mxverdict.evidence.smtp import RATE_LIMITED
from mxverdict.findings import Finding, Row, Session, Verdict
from mxverdict.i18n.catalog import N_, decimal
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.smtp import mxtoolbox_rows
from mxverdict.judge.smtp.evidence_lines import (
    banner_lines,
    foreign_recipient,
    probe_lines,
    ptr_lines,
    tls_lines,
)
from mxverdict.judge.smtp.ground_truth import GroundTruth
from mxverdict.refusals import RefusalClass, classify, facts
from mxverdict.testers import Tester

_WINDOW = N_("To show it a clean report, open a test window.")
_RELAY_LISTS = N_(
    "If the address stands in Trusted SMTP IP addresses or Only-verify-recipient, take it out: "
    "those lists let it relay."
)


@dataclass(frozen=True)
class RowContext:
    """One tester's session at one server address, with everything a row can be judged from."""

    session: Session
    truth: GroundTruth
    tester: Tester
    preview: Preview

    @property
    def timed_out_on_delay(self) -> bool:
        return self.session.ended == "timeout" and self.delay > 0

    @property
    def delay(self) -> int:
        """Return seconds of delay Exim imposes in the stages the tester reached."""
        reached = {stage.name for stage in self.session.stages}
        return sum(stage.delay for stage in self.preview.stages if stage.name in reached)

    @property
    def hangs_up(self) -> str:
        stage = self.session.stages[-1]
        wait = self.preview.delay(stage.name) or 0
        said = (
            _(
                "Exim makes unknown hosts wait {seconds} s before the banner; {tester} hangs up after "
                "{patience} s"
            )
            if stage.name == "connect"
            else _(
                "Exim makes unknown hosts wait {seconds} s at {stage}; {tester} hangs up after {patience} s"
            )
        )
        return said.format(
            seconds=wait,
            stage=stage.name.upper(),
            tester=self.tester.title,
            patience=f"{self.tester.patience:g}",
        )

    @property
    def statements(self) -> tuple[str, ...]:
        reached = {stage.name for stage in self.session.stages}
        return tuple(
            _("Exim at {stage}: delay of {seconds} s by {statement}").format(
                stage=stage.name.upper(), seconds=stage.delay, statement=statement
            )
            for stage in self.preview.stages
            if stage.name in reached
            for statement in stage.delayed_by
        )

    @property
    def rate_limited(self) -> bool:
        return any(stage.rate_limited for stage in self.preview.stages)

    @property
    def refusal(self) -> str:
        stage = next((s for s in self.session.stages if s.reply and not s.reply.positive), None)
        if stage is None or stage.reply is None:
            return ""
        return f"{stage.reply.code} {' '.join(stage.reply.lines)}"

    @property
    def refusal_lines(self) -> tuple[str, ...]:
        return (_("It was told: {refusal}").format(refusal=self.refusal),) if self.refusal else ()


def judge_rows(case: RowContext) -> tuple[Finding, ...]:
    rows = mxtoolbox_rows.rows(case.session, case.truth, case.tester)
    return tuple(_JUDGES[row.rule](row, case) for row in rows)


def _connect(row: Row, case: RowContext) -> Finding:
    if not case.session.stages:
        return Finding(
            row,
            Verdict.PROBLEM,
            _("Nothing answers on port 25; all mail to this address waits or is lost."),
            probe_lines(case.truth),
            _("Start Exim: /usr/local/cpanel/scripts/restartsrv_exim. Then look at the firewall."),
        )
    log = tuple(
        _("Exim would log: {line}").format(line=line)
        for stage in case.preview.stages
        for line in stage.log[-1:]
        if line != RATE_LIMITED
    )
    if case.preview.failure:
        return Finding(
            row,
            Verdict.PROBLEM,
            _("Exim gives up in the session; real mail is refused in the same way."),
            (translate(case.preview.detail), *case.statements),
            _("Mend what Exim names; a missing list file can be created empty (root:mail 0640)."),
        )
    lines = (*case.refusal_lines, *log)
    if case.rate_limited:
        return Finding(
            row,
            Verdict.FALSE_POSITIVE,
            _(
                "Exim answers; it refuses this address for up to an hour because too many of its sessions "
                "failed, as relay tests do."
            ),
            lines,
            _("Wait an hour before the next test, or test from another address."),
        )
    return Finding(
        row,
        Verdict.PROBLEM,
        _("Exim answers, but refuses this address."),
        lines,
        _("If it should be let in, look for it in Blacklisted SMTP IP addresses in WHM."),
    )


def _banner(row: Row, case: RowContext) -> Finding:
    truth = case.truth
    evidence = (*ptr_lines(truth), *banner_lines(truth))
    if row.level == "ok":
        return Finding(row, Verdict.OK, _("The PTR name stands in the banner."), evidence)
    if truth.ptr_in_greeting is None:
        return Finding(
            row,
            Verdict.UNKNOWN,
            _("The real banner could not be read, and the tester does not see it either."),
            (*evidence, *probe_lines(truth), *case.statements),
        )
    if truth.ptr_in_greeting and case.session.reply("connect") is None and case.timed_out_on_delay:
        return Finding(
            row,
            Verdict.FALSE_POSITIVE,
            _("The banner matches; {tester} never sees it: {reason}.").format(
                tester=case.tester.title, reason=case.hangs_up
            ),
            (*evidence, *case.statements),
            _(_WINDOW),
        )
    if truth.ptr_in_greeting:
        why = _("The real banner matches; the tester was refused before it could see it.")
        return Finding(row, Verdict.FALSE_POSITIVE, why, (*evidence, *case.refusal_lines))
    return Finding(
        row,
        Verdict.PROBLEM,
        _(
            "The name of the address (PTR) does not stand in the banner; some receivers count that against "
            "you."
        ),
        evidence,
        _banner_hint(truth),
    )


def _banner_hint(truth: GroundTruth) -> str:
    if truth.hostname.lower() in (name.lower() for name in truth.ptr_names):
        return _("Put {name} into smtp_banner in WHM, Exim Configuration Manager, Advanced Editor.").format(
            name=truth.hostname
        )
    return _(
        "Have the PTR of {address} set to {name} (by whoever owns the address), "
        "or set the server's host name to the PTR name."
    ).format(address=truth.address, name=truth.hostname)


def _tls(row: Row, case: RowContext) -> Finding:
    truth = case.truth
    evidence = (*tls_lines(truth), *probe_lines(truth))
    if row.level == "ok":
        return _tls_offered(row, case, evidence)
    if truth.tls_works is None:
        return Finding(
            row,
            Verdict.UNKNOWN,
            _("Whether STARTTLS works could not be tried."),
            (*evidence, *case.statements),
        )
    if not truth.tls_works:
        return Finding(
            row,
            Verdict.PROBLEM,
            _("The server really offers no working STARTTLS."),
            evidence,
            _("Set a certificate for Exim in WHM, Manage Service SSL Certificates, then restart Exim."),
        )
    if case.timed_out_on_delay:
        return Finding(
            row,
            Verdict.FALSE_POSITIVE,
            _("STARTTLS works, handshake included; {tester} never gets that far: {reason}.").format(
                tester=case.tester.title, reason=case.hangs_up
            ),
            (*evidence, *case.statements),
            _(_WINDOW),
        )
    why = _("STARTTLS works; the tester was refused or dropped before it could ask.")
    return Finding(row, Verdict.FALSE_POSITIVE, why, (*evidence, *case.refusal_lines))


def _tls_offered(row: Row, case: RowContext, evidence: tuple[str, ...]) -> Finding:
    tls = case.truth.tls
    if tls is None:
        return Finding(row, Verdict.OK, _("STARTTLS is offered; the handshake could not be tried."), evidence)
    if not tls.handshake:
        return Finding(
            row,
            Verdict.PROBLEM,
            _("STARTTLS is offered, but the handshake fails; the tester does not try it."),
            evidence,
            _("Check the certificate and key of Exim in WHM, Manage Service SSL Certificates."),
        )
    if not tls.trusted or tls.name_matches is False:
        return Finding(
            row,
            Verdict.ADVISORY,
            _("TLS works; the certificate would not pass a strict check: {problem}.").format(
                problem=translate(tls.problem)
            ),
            evidence,
            _("Senders encrypt anyway; for MTA-STS or DANE install a trusted certificate for the host name."),
        )
    return Finding(row, Verdict.OK, _("STARTTLS works and the certificate is trusted."), evidence)


def _reverse_resolution(row: Row, case: RowContext) -> Finding:
    truth = case.truth
    if row.level == "unknown":
        return Finding(row, Verdict.UNKNOWN, _("The PTR could not be looked up."), (truth.ptr_error,))
    return Finding(
        row,
        Verdict.PROBLEM,
        _("{address} has no name (PTR); many receivers refuse mail from such an address.").format(
            address=truth.address
        ),
        ptr_lines(truth),
        _("Ask whoever owns {address} (host or data centre) to set its PTR to {name}.").format(
            address=truth.address, name=truth.hostname
        ),
    )


def _reverse_mismatch(row: Row, case: RowContext) -> Finding:
    truth = case.truth
    if row.level == "unknown":
        return Finding(
            row,
            Verdict.UNKNOWN,
            _("The way back from the PTR name could not be looked up."),
            ptr_lines(truth),
        )
    if row.level == "ok":
        return Finding(row, Verdict.OK, _("Address and name agree in both directions."), ptr_lines(truth))
    name = truth.ptr_names[0]
    why = _("The PTR name {name} does not lead back to {address}; receivers count that against your mail.")
    if name in truth.dangling:
        why = _(
            "The PTR name {name} does not resolve: it does not exist, or has no address; receivers count "
            "that against your mail."
        )
    return Finding(
        row,
        Verdict.PROBLEM,
        why.format(name=name, address=truth.address),
        ptr_lines(truth),
        _("Add an address record for {name} that points to {address}, or have the PTR changed.").format(
            name=name, address=truth.address
        ),
    )


def _valid_hostname(row: Row, case: RowContext) -> Finding:
    if row.level == "ok":
        return Finding(row, Verdict.OK, _("The PTR is a proper host name."), ptr_lines(case.truth))
    return Finding(
        row,
        Verdict.PROBLEM,
        _("The PTR is no full host name."),
        ptr_lines(case.truth),
        _("Ask whoever owns {address} to set its PTR to {name}.").format(
            address=case.truth.address, name=case.truth.hostname
        ),
    )


def _connection_time(row: Row, case: RowContext) -> Finding:
    if case.session.reply("connect") is None:
        why = _("The tester prints a pass, but no greeting came; it only timed the TCP connection.")
        return Finding(row, Verdict.NOT_RUN, why, case.statements)
    seconds = case.session.stages[0].delay
    why = _("Nothing is slow: Exim makes unknown hosts wait {seconds} s before the banner on purpose.")
    return _time(row, case, seconds, why.format(seconds=f"{seconds:g}"))


def _transaction_time(row: Row, case: RowContext) -> Finding:
    if row.level == "ok" and case.session.reply("connect") is None:
        why = _("The tester prints a pass, but there was no transaction to time.")
        return Finding(row, Verdict.NOT_RUN, why)
    if case.timed_out_on_delay:
        return Finding(
            row,
            Verdict.FALSE_POSITIVE,
            _("Nothing is slow: {reason}.").format(reason=case.hangs_up),
            (*banner_lines(case.truth), *case.statements),
            _(_WINDOW),
        )
    why = _("Nothing is slow: Exim makes unknown hosts wait {seconds} s during the session on purpose.")
    return _time(row, case, case.delay, why.format(seconds=f"{case.delay:g}"))


def _time(row: Row, case: RowContext, delay: float, delayed: str) -> Finding:
    """Judge a time. `delay` is Exim's, in seconds, `delayed` the sentence about it."""
    if row.level == "ok":
        return Finding(row, Verdict.OK, _("Fast enough."), banner_lines(case.truth))
    if delay > 0:
        return Finding(
            row,
            Verdict.FALSE_POSITIVE,
            delayed,
            (*banner_lines(case.truth), *case.statements),
            _(_WINDOW),
        )
    slow = max(case.session.stages, key=lambda stage: stage.seconds)
    return Finding(
        row,
        Verdict.PROBLEM,
        _("Exim itself took {seconds} s at {stage} without any delay being asked for.").format(
            seconds=decimal(slow.seconds, 1), stage=slow.name.upper()
        ),
        (*banner_lines(case.truth), *case.statements),
        _("Most often a DNS look-up hangs: check the resolvers in /etc/resolv.conf."),
    )


def _relay(row: Row, case: RowContext) -> Finding:
    reply = case.session.reply("rcpt")
    if row.level == "ok" and reply is None:
        later = case.preview.stage("rcpt")
        if later is not None and later.reply is not None and 200 <= later.reply.code < 300:
            return Finding(
                row,
                Verdict.PROBLEM,
                _("The tester never got as far as asking, but Exim would accept a foreign recipient."),
                (foreign_recipient(later.reply), *case.statements),
                _(_RELAY_LISTS),
            )
        why = _("The tester prints a pass, but it never got as far as asking.")
        return Finding(row, Verdict.NOT_RUN, why, case.statements)
    lines = (foreign_recipient(reply),) if reply else ()
    if row.level == "ok" and reply is not None:
        return _relay_refused(row, case, reply, lines)
    return Finding(
        row,
        Verdict.PROBLEM,
        _("Exim accepts a foreign recipient from this address."),
        lines,
        _(_RELAY_LISTS),
    )


def _relay_refused(row: Row, case: RowContext, reply: Reply, lines: tuple[str, ...]) -> Finding:
    """Judge the refusal of the foreign recipient: only one because of the recipient says that Exim does not
    relay; another one ends before that is decided."""
    kind = _refusal_class(reply, case)
    if kind in _NOT_RELAYED and (reply.code >= 500 or kind is RefusalClass.RELAY_DENIED):
        return Finding(row, Verdict.OK, _("A foreign recipient is refused."), lines)
    if kind in (RefusalClass.UNKNOWN, *_NOT_RELAYED):
        why = _("Exim refuses the foreign recipient, but its reply does not say why; see Open relay.")
        return Finding(row, Verdict.UNKNOWN, why, lines)
    why = _("The tester prints a pass, but Exim refused it for another reason, before relaying was decided.")
    return Finding(row, Verdict.NOT_RUN, why, (*lines, _(facts(kind).title)))


def _refusal_class(reply: Reply, case: RowContext) -> RefusalClass:
    """Return what the refusal of the recipient is about, by the line that Exim would log and by the reply,
    whose words are the owner's: relaying when either says so, else what the first that is known says."""
    stage = case.preview.stage("rcpt")
    texts = (*(stage.log[-1:] if stage is not None else ()), reply.text)
    kinds = [classify(reply.code, text, "rcpt").kind for text in texts]
    known = [kind for kind in kinds if kind is not RefusalClass.UNKNOWN]
    return next((kind for kind in known if kind in _NOT_RELAYED), next(iter(known), RefusalClass.UNKNOWN))


_NOT_RELAYED = (
    RefusalClass.RELAY_DENIED,
    RefusalClass.LOGIN_REQUIRED,
    RefusalClass.RECIPIENT_UNKNOWN,
    RefusalClass.RECIPIENT_DOMAIN,
)
"""Refusals that say of a foreign recipient that it is not taken."""
_JUDGES: dict[str, Callable[[Row, RowContext], Finding]] = {
    "smtp.connect": _connect,
    "smtp.disconnect": _connect,
    "smtp.banner": _banner,
    "smtp.starttls": _tls,
    "ptr.record": _reverse_resolution,
    "ptr.forward": _reverse_mismatch,
    "ptr.hostname": _valid_hostname,
    "smtp.connection.time": _connection_time,
    "smtp.transaction.time": _transaction_time,
    "smtp.relay": _relay,
}
