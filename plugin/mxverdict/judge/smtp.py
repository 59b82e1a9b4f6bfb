"""Judges each MXToolbox row: what it says, what is true, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mxverdict.evidence import Preview, Reply
from mxverdict.findings import Finding, Row, Session, Verdict
from mxverdict.judge import mxtoolbox
from mxverdict.judge.truth import Truth
from mxverdict.testers import Tester

_WINDOW = "To show it a clean report, open a test window."
_RELAY_LISTS = (
    "If the address stands in Trusted SMTP IP addresses or Only-verify-recipient, take it out: "
    "those lists let it relay."
)


@dataclass(frozen=True)
class Case:
    """One tester's session at one server address, with everything a row can be judged from."""

    session: Session
    truth: Truth
    tester: Tester
    preview: Preview

    @property
    def gave_up_on_delay(self) -> bool:
        return self.session.ended == "timeout" and self.delay > 0

    @property
    def delay(self) -> int:
        """Seconds of delay Exim imposes in the stages the tester reached."""
        reached = {stage.name for stage in self.session.stages}
        return sum(stage.delay for stage in self.preview.stages if stage.name in reached)

    @property
    def hangs_up(self) -> str:
        stage = self.session.stages[-1]
        wait = self.preview.delay(stage.name) or 0
        place = "before the banner" if stage.name == "connect" else f"at {stage.name.upper()}"
        return (
            f"Exim makes unknown hosts wait {wait} s {place}; "
            f"{self.tester.title} hangs up after {self.tester.patience:g} s"
        )

    @property
    def statements(self) -> tuple[str, ...]:
        reached = {stage.name for stage in self.session.stages}
        return tuple(
            f"Exim at {stage.name.upper()}: delay of {stage.delay} s by {statement}"
            for stage in self.preview.stages
            if stage.name in reached
            for statement in stage.delayed_by
        )

    @property
    def rate_limited(self) -> bool:
        return any("ratelimited" in line for stage in self.preview.stages for line in stage.log)

    @property
    def refusal(self) -> str:
        stage = next((s for s in self.session.stages if s.reply and not s.reply.positive), None)
        if stage is None or stage.reply is None:
            return ""
        return f"{stage.reply.code} {' '.join(stage.reply.lines)}"

    @property
    def told(self) -> tuple[str, ...]:
        return (f"It was told: {self.refusal}",) if self.refusal else ()


def judge_rows(case: Case) -> tuple[Finding, ...]:
    rows = mxtoolbox.rows(case.session, case.truth, case.tester)
    return tuple(_JUDGES[row.name](row, case) for row in rows)


def _connect(row: Row, case: Case) -> Finding:
    if not case.session.stages:
        return Finding(
            row,
            Verdict.PROBLEM,
            "Nothing answers on port 25; all mail to this address waits or is lost.",
            _probe(case.truth),
            "Start Exim: /usr/local/cpanel/scripts/restartsrv_exim. Then look at the firewall.",
        )
    log = tuple(f"Exim would log: {line}" for stage in case.preview.stages for line in stage.log[-1:])
    if case.preview.failure:
        return Finding(
            row,
            Verdict.PROBLEM,
            "Exim gives up in the session; real mail is refused in the same way.",
            (case.preview.detail, *case.statements),
            "Mend what Exim names; a missing list file can be created empty (root:mail 0640).",
        )
    told = (*case.told, *log)
    if case.rate_limited:
        return Finding(
            row,
            Verdict.FALSE_POSITIVE,
            "Exim answers; it refuses this address for up to an hour because its relay tests all failed.",
            told,
            "Wait an hour before the next test, or test from another address.",
        )
    return Finding(
        row,
        Verdict.PROBLEM,
        "Exim answers, but refuses this address.",
        told,
        "If it should be let in, look for it in Blacklisted SMTP IP addresses in WHM.",
    )


def _banner(row: Row, case: Case) -> Finding:
    truth = case.truth
    evidence = (*_names(truth), *_greeting(truth))
    if row.level == "ok":
        return Finding(row, Verdict.OK, "The PTR name stands in the banner.", evidence)
    if truth.ptr_in_greeting is None:
        return Finding(
            row,
            Verdict.UNKNOWN,
            "The real banner could not be read, and the tester does not see it either.",
            (*evidence, *_probe(truth), *case.statements),
        )
    if truth.ptr_in_greeting and case.session.reply("connect") is None and case.gave_up_on_delay:
        return Finding(
            row,
            Verdict.FALSE_POSITIVE,
            f"The banner matches; {case.tester.title} never sees it: {case.hangs_up}.",
            (*evidence, *case.statements),
            _WINDOW,
        )
    if truth.ptr_in_greeting:
        why = "The real banner matches; the tester was refused before it could see it."
        return Finding(row, Verdict.FALSE_POSITIVE, why, (*evidence, *case.told))
    return Finding(
        row,
        Verdict.PROBLEM,
        "The name of the address (PTR) does not stand in the banner; some receivers count that against you.",
        evidence,
        _banner_advice(truth),
    )


