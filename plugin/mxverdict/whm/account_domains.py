"""Whose domain is it? A reseller sees their own and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Optional

from mxverdict.errors import UsageError, WhmUnreachable
from mxverdict.i18n.message import Message
from mxverdict.net import target
from mxverdict.whm.api import WhmApi

_FUNCTION = "get_domain_info"
_ANY = "*."
"""How the name of a wildcard sub-domain begins."""


class Account(NamedTuple):
    """A hosting account: its user and the reseller (or root) it belongs to."""

    user: str
    owner: str

    def is_of(self, user: str) -> bool:
        """It is the user's own account, or one of those the user sells."""
        return bool(user) and user in self


class Domains:
    """Every domain of the server (main, addon, parked and sub-domains) with its account."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        """Names are in lower case, encoded for DNS."""
        self._accounts = accounts

    def of(self, user: str) -> frozenset[str]:
        """The domains of the user's own account and of those they sell; wildcards are left out."""
        return frozenset(
            name for name, account in self._accounts.items() if account.is_of(user) and name[:2] != _ANY
        )

    def account_of(self, name: str) -> Optional[Account]:
        """The account that has the domain or, of the domains the name is below, the longest. None for an
        address and for what no account has."""
        try:
            known = target.parse_target(name)
        except UsageError:
            return None
        return next((self._accounts[one] for one in _and_above(known) if one in self._accounts), None)

    def belongs(self, name: str, user: str) -> bool:
        """Is the name the user's? sub.shop.example is not when another's account has it, though shop.example
        is theirs."""
        account = self.account_of(name)
        return account is not None and account.is_of(user)


def read_domains(api: WhmApi) -> Domains:
    """One call, as root (WHM API 1, get_domain_info). Raises as the API does."""
    rows = api.call(_FUNCTION).get("domains")
    if not isinstance(rows, list):
        raise WhmUnreachable(_FUNCTION, Message("the answer holds no list of domains"))
    accounts: dict[str, Account] = {}
    for row in rows:
        try:
            name, account = _encoded(row["domain"]), Account(str(row["user"]), str(row["user_owner"]))
        except (TypeError, KeyError):
            raise WhmUnreachable(
                _FUNCTION, Message("the answer holds a domain without user or owner")
            ) from None
        if accounts.setdefault(name, account) != account:
            accounts[name] = Account("", "")  # said to be in two accounts: nobody's
    return Domains(accounts)


def _encoded(domain: object) -> str:
    text = str(domain).lower()
    if text.isascii():
        return text
    wildcard = text[:2] if text.startswith(_ANY) else ""
    try:
        return wildcard + target.parse_target(text[len(wildcard) :])
    except UsageError:
        return text


def _and_above(name: str) -> Iterator[str]:
    """The name and those it is below, longest first, each behind the wildcard of what is below it."""
    yield name
    while "." in name:
        name = name.partition(".")[2]
        yield _ANY + name
        yield name
