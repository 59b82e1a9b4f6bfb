"""A machine before a fault and after it: what the fault cost. Nothing here closes a window by looking."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any, Optional

from tests.faults.trial import Damage
from tests.machine.machine import wait_for
from tests.machine.server import TESTER, Server

GRACE = 60.0
STRANGER = "198.51.100.7"
_LIST = "senderverifybypasshosts"
_LOCALOPTS = "exim.conf.localopts"
_FILES = (_LIST, _LOCALOPTS, "exim.conf.local", "greylist_trusted_netblocks", "trustedmailhosts")
_LOOK = """
import json
from pathlib import Path
from mxverdict import window
from mxverdict.host import Host
from mxverdict.window.changes import exim_config; from mxverdict.window import verify
host = Host("/")
journal = [w.to_json() for w in window.list_windows(host)]
audit = [json.loads(line) for line in host.audit.read_text().splitlines()] if host.audit.exists() else []
print(json.dumps({
    "delays by preview": verify.delays(host, sys.argv[1:], ["mxtoolbox"]),
    "delay stanzas in exim.conf": exim_config.stanzas(host),
    "Exim runs what exim.conf says": exim_config.is_applied(host),
    "windows": journal,
    "audit": audit,
}))
"""


class Trial:
    """Remembers the server as it is now. Make it before the window opens."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.files = self._files()
        self.looks = self._look()

    def damage(self, deadline: Optional[float] = None) -> tuple[Damage, float]:
        """Wait until every window is closed, at most until a minute after `deadline` (now, unless told).

        Returns what is wrong then, and how long after `deadline` the windows were closed.
        """
        deadline = time.monotonic() if deadline is None else deadline
        found = Damage()
        try:
            wait_for(self._all_closed, deadline + GRACE - time.monotonic(), "the windows to close")
        except AssertionError:
            found.outlived = 1
            found.details.append(f"not closed {GRACE} s after deadline and boot: {self.server.windows()}")
        late = time.monotonic() - deadline
        self._compare(found)
        return found, late

    def _all_closed(self) -> bool:
        return (
            self.server.delays() == self.looks["delay stanzas in exim.conf"]
            and self._files()[_LIST] == self.files[_LIST]
            and set(self.server.windows()) <= {"closed", "failed"}
        )

    def _compare(self, found: Damage) -> None:
        now = self._look()
        for name, (content, *_) in self.files.items():
            lines, lines_now = (Counter(text.splitlines(True)) for text in (content, self._files()[name][0]))
            found.bytes_lost += sum(len(line) * count for line, count in (lines - lines_now).items())
            if self._files()[name] != self.files[name]:
                found.settings_wrong += name == _LOCALOPTS
                found.details.append(f"/etc/{name}: {self.files[name]} became {self._files()[name]}")
        windows, audit = now.pop("windows"), now.pop("audit")
        for name, value in now.items():
            if value != self.looks[name]:
                found.settings_wrong += 1
                found.details.append(f"{name}: {self.looks[name]} became {value}")
        told = {(entry["window"], entry["action"]) for entry in audit}
        found.details += [
            f"the audit trail does not tell how window {window['id']} ended"
            for window in windows
            if not told & {(window["id"], "close"), (window["id"], "rollback")}
        ]

    def _files(self) -> dict[str, tuple[bytes, int, int, int]]:
        paths = {name: self.server.disk / "etc" / name for name in _FILES}
        return {
            name: (path.read_bytes(), path.stat().st_mode, path.stat().st_uid, path.stat().st_gid)
            for name, path in paths.items()
            if path.exists()
        }

    def _look(self) -> dict[str, Any]:
        looks: dict[str, Any] = json.loads(self.server.product(_LOOK, TESTER, STRANGER))
        if not looks["Exim runs what exim.conf says"]:
            wait_for(lambda: self._in_force(looks), 15, "Exim to start")
        return looks

    def _in_force(self, looks: dict[str, Any]) -> bool:
        looks.update(json.loads(self.server.product(_LOOK, TESTER, STRANGER)))
        return bool(looks["Exim runs what exim.conf says"])
