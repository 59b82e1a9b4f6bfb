"""WHM's answer about the visitor, and WHM's header and footer around our page.

The CGI runs as root whoever is logged in: `Frame.level` is the only gate, and it fails closed. One
cPanel-Perl process (frame.pl) is started before anything heavy is imported, so its time overlaps with ours;
hence no subprocess, pathlib, signal, contextlib or typing here. See docs/facts/whm.md 8.3, 8.6.
"""

from __future__ import annotations

import os
import select
import time
from fcntl import fcntl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = "root"
DELEGATED = "delegated"
NONE = "none"
LEVEL_SECONDS = 10.0
FRAME_SECONDS = 5.0
"""Perl's time to say who it is, and for the frame then; where that is known, the second for each."""
SIZE_LIMIT = 1 << 20
"""Bytes of perl's whole output; more is no frame."""
_CPANEL = "/usr/local/cpanel"
_PAGE = "/cgi/addons/mxverdict/index.cgi"
_PROGRAM = __file__.rpartition("/")[0] + "/frame.pl"
_ASKED = ("REMOTE_USER", "WHM_API_TOKEN_NAME")
_FRAMED = ("cp_security_token", "WHM50", "SCRIPT_NAME", "HTTP_HOST", "SERVER_PORT")
"""What WHM's links and menu are made of. REQUEST_URI joins them without its query, which may be hostile."""
_BASE = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
    "HOME": "/root",
}
_SIGKILL = 9
_F_SETPIPE_SZ = 1031


class Frame:
    """What perl said. `level` waits for its first line only, `header` and `footer` for its end."""

    def __init__(self, pid: int, pipe: int, mark: bytes, *, level: str = "", framed: bool) -> None:
        self._pid = pid
        self._pipe = pipe
        self._mark = mark
        self._level = level
        self._framed = framed
        self._said = b""
        self._parts = ("", "")
        self._started = time.monotonic()
        self._level_until = self._started + (FRAME_SECONDS if level else LEVEL_SECONDS)

    @property
    def level(self) -> str:
        """ROOT, DELEGATED (a reseller with the privilege software-mxverdict) or NONE."""
        if not self._level:
            self._level = self._first_line(self._level_until)
            if not self._framed or self._level == NONE:
                self.close()
        return self._level

    @property
    def header(self) -> str:
        """HTML up to where our content goes; "" when there is no complete frame: the page is shown without
        it."""
        self._collect()
        return self._parts[0]

    @property
    def footer(self) -> str:
        self._collect()
        return self._parts[1]

    def close(self) -> None:
        """End perl if it still runs. Nothing is left behind; the frame is "" unless it was collected."""
        if self._pid:
            _try(os.killpg, self._pid, _SIGKILL)
            self._reap(0)
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1

    def _first_line(self, deadline: float) -> str:
        while b"\n" not in self._said and self._read(deadline):
            pass
        line = self._said.partition(b"\n")[0]
        for level in (ROOT, DELEGATED):
            if line == self._mark + b" " + level.encode() and b"\n" in self._said:
                return level
        return NONE

    def _collect(self) -> None:
        if self._pipe < 0:
            return
        deadline = self._level_until + FRAME_SECONDS
        if self._first_line(self._level_until) != NONE:
            while self._read(deadline):
                pass
            _, _, html = self._said.partition(b"\n")
            header, marked, footer = html.partition(self._mark)
            is_complete = marked and header.lstrip().startswith(b"<") and footer.strip()
            if is_complete and self._ended_well(deadline):
                self._parts = (header.decode(errors="replace"), footer.decode(errors="replace"))
        self.close()

    def _read(self, deadline: float) -> bool:
        """Take what perl has said since; False at its end, past the deadline and past the limit of size."""
        left = deadline - time.monotonic()
        if self._pipe < 0 or left <= 0:
            return False
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        if not poll.poll(left * 1000):
            return False
        data = os.read(self._pipe, 1 << 16)
        self._said += data
        return bool(data) and len(self._said) <= SIZE_LIMIT

    def _ended_well(self, deadline: float) -> bool:
        while time.monotonic() < deadline:
            status = self._reap(os.WNOHANG)
            if status >= 0:
                return status == 0
            time.sleep(0.001)
        return False

    def _reap(self, options: int) -> int:
        """The wait status, -1 while perl runs."""
        try:
            pid, status = os.waitpid(self._pid, options)
        except ChildProcessError:
            pid, status = self._pid, 1
        if not pid:
            return -1
        self._pid = 0
        return status


def start(environ: Mapping[str, str], root: str, *, framed: bool, quiet: bool = False) -> Frame:
    """Ask WHM about the visitor whom the CGI's environment names. `root` is where the server's files begin
    ("/"); `framed`: header and footer are wanted, too; `quiet`: perl's complaints go nowhere. Never raises.

    root is known by name and needs no perl, unless behind an API token, whose privileges may be narrower.
    """
    user = environ.get("REMOTE_USER", "")
    known = NONE if not user else ROOT if user == "root" and "WHM_API_TOKEN_NAME" not in environ else ""
    mark = os.urandom(16).hex()
    pid, pipe = 0, -1
    if not known or (framed and known == ROOT):
        try:
            pid, pipe = _spawn(environ, root.rstrip("/") + _CPANEL, mark, framed, quiet)
        except (OSError, ValueError):
            known = known or NONE
    return Frame(pid, pipe, mark.encode(), level=known, framed=framed)


def _spawn(environ: Mapping[str, str], cpanel: str, mark: str, framed: bool, quiet: bool) -> tuple[int, int]:
    wanted = _ASKED + _FRAMED if framed else _ASKED
    variables = {
        **_BASE,
        "MXVERDICT_FRAME": mark,
        **{name: environ[name] for name in wanted if name in environ},
    }
    if framed and "REQUEST_URI" in environ:
        variables["REQUEST_URI"] = environ["REQUEST_URI"].partition("?")[0]
    perl = cpanel + "/3rdparty/bin/perl"
    arguments = [perl, "-I" + cpanel, _PROGRAM, "framed" if framed else "level", _PAGE]
    reading, writing = os.pipe()
    try:
        _try(fcntl, reading, _F_SETPIPE_SZ, SIZE_LIMIT)  # perl need not wait until we collect
        files = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, writing, 1)]
        silence = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)] if quiet else []
        return os.posix_spawn(perl, arguments, variables, file_actions=files + silence, setpgroup=0), reading
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)


def _try(call: Callable[..., object], *arguments: object) -> None:
    try:
        call(*arguments)
    except OSError:
        return
