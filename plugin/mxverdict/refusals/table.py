"""The table of refusals: `refusals.json`, read once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Optional

from mxverdict.findings import Owner
from mxverdict.refusals.normalize import NormalizedReply
from mxverdict.refusals.phrase import Phrase, PhraseIndex

TABLE = Path(__file__).with_name("refusals.json")
FAULTS = (
    "address", "name", "sender", "recipient", "receiver", "content", "rate", "tls", "greylist", "login",
    "unknown",
)  # fmt: skip
"""What is at fault: this server's address or HELO name, the sender's address or domain, the recipient, the
server that refuses, the message, how much is sent, encryption, nothing (greylisting), a missing login."""
WAITING = ("yes", "perhaps", "no")
RANKS = ("hint", "general", "specific", "decisive")
"""A phrase of a higher rank wins; a hint counts when neither a phrase nor a status code says more."""


class RefusalClass(str, Enum):
    """Why a mail server refuses (docs/facts/mail-auth.md 4)."""

    ADDRESS_LISTED = "address_listed"
    ADDRESS_POLICY = "address_policy"
    ADDRESS_PTR = "address_ptr"
    ADDRESS_RATE = "address_rate"
    HELO = "helo"
    SENDER_DOMAIN = "sender_domain"
    SENDER_NOT_VERIFIED = "sender_not_verified"
    SENDER_REJECTED = "sender_rejected"
    AUTHENTICATION = "authentication"
    TLS_REQUIRED = "tls_required"
    LOGIN_REQUIRED = "login_required"
    RECIPIENT_UNKNOWN = "recipient_unknown"
    RECIPIENT_DOMAIN = "recipient_domain"
    RECIPIENT_DISABLED = "recipient_disabled"
    RECIPIENT_MOVED = "recipient_moved"
    RECIPIENT_RATE = "recipient_rate"
    RECIPIENT_NOT_VERIFIED = "recipient_not_verified"
    MAILBOX_FULL = "mailbox_full"
    RELAY_DENIED = "relay_denied"
    GREYLISTED = "greylisted"
    CONTENT = "content"
    RECEIVER_FAULT = "receiver_trouble"
    RECEIVER_LIST_BROKEN = "receiver_list_broken"
    TEMPORARY = "temporary"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ClassFacts:
    """What holds of every refusal of a class. `title` names it, `meaning` is one or two sentences, `todo` is
    what to do and `owner` by whom; the first three are texts for `gettext`. `fault` is one of FAULTS,
    `waiting` says whether waiting helps, one of WAITING."""

    title: str
    fault: str
    waiting: str
    meaning: str
    todo: str
    owner: Owner


@dataclass(frozen=True)
class Conditions:
    """When a row counts: for these status codes (`7.606-649`, without the first number), replies (`4`, `55`,
    `550`: how the code begins) and stages; with none of a kind, for all."""

    enhanced: tuple[str, ...] = ()
    replies: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()

    def hold(self, code: int, enhanced: str, stage: str) -> bool:
        """Return whether they hold for a reply."""
        return (
            (not self.stages or stage in self.stages)
            and (not self.replies or str(code).startswith(self.replies))
            and (not self.enhanced or any(_covers(one, enhanced) for one in self.enhanced))
        )


@dataclass(frozen=True)
class Pattern:
    """One row of the table. A phrase "" counts by its conditions alone; `in_links`: it is
    looked for in the links of a reply instead of its words."""

    kind: RefusalClass
    phrase: Phrase
    rank: int
    conditions: Conditions
    source: str
    in_links: bool = False


class Rows:
    """Rows of the table in an order: of those that fit a reply the first wins."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.patterns = tuple(patterns)
        self._index = PhraseIndex(one.phrase for one in self.patterns)

    def first(self, code: int, reply: NormalizedReply, stage: str) -> Optional[Pattern]:
        """Return the row that wins for a reply, None when none fits."""
        for number in self._index.candidates(reply.text + reply.links):
            pattern = self.patterns[number]
            text = reply.links if pattern.in_links else reply.text
            if pattern.conditions.hold(code, reply.enhanced, stage) and pattern.phrase.is_in(text):
                return pattern
        return None


@dataclass(frozen=True)
class Source:
    """Where rows are from: `title`, `url` ("": none) and the day it was read."""

    title: str
    url: str
    date: str


@dataclass(frozen=True)
class Table:
    """`texts` are the phrases, `codes` the status codes, `hints` phrases that say little, `replies` the reply
    codes that mean something by themselves. `names` are domains whose name says something in a reply."""

    classes: Mapping[RefusalClass, ClassFacts]
    sources: Mapping[str, Source]
    texts: Rows
    codes: Rows
    hints: Rows
    replies: Rows
    names: frozenset[str]


@cache
def load() -> Table:
    """Return the table that comes with the product."""
    data: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    every = [pattern for group in data["texts"] for pattern in _patterns(group)]
    every.sort(key=lambda one: (-one.rank, -one.phrase.weight))
    codes, replies = (
        Rows(pattern for group in data[name] for pattern in _patterns({**group, "phrases": [""]}))
        for name in ("codes", "replies")
    )
    return Table(
        classes={RefusalClass(name): _facts(entry) for name, entry in data["classes"].items()},
        sources={name: Source(**entry) for name, entry in data["sources"].items()},
        texts=Rows(one for one in every if one.rank),
        codes=codes,
        hints=Rows(one for one in every if not one.rank),
        replies=replies,
        names=frozenset(data["names"]),
    )


def facts(kind: RefusalClass) -> ClassFacts:
    """Return what holds of every refusal of a class."""
    return load().classes[kind]


def _facts(entry: Mapping[str, str]) -> ClassFacts:
    rest = {name: value for name, value in entry.items() if name != "owner"}
    return ClassFacts(owner=Owner[entry["owner"].upper()], **rest)


def _patterns(group: Mapping[str, Any]) -> list[Pattern]:
    conditions = Conditions(*(tuple(group.get(name, ())) for name in ("enhanced", "replies", "stages")))
    kind, rank = RefusalClass(group["class"]), RANKS.index(group.get("rank", "general"))
    return [
        Pattern(kind, Phrase(phrase), rank, conditions, group["source"], group.get("in_links", False))
        for phrase in group["phrases"]
    ]


def _covers(wanted: str, enhanced: str) -> bool:
    """Whether `7.606-649` covers `7.610`."""
    subject, _, detail = enhanced.partition(".")
    wanted_subject, _, details = wanted.partition(".")
    first, _, last = details.partition("-")
    return subject == wanted_subject and int(first) <= int(detail) <= int(last or first)
