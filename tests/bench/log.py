"""How fast the testers' visits are found in a big log: `python -m tests.bench.log [MEGABYTES] [RUNS]`.

In one run, in turn: the product's full scan, `grep -E` for the same addresses, exigrep and eximstats (from
Debian's exim4-base; the last one once). Then the refresh after 1 MB of growth, and a slow reference parser
whose visits must be the same. The log is made with a fixed seed in a temporary folder and removed afterwards.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from mxverdict import testers
from mxverdict.host import Host
from mxverdict.host_paths import ROOT_VARIABLE
from tests import log_reference
from tests.bench.make_log import write_log

_GREP = r"\[(18\.209\.86\.113|18\.205\.72\.90|52\.55\.244\.91|64\.20\.227\.[0-9]{1,3})\]"
_SCAN = """
import json, sys
from mxverdict import testers
from mxverdict.collect.mainlog.visit_reader import read_visits
from mxverdict.host import Host
log = read_visits(Host.from_environment(), testers.load().testers, float(sys.argv[1]))
assert not log.remarks, log.remarks
if len(sys.argv) > 2:
    rows = [[v.address, v.port, v.came_at, v.helo, v.seconds, v.ended, bool(v.refused)] for v in log.visits]
    print(json.dumps(rows))
"""


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    os.environ["TZ"] = "UTC"
    with tempfile.TemporaryDirectory(prefix="mxverdict-bench-") as folder:
        host = Host(folder)
        host.exim_mainlog.parent.mkdir(parents=True)
        with host.exim_mainlog.open("wb") as file:
            write_log(file, megabytes * 10**6)
        print(f"{host.exim_mainlog.stat().st_size / 1e6:.0f} MB, Python {sys.version.split()[0]}")
        _full(host, runs)
        _refresh(host, runs)
        _same(host)


def _full(host: Host, runs: int) -> None:
    log = host.exim_mainlog
    scan = [sys.executable, "-c", _SCAN, "0"]
    jobs = {
        "mxverdict, full scan": scan,
        "grep -E": ["grep", "-aE", _GREP, str(log)],
        "exigrep": ["exigrep", _GREP, str(log)],
        "eximstats": ["eximstats", "-nr", str(log)],
    }
    wall: dict[str, list[float]] = {name: [] for name in jobs}
    memory: dict[str, int] = {}
    for number in range(runs + 1):
        for name, words in jobs.items():
            if number > 1 and name == "eximstats":
                continue
            _forget(host)
            started = time.monotonic()
            usage = _run(words, host)
            wall[name].append(time.monotonic() - started)
            memory[name] = usage.ru_maxrss
    median = {name: statistics.median(values[1:]) for name, values in wall.items()}
    print(f"{'':<24}{'wall s':>8}{'min..max':>16}{'memory MB':>12}")
    for name, values in wall.items():
        extent = f"{min(values[1:]):.2f}..{max(values[1:]):.2f}"
        print(f"{name:<24}{median[name]:>8.2f}{extent:>16}{memory[name] / 1024:>12.0f}")
    ours = median["mxverdict, full scan"]
    print(f"exigrep / mxverdict: {median['exigrep'] / ours:.1f} (goal: at least 10)")
    print(f"mxverdict / grep -E: {ours / median['grep -E']:.2f} (goal: at most 1.5)")
    print(f"memory: {memory['mxverdict, full scan'] / 1024:.0f} MB (goal: below 80)\n")


def _refresh(host: Host, runs: int) -> None:
    growth = b"".join(host.exim_mainlog.read_bytes()[: 10**6].splitlines(keepends=True)[:-1])
    _forget(host)
    _run([sys.executable, "-c", _SCAN, "0"], host)
    programs = {
        "refresh": [sys.executable, "-c", _SCAN, "0"],
        "imports": [sys.executable, "-c", _SCAN.partition("log =")[0]],
        "start": [sys.executable, "-c", "pass"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(runs * 3):
        with host.exim_mainlog.open("ab") as file:
            file.write(growth)
        for name, words in programs.items():
            usage = _run(words, host)
            seconds[name].append(usage.ru_utime + usage.ru_stime)
    median = {name: statistics.median(values) * 1000 for name, values in seconds.items()}
    beyond, imports = median["refresh"] - median["start"], median["imports"] - median["start"]
    print(f"refresh after 1 MB of growth: {beyond:.0f} ms of CPU beyond Python's start (goal: at most 50),")
    print(f"of which {imports:.0f} ms are imports\n")


def _same(host: Host) -> None:
    networks = [str(network) for tester in testers.load().testers for network in tester.networks]
    _forget(host)
    told = subprocess.run(
        [sys.executable, "-c", _SCAN, "0", "print"], env=_environment(host), capture_output=True, check=True
    ).stdout
    ours = [tuple(row) for row in json.loads(told)]
    started = time.monotonic()
    with host.exim_mainlog.open("rb") as log:
        theirs = [tuple(seen) for seen in log_reference.visits(log, networks)]
    print(f"reference parser: {len(theirs)} visits in {time.monotonic() - started:.1f} s")
    if sorted(ours) != sorted(theirs):
        missing, more = set(theirs) - set(ours), set(ours) - set(theirs)
        sys.exit(f"NOT the same visits: {len(missing)} missing, {len(more)} more: {[*missing, *more][:4]}")
    print(f"the same {len(ours)} visits")


def _run(words: list[str], host: Host) -> resource.struct_rusage:
    with (
        tempfile.TemporaryFile() as output,  # grep stops at its first line when nobody looks at it
        subprocess.Popen(words, env=_environment(host), stdout=output) as process,
    ):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{words[0]} ended with status {process.returncode}")
    return usage


def _environment(host: Host) -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", ROOT_VARIABLE: str(host.root), "PYTHONPATH": "plugin"}


def _forget(host: Host) -> None:
    host.mainlog_memory.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
