"""Whole domains, all at once. Run by hand: `python -m tests.bench.domains [RUNS]`.

First one domain with 5 mail hosts of 2 addresses each (real Exims, some slow to greet) and 30 blocklists,
some slow: everything at once, against the slowest single look-up and against the same work one after the
other. Each run has blocklists of its own, so that the resolver has nothing in its cache.

Then 10, 100 and 1 000 domains that share those hosts: `mxverdict check` of all of them, and how many
conversations the hosts had with us.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

from tests.sandbox.blocklists import Blocklists
from tests.sandbox.box import Sandbox
from tests.sandbox.peers import Peer, Peers

HOSTS = [(f"198.51.100.{100 + n}", f"198.51.100.{110 + n}") for n in range(5)]
ADDRESSES = [address for pair in HOSTS for address in pair]
SLOW_HOSTS = ADDRESSES[2:4]
GREETING_DELAY = 1
LISTS = 30
SLOW_LISTS = (7, 19)
LIST_DELAY = 0.5
DOMAINS = (10, 100, 1000)
DOMAIN = "big.example"

MEASURE = """
import json, sys, time
from concurrent.futures import Future, ThreadPoolExecutor
from mxverdict.collect.resolver import lookup
from mxverdict.collect.dnsbl import query_name, read_blocklists
from mxverdict.collect.domains import read_domains
from mxverdict.collect.mail_route import find_routes, greet
from mxverdict.collect.mail_policy import read_policy
from mxverdict.collect.zone import read_zone
from mxverdict.host import Host
from mxverdict.testers.blocklists import Blocklist

def timed(work):
    started = time.monotonic()
    result = work()
    return time.monotonic() - started, result

domain, addresses, groups = json.loads(sys.argv[1])
host = Host.from_environment()
at_once, single, in_turn = ([Blocklist(z, z, "high", False, (), "", "") for z in zones] for zones in groups)
far = time.monotonic() + 600
own = frozenset(["203.0.113.10"])
outgoing = Future()
outgoing.set_result(())

def everything():
    with ThreadPoolExecutor(2) as pool:
        listing = pool.submit(read_blocklists, addresses, far, at_once)
        domains = read_domains(host, find_routes([domain], far), own, "cp1.example.net", outgoing, far)
        return domains, listing.result()

steps = [lambda a=a: greet(a, [domain], "cp1.example.net", far) for a in addresses]
steps += [lambda: find_routes([domain], far), lambda: read_zone(domain, far)]
steps += [lambda: read_policy(domain, far)]
asked = lambda lists: [
    lambda n=query_name(a, e.zone): lookup(n, "A", far)
    for e in lists for a in (*addresses, "127.0.0.2", "127.0.0.1")]
whole, ((_, greetings), _) = timed(everything)
each = [timed(step)[0] for step in steps]
floor = max(each + [timed(step)[0] for step in asked(single)])
turn = sum(each) + timed(lambda: [step() for step in asked(in_turn)])[0]
outcomes = sorted({greeting.outcome for greeting in greetings})
print(json.dumps({"floor": floor, "at once": whole, "in turn": turn, "outcomes": outcomes}))
"""


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with Sandbox() as box, Peers(box) as peers, Blocklists(box, LIST_DELAY) as lists:
        started = [_peer(box, peers, address) for address in ADDRESSES]
        for number, pair in enumerate(HOSTS):
            box.set_records(f"mx{number}.big.example", "A", *pair)
        hosts = [f"{10 * number} mx{number}.big.example" for number in range(len(HOSTS))]
        names = [f"d{number}.example" for number in range(max(DOMAINS))]
        for name in (DOMAIN, *names):
            box.set_records(name, "MX", *hosts)
        for run in range(runs):
            for group in range(3):
                for number in range(LISTS):
                    lists.serve(_zone(run, group, number), "slow" if number in SLOW_LISTS else "listing")
        lists.start()
        _one_domain(box, runs)
        _many_domains(box, started, names)


def _peer(box: Sandbox, peers: Peers, address: str) -> Peer:
    slow = {"connect": float(GREETING_DELAY)} if address in SLOW_HOSTS else None
    return peers.start("accepting", address, domains=("*",), delays=slow)


def _one_domain(box: Sandbox, runs: int) -> None:
    results = []
    for run in range(runs):
        groups = [[_zone(run, group, number) for number in range(LISTS)] for group in range(3)]
        argument = json.dumps([DOMAIN, ADDRESSES, groups])
        done = box.run([sys.executable, "-c", MEASURE, argument], timeout=600, check=True)
        results.append(json.loads(done.stdout))
    slow = f"{len(SLOW_HOSTS)} greet after {GREETING_DELAY} s"
    print(f"One domain, {len(ADDRESSES)} mail host addresses ({slow}),")
    print(f"{LISTS} blocklists ({len(SLOW_LISTS)} answer after {LIST_DELAY} s). Seconds, of {runs} runs:\n")
    for name, title in (
        ("floor", "slowest single look-up, alone"),
        ("at once", "everything at once"),
        ("in turn", "the same one after the other"),
    ):
        values = [result[name] for result in results]
        print(f"{title:<44} {statistics.median(values):8.3f}   {min(values):.3f}..{max(values):.3f}")
    ratios = [result["at once"] / result["floor"] for result in results]
    print(f"\nat once / slowest single look-up: {statistics.median(ratios):.2f}")
    print(f"in turn / at once: {statistics.median([r['in turn'] / r['at once'] for r in results]):.1f}")
    print(f"greetings: {', '.join({outcome for result in results for outcome in result['outcomes']})}\n")


def _many_domains(box: Sandbox, peers: list[Peer], names: list[str]) -> None:
    print(f"{'mxverdict check of':<20} {'wall s':>8} {'per domain ms':>14} {'conversations':>14}")
    for count in DOMAINS:
        before = _conversations(peers)
        started = time.monotonic()
        done = _check(box, names[:count])
        taken = time.monotonic() - started
        assert len(json.loads(done.stdout)["domains"]) == count, done.stderr
        talks = _conversations(peers) - before
        print(f"{count:>12} domains {taken:8.2f} {1000 * taken / count:14.1f} {talks:14}")


def _check(box: Sandbox, names: list[str]) -> subprocess.CompletedProcess[str]:
    words = ["check", *names, "--tester", "swaks", "--json", "--budget", "600"]
    return box.run([sys.executable, "-m", "mxverdict.cli.main", *words], timeout=600)


def _conversations(peers: list[Peer]) -> int:
    return sum(peer.log.count("TCP/IP connection count") for peer in peers)


def _zone(run: int, group: int, number: int) -> str:
    return f"r{run}g{group}-{number}.bl.example"


if __name__ == "__main__":
    main()
