"""Reads what a domain publishes about its mail: its SPF record with all it leads to, and its DMARC record.

The look-ups that a round needs run at the same time; a round more is needed for every step that a record
leads further.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from mxverdict.collect.resolver import lookup
from mxverdict.evidence.policy import DnsAnswer, Policy, ReportDestination
from mxverdict.i18n.message import Message
from mxverdict.mailauth.dmarc.discovery import effective, places
from mxverdict.mailauth.dmarc.record import LENGTH_LIMIT, is_meant_as_record
from mxverdict.mailauth.spf.evaluate import STRANGERS, check_host
from mxverdict.mailauth.spf.tree import TREE_LIMIT, key, walk

LOOKUPS_LIMIT = 400
"""Look-ups for one domain: ten terms of RFC 7208 with ten hosts each, for a few addresses of the server."""
ADDRESSES_LIMIT = 16
_RECORDS_LIMIT = 20
_LENGTH_LIMIT = 64 * 1024
_BYTES_LIMIT = 256 * 1024
"""Of all records of one tree."""

_evaluating = threading.Lock()
"""Held while records are read into terms: those of one domain at a time are kept in memory."""

_MEANT_AS_SPF = re.compile(r"\W{0,3}(?:v=)?spf\d*\b", re.IGNORECASE)


def read_policy(domain: str, deadline: float, outgoing: Sequence[str] = ()) -> Policy:
    """Read what `domain` publishes, with all that is needed to say what its SPF record makes of mail from
    each of the `outgoing` addresses (IP text) and from a stranger. `deadline` is a value of
    `time.monotonic()`; nothing is raised."""
    senders = tuple(outgoing[:ADDRESSES_LIMIT])
    with ThreadPoolExecutor(16) as pool:
        spf_type = pool.submit(_ask, domain, "SPF", deadline)
        dmarc = [pool.submit(_ask, name, "TXT", deadline) for name in places(domain)]
        spf, cut = _spf(domain, senders, deadline, pool)
        found = tuple(answer.result() for answer in dmarc)
        return Policy(
            domain=domain,
            spf=spf,
            spf_type=spf_type.result(),
            dmarc=found,
            destinations=_destinations(domain, found, deadline, pool),
            outgoing=senders,
            cut=cut,
        )


def _spf(
    domain: str, senders: Sequence[str], deadline: float, pool: ThreadPoolExecutor
) -> tuple[tuple[DnsAnswer, ...], str]:
    too_large = Message("the records are larger than {limit} KiB", limit=_BYTES_LIMIT // 1024)
    size = 0

    def ask(asked: tuple[str, str]) -> DnsAnswer:
        nonlocal size
        if size > _BYTES_LIMIT:
            return DnsAnswer(*asked, error=too_large)
        answer = _ask(*asked, deadline)
        size += sum(map(len, answer.records))
        return answer

    answers = {key(domain, "TXT"): ask((domain, "TXT"))}
    while True:
        with _evaluating:
            tree = walk(domain, answers)
            needed = dict.fromkeys(key(name, "TXT") for name in tree.missing)
            for sender in (*STRANGERS, *senders):
                needed.update(dict.fromkeys(check_host(sender, domain, answers).needs))
        if not needed:
            cut = Message("only {limit} included domains were followed", limit=TREE_LIMIT)
            return tuple(answers.values()), cut if len(tree.domains) >= TREE_LIMIT else ""
        if len(answers) + len(needed) > LOOKUPS_LIMIT:
            cut = Message("the record needs more than {limit} look-ups", limit=LOOKUPS_LIMIT)
            return tuple(answers.values()), cut
        for answer in pool.map(ask, needed):
            answers[key(answer.name, answer.kind)] = answer
        if size > _BYTES_LIMIT:
            return tuple(answers.values()), too_large


def _destinations(
    domain: str, found: Sequence[DnsAnswer], deadline: float, pool: ThreadPoolExecutor
) -> tuple[ReportDestination, ...]:
    record = effective(domain, found)
    if record is None:
        return ()
    names = record.outside_destinations
    asked = pool.map(lambda name: _ask(f"{record.domain}._report._dmarc.{name}", "TXT", deadline), names)
    return tuple(ReportDestination(name, answer) for name, answer in zip(names, asked))


def _ask(name: str, kind: str, deadline: float) -> DnsAnswer:
    answer = lookup(name, kind, deadline)
    records = answer.records
    if kind in ("TXT", "SPF"):
        dmarc = "_dmarc" in name.lower().split(".")
        records = tuple(
            text[: LENGTH_LIMIT + 1 if dmarc else _LENGTH_LIMIT]
            for text in records
            if (is_meant_as_record(text) if dmarc else _MEANT_AS_SPF.match(text))
        )
    return DnsAnswer(name, kind, records[:_RECORDS_LIMIT], answer.exists, answer.error)
