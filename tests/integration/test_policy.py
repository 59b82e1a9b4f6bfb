"""SPF and DMARC read from a real BIND that serves the zones of the tables, and from hostile ones."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from mxverdict.evidence.policy import DnsAnswer, Policy, ReportDestination
from mxverdict.judge.domain.mail_policy import judge_policy
from tests.sandbox.box import Sandbox
from tests.unit.policy_cases import Case, cases

CASES = [*cases("spf"), *cases("dmarc")]
NOBODY = ("ns.nobody.example", "192.0.2.99")
"""A name server that has no route to it."""
HOSTILE = {
    "includes.evil": "v=spf1 " + " ".join(f"include:i{n}.many.evil" for n in range(2400)) + " -all",
    "*.many.evil": "v=spf1 include:a.many.evil include:b.many.evil a:x.evil -all",
    "long.evil": "v=spf1 " + "ip4:198.51.100.1 " * 3500 + "ip4:203.0.113.10 -all",
    "deep.evil": "v=spf1 include:1.deep.evil -all",
    "*.deep.evil": "v=spf1 include:%{d1}1.deep.evil ip4:203.0.113.10 -all",
    "escape.evil": 'v=spf1 "\x1b[2J\x07<script>alert(1)</script>\x00\u202e -all',
    "_dmarc.escape.evil": "v=DMARC1; p=\x1b[2J<script>; rua=mailto:\x00",
    "_dmarc.includes.evil": "v=DMARC1; p=none; rua="
    + ",".join(f"mailto:a@d{n}.example" for n in range(1500)),
}

READ = """
import dataclasses, json, sys, time
from mxverdict.collect.mail_policy import read_policy
done = []
for domain, outgoing, patience in json.load(sys.stdin):
    started = time.monotonic()
    policy = read_policy(domain, started + patience, outgoing)
    done.append([time.monotonic() - started, dataclasses.asdict(policy)])
print(json.dumps(done))
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        zone: dict[tuple[str, str], list[str]] = defaultdict(list)
        for case in CASES:
            for owner, kind, value in case.zone:
                if kind == "ERROR":
                    zone[owner, "NS"].append(NOBODY[0])
                else:
                    zone[owner, kind].append(_quoted(value) if kind in ("TXT", "SPF") else value)
        for owner, text in HOSTILE.items():
            zone[owner, "TXT"].append(_quoted(text))
        zone[NOBODY[0], "A"].append(NOBODY[1])
        for (owner, kind), values in zone.items():
            running.set_records(owner, kind, *values)
        running.reload_dns()
        yield running


@pytest.fixture(scope="module")
def policies(box: Sandbox) -> dict[tuple[str, str], Policy]:
    read = _read(box, [(case.domain, case.outgoing, 10.0) for case in CASES])
    return {(case.table, case.domain): policy for case, (_, policy) in zip(CASES, read)}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_findings(policies: dict[tuple[str, str], Policy], case: Case) -> None:
    case.check(policies[case.table, case.domain])


@pytest.mark.parametrize("domain", ["includes.evil", "a.many.evil", "long.evil", "deep.evil", "escape.evil"])
def test_hostile_zones_are_read_and_judged_soon(box: Sandbox, domain: str) -> None:
    [(seconds, policy)] = _read(box, [(domain, ["203.0.113.10", "2001:db8:10::10"], 8.0)])
    findings = judge_policy(policy, ["203.0.113.10", "2001:db8:10::10"])
    assert seconds < 8.5
    assert len(policy.spf) <= 400
    assert len(policy.destinations) <= 10
    assert all(len(line) <= 1000 for f in findings for line in (*f.evidence, *f.row.details, f.row.text))


def test_a_record_over_several_packets_still_counts(box: Sandbox) -> None:
    [(_, policy)] = _read(box, [("long.evil", ["203.0.113.10"], 8.0)])
    findings = {f.row.name: f for f in judge_policy(policy, ["203.0.113.10"])}
    assert findings["SPF for this server"].verdict.value == "ok"


def test_too_many_includes_are_counted(box: Sandbox) -> None:
    [(_, policy)] = _read(box, [("includes.evil", ["203.0.113.10"], 8.0)])
    findings = {f.row.name: f for f in judge_policy(policy, ["203.0.113.10"])}
    assert findings["SPF Included Lookups"].verdict.value == "problem"
    assert findings["SPF for this server"].row.text == "203.0.113.10 is not allowed (permerror)"


def test_a_dead_resolver_costs_no_more_than_the_deadline(box: Sandbox) -> None:
    box.dns.freeze()
    try:
        [(seconds, policy), (late, after)] = _read(
            box, [("ip4.test", ["203.0.113.10"], 1.0), ("ip4.test", ["203.0.113.10"], -1.0)]
        )
    finally:
        box.dns.thaw()
    assert seconds < 1.5
    assert late < 0.5
    for found in (policy, after):
        assert {f.verdict.value for f in judge_policy(found, ["203.0.113.10"])} == {"unknown"}


def _read(box: Sandbox, jobs: list[tuple[str, list[str], float]]) -> list[tuple[float, Policy]]:
    done = box.run([sys.executable, "-c", READ], stdin=json.dumps(jobs), check=True)
    return [(seconds, _policy(found)) for seconds, found in json.loads(done.stdout)]


def _policy(found: dict[str, Any]) -> Policy:
    destinations = tuple(
        ReportDestination(entry["domain"], _answer(entry["answer"])) for entry in found["destinations"]
    )
    return Policy(
        found["domain"],
        tuple(map(_answer, found["spf"])),
        _answer(found["spf_type"]),
        tuple(map(_answer, found["dmarc"])),
        destinations,
        tuple(found["outgoing"]),
        found["cut"],
    )


def _answer(found: dict[str, Any]) -> DnsAnswer:
    return DnsAnswer(**{**found, "records": tuple(found["records"])})


def _quoted(text: str) -> str:
    """A TXT value as a zone file has it: strings of at most 255 bytes, every byte as a number."""
    data = text.encode()
    parts = [data[start : start + 255] for start in range(0, len(data), 255)]
    return "( " + " ".join('"' + "".join(f"\\{byte:03d}" for byte in part) + '"' for part in parts) + " )"
