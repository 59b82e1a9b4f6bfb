"""Who: every way to come to the page, and how far WHM trusts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from tests.sandbox.whm.access import Token
from tests.sandbox.whm.defaults import ALICE_TOKEN, PLUGIN_PRIVILEGE, ROOT_READING_TOKEN, ROOT_TOKEN

ROOT, DELEGATED, NONE = "root", "delegated", "none"
NOT_LOGGED_IN, FORBIDDEN = "WHM 401", "WHM 403"

ROOT_PLUGIN_TOKEN = Token("root", "plugin", "ROOTPLUGINTOKEN00000000000000005", frozenset({PLUGIN_PRIVILEGE}))
ALICE_READING_TOKEN = Token("alice", "reading", "ALICEREADTOKEN000000000000000006", frozenset({"list-accts"}))
MORE_TOKENS = (ROOT_PLUGIN_TOKEN, ALICE_READING_TOKEN)
MORE_RESELLERS = {"ruth": ("all",), "carol": ("list-accts", PLUGIN_PRIVILEGE)}
"""Beside those of `tests/sandbox/whm/defaults.py`: one with all privileges, one delegated like alice."""


@dataclass(frozen=True)
class Person:
    """`user` as WHM names them ("" without a login), by cookie or by API `token`. `stopped` is WHM's answer
    where it does not let them through to the page. `let_in`: as if WHM had let everybody through, so that the
    page's own gate is the only one."""

    name: str
    title: str
    user: str
    level: str
    token: Optional[Token] = None
    stopped: str = ""
    let_in: bool = False

    @property
    def by_cookie(self) -> bool:
        return bool(self.user) and self.token is None


PEOPLE = (
    Person("root", "root, logged in", "root", ROOT),
    Person("ruth", "a reseller with all privileges, logged in", "ruth", ROOT),
    Person("root:all", "an API token of root with all privileges", "root", ROOT, ROOT_TOKEN),
    Person("root:plugin", "an API token of root with MX Verdict alone", "root", DELEGATED, ROOT_PLUGIN_TOKEN),
    Person(
        "root:other",
        "an API token of root without MX Verdict",
        "root",
        NONE,
        ROOT_READING_TOKEN,
        stopped=FORBIDDEN,
    ),
    Person("alice", "a reseller with the privilege MX Verdict, logged in", "alice", DELEGATED),
    Person("alice:all", "an API token of hers with all she may", "alice", DELEGATED, ALICE_TOKEN),
    Person(
        "alice:other",
        "an API token of hers without MX Verdict",
        "alice",
        NONE,
        ALICE_READING_TOKEN,
        stopped=FORBIDDEN,
    ),
    Person("bob", "a reseller without the privilege, logged in", "bob", NONE, stopped=FORBIDDEN),
    Person("nobody", "somebody without a login", "", NONE, stopped=NOT_LOGGED_IN),
    Person("bob, let in", "bob, were WHM to let everybody through", "bob", NONE, let_in=True),
    Person(
        "root:other, let in",
        "that token of root, were WHM to let everybody through",
        "root",
        NONE,
        ROOT_READING_TOKEN,
        let_in=True,
    ),
)
