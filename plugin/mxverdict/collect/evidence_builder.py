"""Thread-safe builder for Evidence; parts are added as they complete."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from mxverdict.collect.progress import PARTS, Progress
from mxverdict.evidence import Domain, Evidence
from mxverdict.evidence.mail_route import MailRoute, Routing
from mxverdict.evidence.policy import DnsAnswer, Policy
from mxverdict.evidence.zone import Delegation, Zone
from mxverdict.i18n.message import Message

_FIELDS = {
    "previews": "previews",
    "greeting": "probes",
    "names": "reverse_dns",
    "outgoing": "outgoing",
    "hosts": "greetings",
    "relay": "relay_tests",
    "log": "visits",
    "blocklists": "blocklists",
}
_OF_DOMAINS = ("zone", "policy")
_NEEDS = {
    "smtp": ("previews", "greeting", "names", "log"),
    "dns": ("zone",),
    "mx": ("hosts",),
    "spf": ("policy", "outgoing"),
    "dmarc": ("policy",),
    "blacklist": ("blocklists", "outgoing"),
}
"""The parts that all rows of a category are judged from; without the first it has no rows."""
_NOT_YET = Message("not asked yet")


class EvidenceBuilder:
    """`known` is what is known before the `awaited` parts are begun; `completed` adds what is made from the
    rest each time. `progress` gets a snapshot whenever a category of rows is complete."""

    def __init__(
        self,
        known: Evidence,
        awaited: Collection[str],
        progress: Progress,
        completed: Callable[[Evidence], Evidence],
    ) -> None:
        self._lock = threading.Lock()
        self._known = known
        self._open = set(awaited)
        self._needs = {name: set(needs) for name, needs in _NEEDS.items() if needs[0] in awaited}
        self._progress = progress
        self._completed = completed
        for part in PARTS:
            progress.advance(part, 0, 1 if part in self._open else 0)
        progress.snapshot(completed(known), self._categories())

    def add(self, part: str, result: Any) -> None:
        with self._lock:
            before = self._categories()
            self._known = replace(self._known, **self._change(part, result))
            self._open.discard(part)
            categories = self._categories()
            if categories != before:
                self._progress.snapshot(self._completed(self._known), categories)
        self._progress.advance(part, 1, 1)

    def evidence(self) -> Evidence:
        with self._lock:
            return self._completed(self._known)

    def _change(self, part: str, result: Any) -> dict[str, Any]:
        if part in _FIELDS:
            return {_FIELDS[part]: result}
        if part not in _OF_DOMAINS:
            return {}
        pairs = zip(self._known.domains, result)
        return {"domains": tuple(replace(domain, **{part: found}) for domain, found in pairs)}

    def _categories(self) -> frozenset[str]:
        return frozenset(name for name in _NEEDS if not self._needs.get(name, set()) & self._open)


def pending_domains(routes: Sequence[MailRoute], routings: Sequence[Routing]) -> tuple[Domain, ...]:
    """Return domains of which nothing but the mail route is known yet."""
    return tuple(
        Domain(
            route.domain,
            route,
            Zone(route.domain, "", None, Delegation("", error=_NOT_YET), error=_NOT_YET),
            Policy(route.domain, (), DnsAnswer(route.domain, "SPF", (), False, _NOT_YET), ()),
            routing,
        )
        for route, routing in zip(routes, routings)
    )
