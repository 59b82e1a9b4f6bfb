"""Hosting accounts: `var/cpanel/users/NAME` holds `DNS=` (main domain), `DNS1=` … (more), `OWNER=`, `IP=`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from tests.sandbox.whm.api import Call, Refused


class Account(NamedTuple):
    user: str
    owner: str
    address: str
    domains: tuple[str, ...]


def write(root: Path, account: Account) -> None:
    keys = ["DNS", *(f"DNS{number}" for number in range(1, len(account.domains)))]
    pairs = [
        ("USER", account.user),
        ("OWNER", account.owner),
        ("IP", account.address),
        *zip(keys, account.domains),
    ]
    path = root / "var/cpanel/users" / account.user
    path.write_text("".join(f"{key}={value}\n" for key, value in pairs))


def visible(call: Call) -> list[Account]:
    """All accounts for root-level callers, their own for resellers."""
    accounts = [_read(path) for path in sorted((call.root / "var/cpanel/users").iterdir())]
    return [one for one in accounts if call.caller.is_root_level or one.owner == call.caller.user]


def listaccts(call: Call) -> dict[str, Any]:
    field = call.parameters.get("searchtype", "user")
    wanted = call.parameters.get("search")
    rows = [_summary(account) for account in visible(call)]
    if wanted is not None:
        rows = [row for row in rows if row.get(field) == wanted]
    return {"acct": rows}


def get_domain_info(call: Call) -> dict[str, Any]:
    return {
        "domains": [
            {
                "domain": domain,
                "domain_type": _type(domain, account.domains[0]),
                "user": account.user,
                "user_owner": account.owner,
                "ipv4": account.address,
                "ipv6": "",
                "docroot": f"/home/{account.user}/public_html",
            }
            for account in visible(call)
            for domain in account.domains
        ]
    }


def domainuserdata(call: Call) -> dict[str, Any]:
    domain = call.parameters.get("domain", "")
    for account in visible(call):
        if domain in account.domains:
            return {
                "userdata": {
                    "user": account.user,
                    "owner": account.owner,
                    "servername": domain,
                    "ip": account.address,
                    "documentroot": f"/home/{account.user}/public_html",
                }
            }
    raise Refused(f"Unable to find the user of the domain “{domain}”.")


def _read(path: Path) -> Account:
    pairs = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    domains = [pairs[key] for key in pairs if key.startswith("DNS")]
    return Account(pairs["USER"], pairs["OWNER"], pairs["IP"], tuple(domains))


def _type(domain: str, main: str) -> str:
    if domain == main:
        return "main"
    return "sub" if domain.endswith(f".{main}") else "addon"


def _summary(account: Account) -> dict[str, Any]:
    return {
        "user": account.user,
        "domain": account.domains[0],
        "owner": account.owner,
        "ip": account.address,
        "plan": "default",
        "suspended": 0,
    }
