"""The records that an SPF record leads to by include and redirect, and what they cost altogether."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence.policy import DnsAnswer
from mxverdict.mailauth.spf.record import Record, has_macro, is_record, parse

TREE_LIMIT = 60
"""Domains of one tree that are followed: far more than the ten look-ups that a receiver grants."""

Table = Mapping[tuple[str, str], DnsAnswer]
"""DNS answers by name (lower case, without a final dot) and type."""


def table(answers: Iterable[DnsAnswer]) -> dict[tuple[str, str], DnsAnswer]:
    return {key(answer.name, answer.kind): answer for answer in answers}


def key(name: str, kind: str) -> tuple[str, str]:
    return name.rstrip(".").lower(), kind


def record_of(answers: Table, domain: str) -> Optional[Record]:
    """Return the domain's only SPF record; None when there is none, more than one, or it was not read."""
    answer = answers.get(key(domain, "TXT"))
    texts = [text for text in answer.records if is_record(text)] if answer is not None else []
    return parse(texts[0]) if len(texts) == 1 else None


@dataclass(frozen=True)
class Tree:
    """`domains` are those whose records take part, in the order of their first mention. `lookups` counts
    every term that costs a look-up, each time it is reached (what testers count). `missing` are domains whose
    TXT records are not in the table. `loops`, `duplicates` and `bare` (without an SPF record of their own)
    name domains."""

    domains: tuple[str, ...]
    lookups: int
    missing: tuple[str, ...]
    loops: tuple[str, ...]
    duplicates: tuple[str, ...]
    bare: tuple[str, ...]


def walk(domain: str, answers: Table, limit: int = TREE_LIMIT) -> Tree:
    """Follow the tree as far as the table holds it, through at most `limit` domains. Names with macros depend
    on the sender and are counted, but not followed."""
    start = domain.rstrip(".").lower()
    targets: dict[str, tuple[str, ...]] = {}
    missing: list[str] = []
    bare: list[str] = []
    mentions: Counter[str] = Counter()
    waiting = deque([start])
    while waiting and len(targets) < limit:
        name = waiting.popleft()
        if name in targets:
            continue
        targets[name] = _targets(record_of(answers, name))
        mentions.update(targets[name])
        waiting.extend(target for target in targets[name][:limit] if target not in targets)
        answer = answers.get(key(name, "TXT"))
        if answer is None:
            missing.append(name)
        elif not answer.error and not any(map(is_record, answer.records)):
            bare.append(name)
    counted = _Counted(answers, targets)
    lookups = counted.lookups(start)
    return Tree(
        domains=tuple(targets),
        lookups=lookups,
        missing=tuple(missing),
        loops=tuple(counted.loops),
        duplicates=tuple(name for name in targets if mentions[name] > 1),
        bare=tuple(name for name in bare if name != start),
    )


def _targets(record: Optional[Record]) -> tuple[str, ...]:
    if record is None:
        return ()
    return tuple(
        term.domain.rstrip(".").lower()
        for term in record.lookup_terms
        if term.name in ("include", "redirect") and term.domain and not has_macro(term.domain)
    )


class _Counted:
    """Sums up look-ups from the leaves to the root; a domain's sum is worked out once."""

    def __init__(self, answers: Table, targets: Mapping[str, tuple[str, ...]]) -> None:
        self.answers = answers
        self.targets = targets
        self.loops: dict[str, None] = {}
        self.sums: dict[str, int] = {}
        self.under_way: set[str] = set()

    def lookups(self, domain: str) -> int:
        """Count lookups without recursion, for a hostile chain is long."""
        order: list[tuple[str, bool]] = [(domain, False)]
        while order:
            name, done = order.pop()
            if done:
                record = record_of(self.answers, name)
                own = len(record.lookup_terms) if record is not None else 0
                self.sums[name] = own + sum(self.sums.get(target, 0) for target in self.targets[name])
                self.under_way.discard(name)
            elif name in self.under_way:
                self.loops[name] = None
            elif name not in self.sums and name in self.targets:
                self.under_way.add(name)
                order.append((name, True))
                order.extend((target, False) for target in reversed(self.targets[name]))
        return self.sums[domain]
