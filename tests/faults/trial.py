"""One server before a fault and after it: what the fault cost."""

from __future__ import annotations

import dataclasses
from collections import Counter

from mxverdict import window as window_functions
from mxverdict.window.changes import exim_config
from tests.integration.windows import STRANGER, TESTER, Windows

Snapshot = dict[str, tuple[bytes, int, int, int]]


@dataclasses.dataclass
class Damage:
    """Goal: 0 in every count. `details` says what was found, for the failing test's message."""

    outlived: int = 0
    bytes_lost: int = 0
    settings_wrong: int = 0
    details: list[str] = dataclasses.field(default_factory=list)


class Trial:
    """Remembers the server as it is now. Make it before the window opens."""

    def __init__(self, windows: Windows) -> None:
        windows.box.wait_for_background()
        self.windows = windows
        self.etc: Snapshot = windows.snapshot()
        self.markers = windows.markers()
        self.delays = windows.delays(TESTER, STRANGER)
        self.trusted = sorted(windows.trusted())

    def expect(self, path: str, content: bytes) -> None:
        """Somebody else changed a file below /etc meanwhile: it must hold this at the end."""
        self.etc[path] = (content, *self.etc[path][1:])

    def damage(self) -> Damage:
        """Compare; call it when the deadline has passed and the keeper has run."""
        found = Damage()
        self._windows(found)
        self._files(found)
        self._settings(found)
        return found

    def _windows(self, found: Damage) -> None:
        for window in window_functions.open_windows(self.windows.host):
            found.outlived += 1
            found.details.append(f"window {window.id} is {window.state}: {window.error}")
        if not self.windows.host.journal.exists():
            return
        audit = self.windows.audit() if self.windows.host.audit.exists() else []
        ended = {entry["window"] for entry in audit if entry["action"] in ("close", "rollback")}
        for window in window_functions.list_windows(self.windows.host):
            if window.id not in ended:
                found.details.append(f"the audit trail does not tell how window {window.id} ended")

    def _files(self, found: Damage) -> None:
        now = self.windows.snapshot()
        for name in sorted(self.etc.keys() | now.keys()):
            if name == "exim.conf" or name.startswith("exim.conf.buildtest."):
                continue
            old, new = self.etc.get(name), now.get(name)
            if old == new:
                continue
            before = Counter((old[0] if old else b"").splitlines(keepends=True))
            after = Counter((new[0] if new else b"").splitlines(keepends=True))
            found.bytes_lost += sum(len(line) * count for line, count in (before - after).items())
            if name == "exim.conf.localopts":
                found.settings_wrong += 1
            found.details.append(f"/etc/{name}: {old} became {new}")

    def _settings(self, found: Damage) -> None:
        checks = {
            "delay stanzas in exim.conf": (self.markers, self.windows.markers()),
            "delays by preview": (self.delays, self.windows.delays(TESTER, STRANGER)),
            "Greylisting's trusted hosts": (self.trusted, sorted(self.windows.trusted())),
            "Exim runs what exim.conf says": (True, exim_config.is_applied(self.windows.host)),
        }
        for name, (before, now) in checks.items():
            if before != now:
                found.settings_wrong += 1
                found.details.append(f"{name}: {before} became {now}")
