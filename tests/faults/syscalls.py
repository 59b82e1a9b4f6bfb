"""SIGKILL at one chosen system call of our own process, by strace.

Counted are the calls of our Python process, of all its threads, that can change a file below the sandbox's
root, lock one, or start a command or a thread. A call that failed, an open without O_CREAT and SQLite's
record locks (fcntl), which die with the process, change nothing and are left out. strace lets go of a command
when it begins: it lives on alone, as in life.

strace counts per thread, per call and, told a path, for that path alone; so a number means the same call in
every run, however often Exim's or WHM's files are looked at in between. A file whose name has a process's
number or random digits in it is another one in each run: what happens to it is counted among all calls of the
thread, and its opening is left out, since many files are opened only to be read.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

_ON_FILES = (
    "write,pwrite64,writev,pwritev,?pwritev2,?sendfile,?copy_file_range,ftruncate,?truncate,fallocate,"
    "fsync,fdatasync,?open,?creat,openat,?rename,?renameat,renameat2,?link,linkat,?symlink,symlinkat,"
    "?unlink,unlinkat,?mkdir,mkdirat,?rmdir,?chmod,fchmod,fchmodat,?chown,fchown,fchownat,?lchown,"
    "fsetxattr,utimensat,flock"
)
_STARTS = "clone,clone3,?fork,?vfork"
_LINE = re.compile(r"(\d+) +(\w+)\(")
_OPENS = ("open", "openat")
_NAMED_ANEW = re.compile(r"/(\.?running\.\d+|\.mxverdict-[0-9a-f]{16})$")


@dataclass(frozen=True)
class Boundary:
    """The `number`th such call of one thread, on that path; without a path, of all of this name."""

    call: str
    number: int
    path: str = ""


def counting(log: Path) -> list[str]:
    """Words before a command line that have its system calls written to `log`."""
    return [*_strace(log), "-y", "-s", "0", "-e", f"trace={_ON_FILES},{_STARTS}"]


def boundaries(log: Path, root: Path) -> list[Boundary]:
    """What a counting run met below `root`, each once, in the order of time."""
    path_below = re.compile(rf'[<"]({re.escape(str(root))}/[^>"]*)[>"]')
    numbers: Counter[tuple[str, str, str]] = Counter()
    of_all: Counter[tuple[str, str]] = Counter()
    found: dict[Boundary, None] = {}
    for line in log.read_text().splitlines():
        begin = _LINE.match(line)
        if begin is None:
            continue
        thread, call = begin.groups()
        of_all[thread, call] += 1
        on = path_below.search(line)
        if on is None and call not in _STARTS.replace("?", "").split(","):
            continue
        path = on[1] if on else ""
        numbers[thread, call, path] += 1
        if " = -1 E" in line or (call in _OPENS and "O_CREAT" not in line):
            continue
        if not _NAMED_ANEW.search(path):
            found[Boundary(call, numbers[thread, call, path], path)] = None
        elif call not in _OPENS:
            found[Boundary(call, of_all[thread, call])] = None
    return list(found)


def killing(boundary: Boundary, log: Path) -> list[str]:
    """Words before a command line that have it killed before that call takes effect."""
    only = ["-P", boundary.path] if boundary.path else []
    strike = f"inject={boundary.call}:signal=KILL:when={boundary.number}"
    return [*_strace(log), *only, "-e", f"trace={boundary.call}", "-e", strike]


def struck(log: Path) -> bool:
    return "+++ killed by SIGKILL +++" in log.read_text()


def _strace(log: Path) -> list[str]:
    return ["strace", "-f", "-b", "execve", "-o", str(log)]
