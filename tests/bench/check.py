"""How long a verdict takes, against the floors. Run by hand: `python -m tests.bench.check [RUNS]`.

All figures come from one run, the commands in turn, so that they share the machine's mood: each check on a
sandbox whose Exim loads no Perl and on one whose Perl costs what cPanel's does.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from tests.sandbox.box import Sandbox

SERVER = "203.0.113.10"
SOURCE = "18.209.86.113"
DIALOGUE = (
    "EHLO keeper-us-east-1d.mxtoolbox.com\r\nMAIL FROM:<supertool@mxtoolboxsmtpdiag.com>\r\n"
    "RCPT TO:<test@mxtoolboxsmtpdiag.com>\r\n"
)
PREVIEWS = 100
PREVIEW_LOOP = f"""
import sys
from mxverdict import testers
from mxverdict.collect.exim_preview import delay_stanzas, preview
from mxverdict.host import Host
host = Host.from_environment()
commands = testers.load().tester("mxtoolbox").commands({SOURCE!r})
lines = delay_stanzas(host.exim_conf)
for _ in range(int(sys.argv[1])):
    assert preview(host, {SOURCE!r}, {SERVER!r}, commands, delay_lines=lines).delay("connect") == 20
"""
BARE_LOOP = f"""
import subprocess, sys
for _ in range(int(sys.argv[1])):
    subprocess.run([sys.argv[2], "-oMi", "{SERVER}.25", "-bh", "{SOURCE}"], input={DIALOGUE!r}.encode(),
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
"""
PERL_STARTUP = 150
"""Milliseconds of CPU time (docs/facts/whm.md 1.6)."""
GOALS = {0: 1.0, PERL_STARTUP: 3.0}
"""Seconds for `check SERVER` on two idle cores, by the milliseconds of Perl."""
Job = Callable[[], "subprocess.CompletedProcess[str]"]
TESTERS = ("mxtoolbox", "internet.nl", "checkdmarc", "testssl.sh", "check_smtp", "swaks")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with Sandbox() as box, Sandbox(perl_startup=PERL_STARTUP) as slow:
        jobs = _jobs(box) | _perl_jobs(slow)
        seconds: dict[str, list[float]] = {name: [] for name in jobs}
        cpu: dict[str, list[float]] = {name: [] for name in jobs}
        for _ in range(runs + 1):
            for name, job in jobs.items():
                started, used = time.monotonic(), _cpu_seconds()
                job()
                seconds[name].append(time.monotonic() - started)
                cpu[name].append(_cpu_seconds() - used)
        started = time.monotonic()
        box.run([*SWAKS, "--timeout", "60"], namespace=box.outside)
        waited = time.monotonic() - started
    wall = {name: statistics.median(values[1:]) for name, values in seconds.items()}
    busy = {name: statistics.median(values[1:]) for name, values in cpu.items()}
    print(f"{'seconds':<60}  median   min..max of {runs}   CPU time")
    for name, values in seconds.items():
        spread = f"{min(values[1:]):.3f}..{max(values[1:]):.3f}"
        print(f"{name:<60}  {wall[name]:6.3f}   {spread}   {busy[name]:6.3f}")
    print(f"{'swaks from outside (waits out both delays), once':<60}  {waited:6.3f}")
    previews = wall[_PREVIEWS] - wall[_NO_PREVIEW]
    print(
        f"\npreviews / bare exim -bh, each without its start: {previews / (wall[_BARE] - wall[_NO_EXIM]):.2f}"
    )
    print(f"check SERVER / swaks from outside: {wall[_CHECK] / waited:.3f}")
    cores = len(os.sched_getaffinity(0))
    for milliseconds, name in ((0, _CHECK), (PERL_STARTUP, _with_perl(_CHECK))):
        goal = GOALS[milliseconds]
        print(
            f"check SERVER with {milliseconds} ms of Perl / its goal of {goal:g} s: {wall[name] / goal:.2f}; "
            f"CPU time on {cores} cores / goal: {busy[name] / cores / goal:.2f}"
        )
    print(f"check SERVER with Perl / without: {wall[_with_perl(_CHECK)] / wall[_CHECK]:.2f}")
    loads = (busy[_with_perl(_CHECK)] - busy[_CHECK]) / (PERL_STARTUP / 1000)
    print(f"Perl loaded in check SERVER, by CPU time: {loads:.0f} times")


_CHECK = "mxverdict check SERVER (one address, all testers)"
_CHECK_ALL = "mxverdict check (all addresses, all testers)"
_PREVIEWS = f"{PREVIEWS} previews by mxverdict"
_BARE = f"{PREVIEWS} bare exim -bh"
_NO_PREVIEW = "the first's start: no preview at all"
_NO_EXIM = "the second's start: no exim at all"
SWAKS = [
    "swaks", "--server", SERVER, "--from", "supertool@mxtoolboxsmtpdiag.com",
    "--to", "test@mxtoolboxsmtpdiag.com", "--helo", "bench.example.org", "--quit-after", "RCPT",
]  # fmt: skip


def _with_perl(name: str) -> str:
    return f"{name}, Perl"


def _check(box: Sandbox, *targets: str) -> Job:
    return lambda: box.run([sys.executable, "-m", "mxverdict.cli.main", "check", *targets])


def _bare(box: Sandbox, times: int) -> Job:
    exim = box.root / "usr/sbin/exim"
    return lambda: box.run([sys.executable, "-c", BARE_LOOP, times, exim], check=True)


def _jobs(box: Sandbox) -> dict[str, Job]:
    return {
        _CHECK: _check(box, SERVER),
        _CHECK_ALL: _check(box),
        f"bare exim -bh, {len(TESTERS) + 3} times": _bare(box, len(TESTERS) + 3),
        "swaks from the server itself (never delayed)": lambda: box.run(SWAKS),
        _PREVIEWS: lambda: box.run([sys.executable, "-c", PREVIEW_LOOP, PREVIEWS], check=True),
        _BARE: _bare(box, PREVIEWS),
        _NO_PREVIEW: lambda: box.run([sys.executable, "-c", PREVIEW_LOOP, 0], check=True),
        _NO_EXIM: _bare(box, 0),
    }


def _perl_jobs(box: Sandbox) -> dict[str, Job]:
    return {
        _with_perl(_CHECK): _check(box, SERVER),
        _with_perl(_CHECK_ALL): _check(box),
        _with_perl(f"bare exim -bh, {len(TESTERS) + 3} times"): _bare(box, len(TESTERS) + 3),
    }


def _cpu_seconds() -> float:
    """User and system time of all processes that have ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
