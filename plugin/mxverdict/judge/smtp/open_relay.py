"""Judges the open relay test: which variant of the envelope would Exim let through?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from mxverdict.evidence.relay import RelayProbe
from mxverdict.findings import Finding, Owner, Row, Verdict
from mxverdict.i18n.catalog import N_, ngettext
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate
from mxverdict.judge.listing import listing
from mxverdict.refusals import RefusalClass, classify

NAME = N_("Open relay")
_BEFORE_RELAYING = frozenset(
    (
        RefusalClass.SENDER_NOT_VERIFIED,
        RefusalClass.SENDER_DOMAIN,
        RefusalClass.RECIPIENT_NOT_VERIFIED,
        RefusalClass.GREYLISTED,
        RefusalClass.ADDRESS_RATE,
    )
)
"""Refusals that end a session before the relay check."""
_SYNTAX = range(500, 505)
"""The command itself is refused (RFC 5321 section 4.2.3)."""


def judge_relay(tests: Sequence[RelayProbe]) -> tuple[Finding, ...]:
    """Return findings on what relays, on what is accepted as a local address and on what is not known; when
    nothing relays, one that lists every refused variant."""
    return tuple(_findings(tests))


def _findings(tests: Sequence[RelayProbe]) -> Iterator[Finding]:
    if not tests:
        return
    finding = partial(_finding, tests[0].helo)
    relaying = [test for test in tests if test.accepted and test.routed == "remote"]
    local = [test for test in tests if test.accepted and test.routed == "local"]
    unsure = [test for test in tests if not is_refused(test) and test not in relaying and test not in local]
    refused = [test for test in tests if is_refused(test)]
    if relaying:
        yield finding(
            Verdict.PROBLEM,
            _("relays mail of strangers ({variants})").format(variants=_names(relaying)),
            relaying,
            _(
                "Exim would take mail from a host that this server does not know and pass it on to another "
                "server."
            ),
            _(
                "Close it now, for spammers find it within hours: look at the ACL statement that accepts, "
                "and take the hosts or domains it names out of the lists that grant relaying."
            ),
        )
    elif refused and not unsure:
        why = _("Exim would pass on no mail of a host that this server does not know.")
        yield finding(
            Verdict.OK,
            ngettext(
                "no: {count} way to ask is refused", "no: {count} ways to ask are refused", len(refused)
            ).format(count=len(refused)),
            refused,
            why,
        )
    if local:
        yield finding(
            Verdict.ADVISORY,
            _("accepted as a local address ({variants})").format(variants=_names(local)),
            local,
            _(
                "This is no relaying: Exim takes the whole as the name of a mailbox here, as with a "
                "catch-all, but a simple tester calls every 250 an open relay."
            ),
            _(
                "To be rid of it, let the domain's default address refuse unknown names instead of taking "
                "them."
            ),
        )
    if unsure:
        yield finding(
            Verdict.UNKNOWN,
            _("could not be told for {variants}").format(variants=_names(unsure)),
            unsure,
            _("Exim did not come as far as the decision, or did not say where the mail would go."),
            _("See Exim's answers; try again when the DNS works and nothing is put off."),
        )


def is_refused(test: RelayProbe) -> bool:
    """Whether Exim refuses permanently, for a reason that is known and holds for any stranger. A refusal
    because sender or foreign recipient could not be verified says nothing: another one gets past it."""
    if test.error or test.unverified or test.reply is None or not 500 <= test.reply.code < 600:
        return False
    texts = (test.reply.text, *test.log)
    kinds = {classify(test.reply.code, text, test.stage).kind for text in texts}
    if kinds & _BEFORE_RELAYING:
        return False
    return bool(test.statement) or test.reply.code in _SYNTAX or kinds != {RefusalClass.UNKNOWN}


def _finding(
    usual_helo: str, verdict: Verdict, text: str, tests: Sequence[RelayProbe], why: str, todo: str = ""
) -> Finding:
    evidence = tuple(line for test in tests for line in _lines(test, usual_helo))
    addresses = ", ".join(dict.fromkeys(test.local_address for test in tests))
    row = Row("smtp.relay.variants", NAME, verdict.level, text, "relay", addresses)
    return Finding(row, verdict, why, evidence, todo, Owner.SERVER if todo else None)


def _lines(test: RelayProbe, usual_helo: str) -> Iterator[str]:
    answer = translate(test.error) or _("no reply")
    if not test.error and test.reply is not None:
        answer = f"{test.reply.code} {' '.join(test.reply.lines)}"
    helo = f"EHLO {test.helo}, " if test.helo != usual_helo else ""
    if test.stage != "rcpt" and not test.error:
        answer = _("{answer} (at {stage})").format(answer=answer, stage=test.stage.upper())
    yield f"{translate(test.name)}: {helo}MAIL FROM:<{test.sender}> RCPT TO:<{test.recipient}> -> {answer}"
    if test.accepted:
        if test.statement:
            yield _("accepted by the ACL statement at {statement}").format(statement=test.statement)
        yield from (f"exim -bt: {line.strip()}" for line in test.routing)


def _names(tests: Sequence[RelayProbe]) -> str:
    return listing(list(dict.fromkeys(translate(test.name) for test in tests)), 4)
