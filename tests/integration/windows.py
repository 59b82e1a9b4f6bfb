"""Drives test windows on a sandbox from outside, as separate processes, and looks at what they did."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from mxverdict.host import Host
from mxverdict.window import keeper
from mxverdict.window.journal import Journal
from tests.sandbox.box import Sandbox

MXTOOLBOX = ("18.209.86.113", "18.205.72.90", "52.55.244.91", "64.20.227.0/24")
TESTER = "18.209.86.113"
STRANGER = "198.51.100.7"
MARKER = "# BEGIN INSERT delay_unknown_hosts"

_CALL = """
import json, sys
from mxverdict import window
from mxverdict.audit.actor import Actor
from mxverdict.errors import MxVerdictError
from mxverdict.host import Host
name, arguments, named = json.loads(sys.argv[1])
exec(sys.argv[2])
if name != "close_due":
    named["actor"] = Actor("root", "cli")
try:
    answer = getattr(window, name)(Host.from_environment(), *arguments, **named)
except MxVerdictError as error:
    print(json.dumps({"error": type(error).__name__, "text": str(error), "exit": error.exit_status}))
else:
    print(json.dumps([w.to_json() for w in answer] if isinstance(answer, list) else answer.to_json()))
"""
_DELAYS = """
import json, sys
from mxverdict.host import Host
from mxverdict.window import verify
print(json.dumps(verify.delays(Host.from_environment(), sys.argv[2:], sys.argv[1:2])))
"""


class Windows:
    """The public functions, each call a process of its own; `before` runs in it first."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.host = Host(box.root)
        self.wrapper: Sequence[str] = ()
        """Words before each command line."""
        self.tracer: Sequence[str] = ()
        """A command line of strace that is attached to each process; see `ForkServer.run`."""

    def open(
        self,
        kind: str = "whitelist",
        networks: Sequence[str] = MXTOOLBOX,
        minutes: int = 15,
        *,
        before: str = "",
        **named: Any,
    ) -> Any:
        named = {"tester": "mxtoolbox", **named, "kind": kind, "networks": networks, "minutes": minutes}
        return self._call("open_window", [], named, before)

    def open_permanent(self, address: str) -> Any:
        return self._call("open_permanent", [address], {}, "")

    def exempt_common_providers(self, *, before: str = "") -> Any:
        return self._call("exempt_common_providers", [], {}, before)

    def extend(self, number: int, minutes: int, *, before: str = "") -> Any:
        return self._call("extend_window", [number, minutes], {}, before)

    def close(self, number: int, *, before: str = "") -> Any:
        return self._call("close_window", [number], {}, before)

    def close_due(self, *, before: str = "") -> Any:
        return self._call("close_due", [], {}, before)

    def keeper(self) -> int:
        """One tick as the timer runs it; answers its exit status."""
        if self.wrapper:
            return self.box.run([*self.wrapper, sys.executable, "-I", "-S", keeper.__file__]).returncode
        return self.box.run_python("", keeper.__file__, isolated=True, tracer=self.tracer).returncode

    def delays(self, *addresses: str) -> dict[str, int]:
        """Seconds that each address would wait in one MXToolbox session."""
        done = self.box.run_python(_DELAYS, "mxtoolbox", *addresses, check=True)
        answer: dict[str, int] = json.loads(done.stdout)
        return answer

    def delay(self, address: str = TESTER) -> int:
        return self.delays(address)[address]

    def markers(self) -> int:
        return self.host.exim_conf.read_text().count(MARKER)

    def daemon(self) -> int:
        return int(self.host.exim_pid_file.read_text())

    def audit(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.host.audit.read_text().splitlines()]

    def actions(self) -> list[str]:
        return [entry["action"] for entry in self.audit()]

    def fault(self, name: str, content: str = "") -> Path:
        """Switch a fault of the sandbox on; unlink the answer to switch it off."""
        path = self.box.root / "sandbox/faults" / name
        path.write_text(content)
        return path

    def let_time_pass(self, seconds: float) -> None:
        """Make every stored time that much older, as if the windows had been opened earlier."""
        if not self.host.journal.exists():
            return
        with closing(Journal(self.host)) as journal:
            if journal.is_empty():
                return
            times = ("opened_at", "armed_at", "deadline", "boot_deadline", "last_attempt", "next_attempt")
            for column in times:
                journal.connection.execute(f"UPDATE windows SET {column} = {column} - ?", (seconds,))

    def trusted(self) -> list[tuple[str, str]]:
        """Greylisting's trusted hosts with their comments; none where it was never used."""
        path = self.box.root / "var/cpanel/greylist/greylist.sqlite"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as store:
            return store.execute("SELECT host_ip, comment FROM trusted_hosts").fetchall()

    def snapshot(self) -> dict[str, tuple[bytes, int, int, int]]:
        """Content, mode and owner of every file in /etc, WHM's own lock files aside."""
        etc = self.box.root / "etc"
        files = sorted(path for path in etc.rglob("*") if path.is_file() and path.suffix != ".lock")
        return {
            str(path.relative_to(etc)): (
                path.read_bytes(),
                path.stat().st_mode,
                path.stat().st_uid,
                path.stat().st_gid,
            )
            for path in files
        }

    def _call(self, name: str, arguments: list[Any], named: dict[str, Any], before: str) -> Any:
        request = json.dumps([name, arguments, named])
        if self.wrapper:
            call = [*self.wrapper, sys.executable, "-c", _CALL, request, before]
            done = self.box.run(call, timeout=120)
        else:
            done = self.box.run_python(_CALL, request, before, timeout=120, tracer=self.tracer)
        if done.returncode != 0:
            raise RuntimeError(f"status {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)
