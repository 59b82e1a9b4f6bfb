"""What must hold of test windows and of what they change, in the simplest words: lines, a setting, a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional


def key(line: str) -> str:
    """The address that a line of the list file matches, if it is one of ours or an admin's."""
    return line.partition(" ")[0]


@dataclass
class OpenWindow:
    """`added` holds the lines of the opening and of each joining that added addresses."""

    id: int
    ends: int
    networks: list[str] = field(default_factory=list)
    added: list[list[str]] = field(default_factory=list)


class Model:
    """A server with at most one window of each kind; methods answer whether the request is granted."""

    def __init__(self, lines: list[str]) -> None:
        self.now = 0
        self.lines = lines
        self.is_on = True
        self.whitelist: Optional[OpenWindow] = None
        self.delay_off: Optional[OpenWindow] = None
        self._kinds: list[str] = []

    def spared(self, address: str) -> bool:
        return not self.is_on or address in map(key, self.lines)

    def open_whitelist(self, networks: list[str], seconds: int) -> bool:
        self._settle_whitelist()
        window = self.whitelist = self.whitelist or self._new("whitelist")
        new = [network for network in networks if network not in window.networks]
        lines = [network for network in new if network not in map(key, self.lines)]
        window.networks += new
        window.added.append(lines)
        self.lines = lines + self.lines
        window.ends = max(window.ends, self.now + seconds)
        return True

    def open_delay_off(self, seconds: int) -> bool:
        self._settle_delay_off()
        if self.delay_off is None:
            if not self.is_on:
                return False
            self.is_on = False
            self.delay_off = self._new("delay_off")
        self.delay_off.ends = max(self.delay_off.ends, self.now + seconds)
        return True

    def extend(self, number: int, seconds: int) -> bool:
        """Closes what is overdue of the kind of the window `number`, open or not, before it looks at it."""
        kind = self._kinds[number - 1] if number <= len(self._kinds) else ""
        if kind == "whitelist":
            self._settle_whitelist()
        elif kind == "delay_off":
            self._settle_delay_off()
        for window in (self.whitelist, self.delay_off):
            if window is not None and window.id == number:
                window.ends = max(window.ends, self.now + seconds)
                return True
        return False

    def close(self, number: int) -> bool:
        if self.whitelist is not None and self.whitelist.id == number:
            for added in reversed(self.whitelist.added):
                for line in added:
                    if line in self.lines:
                        self.lines.remove(line)
            self.whitelist = None
        elif self.delay_off is not None and self.delay_off.id == number:
            self.is_on = True
            self.delay_off = None
        else:
            return False
        return True

    def keeper(self) -> None:
        self._settle_whitelist()
        self._settle_delay_off()

    def _settle_whitelist(self) -> None:
        if self.whitelist is not None and self.now >= self.whitelist.ends:
            self.close(self.whitelist.id)

    def _settle_delay_off(self) -> None:
        if self.delay_off is not None and self.now >= self.delay_off.ends:
            self.close(self.delay_off.id)

    def _new(self, kind: str) -> OpenWindow:
        self._kinds.append(kind)
        return OpenWindow(len(self._kinds), 0)
