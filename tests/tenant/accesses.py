"""What our own process opens, changes, runs, connects to and signals, as strace sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CALLS = "%file,connect,flock,kill,tkill,tgkill,?pidfd_open"
_STRACE = ("strace", "-f", "-q", "-y", "-s", "4096", "-e", f"trace={CALLS}")
_LINE = re.compile(r"\d+ +(\w+)\((.*)")
_UNFINISHED = re.compile(r"(\d+) .*(?= <unfinished \.\.\.>$)")
_RESUMED = re.compile(r"(\d+) +<\.\.\. \w+ resumed>(.*)")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_FOLDER = re.compile(r"(?:AT_FDCWD|\d+)<([^>]*)>")
_PORT = re.compile(r"sin6?_port=htons\((\d+)\)")
_WRITES = {
    "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "link", "linkat",
    "symlink", "symlinkat", "chmod", "fchmodat", "chown", "lchown", "fchownat", "truncate", "utimensat",
}  # fmt: skip
_SIGNALS = {"kill", "tkill", "tgkill", "pidfd_open"}
_ABSENT = re.compile(r" = -1 E(NOENT|NOTDIR)\b")


@dataclass(frozen=True, order=True)
class Access:
    """`how`: read, write, run, lock, connect or signal. `what`: an absolute path without its changing parts
    (numbers of processes, names drawn at random), `port N`, or the name of the call."""

    how: str
    what: str


def traced(log: Path) -> list[str]:
    """Words before a command line that have its accesses written to `log`.

    A command that it starts is seen as the program that is run; what that does itself is Exim's or cPanel's
    matter.
    """
    return [*_STRACE, "-b", "execve", "-o", str(log)]


def traced_with_programs(log: Path) -> list[str]:
    """The same for a shell script: what the programs do that it runs is seen too."""
    return [*_STRACE, "-o", str(log)]


def accesses(log: Path, places: Mapping[str, str]) -> set[Access]:
    """Read a trace. `places` are folders by the name that stands for each; of nested ones the inner first."""
    found: set[Access] = set()
    for line in _whole_lines(log):
        match = _LINE.match(line)
        if match is None:
            continue
        call, rest = match.groups()
        if call in _SIGNALS:
            found.add(Access("signal", call))
        elif call == "connect":
            port = _PORT.search(rest)
            found.add(Access("connect", f"port {port[1]}" if port else _named(_paths(rest)[0], places)))
        elif call == "flock":
            found.add(Access("lock", _named(_FOLDER.findall(rest)[0], places)))
        else:
            how = _how(call, rest)
            paths = _paths(rest)[:1] if call.startswith("readlink") else _paths(rest)
            if how != "read" or not _ABSENT.search(line):
                found |= {Access(how, _named(path, places)) for path in paths if path.startswith("/")}
    return found


def _whole_lines(log: Path) -> Iterator[str]:
    """The calls of threads that were busy at the same time come in two parts. An execve that succeeded is
    never seen to end."""
    begun: dict[str, str] = {}
    for line in log.read_text(errors="replace").splitlines():
        if match := _UNFINISHED.match(line):
            begun[match[1]] = match[0]
        elif match := _RESUMED.match(line):
            yield begun.pop(match[1], "") + match[2]
        else:
            yield line
    yield from begun.values()


def _how(call: str, rest: str) -> str:
    if call == "execve":
        return "run"
    opened_to_write = call.startswith("open") and re.search(r"O_(WRONLY|RDWR|CREAT)", rest)
    return "write" if call in _WRITES or opened_to_write else "read"


def _paths(rest: str) -> Sequence[str]:
    """One, or both of a renaming; relative ones follow the folder that they are relative to."""
    arguments = (rest.rpartition(" = ")[0] or rest).partition(", [")[0]
    folders = _FOLDER.findall(arguments) or ["/"]
    paths = _STRING.findall(arguments)
    bases = folders * len(paths) if len(folders) < len(paths) else folders
    return [path if path.startswith("/") else f"{base}/{path}" for base, path in zip(bases, paths)]


def _named(path: str, places: Mapping[str, str]) -> str:
    path = re.sub(r"/+", "/", path).rstrip("/") or "/"
    for folder, name in places.items():
        if path == folder or path.startswith(f"{folder}/"):
            path = name + path[len(folder) :]
            break
    path = re.sub(r"^/proc/\d+", "/proc/PID", path)
    path = re.sub(r"/\.mxverdict-[0-9a-f]{16}$", "/.mxverdict-RANDOM", path)
    return re.sub(r"running\.\d+$", "running.PID", path)
