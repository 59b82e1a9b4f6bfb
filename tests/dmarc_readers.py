"""What independent readers make of DMARC records: `checkdmarc` and `dmarc` from PyPI.

`checkdmarc` is a validator that finds the record itself; it does not install on CPython 3.9. `dmarc` is the
library of a receiver's milter, written for RFC 7489.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

import dmarc

Zone = Mapping[str, tuple[str, ...]]
"""TXT records by name; a name without any exists all the same."""
Reader = Callable[[str, Zone], str]
"""Returns the policy for mail of a domain: `none`, `quarantine`, `reject`, or `absent`: no (valid) record."""
_LOWER = {"none": "none", "quarantine": "none", "reject": "quarantine"}


def readers() -> dict[str, Reader]:
    """Those that this Python can have, by name."""
    found: dict[str, Reader] = {"dmarc": milter}
    if sys.version_info >= (3, 10):
        found["checkdmarc"] = validator
    return found


def milter(domain: str, zone: Zone) -> str:
    """What `dmarc` applies to invalid records too, as a receiver does (not strict).

    It leaves the discovery to others: here that of RFC 7489 section 6.6.3, the organizational domain being
    the last two labels, and a name with several TXT records having none, as in its own resolver.
    """
    organization = ".".join(domain.split(".")[-2:])
    own, parent = (zone.get(f"_dmarc.{name}", ()) for name in (domain, organization))
    texts = own or parent
    if len(texts) != 1:
        return "absent"
    try:
        policy = dmarc.DMARC().parse_record(texts[0], domain, None if own else organization, strict=False)
    except dmarc.Error:
        return "absent"
    return str(dmarc.DMARC().get_result(policy, allow_policy_test_mode=True).disposition.value)


def validator(domain: str, zone: Zone) -> str:
    """What `checkdmarc` finds and reads; its findings about report addresses need no DNS here."""
    from checkdmarc import dmarc as checker

    with _answering_from(zone):
        try:
            found = checker.query_dmarc_record(domain, ignore_unrelated_records=True)
            tags = checker.parse_dmarc_record(found["record"], found["location"])["tags"]
        except checker.DMARCError:
            return "absent"
    inherited = found["location"] != domain
    policy = str(tags["p" if not inherited else "sp" if domain in zone else "np"]["value"])
    return _LOWER[policy] if tags["t"]["value"] == "y" else policy


@contextmanager
def _answering_from(zone: Zone) -> Iterator[None]:
    from dns.resolver import NXDOMAIN, NoAnswer

    def query_dns(name: str, kind: str, **_: object) -> list[str]:
        if kind == "TXT" and zone.get(name):
            return list(zone[name])
        below = any(f".{other}".endswith(f".{name}") for other in zone)
        raise NoAnswer if below else NXDOMAIN

    with (
        patch("checkdmarc.dmarc.query_dns", query_dns),
        patch("checkdmarc.dmarc.get_mx_records", lambda *_, **__: [{"hostname": "mail.example"}]),
        patch("checkdmarc.dmarc.verify_dmarc_report_destination", lambda *_, **__: None),
    ):
        yield
