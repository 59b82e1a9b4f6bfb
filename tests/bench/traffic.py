"""How fast senders are counted in a big log: `python -m tests.bench.traffic [MEGABYTES] [RUNS]`.

In turn: the full count, `grep -c` for one word of it, and eximstats; then the look after 1 MB of growth. The
log has a fixed seed and spans the last days; nearly every visitor has an address of its own, the worst case
for us. eximstats: from Debian's exim4-base.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone

from mxverdict.collect.mainlog.traffic import store_path
from mxverdict.host import Host
from mxverdict.host_paths import ROOT_VARIABLE
from tests.bench import make_log

_DAYS = 6
_COUNT = """
import sys, time
from mxverdict.collect.mainlog.traffic import read_traffic
from mxverdict.host import Host
found = read_traffic(Host.from_environment(), time.time() - float(sys.argv[1]) * 3600, time.time())
assert found.complete and not found.remarks and found.connections, found.remarks
"""
_KINDS = ("full count", "grep -c", "eximstats")


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    os.environ["TZ"] = "UTC"
    make_log.START = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(days=_DAYS)
    make_log._SECONDS = _DAYS * 86_400
    with tempfile.TemporaryDirectory(prefix="mxverdict-bench-") as folder:
        host = Host(folder)
        host.exim_mainlog.parent.mkdir(parents=True)
        with host.exim_mainlog.open("wb") as file:
            make_log.write_log(file, megabytes * 10**6)
        size = host.exim_mainlog.stat().st_size / 1e6
        print(f"{size:.0f} MB, Python {sys.version.split()[0]}, medians of {runs}")
        _full(host, runs, size)
        for hours in (24, 24 * 7):
            _growth(host, runs, hours)


def _full(host: Host, runs: int, size: float) -> None:
    log = str(host.exim_mainlog)
    words = {
        "full count": [sys.executable, "-c", _COUNT, "168"],
        "grep -c": ["grep", "-ac", "SMTP connection from", log],
        "eximstats": ["eximstats", "-nr", log],
    }
    used: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in _KINDS}
    for _ in range(runs):
        for kind in _KINDS:
            store_path(host).unlink(missing_ok=True)
            used[kind].append(_run(host, words[kind]))
    middle = {kind: [statistics.median(column) for column in zip(*used[kind])] for kind in _KINDS}
    print(f"{'':<14}{'CPU s':>8}{'wall s':>8}{'MB/s CPU':>10}{'memory MB':>11}{'ours / its CPU':>16}")
    for kind, (cpu, wall, memory) in middle.items():
        ratio = middle["full count"][0] / cpu
        print(f"{kind:<14}{cpu:>8.2f}{wall:>8.2f}{size / cpu:>10.0f}{memory:>11.0f}{ratio:>16.2f}")
    _run(host, words["full count"])
    print(f"state file: {store_path(host).stat().st_size / 1e6:.1f} MB")


def _growth(host: Host, runs: int, hours: int) -> None:
    with host.exim_mainlog.open("rb") as log:
        log.seek(-(10**6), os.SEEK_END)
        new = log.read().partition(b"\n")[2]
    _run(host, [sys.executable, "-c", _COUNT, str(hours)])
    used = []
    for _ in range(runs):
        with host.exim_mainlog.open("ab") as log:
            log.write(new)
        used.append(_run(host, [sys.executable, "-c", _COUNT, str(hours)])[0])
    start = statistics.median(_run(host, [sys.executable, "-c", "pass"])[0] for _ in range(runs))
    idle = statistics.median(_run(host, [sys.executable, "-c", _COUNT, str(hours)])[0] for _ in range(runs))
    print(
        f"a look at {hours} h, CPU beyond the interpreter's start: after 1 MB of growth "
        f"{(statistics.median(used) - start) * 1000:.0f} ms, after none {(idle - start) * 1000:.0f} ms"
    )


def _run(host: Host, words: list[str]) -> tuple[float, float, float]:
    """CPU seconds, wall seconds and MB of memory. RuntimeError when the command fails."""
    environment = {**os.environ, "LC_ALL": "C", ROOT_VARIABLE: str(host.root), "PYTHONPATH": "plugin"}
    started = time.monotonic()
    # Not to /dev/null: grep notices, and stops at the first match.
    with tempfile.TemporaryFile() as out, subprocess.Popen(words, env=environment, stdout=out) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{words[:2]} ended with status {process.returncode}")
    return _cpu(usage), time.monotonic() - started, usage.ru_maxrss / 1024


def _cpu(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
