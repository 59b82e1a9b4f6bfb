"""A domain whose owner wants to hurt: what a check of it and a look at its result cost, whatever it says."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.output_schema import validated
from tests.sandbox.box import Sandbox
from tests.sandbox.network import GATEWAY_IPV6

pytestmark = pytest.mark.waits

DOMAIN = "flood.example"
DOMAINS = (DOMAIN, *(f"d{number}.{DOMAIN}" for number in range(5)))
NETWORK = "2001:db8:66"
MOST_MB = 200
RUN = """
import json, os, sys, time
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
work, *words = sys.argv[1:]
if work == "check":
    from mxverdict.cli import main
    try:
        main.main(words)
    except SystemExit:
        pass
elif work == "job":
    from mxverdict.host import Host
    from mxverdict.web.tasks import checks; from mxverdict.web.jobs import queue
    from mxverdict.web.http.visitor import Visitor
    from mxverdict.whm.frame import Frame
    host, name = Host.from_environment(), checks.domain_job(words[0])
    root = Visitor(host, "root", "", Frame(0, -1, b"", level="root", framed=False))
    path = host.state / "jobs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = queue.JobHandle(path, os.open(path, os.O_RDWR | os.O_CREAT, 0o600), words[0], "root")
    handle.save_result(checks._evidence(host, handle, words[0], root))
    handle.end({"state": "done", "text": "done"})
    print(json.dumps({"size": os.path.getsize(f"{path}.json")}))
else:
    from mxverdict.host import Host
    from mxverdict.web.app import application
    asked = {"REMOTE_USER": "root", "cp_security_token": "/cpsess1234567890", "REQUEST_METHOD": "GET"}
    said = b"".join(application({**os.environ, **asked, "QUERY_STRING": words[0]}, lambda *_: None))
    print(json.dumps({"size": len(said), "row": DOMAIN.encode() in said}))
print(f"peak {peak():.1f}", file=sys.stderr)
""".replace("DOMAIN", repr(DOMAIN))


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        for number, domain in enumerate(DOMAINS):
            _publish(running, number, domain)
        running.reload_dns()
        _wait_for(running, f"_dmarc.{DOMAINS[-1]}")
        _ip("-n", running.server, "route", "replace", f"{NETWORK}::/48", "via", GATEWAY_IPV6)
        _ip("-n", running.outside, "-6", "route", "add", "local", f"{NETWORK}::/48", "dev", "lo")
        words = [sys.executable, "-m", "tests.sandbox.rude", "two_letter_lines", "::"]
        rude = running.start(words, namespace=running.outside)
        assert rude.stdout is not None
        assert rude.stdout.readline() == b"listening\n"
        yield running


def _publish(box: Sandbox, number: int, domain: str) -> None:
    """20 mail hosts of 16 addresses in one /64, an SPF tree and a DMARC record in strings of two letters."""
    box.set_records(domain, "MX", *(f"{10 + nth} m{nth}.{domain}" for nth in range(20)))
    for nth in range(20):
        addresses = (f"{NETWORK}:{number:x}::{nth + 1:x}:{last + 1:x}" for last in range(16))
        box.set_records(f"m{nth}.{domain}", "AAAA", *addresses)
    included = " ".join(f"include:i{nth}.{domain}" for nth in range(30))
    box.set_records(domain, "TXT", _pairs(f"v=spf1 {included} -all"))
    for nth in range(30):
        terms = f"a:h{nth}.{domain} " * 800
        box.set_records(f"i{nth}.{domain}", "TXT", _pairs(f"v=spf1 {terms}"), _pairs("zz" * 8000))
    reports = ",".join(f"mailto:a@x{nth}.example" for nth in range(900))
    box.set_records(f"_dmarc.{domain}", "TXT", _pairs(f"v=DMARC1; p=none; rua={reports}"))


def _pairs(text: str) -> str:
    return "( " + " ".join(f'"{text[place : place + 2]}"' for place in range(0, len(text), 2)) + " )"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _wait_for(box: Sandbox, name: str) -> None:
    """The name server loads large zones after it has said that all are loaded."""
    ask = "import dns.resolver, sys; dns.resolver.resolve(sys.argv[1], 'TXT', search=False)"
    deadline = time.monotonic() + 60
    while box.run([sys.executable, "-c", ask, name]).returncode != 0:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def measured(box: Sandbox, *words: object) -> tuple[Any, float]:
    """What it prints, as JSON, and the most memory that it had at any time, in MB."""
    done = box.run([sys.executable, "-c", RUN, *words], timeout=400)
    assert "Traceback" not in done.stderr, done.stderr
    work, *command = words
    found = validated(command, done.stdout) if work == "check" else json.loads(done.stdout)
    return found, float(done.stderr.rpartition("peak ")[2])


def test_a_check_stays_within_its_memory_and_says_what_it_left_out(box: Sandbox, tmp_path: Path) -> None:
    """Of many such domains at once, as of one."""
    file = tmp_path / "evidence.json"
    report, peak = measured(box, "check", "check", *DOMAINS, "--json", "--save", file)
    assert peak < MOST_MB
    assert file.stat().st_size < 1_000_000 * len(DOMAINS)
    assert len(report["domains"]) == len(DOMAINS)
    for domain, found in zip(DOMAINS, report["domains"]):
        rows = {row["row"]["name"]: row for row in found["findings"] if row["row"]["host"] == domain}
        assert rows["MX address"]["row"]["text"] == "300 more addresses were not looked at"
        assert rows["MX address"]["verdict"] == "unknown"
    greetings = json.loads(file.read_text())["greetings"]
    assert len(greetings) == 20 * len(DOMAINS)
    for greeting in greetings:
        for stage in greeting["probe"]["stages"]:
            if stage["reply"] is not None:
                assert len(stage["reply"]["lines"]) == 18
                assert stage["reply"]["lines"][-1] == "[… +8984]"


def test_a_job_and_a_look_at_its_result_stay_within_theirs(box: Sandbox) -> None:
    left, peak = measured(box, "job", DOMAIN)
    assert peak < MOST_MB
    assert left["size"] < 1_000_000
    page, peak = measured(box, "look", f"view=domain&domain={DOMAIN}")
    assert page["row"]
    assert peak < MOST_MB / 2
    assert page["size"] < 500_000
