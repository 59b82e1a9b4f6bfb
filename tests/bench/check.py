"""How long a verdict takes, against the floors. Run by hand: `python -m tests.bench.check [RUNS]`.

All figures come from one run on one sandbox, the commands in turn, so that they share the machine's mood.
"""

from __future__ import annotations

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
from mxverdict.collect.preview import delay_stanzas, preview
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
TESTERS = ("mxtoolbox", "internet.nl", "checkdmarc", "testssl.sh", "check_smtp", "swaks")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with Sandbox() as box:
        exim = box.root / "usr/sbin/exim"
        python = sys.executable
        swaks = [
            "swaks", "--server", SERVER, "--from", "supertool@mxtoolboxsmtpdiag.com",
            "--to", "test@mxtoolboxsmtpdiag.com", "--helo", "bench.example.org", "--quit-after", "RCPT",
        ]  # fmt: skip
        jobs: dict[str, Callable[[], subprocess.CompletedProcess[str]]] = {
            "mxverdict check SERVER (one address, all testers)": lambda: box.run(
                [python, "-m", "mxverdict.cli", "check", SERVER]
            ),
            "mxverdict check (all addresses, all testers)": lambda: box.run(
                [python, "-m", "mxverdict.cli", "check"]
            ),
            f"bare exim -bh, {len(TESTERS) + 3} times": lambda: box.run(
                [python, "-c", BARE_LOOP, len(TESTERS) + 3, exim], check=True
            ),
            "swaks from the server itself (never delayed)": lambda: box.run(swaks),
            f"{PREVIEWS} previews by mxverdict": lambda: box.run(
                [python, "-c", PREVIEW_LOOP, PREVIEWS], check=True
            ),
            f"{PREVIEWS} bare exim -bh": lambda: box.run(
                [python, "-c", BARE_LOOP, PREVIEWS, exim], check=True
            ),
            "the first's start: no preview at all": lambda: box.run(
                [python, "-c", PREVIEW_LOOP, 0], check=True
            ),
            "the second's start: no exim at all": lambda: box.run(
                [python, "-c", BARE_LOOP, 0, exim], check=True
            ),
        }
        seconds: dict[str, list[float]] = {name: [] for name in jobs}
        for _ in range(runs + 1):
            for name, job in jobs.items():
                started = time.monotonic()
                job()
                seconds[name].append(time.monotonic() - started)
        median = {name: statistics.median(values[1:]) for name, values in seconds.items()}
        started = time.monotonic()
        box.run([*swaks, "--timeout", "60"], namespace=box.outside)
        waited = time.monotonic() - started
    print(f"{'wall time, seconds':<52}  median   min..max of {runs}")
    for name, values in seconds.items():
        print(f"{name:<52}  {median[name]:6.3f}   {min(values[1:]):.3f}..{max(values[1:]):.3f}")
    print(f"{'swaks from outside (waits out both delays), once':<52}  {waited:6.3f}")
    previews = median[f"{PREVIEWS} previews by mxverdict"] - median["the first's start: no preview at all"]
    bare = median[f"{PREVIEWS} bare exim -bh"] - median["the second's start: no exim at all"]
    print(f"\npreviews / bare exim -bh, each without its start: {previews / bare:.2f}")
    print(f"check SERVER / swaks from outside: {median[next(iter(jobs))] / waited:.3f}")


if __name__ == "__main__":
    main()
