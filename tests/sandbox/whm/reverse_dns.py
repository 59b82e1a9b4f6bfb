"""validate_current_ptrs (api.docs.cpanel.net, "Validate domain PTR records"), by the system's resolver."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from tests.sandbox.whm.accounts import visible
from tests.sandbox.whm.api import Call, Refused
from tests.sandbox.whm.machine import host_name, public_address


def validate_current_ptrs(call: Call) -> dict[str, Any]:
    addresses = {domain: account.address for account in visible(call) for domain in account.domains}
    asked = call.values("domain")
    if not asked:
        raise Refused('Missing required parameter "domain"')
    for domain in asked:
        if domain not in addresses:
            raise Refused(f"You do not control the domain “{domain}”.")
    helo = host_name(call.root)
    return {
        "payload": [_verdict(domain, helo, public_address(call.root, addresses[domain])) for domain in asked]
    }


def _verdict(domain: str, helo: str, text: str) -> dict[str, Any]:
    address = ipaddress.ip_address(text)
    records = [_record(name, text) for name in _names(text)]
    if not records:
        state = "MISSING_PTR"
    else:
        state = "VALID" if all(record["state"] == "VALID" for record in records) else "PTR_MISMATCH"
    return {
        "domain": domain,
        "helo": helo,
        "ip_address": text,
        "ip_version": address.version,
        "arpa_domain": address.reverse_pointer,
        "nameservers": [],
        "ptr_records": records,
        "state": state,
    }


def _names(address: str) -> list[str]:
    try:
        name, others, _ = socket.gethostbyaddr(address)
    except OSError:
        return []
    return [name, *others]


def _record(name: str, address: str) -> dict[str, Any]:
    try:
        found = sorted({str(info[4][0]) for info in socket.getaddrinfo(name, None)})
    except OSError:
        found = []
    state = "VALID" if address in found else "FWD_MISMATCH" if found else "MISSING_FWD"
    return {"domain": name, "forward_records": found, "state": state}
