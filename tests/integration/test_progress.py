"""A domain with slow parts, checked as the page does it: what is known is shown before the rest is."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.blocklists import HUNG_SERVER, Blocklists
from tests.sandbox.box import Sandbox

ALL = ["blacklist", "dmarc", "dns", "mx", "smtp", "spf"]
_ASKED = re.compile(r"(\d+) of (\d+) blocklists asked")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    """One blocklist never answers, and neither does a name server of slow.example."""
    records: dict[tuple[str, str], tuple[str, ...]] = {
        ("slow.example", "MX"): ("0 cp1.example.net",),
        ("slow.example", "NS"): ("ns.mute.example",),
        ("ns.mute.example", "A"): (HUNG_SERVER,),
    }
    with Sandbox(records=records) as running, Blocklists(running) as lists:
        lists.serve("zen.spamhaus.org", "hung")
        lists.serve("psbl.surriel.com", "listing")
        lists.start()
        yield running


def followed(box: Sandbox, domain: str) -> tuple[list[Any], Any]:
    """What could be seen while the check ran, and what it found."""
    trust = {"SSL_CERT_FILE": str(box.authority.certificate)}
    command = [sys.executable, "-m", "tests.sandbox.follow_check", domain]
    done = box.run(command, env=trust, timeout=120)
    assert done.returncode == 0, done.stderr
    *seen, last = map(json.loads, done.stdout.splitlines())
    assert last["state"] == "done", last
    return seen, last


@pytest.fixture(scope="module")
def slow_lists(box: Sandbox) -> tuple[list[Any], Any]:
    return followed(box, "shop.example")


def test_rows_of_dns_are_there_before_the_blocklists_are(slow_lists: tuple[list[Any], Any]) -> None:
    seen, last = slow_lists
    early = [one for one in seen if "dns" in one.get("complete", ()) and "blacklist" not in one["complete"]]
    assert early, seen
    assert early[-1]["rows"]["dns"] == last["rows"]["dns"]
    assert "blacklist" not in early[-1]["rows"]


def test_what_is_shown_is_complete_and_stays(slow_lists: tuple[list[Any], Any]) -> None:
    seen, last = slow_lists
    assert sorted(last["rows"]) == ALL
    complete: set[str] = set()
    for one in seen:
        assert complete <= set(one.get("complete", complete)), "nothing is taken back"
        complete = set(one.get("complete", complete))
        for category, count in one.get("rows", {}).items():
            assert category in complete
            assert count == last["rows"][category]


def test_the_bar_moves_on_and_counts_the_blocklists(slow_lists: tuple[list[Any], Any]) -> None:
    seen, _ = slow_lists
    far = [one["done"] for one in seen]
    assert far == sorted(far)
    assert len(set(far)) > 2
    assert {one["total"] for one in seen} <= {0, 1000}
    asked = [(int(found[1]), int(found[2])) for one in seen if (found := _ASKED.match(one["text"]))]
    assert asked
    assert all(count <= total for count, total in asked)
    assert asked[-1][0] == asked[-1][1] - 1, "the one that never answers"


def test_other_rows_are_there_while_name_servers_are_mute(box: Sandbox) -> None:
    seen, last = followed(box, "slow.example")
    early = [one for one in seen if "dns" not in one.get("complete", ["dns"])]
    assert {"smtp", "mx"} <= set(early[-1]["complete"]), seen
    assert early[-1]["rows"]
    for category, count in last["rows"].items():
        assert early[-1]["rows"].get(category, 0) == (count if category in early[-1]["complete"] else 0)
    assert early[-1]["text"] == "asking the name servers"
