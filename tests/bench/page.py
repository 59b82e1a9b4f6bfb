"""How long each page takes to its first byte and to its last, against two floors: a bare Python and Jinja2
CGI with one line, and a bare Perl process that prints WHM's header and footer. The polling is compared with a
bare start of Python.

Run by hand: `python -m tests.bench.page [RUNS]`, on a busy machine under `chrt -r 10`, which lets nobody else
between, floors and pages alike. The programs are started as cpsrvd starts them, in turn, on one sandbox;
without cpsrvd and TLS between, whose time is the same for all and would flatter the ratio. The first byte of
a page is that of WHM's header, which the page waits for while it imports what it needs itself.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.sandbox.box import Sandbox
from tests.sandbox.network import enter
from tests.sandbox.plugin import install_plugin

_PYTHON_FLOOR = """#!{python} -I
import sys
from jinja2 import Environment
page = Environment(autoescape=True).from_string("<!DOCTYPE html><title>{{{{ title }}}}</title>")
sys.stdout.write("Content-Type: text/html; charset=utf-8\\r\\n\\r\\n" + page.render(title="Floor"))
"""
_PERL_FLOOR = """#!{perl} -I{cpanel}
use Whostmgr::ACLS          ();
use Whostmgr::HTMLInterface ();
$| = 1;
print "Content-type: text/html\\r\\n\\r\\n";
Whostmgr::ACLS::init_acls();
Whostmgr::HTMLInterface::defheader( 'Floor', q{{}}, '/cgi/addons/mxverdict/index.cgi' );
Whostmgr::HTMLInterface::deffooter();
"""
_START = "#!{python} -I\nprint()\n"
_OURS = b'id="mxverdict"'
_CHUNK = 65536
_GOAL = 1.3
_POLLING_GOAL = 1.2
_VIEWS = {
    "first page": "",
    "a domain (form)": "view=domain",
    "a report in hand (form)": "view=explain",
    "testers compared": "view=testers",
    "the log": "view=log",
    "history": "view=history",
    "settings": "view=settings",
}


class Times(NamedTuple):
    """Seconds to the first byte, to the first that is not WHM's, and to the last."""

    first: float
    own: float
    last: float


@dataclass(frozen=True)
class Program:
    script: Path
    query: str = ""
    user: str = "root"


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with Sandbox() as box:
        path = install_plugin(box.root)
        page = box.root / "usr/local/cpanel/whostmgr/docroot" / path.lstrip("/")
        cpanel = box.root / "usr/local/cpanel"
        words = {"python": sys.executable, "perl": cpanel / "3rdparty/bin/perl", "cpanel": cpanel}
        programs = {
            name: Program(_script(page.with_name(f"{number}.cgi"), text.format(**words)))
            for number, (name, text) in enumerate(
                {"Python + Jinja2": _PYTHON_FLOOR, "Perl header": _PERL_FLOOR, "Python": _START}.items()
            )
        }
        programs.update((name, Program(page, query)) for name, query in _VIEWS.items())
        programs["a reseller's first page"] = Program(page, user="alice")
        programs["polling"] = Program(page, "view=poll&job=")
        programs["a reseller's polling"] = Program(page, "view=poll&job=", user="alice")
        times: dict[str, list[Times]] = {name: [] for name in programs}
        for program in programs.values():
            _measure(box, program)  # the first run compiles what later ones find compiled
        for _ in range(runs):
            for name, program in programs.items():
                times[name].append(_measure(box, program))
    _print_table(times)


def _script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o700)
    return path


def _measure(box: Sandbox, program: Program) -> Times:
    environment = {
        "PATH": os.environ["PATH"],
        "MXVERDICT_ROOT": str(box.root),
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": program.query,
        "REMOTE_USER": program.user,
        "cp_security_token": "/cpsess1234567890",
    }
    command = enter(box.server, [program.script])
    start = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = os.read(process.stdout.fileno(), _CHUNK)
        assert said
        first = time.perf_counter() - start
        own = first
        while more := os.read(process.stdout.fileno(), _CHUNK):
            if _OURS not in said:
                own = time.perf_counter() - start
            said += more
    return Times(first, own, time.perf_counter() - start)


def _print_table(times: dict[str, list[Times]]) -> None:
    medians = {name: Times(*map(statistics.median, zip(*measured))) for name, measured in times.items()}
    larger = max(medians["Python + Jinja2"].last, medians["Perl header"].last)
    print(f"{'medians, ms and of floor':28}{'first byte':>16}{'first of ours':>16}{'last byte':>16}")
    for name, median in medians.items():
        floor = medians["Python"].last if "olling" in name else larger
        print(f"{name:28}" + "".join(f"{one * 1000:>9.0f}{one / floor:>7.2f}" for one in median))
    print(f"floor of pages: the larger of the first two; goal: first byte at most {_GOAL} × of it")
    print(f"floor of polling: Python; goal: last byte at most {_POLLING_GOAL} × of it")


if __name__ == "__main__":
    main()
