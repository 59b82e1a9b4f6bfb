"""How long the page takes to its first byte, against the floor: a bare Python and Jinja2 CGI with one line.

Run by hand: `python -m tests.bench.page [RUNS]`. The programs are started as cpsrvd starts them, in turn, on
one sandbox; without cpsrvd and TLS between, whose time is the same for all and would flatter the ratio.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.sandbox.box import Sandbox
from tests.sandbox.network import enter
from tests.sandbox.plugin import install_plugin

_FLOOR = """#!{python} -I
import sys
from jinja2 import Environment
page = Environment(autoescape=True).from_string("<!DOCTYPE html><title>{{{{ title }}}}</title>")
sys.stdout.write("Content-Type: text/html; charset=utf-8\\r\\n\\r\\n" + page.render(title="Floor"))
"""
_GOAL = 1.5


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with Sandbox() as box:
        path = install_plugin(box.root)
        page = box.root / "usr/local/cpanel/whostmgr/docroot" / path.lstrip("/")
        floor = page.with_name("floor.cgi")
        floor.write_text(_FLOOR.format(python=sys.executable))
        floor.chmod(0o700)
        programs = {
            "bare Python + Jinja2": (floor, ""),
            "the page": (page, ""),
            "the page's polling": (page, "view=state"),
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for program, query in programs.values():
            _measure(box, program, query)  # the first run compiles what later ones find compiled
        for _ in range(runs):
            for name, (program, query) in programs.items():
                times[name].append(_measure(box, program, query))
    _print_table(times)


def _measure(box: Sandbox, program: Path, query: str) -> tuple[float, float]:
    """Seconds to the first byte and to the last."""
    environment = {
        "PATH": os.environ["PATH"],
        "MXVERDICT_ROOT": str(box.root),
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": query,
        "REMOTE_USER": "root",
        "cp_security_token": "/cpsess1234567890",
    }
    start = time.perf_counter()
    with subprocess.Popen(enter(box.server, [program]), env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1)
        first = time.perf_counter() - start
        process.stdout.read()
    return first, time.perf_counter() - start


def _print_table(times: dict[str, list[tuple[float, float]]]) -> None:
    floor = statistics.median(first for first, _ in times["bare Python + Jinja2"])
    print(f"{'medians':24}{'first byte':>12}{'of floor':>10}{'last byte':>12}")
    for name, measured in times.items():
        first = statistics.median(one for one, _ in measured)
        last = statistics.median(one for _, one in measured)
        print(f"{name:24}{first * 1000:>9.0f} ms{first / floor:>10.2f}{last * 1000:>9.0f} ms")
    print(f"goal: first byte of the page at most {_GOAL} × the floor")


if __name__ == "__main__":
    main()
