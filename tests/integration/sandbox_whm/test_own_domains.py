"""Whose a domain is, asked of the sandbox's whmapi1."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxverdict.errors import WhmUnreachable
from mxverdict.host import Host
from mxverdict.whm.account_domains import read_domains
from mxverdict.whm.api import LocalWhmApi
from tests.sandbox.whm import accounts
from tests.sandbox.whm.accounts import Account


def test_resellers_have_their_accounts_domains(root: Path) -> None:
    for account in (
        Account("shop", "alice", "192.0.2.1", ("shop.example", "blog.shop.example", "spare.example")),
        Account("cuckoo", "bob", "192.0.2.1", ("sub.shop.example",)),
        Account("alice", "root", "192.0.2.1", ("alice.example",)),
    ):
        accounts.write(root, account)
    domains = read_domains(LocalWhmApi(Host(root)))
    assert domains.of("alice") == {"shop.example", "blog.shop.example", "spare.example", "alice.example"}
    assert domains.of("bob") == {"bakery.example", "sub.shop.example"}
    assert domains.belongs("mail.shop.example", "alice")
    assert not domains.belongs("mail.sub.shop.example", "alice")
    assert domains.belongs("mail.sub.shop.example", "bob")
    assert domains.account_of("elsewhere.example") is None


def test_a_whm_that_does_not_answer(root: Path) -> None:
    whmapi1 = root / "usr/local/cpanel/bin/whmapi1"
    whmapi1.write_text("#!/bin/sh\necho no JSON\n")
    with pytest.raises(WhmUnreachable):
        read_domains(LocalWhmApi(Host(root)))
