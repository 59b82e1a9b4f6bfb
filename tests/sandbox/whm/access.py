"""Who calls and what they may do.

Reseller privileges stand in `var/cpanel/resellers` (`alice:privilege,privilege`), as on a real server.
Passwords and API tokens are the sandbox's own: `sandbox/passwords` (`user:password`) and `sandbox/tokens`
(`user:name:token:privilege,privilege`, `*` for all privileges of the user).
"""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import NamedTuple, Optional

ALL = "all"
ANY = "any"


class Token(NamedTuple):
    user: str
    name: str
    secret: str
    privileges: frozenset[str]


class Caller(NamedTuple):
    """`privileges` are already narrowed to those of the token, when one was used."""

    user: str
    privileges: frozenset[str]
    token_name: Optional[str] = None

    def may(self, privilege: str) -> bool:
        return privilege == ANY or ALL in self.privileges or privilege in self.privileges

    @property
    def is_root_level(self) -> bool:
        return ALL in self.privileges


ROOT = Caller("root", frozenset({ALL}))


def login(root: Path, user: str, password: str) -> Optional[Caller]:
    for known, secret in _lines(root / "sandbox/passwords", 2):
        if known == user and hmac.compare_digest(secret.encode(), password.encode()):
            return caller(root, user)
    return None


def token_login(root: Path, user: str, secret: str) -> Optional[Caller]:
    for token in tokens(root):
        if token.user == user and hmac.compare_digest(token.secret.encode(), secret.encode()):
            return caller(root, user, token)
    return None


def caller(root: Path, user: str, token: Optional[Token] = None) -> Caller:
    own = frozenset({ALL}) if user == "root" else frozenset(resellers(root).get(user, []))
    if token is None or "*" in token.privileges:
        return Caller(user, own, token.name if token else None)
    allowed = token.privileges if ALL in own else token.privileges & own
    return Caller(user, allowed, token.name)


def resellers(root: Path) -> dict[str, list[str]]:
    return {user: _split(privileges) for user, privileges in _lines(root / "var/cpanel/resellers", 2)}


def tokens(root: Path) -> list[Token]:
    return [
        Token(user, name, secret, frozenset(_split(privileges)))
        for user, name, secret, privileges in _lines(root / "sandbox/tokens", 4)
    ]


def _split(privileges: str) -> list[str]:
    return [word for word in privileges.split(",") if word]


def _lines(path: Path, fields: int) -> list[list[str]]:
    """The lines of a colon-separated file; the last field may hold colons."""
    if not path.exists():
        return []
    rows = (line.split(":", fields - 1) for line in path.read_text().splitlines())
    return [row for row in rows if len(row) == fields]
