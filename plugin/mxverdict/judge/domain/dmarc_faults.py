"""Sentences about what is wrong in a DMARC record, and the verdict that its effect earns."""

from __future__ import annotations

from mxverdict.findings import Verdict
from mxverdict.i18n.catalog import N_
from mxverdict.i18n.catalog import gettext as _
from mxverdict.mailauth.dmarc.record import (
    DEFAULTS,
    LENGTH_LIMIT,
    Effect,
    Fault,
    FaultKind,
    Mistake,
    Record,
    mistake_in,
)

IGNORED = N_("Receivers act as if the domain had no DMARC record.")


def syntax_verdict(record: Record) -> tuple[Verdict, str]:
    """Return the verdict on a record with faults, and why."""
    if record.effect is not Effect.IGNORED:
        return Verdict.ADVISORY, _(_EFFECTS[record.effect])
    repeated = any(fault.kind is FaultKind.REPEATED for fault in record.faults)
    cause = _REPEATED if repeated else _NO_POLICY
    return Verdict.PROBLEM, f"{_(cause)} {_(IGNORED)}"


def fault_lines(record: Record) -> tuple[str, ...]:
    """Return a line for each fault, the gravest first."""
    worst_first = sorted(record.faults, key=lambda fault: (fault.allowed, -fault.effect.rank))
    return tuple(map(_line, worst_first))


def mistake_line(text: str) -> str:
    """Return why receivers do not take a text as a DMARC record."""
    return _(_MISTAKES[mistake_in(text)])


def _line(fault: Fault) -> str:
    template = _VALUES.get(fault.tag, _VALUE) if fault.kind is FaultKind.VALUE else _KINDS[fault.kind]
    return _(template).format(
        tag=fault.tag, value=fault.value, default=DEFAULTS.get(fault.tag, ""), limit=LENGTH_LIMIT
    )


_REPEATED = N_("A tag that appears twice makes the whole record invalid (RFC 6376 section 3.2).")
_NO_POLICY = N_(
    "A record without p, or with a p, sp or np that is not valid, only counts if rua names a valid report "
    "address (RFC 9989 section 4.10.1)."
)
_EFFECTS = {
    Effect.NOTHING: N_("Receivers ignore what is wrong in it, and the policy holds (RFC 9989 section 4.8)."),
    Effect.DEFAULT: N_(
        "The policy holds. Where a value is not valid, receivers apply the default (RFC 9989 section 4.8)."
    ),
    Effect.NO_REPORTS: N_(
        "The policy holds, but no reports go to a destination that is not written mailto:name@domain."
    ),
    Effect.MONITORING: N_(
        "Receivers act as if the record said p=none: p is missing, or p, sp or np is not valid, but rua has "
        "a report address (RFC 9989 section 4.10.1)."
    ),
}
_POLICY = N_("{tag}={value} is not a valid policy (none, quarantine or reject)")
_HISTORIC = N_("{tag}={value}: receivers ignore this tag since RFC 9989")
_VALUE = N_("{tag}={value} is not valid; {tag}={default} applies")
_VALUES = {
    **dict.fromkeys(("p", "sp", "np"), _POLICY),
    **dict.fromkeys(("pct", "rf", "ri"), _HISTORIC),
}
_KINDS = {
    FaultKind.MISSING: N_("the policy is missing (p=none, p=quarantine or p=reject)"),
    FaultKind.REPEATED: N_("the tag {tag} appears more than once"),
    FaultKind.NOT_A_TAG: N_("not a tag with a value, ignored: {value}"),
    FaultKind.UNKNOWN_TAG: N_("the tag {tag} is not known; receivers ignore it"),
    FaultKind.HISTORIC_TAG: _HISTORIC,
    FaultKind.DESTINATION: N_("not a valid report address in {tag}: {value}"),
    FaultKind.SCHEME: N_("not a mail address in {tag}; receivers need not support it: {value}"),
    FaultKind.LENGTH: N_("the record is longer than {limit} characters; the rest was not read"),
}
_MISTAKES = {
    Mistake.LETTER_CASE: N_("DMARC1 has to be written in capitals"),
    Mistake.VERSION: N_("the only version is DMARC1"),
    Mistake.SEPARATOR: N_("a semicolon has to follow v=DMARC1"),
    Mistake.BEFORE_VERSION: N_("there is a space, a quote or another character before v=DMARC1"),
    Mistake.NOT_FIRST: N_("v=DMARC1 has to be the first tag"),
    Mistake.NO_VERSION: N_("the record does not start with v=DMARC1"),
}
