"""What an idle tick of the keeper costs, against the floor. By hand: `PYTHONPATH=plugin python -m
tests.bench.keeper [RUNS]`.

CPU seconds of the process (user and system), the programs in turn, so that they share the machine's mood.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from mxverdict.host import Host
from mxverdict.host_paths import ROOT_VARIABLE
from mxverdict.window.deadline import Deadline, instant
from mxverdict.window.journal import Journal
from mxverdict.window.model import CLOSED, OPEN, WHITELIST, Window, WindowState
from tests.sandbox.plugin import lay_out

_GOAL = 1.5
_FLOOR = "python3 -I -S -c 'import sqlite3'"


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 41
    with tempfile.TemporaryDirectory() as name:
        roots = {
            "idle: no journal": _root(name, "none"),
            "idle: finished windows alone": _root(name, "finished", *[CLOSED] * 20),
            "one open window, not due": _root(name, "open", OPEN),
        }
        tick = [str(lay_out(Path(name)) / "bin/keeper")]
        programs = {_FLOOR: ([sys.executable, "-I", "-S", "-c", "import sqlite3"], Path(name))}
        programs.update({title: (tick, root) for title, root in roots.items()})
        seconds: dict[str, list[float]] = {title: [] for title in programs}
        for _ in range(runs + 1):
            for title, (words, root) in programs.items():
                seconds[title].append(_cpu_seconds(words, root))
    floor = statistics.median(seconds[_FLOOR][1:])
    print(f"Python {sys.version.split()[0]}, medians of {runs:<24}      CPU   of floor")
    for title, values in seconds.items():
        median = statistics.median(values[1:])
        print(f"{title:<44}{median * 1000:>8.1f} ms{median / floor:>9.2f}")
    print(f"goal: idle at most {_GOAL} x the floor")


def _cpu_seconds(words: list[str], root: Path) -> float:
    with subprocess.Popen(words, env={ROOT_VARIABLE: str(root)}) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{words} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def _root(folder: str, name: str, *states: str) -> Path:
    """A server with a window in each of those states."""
    host = Host(Path(folder) / name)
    host.root.mkdir()
    now = instant(host)
    for state in states:
        row = Window(
            id=0, kind=WHITELIST, state=WindowState(state), testers=("mxtoolbox",),
            networks=("18.209.86.113",),
            opened_at=now.wall, ends=Deadline.after(now, 14_400), minutes=240, opened_by="root", origin="cli",
            reason="", until_tested=False, before={}, log_inode=0, log_offset=0,
        )  # fmt: skip
        with closing(Journal(host, create=True)) as journal:
            journal.insert(row)
    return host.root


if __name__ == "__main__":
    main()