def _banner_advice(truth: Truth) -> str:
    if truth.hostname.lower() in (name.lower() for name in truth.ptr_names):
        return f"Put {truth.hostname} into smtp_banner in WHM, Exim Configuration Manager, Advanced Editor."
    return (
        f"Have the PTR of {truth.address} set to {truth.hostname} (by whoever owns the address), "
        "or set the server's host name to the PTR name."
    )


def _tls(row: Row, case: Case) -> Finding:
    truth = case.truth
    evidence = (*_tls_facts(truth), *_probe(truth))
    if row.level == "ok":
        return _tls_offered(row, case, evidence)
    if truth.tls_works is None:
        return Finding(
            row, Verdict.UNKNOWN, "Whether STARTTLS works could not be tried.", (*evidence, *case.statements)
        )
    if not truth.tls_works:
        return Finding(
            row,
            Verdict.PROBLEM,
            "The server really offers no working STARTTLS.",
            evidence,
            "Set a certificate for Exim in WHM, Manage Service SSL Certificates, then restart Exim.",
        )
    if case.gave_up_on_delay:
        return Finding(
            row,
            Verdict.FALSE_POSITIVE,
            f"STARTTLS works, handshake included; {case.tester.title} never gets that far: {case.hangs_up}.",
            (*evidence, *case.statements),
            _WINDOW,
        )
    why = "STARTTLS works; the tester was refused or dropped before it could ask."
    return Finding(row, Verdict.FALSE_POSITIVE, why, (*evidence, *case.told))


def _tls_offered(row: Row, case: Case, evidence: tuple[str, ...]) -> Finding:
    tls = case.truth.tls
    if tls is None:
        return Finding(row, Verdict.OK, "STARTTLS is offered; the handshake could not be tried.", evidence)
    if not tls.handshake:
        return Finding(
            row,
            Verdict.PROBLEM,
            "STARTTLS is offered, but the handshake fails; the tester does not try it.",
            evidence,
            "Check the certificate and key of Exim in WHM, Manage Service SSL Certificates.",
        )
    if not tls.trusted or tls.name_matches is False:
        return Finding(
            row,
            Verdict.ADVISORY,
            f"TLS works; the certificate would not pass a strict check: {tls.problem}.",
            evidence,
            "Senders encrypt anyway; for MTA-STS or DANE install a trusted certificate for the host name.",
        )
    return Finding(row, Verdict.OK, "STARTTLS works and the certificate is trusted.", evidence)


def _reverse_resolution(row: Row, case: Case) -> Finding:
    truth = case.truth
    if row.level == "unknown":
        return Finding(row, Verdict.UNKNOWN, "The PTR could not be looked up.", (truth.ptr_error,))
    return Finding(
        row,
        Verdict.PROBLEM,
        f"{truth.address} has no name (PTR); many receivers refuse mail from such an address.",
        _names(truth),
        f"Ask whoever owns {truth.address} (host or data centre) to set its PTR to {truth.hostname}.",
    )


def _reverse_mismatch(row: Row, case: Case) -> Finding:
    truth = case.truth
    if row.level == "unknown":
        return Finding(
            row, Verdict.UNKNOWN, "The way back from the PTR name could not be looked up.", _names(truth)
        )
    if row.level == "ok":
        return Finding(row, Verdict.OK, "Address and name agree in both directions.", _names(truth))
    name = truth.ptr_names[0]
    return Finding(
        row,
        Verdict.PROBLEM,
        f"The PTR name {name} does not lead back to {truth.address}; receivers count that against your mail.",
        _names(truth),
        f"Add an address record for {name} that points to {truth.address}, or have the PTR changed.",
    )


def _valid_hostname(row: Row, case: Case) -> Finding:
    if row.level == "ok":
        return Finding(row, Verdict.OK, "The PTR is a proper host name.", _names(case.truth))
    return Finding(
        row,
        Verdict.PROBLEM,
        "The PTR is no full host name.",
        _names(case.truth),
        f"Ask whoever owns {case.truth.address} to set its PTR to {case.truth.hostname}.",
    )


def _connection_time(row: Row, case: Case) -> Finding:
    if case.session.reply("connect") is None:
        why = "The tester prints a pass, but no greeting came; it only timed the TCP connection."
        return Finding(row, Verdict.NOT_RUN, why, case.statements)
    return _time(row, case, (case.session.stages[0].delay, "before the banner"))


