"""Parses one DMARC record as receivers do (RFC 9989 sections 4.7, 4.8 and 4.10.1).

What is wrong in it is data: which tag, what kind of fault, and what receivers do about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Optional

from mxverdict.mailauth.dmarc.destination import is_uri, mail_domain

LENGTH_LIMIT = 8 * 1024
"""Characters that are read of a record."""
_FAULTS_LIMIT = 50
_VALUE_LIMIT = 200
"""Characters that are kept of a wrong value."""
_SPACE = " \t\r\n"

POLICIES = ("none", "quarantine", "reject")
"""From the weakest to the strictest."""
DEFAULTS = {"adkim": "r", "aspf": "r", "fo": "0", "psd": "u", "t": "n"}
"""What applies where the tag is missing, or its value is not valid (RFC 9989 section 4.7)."""
_VALUES = {"adkim": ("r", "s"), "aspf": ("r", "s"), "psd": ("y", "n", "u"), "t": ("y", "n")}
_POLICY_TAGS = ("p", "sp", "np")
_REPORT_TAGS = ("rua", "ruf")
_TAGS = frozenset(("v", *_POLICY_TAGS, *_REPORT_TAGS, *DEFAULTS))
_HISTORIC = {
    "pct": re.compile(r"100|[0-9]{1,2}"),
    "rf": re.compile(r"afrf|iodef|afrf *: *iodef|iodef *: *afrf", re.IGNORECASE),
    "ri": re.compile(r"[0-9]{1,10}"),
}
"""Tags that RFC 9989 removed (appendix C.5.2), with the values of RFC 7489."""

_RECORD = re.compile(rf"[vV][{_SPACE}]*=[{_SPACE}]*DMARC1[{_SPACE}]*(?:;|\Z)")
_MEANT = re.compile(r"dmarc|(?<![a-z])p\s*=\s*(?:none|quarantine|reject)", re.IGNORECASE)
_VERSION = re.compile(rf"[{_SPACE}]*v[{_SPACE}]*=[{_SPACE}]*dmarc", re.IGNORECASE)
_TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


class FaultKind(str, Enum):
    """What is wrong."""

    VALUE = "value"
    """A value that the tag cannot have."""
    MISSING = "missing"
    REPEATED = "repeated"
    NOT_A_TAG = "not_a_tag"
    """Text between semicolons that is not NAME=VALUE."""
    UNKNOWN_TAG = "unknown_tag"
    HISTORIC_TAG = "historic_tag"
    DESTINATION = "destination"
    """A report address that is not a valid URI."""
    SCHEME = "scheme"
    """A report address that is not a mail address: no receiver has to support it."""
    LENGTH = "length"


class Effect(str, Enum):
    """What receivers do about a fault, from the lightest to the gravest."""

    NOTHING = "nothing"
    """They read on as if it were not there."""
    DEFAULT = "default"
    """They apply the default of the tag."""
    NO_REPORTS = "no_reports"
    """They send no reports to that address."""
    MONITORING = "monitoring"
    """They act as if the record said p=none."""
    IGNORED = "ignored"
    """They apply no DMARC at all."""

    @property
    def rank(self) -> int:
        """Return 0 for the lightest."""
        return list(Effect).index(self)


class Mistake(str, Enum):
    """Why a text that is meant as a DMARC record is none to receivers (RFC 9989 section 4.7, tag `v`)."""

    LETTER_CASE = "letter_case"
    VERSION = "version"
    SEPARATOR = "separator"
    BEFORE_VERSION = "before_version"
    """Characters (a space, a quote) before the version."""
    NOT_FIRST = "not_first"
    NO_VERSION = "no_version"


@dataclass(frozen=True)
class Fault:
    """`value` is what was found, cut to a length that can be shown."""

    kind: FaultKind
    effect: Effect
    tag: str = ""
    value: str = ""

    @property
    def allowed(self) -> bool:
        """Whether RFC 9989 lets a record have it: a tag to be ignored."""
        return self.kind in (FaultKind.UNKNOWN_TAG, FaultKind.HISTORIC_TAG)


@dataclass(frozen=True)
class Record:
    """A DMARC record: its text, the first value of each tag by lower-case name, and its faults."""

    text: str
    tags: dict[str, str]
    faults: tuple[Fault, ...]

    @cached_property
    def effect(self) -> Effect:
        """Return the gravest effect of its faults."""
        return max((fault.effect for fault in self.faults), key=lambda e: e.rank, default=Effect.NOTHING)

    @property
    def testing(self) -> bool:
        """Whether it asks for the test mode (t=y)."""
        return self._value("t") == "y"

    @property
    def public_suffix(self) -> str:
        """Return `y`, `n` or `u`, the value of psd."""
        return self._value("psd")

    @property
    def aggregate(self) -> tuple[str, ...]:
        """Return the URIs of rua as written."""
        return _uris(self.tags.get("rua", ""))

    @property
    def failure(self) -> tuple[str, ...]:
        """Return the URIs of ruf as written."""
        return _uris(self.tags.get("ruf", ""))

    def requested(self, inherited: bool = False, exists: bool = True) -> str:
        """Return the policy it asks for, "" when receivers ignore it.

        `inherited`: for a subdomain of the one that publishes it, which `exists` or not
        (RFC 9989 section 4.10.1).
        """
        if self.effect is Effect.IGNORED:
            return ""
        if self.effect is Effect.MONITORING:
            return "none"
        names = ("p",) if not inherited else ("sp", "p") if exists else ("np", "sp", "p")
        return next((self.tags[name].lower() for name in names if name in self.tags), "none")

    def applied(self, inherited: bool = False, exists: bool = True) -> str:
        """Return what receivers apply: with t=y one level less than requested (RFC 9989 section 4.7)."""
        policy = self.requested(inherited, exists)
        if not self.testing or policy not in POLICIES:
            return policy
        return POLICIES[max(POLICIES.index(policy) - 1, 0)]

    def _value(self, tag: str) -> str:
        value = self.tags.get(tag, "").lower()
        return value if value in _VALUES[tag] else DEFAULTS[tag]


def is_record(text: str) -> bool:
    """Whether a TXT record is taken as a DMARC record: it starts with the version (RFC 9989 section 4.8).

    By the ABNF there, the name `v` may be a capital, and `DMARC1` has to be capitals.
    """
    return _RECORD.match(text) is not None


def is_meant_as_record(text: str) -> bool:
    """Whether a TXT record at a `_dmarc` name was published for DMARC, valid or not."""
    return _MEANT.search(text[:LENGTH_LIMIT]) is not None


def mistake_in(text: str) -> Mistake:
    """Return why a text that is meant as a record is not taken as one."""
    bare = text.lstrip(_SPACE + "\"'\\\ufeff\u200b\u00a0“”„")
    if is_record(bare):
        return Mistake.BEFORE_VERSION
    if not _VERSION.match(bare):
        later = any(is_record(part.strip(_SPACE)) for part in text[:LENGTH_LIMIT].split(";"))
        return Mistake.NOT_FIRST if later else Mistake.NO_VERSION
    value = bare.partition("=")[2].lstrip(_SPACE)
    if value[:6].upper() != "DMARC1" or value[6:7].isalnum():
        return Mistake.VERSION
    return Mistake.SEPARATOR if value.startswith("DMARC1") else Mistake.LETTER_CASE


def parse(text: str) -> Record:
    """Parse a text that is a record (`is_record`); nothing is raised.

    At most LENGTH_LIMIT characters are read: of a longer one the tags that are complete by then.
    """
    tags: dict[str, str] = {}
    faults: dict[Fault, None] = {}
    read = text if len(text) <= LENGTH_LIMIT else text[:LENGTH_LIMIT].rpartition(";")[0]
    if read is not text:
        faults[Fault(FaultKind.LENGTH, Effect.NOTHING)] = None
    for part in read.split(";")[1:]:
        fault = _take(part.strip(_SPACE), tags)
        if fault is not None and (len(faults) < _FAULTS_LIMIT or fault.effect is not Effect.NOTHING):
            faults[fault] = None
    faults.update(dict.fromkeys(_wrong_values(tags)))
    return Record(text, tags, tuple(faults))


def _take(part: str, tags: dict[str, str]) -> Optional[Fault]:
    """Put a tag with its value into `tags`, its name in lower case; return what is wrong with it."""
    name, equals, value = (piece.strip(_SPACE) for piece in part.partition("="))
    if not part:
        return None
    if not equals or not _TAG_NAME.fullmatch(name):
        return Fault(FaultKind.NOT_A_TAG, Effect.NOTHING, value=part[:_VALUE_LIMIT])
    tag = name.lower()
    if tag in _HISTORIC:
        kind = FaultKind.HISTORIC_TAG if _HISTORIC[tag].fullmatch(value) else FaultKind.VALUE
        return Fault(kind, Effect.NOTHING, tag, value[:_VALUE_LIMIT])
    if tag not in _TAGS:
        return Fault(FaultKind.UNKNOWN_TAG, Effect.NOTHING, tag)
    if tag in tags or tag == "v":
        return Fault(FaultKind.REPEATED, Effect.IGNORED, tag)
    tags[tag] = value
    return None


def _wrong_values(tags: dict[str, str]) -> Iterator[Fault]:
    reporting = any(map(is_uri, _uris(tags.get("rua", ""))))
    unusable = Effect.MONITORING if reporting else Effect.IGNORED
    if "p" not in tags:
        yield Fault(FaultKind.MISSING, unusable, "p")
    for tag, value in tags.items():
        if tag in _POLICY_TAGS and value.lower() not in POLICIES:
            yield Fault(FaultKind.VALUE, unusable, tag, value[:_VALUE_LIMIT])
        elif tag in _REPORT_TAGS:
            yield from _wrong_destinations(tag, value)
        elif tag in DEFAULTS and not _is_valid(tag, value.lower(), tags):
            yield Fault(FaultKind.VALUE, Effect.DEFAULT, tag, value[:_VALUE_LIMIT])


def _wrong_destinations(tag: str, value: str) -> Iterator[Fault]:
    for uri in _uris(value) or ("",):
        if not is_uri(uri):
            yield Fault(FaultKind.DESTINATION, Effect.NO_REPORTS, tag, uri[:_VALUE_LIMIT])
        elif not mail_domain(uri):
            yield Fault(FaultKind.SCHEME, Effect.NO_REPORTS, tag, uri[:_VALUE_LIMIT])


def _is_valid(tag: str, value: str, tags: dict[str, str]) -> bool:
    if tag != "fo":
        return value in _VALUES[tag]
    if "ruf" not in tags:
        return True
    options = [option.strip(_SPACE) for option in value.split(":", 8)]
    once = len(set(options)) == len(options)
    return once and set(options) <= set("01ds") and not {"0", "1"} <= set(options)


def _uris(value: str) -> tuple[str, ...]:
    return tuple(uri for uri in (piece.strip(_SPACE) for piece in value.split(",")) if uri)
