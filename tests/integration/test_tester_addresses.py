"""New addresses of testers: found in real Exim's log, proved by real DNS, used by windows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.windows import TESTER
from tests.sandbox.box import Sandbox
from tests.sandbox.names import Records

pytestmark = pytest.mark.exim

NEW = "198.51.100.201"
LIAR = "198.51.100.202"
ONE_WAY = "198.51.100.203"
NAME = "keeper-eu-west-1a.mxtoolbox.com"
FAKE = "keeper-eu-west-1b.mxtoolbox.com"
RECORDS: Records = {
    (NEW, "PTR"): (NAME,),
    (NAME, "A"): (NEW,),
    (LIAR, "PTR"): ("host.liar.example",),
    (ONE_WAY, "PTR"): (FAKE,),
    (FAKE, "A"): ("52.55.244.91",),
}


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(records=RECORDS, connect_delay=0, rcpt_delay=0, slow_fail_limit=1000) as box:
        box.add_outside(NEW, LIAR, ONE_WAY)
        box.visit(TESTER)
        for address in (NEW, LIAR, ONE_WAY):
            box.visit(address, ehlo=NAME)
        box.visit(LIAR, ehlo=f"[{NEW}]:5")
        yield box


def run(box: Sandbox, *words: str) -> tuple[int, Any]:
    done = box.run([sys.executable, "-m", "mxverdict.cli.main", *words, "--json"])
    return done.returncode, json.loads(done.stdout)


def test_found_added_and_used(box: Sandbox) -> None:
    status, said = run(box, "testers", "list", "--found")
    assert status == 0
    found = {one["visitor"]["address"]: one for one in said["candidates"]}
    assert set(found) == {NEW, LIAR, ONE_WAY}
    assert [one["confirmed"] for one in said["candidates"]] == [True, False, False]
    assert (found[NEW]["name"], found[NEW]["visitor"]["tester"]) == (NAME, "mxtoolbox")
    assert f"[{NEW}]" in found[NEW]["visitor"]["line"]
    text = box.run([sys.executable, "-m", "mxverdict.cli.main", "testers", "list", "--found"]).stdout
    assert f"to add it: mxverdict testers add {NEW} --tester mxtoolbox" in text
    assert "its reverse name host.liar.example is not under mxtoolbox.com" in text
    assert f"its reverse name {FAKE} does not lead back to it" in text

    for address in (LIAR, ONE_WAY):
        assert run(box, "testers", "add", address)[0] == 2
    status, said = run(box, "testers", "add", NEW)
    assert (status, said["added"]["network"], said["added"]["name"]) == (0, NEW, NAME)
    assert run(box, "testers", "add", NEW)[0] == 2
    assert {one["visitor"]["address"] for one in run(box, "testers", "list", "--found")[1]["candidates"]} == {
        LIAR,
        ONE_WAY,
    }

    status, said = run(box, "window", "open")
    assert NEW in said["windows"][0]["networks"]
    assert f"\n{NEW}\n" in (box.root / "etc/senderverifybypasshosts").read_text()
    assert run(box, "window", "close")[0] == 0
    checked = run(box, "log", "--tester", "mxtoolbox")[1]
    assert NEW in {visit["address"] for visit in checked["visits"]}

    assert run(box, "testers", "remove", NEW)[0] == 0
    assert run(box, "testers", "remove", NEW)[0] == 2


def test_a_damaged_file_stops_nothing(box: Sandbox) -> None:
    path = box.root / "var/lib/mxverdict/testers.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{")
    status, said = run(box, "testers", "list")
    assert status == 3
    assert "damaged and left out" in said["trouble"]
    assert run(box, "window", "open")[0] == 0
    assert run(box, "window", "close")[0] == 0
    path.unlink()


def test_dns_that_does_not_answer_adds_nothing(box: Sandbox) -> None:
    """The last one: the name server does not come back."""
    box.dns.stop()
    status, said = run(box, "testers", "add", NEW)
    assert status == 3
    assert "could not be confirmed" in said["error"]
    assert not any(one["added"] for one in run(box, "testers", "list")[1]["testers"][0]["addresses"])
