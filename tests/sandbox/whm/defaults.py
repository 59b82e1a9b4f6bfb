"""The server, its people and their accounts, as a fresh sandbox has them."""

from __future__ import annotations

from tests.sandbox.network import SERVER_IPV4, SERVER_IPV4_SECOND
from tests.sandbox.whm.access import Token
from tests.sandbox.whm.accounts import Account

VERSION = "11.138.0.19"
HOST_NAME = "cp1.example.net"
MAIN_ADDRESS = SERVER_IPV4
MORE_ADDRESSES = (SERVER_IPV4_SECOND,)
CONTACT = "admin@example.net"

PLUGIN_PRIVILEGE = "software-mxverdict"
_RESELLER = ("acct-summary", "basic-whm-functions", "list-accts")
RESELLERS = {"alice": (*_RESELLER, PLUGIN_PRIVILEGE), "bob": _RESELLER}
PASSWORDS = {"root": "demo-root", "alice": "demo-alice", "bob": "demo-bob"}
ROOT_TOKEN = Token("root", "full", "ROOTFULLTOKEN0000000000000000001", frozenset({"*"}))
ROOT_READING_TOKEN = Token("root", "reading", "ROOTREADTOKEN0000000000000000002", frozenset({"list-accts"}))
ALICE_TOKEN = Token("alice", "full", "ALICEFULLTOKEN000000000000000003", frozenset({"*"}))
TOKENS = (ROOT_TOKEN, ROOT_READING_TOKEN, ALICE_TOKEN)
ACCOUNTS = (
    Account("shop", "alice", SERVER_IPV4, ("shop.example",)),
    Account("bakery", "bob", SERVER_IPV4_SECOND, ("bakery.example",)),
)
