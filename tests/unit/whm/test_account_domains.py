"""Whose domain a name is, as get_domain_info tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mxverdict.errors import WhmApiError, WhmUnreachable
from mxverdict.whm.account_domains import Account, Domains, read_domains
from mxverdict.whm.api import WhmApi

ROWS = (
    ("alice.example", "main", "alice", "root"),
    ("shop.example", "main", "shop", "alice"),
    ("Spare.Example", "addon", "shop", "alice"),
    ("old.example", "parked", "shop", "alice"),
    ("blog.shop.example", "sub", "shop", "alice"),
    ("sub.shop.example", "main", "cuckoo", "bob"),
    ("*.rent.shop.example", "sub", "tenant", "bob"),
    ("bücher.example", "addon", "shop", "alice"),
    ("xn--caf-dma.example", "main", "cafe", "bob"),
    ("twice.example", "main", "shop", "alice"),
    ("twice.example", "addon", "bakery", "bob"),
    ("root.example", "main", "web", "root"),
    ("sold.example", "main", "carl", "alice"),
)


class Api(WhmApi):
    """Answers with one envelope and counts."""

    def __init__(self, data: object, **metadata: object) -> None:
        self.envelope = {"data": data, "metadata": {"result": 1, **metadata}}
        self.asked: list[str] = []

    def request(self, function: str, parameters: Sequence[tuple[str, str]]) -> dict[str, Any]:
        assert not parameters
        self.asked.append(function)
        return self.envelope


def rows(*more: tuple[str, str, str, str]) -> dict[str, object]:
    keys = ("domain", "domain_type", "user", "user_owner")
    return {"domains": [dict(zip(keys, row)) for row in (*ROWS, *more)]}


@pytest.fixture
def domains() -> Domains:
    api = Api(rows())
    known = read_domains(api)
    assert api.asked == ["get_domain_info"]
    return known


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        (
            "alice",
            {
                "alice.example",
                "shop.example",
                "spare.example",
                "old.example",
                "blog.shop.example",
                "xn--bcher-kva.example",
                "sold.example",
            },
        ),
        ("bob", {"sub.shop.example", "xn--caf-dma.example"}),
        ("carl", {"sold.example"}),
        ("nobody", set()),
        ("", set()),
        ("ALICE", set()),
    ],
)
def test_domains_of_a_user(domains: Domains, user: str, expected: set[str]) -> None:
    assert domains.of(user) == expected


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("shop.example", "alice"),
        ("SHOP.example.", "alice"),
        ("mail.shop.example", "alice"),
        ("a.b.c.shop.example", "alice"),
        ("_dmarc.shop.example", "alice"),
        ("sub.shop.example", "bob"),
        ("mail.sub.shop.example", "bob"),
        ("xsub.shop.example", "alice"),
        ("flat.rent.shop.example", "bob"),
        ("mail.flat.rent.shop.example", "bob"),
        ("rent.shop.example", "alice"),
        ("bücher.example", "alice"),
        ("mail.BÜCHER.example", "alice"),
        ("café.example", "bob"),
        ("notshop.example", None),
        ("shop.example.net", None),
        ("example", None),
        ("other.example", None),
        ("192.0.2.1", None),
        ("[2001:db8::1]", None),
        ("", None),
        ("shop.example\n", "alice"),
        ("other.example\nshop.example", None),
        ("shop example", None),
    ],
)
def test_whose_a_name_is(domains: Domains, name: str, owner: str) -> None:
    account = domains.account_of(name)
    assert (account.owner if account else None) == owner
    for user in ("alice", "bob"):
        assert domains.belongs(name, user) is (user == owner)


def test_an_account_belongs_to_its_user_and_to_its_seller(domains: Domains) -> None:
    assert domains.account_of("mail.sold.example") == Account("carl", "alice")
    assert domains.belongs("mail.sold.example", "carl")
    assert domains.belongs("mail.sold.example", "alice")
    assert not domains.belongs("mail.sold.example", "bob")


def test_a_domain_in_two_accounts_is_nobodys(domains: Domains) -> None:
    assert not any(domains.belongs("twice.example", user) for user in ("alice", "bob", "shop", "", "root"))


def test_no_user_owns_nothing() -> None:
    known = read_domains(Api(rows(("odd.example", "main", "", ""))))
    assert not known.belongs("odd.example", "")


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"domains": None},
        {"domains": "shop.example"},
        {"domains": ["shop.example"]},
        {"domains": [{"domain": "shop.example", "user": "shop"}]},
        {"domains": [{"domain": "shop.example", "user_owner": "alice"}]},
    ],
)
def test_an_answer_of_another_shape_is_no_answer(data: object) -> None:
    with pytest.raises(WhmUnreachable):
        read_domains(Api(data))


def test_a_refusal_is_passed_on() -> None:
    with pytest.raises(WhmApiError, match="no such luck"):
        read_domains(Api({}, result=0, reason="no such luck"))


def test_a_server_without_accounts() -> None:
    assert read_domains(Api({"domains": []})).of("alice") == frozenset()
