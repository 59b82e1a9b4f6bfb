"""30 blocklists about 10 addresses, all at once. Run by hand: `python -m tests.bench.blocklists [RUNS]`.

Some of the lists are slow. The floor is the slowest single look-up, done alone; beside it the same look-ups
one after the other. A run has lists of its own for each of the three, so that the resolver has nothing in its
cache.
"""

from __future__ import annotations

import json
import statistics
import sys

from tests.sandbox.blocklists import Blocklists
from tests.sandbox.box import Sandbox

LISTS = 30
SLOW = (7, 19)
DELAY = 0.5
ADDRESSES = [f"198.51.100.{n}" for n in range(100, 105)] + [f"203.0.113.{n}" for n in range(100, 105)]
"""Five mail hosts with two addresses each."""
GROUPS = ("clean", "listed", "alone", "turn")
"""The lists of one measurement each; those of `listed` list the first address, which costs a look-up more."""

MEASURE = """
import json, sys, time
from mxverdict.collect.resolver import lookup
from mxverdict.collect.dnsbl import query_name, read_blocklists
from mxverdict.judge.domain.blocklist import judge_blocklists
from mxverdict.testers.blocklists import Blocklist

def timed(work):
    started = time.monotonic()
    result = work()
    return time.monotonic() - started, result

groups, addresses = json.loads(sys.argv[1])
at_once, listing, single, in_turn = (
    [Blocklist(zone, zone, "high", False, (), "", "") for zone in zones] for zones in groups)
far = time.monotonic() + 600
floor = max(
    timed(lambda: lookup(query_name(addresses[0], entry.zone), "A", far))[0] for entry in single)
taken, evidence = timed(lambda: read_blocklists(addresses, far, at_once))
listed, _ = timed(lambda: read_blocklists(addresses, far, listing))
unread = [answer for answer in evidence.answers + evidence.controls if answer.error]
judging, findings = timed(lambda: judge_blocklists(evidence, at_once))
names = [query_name(a, entry.zone) for entry in in_turn for a in (*addresses, "127.0.0.2", "127.0.0.1")]
turn = timed(lambda: [lookup(name, "A", far) for name in names])[0]
print(json.dumps({"floor": floor, "at once": taken, "listed": listed, "judging": judging, "in turn": turn,
                  "look-ups": len(evidence.answers + evidence.controls), "unread": len(unread)}))
"""


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    results = []
    with Sandbox() as box, Blocklists(box, DELAY) as lists:
        for run in range(runs):
            for group in GROUPS:
                for number in range(LISTS):
                    listed = {ADDRESSES[0]: "127.0.0.2"} if group == "listed" else {}
                    lists.serve(_zone(group, run, number), "slow" if number in SLOW else "listing", listed)
        lists.start()
        for run in range(runs):
            groups = [[_zone(group, run, number) for number in range(LISTS)] for group in GROUPS]
            argument = json.dumps([groups, ADDRESSES])
            done = box.run([sys.executable, "-c", MEASURE, argument], timeout=300, check=True)
            results.append(json.loads(done.stdout))
    print(
        f"{LISTS} lists x {len(ADDRESSES)} addresses and the test entries: {results[0]['look-ups']} look-ups;"
    )
    print(f"{len(SLOW)} lists answer after {DELAY} s. Seconds, median and min..max of {runs} runs:\n")
    median = {}
    for name, title in _TITLES.items():
        values = [result[name] for result in results]
        median[name] = statistics.median(values)
        print(f"{title:<44} {median[name]:8.3f}   {min(values):.3f}..{max(values):.3f}")
    print()
    for name in ("at once", "listed"):
        ratios = [result[name] / result["floor"] for result in results]
        told = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}..{max(ratios):.2f})"
        print(f"{_TITLES[name]} / slowest single look-up: {told}")
    print(f"in turn / at once: {median['in turn'] / median['at once']:.1f}")
    print(f"look-ups without an answer: {sum(result['unread'] for result in results)}")


_TITLES = {
    "floor": "slowest single look-up, alone",
    "at once": "read_blocklists, all at once",
    "listed": "the same when each list lists an address",
    "judging": "judge_blocklists",
    "in turn": "the same look-ups one after the other",
}


def _zone(group: str, run: int, number: int) -> str:
    return f"{group}{run}-{number}.bl.example"


if __name__ == "__main__":
    main()