def _transaction_time(row: Row, case: Case) -> Finding:
    if row.level == "ok" and case.session.reply("connect") is None:
        why = "The tester prints a pass, but there was no transaction to time."
        return Finding(row, Verdict.NOT_RUN, why)
    if case.gave_up_on_delay:
        return Finding(
            row,
            Verdict.FALSE_POSITIVE,
            f"Nothing is slow: {case.hangs_up}.",
            (*_greeting(case.truth), *case.statements),
            _WINDOW,
        )
    return _time(row, case, (case.delay, "during the session"))


def _time(row: Row, case: Case, delay: tuple[float, str]) -> Finding:
    seconds, place = delay
    if row.level == "ok":
        return Finding(row, Verdict.OK, "Fast enough.", _greeting(case.truth))
    if seconds > 0:
        return Finding(
            row,
            Verdict.FALSE_POSITIVE,
            f"Nothing is slow: Exim makes unknown hosts wait {seconds:g} s {place} on purpose.",
            (*_greeting(case.truth), *case.statements),
            _WINDOW,
        )
    slow = max(case.session.stages, key=lambda stage: stage.seconds)
    return Finding(
        row,
        Verdict.PROBLEM,
        f"Exim itself took {slow.seconds:.1f} s at {slow.name.upper()} without any delay being asked for.",
        (*_greeting(case.truth), *case.statements),
        "Most often a DNS look-up hangs: check the resolvers in /etc/resolv.conf.",
    )


def _relay(row: Row, case: Case) -> Finding:
    reply = case.session.reply("rcpt")
    if row.level == "ok" and reply is None:
        later = case.preview.stage("rcpt")
        if later is not None and later.reply is not None and 200 <= later.reply.code < 300:
            return Finding(
                row,
                Verdict.PROBLEM,
                "The tester never got as far as asking, but Exim would accept a foreign recipient.",
                (_foreign_recipient(later.reply), *case.statements),
                _RELAY_LISTS,
            )
        why = "The tester prints a pass, but it never got as far as asking."
        return Finding(row, Verdict.NOT_RUN, why, case.statements)
    told = (_foreign_recipient(reply),) if reply else ()
    if row.level == "ok":
        return Finding(row, Verdict.OK, "A foreign recipient is refused.", told)
    return Finding(
        row,
        Verdict.PROBLEM,
        "Exim accepts a foreign recipient from this address.",
        told,
        _RELAY_LISTS,
    )


def _foreign_recipient(reply: Reply) -> str:
    return f"Exim answers the foreign recipient: {reply.code} {' '.join(reply.lines)}"


def _names(truth: Truth) -> tuple[str, ...]:
    if truth.ptr_error:
        return (f"PTR of {truth.address}: {truth.ptr_error}",)
    return (f"PTR of {truth.address}: {', '.join(truth.ptr_names) or 'none'}",)


def _greeting(truth: Truth) -> tuple[str, ...]:
    if truth.greeting is None or truth.greeting_seconds is None:
        return ()
    first = truth.greeting.partition("\n")[0]
    seconds = f"{truth.greeting_seconds:.3f} s"
    return (f"Real banner, {seconds} after connecting from the server: {first}",)


def _probe(truth: Truth) -> tuple[str, ...]:
    return (f"Own conversation with {truth.address}: {truth.probe_failure}",) if truth.probe_failure else ()


def _tls_facts(truth: Truth) -> tuple[str, ...]:
    tls = truth.tls
    if tls is None:
        return ("STARTTLS is not in the real EHLO reply",) if truth.offers_starttls is False else ()
    if not tls.handshake:
        return (f"Real handshake failed: {tls.problem}",)
    named = f", certificate for {', '.join(tls.names[:5])}" if tls.names else ""
    problem = f" ({tls.problem})" if tls.problem else ""
    return (f"Real handshake: {tls.version}{named}{problem}",)


_JUDGES: dict[str, Callable[[Row, Case], Finding]] = {
    mxtoolbox.CONNECT: _connect,
    mxtoolbox.DISCONNECTED: _connect,
    mxtoolbox.BANNER: _banner,
    mxtoolbox.TLS: _tls,
    mxtoolbox.REVERSE_RESOLUTION: _reverse_resolution,
    mxtoolbox.REVERSE_MISMATCH: _reverse_mismatch,
    mxtoolbox.VALID_HOSTNAME: _valid_hostname,
    mxtoolbox.CONNECTION_TIME: _connection_time,
    mxtoolbox.TRANSACTION_TIME: _transaction_time,
    mxtoolbox.OPEN_RELAY: _relay,
}
