"""Other clocks for one Python process: time has passed since boot; another wall clock; another time zone.

The boot clock is a real one, of a time namespace of its own. Linux has no such thing for the wall clock, and
faketime(1) breaks Python's `time.sleep`, so that `time.time` is replaced before the program begins.
"""

from __future__ import annotations

import os
import sys

HOURS = 3600
_REPLACE = "import time; _wall = time.time; time.time = lambda: _wall() + {seconds}\n"
_RUN = "import runpy; runpy.run_path({path!r}, run_name='__main__')"


def clock(*, passed: int = 0, jump: int = 0, zone: str = "UTC") -> list[str]:
    """Words before a command line of Python: `passed` seconds later by the boot clock, and by the wall clock,
    which is put `jump` seconds ahead of that."""
    boot_clock = ["unshare", "--fork", "--time", "--boottime", str(passed), "--monotonic", str(passed)]
    return [*boot_clock, "env", f"TZ={zone}", sys.executable, __file__, str(passed + jump)]


def _main(seconds: str, *command: str) -> None:
    """Run `command`: an interpreter with its options, which stay in force, and `-c CODE …` or one file."""
    words = list(command)
    replace = _REPLACE.format(seconds=int(seconds))
    if "-c" in words:
        words[words.index("-c") + 1] = replace + words[words.index("-c") + 1]
    else:
        words[-1:] = ["-c", replace + _RUN.format(path=words[-1])]
    os.execvp(words[0], words)


if __name__ == "__main__":
    _main(*sys.argv[1:])
