"""Functions about the machine: version, gethostname, systemloadavg, listips, get_public_ip."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.sandbox.whm.api import Call, Refused


def host_name(root: Path) -> str:
    return (root / "etc/hostname").read_text().strip()


def main_address(root: Path) -> str:
    return (root / "var/cpanel/mainip").read_text().strip()


def public_address(root: Path, address: str) -> str:
    """The address seen outside: behind NAT, `var/cpanel/cpnat` holds lines `LOCAL PUBLIC`."""
    nat = root / "var/cpanel/cpnat"
    for line in nat.read_text().splitlines() if nat.exists() else []:
        local, _, public = line.partition(" ")
        if local == address and public:
            return public
    return address


def version(call: Call) -> dict[str, Any]:
    return {"version": (call.root / "usr/local/cpanel/version").read_text().strip()}


def gethostname(call: Call) -> dict[str, Any]:
    return {"hostname": host_name(call.root)}


def systemloadavg(call: Call) -> dict[str, Any]:
    one, five, fifteen = (f"{load:.2f}" for load in os.getloadavg())
    return {"one": one, "five": five, "fifteen": fifteen}


def get_public_ip(call: Call) -> dict[str, Any]:
    if "ip" not in call.parameters:
        raise Refused('Missing required parameter "ip"')
    return {"public_ip": public_address(call.root, call.parameters["ip"])}


def listips(call: Call) -> dict[str, Any]:
    """The main address and those of `etc/ips` (`ADDRESS:NETMASK:BROADCAST`)."""
    main = main_address(call.root)
    more = call.root / "etc/ips"
    rows = [line.split(":") for line in more.read_text().split()] if more.exists() else []
    known = [(main, "255.255.255.0"), *((row[0], row[1]) for row in rows if row[0] != main)]
    return {"ip": [_ip(call.root, address, netmask, address == main) for address, netmask in known]}


def _ip(root: Path, address: str, netmask: str, is_main: bool) -> dict[str, Any]:
    return {
        "ip": address,
        "public_ip": public_address(root, address),
        "netmask": netmask,
        "if": "eth0",
        "active": 1,
        "used": int(is_main),
        "dedicated": 0,
        "mainaddr": int(is_main),
        "removable": int(not is_main),
    }
