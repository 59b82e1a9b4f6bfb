"""A change of one switch of Exim's: one line of /etc/exim.conf.localopts, build, restart; and back.

WHM's set_tweaksetting rewrites the whole file and copies the smarthost password from the shadow file into it,
which everybody may read; what it makes of bare keys is not known. With either the one line is edited instead.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Optional

from mxverdict.errors import HostError, WhmError, WindowRefused
from mxverdict.fs import safe_edit
from mxverdict.host import Host
from mxverdict.i18n.message import Message, join, message_of
from mxverdict.whm import localopts
from mxverdict.whm.api import WhmApi
from mxverdict.window.changes import exim_config
from mxverdict.window.changes.bypass_list import Record

_CREATION = safe_edit.NewFileMode(group="root", mode=0o644)
_SAVE_IT = Message("save the setting in WHM, Exim Configuration Manager, first")


@dataclass(frozen=True)
class SettingChange:
    """A switch put to `on`. `follows` says whether exim.conf has what the file says.

    Messages: `undone` when another process put it back at the same moment, `edited` when settings were being
    edited in WHM while it is reverted, `saved` when they were saved since.
    """

    setting: localopts.Setting
    on: bool
    follows: exim_config.Follows
    undone: str
    edited: str
    saved: str

    @property
    def written(self) -> str:
        return self.setting.line(self.on)

    def candidate(self, content: bytes) -> bytes:
        """Return the settings with ours in it. Raises SettingUnknown: what cannot be read is not ours to
        switch."""
        return _switched(content, self)

    def apply(self, host: Host, api: WhmApi, record: Record) -> list[str]:
        """Switch it and see that it is; returns remarks. Raises HostError, WhmError."""
        content = content_of(host)
        exim_config.dry_run(host, self.candidate(content))
        plan = {"old": localopts.setting_line(content, self.setting), "written": self.written}
        record(plan)
        if _whm_may_write(host, content):
            self._ask_api(api, self.on)
        if localopts.setting_line(content_of(host), self.setting) != self.written:
            safe_edit.edit(host.localopts, self.candidate, _CREATION)
        record({**plan, "digest": _digest(content_of(host))})
        others = exim_config.wait_for_concurrent_builds(host)
        exim_config.apply_configuration(host, self.follows)
        exim_config.require_ended(others)
        if localopts.is_on(content_of(host), self.setting) != self.on:
            raise HostError(self.undone)
        return []

    def revert(self, host: Host, api: WhmApi, plan: dict[str, Any]) -> list[str]:
        """Put the setting back where it still is ours and into force; returns remarks. Raises HostError.

        The setting goes back first, whoever is building. What a killed process of ours left, or a save that
        began before, may write ours once more: so it is looked at again when they have ended, and while
        another process of root's still builds the window counts as not closed, with the setting back as far
        as that depends on us.
        """
        remarks: list[str] = []
        safe_edit.remove_leftover(host.localopts)
        if edit_in_progress(host):
            remarks.append(self.edited)
        content = content_of(host)
        line = localopts.setting_line(content, self.setting)
        if line == plan["written"]:
            if plan.get("digest", _digest(content)) != _digest(content):
                remarks.append(self.saved)
            self._restore(host, api, plan["old"])
        elif line != plan["old"]:
            remarks.append(
                Message(
                    "{setting} was changed by somebody else meanwhile and stays as it is",
                    setting=self.setting.key,
                )
            )
        exim_config.end_orphans(host, exim_config.BUILDS)
        others = exim_config.wait_for_concurrent_builds(host)
        self._put_in_force(host, plan)
        if others:
            exim_config.require_ended(others)
            self._put_in_force(host, plan)
        return remarks

    def _put_in_force(self, host: Host, plan: dict[str, Any]) -> None:
        self._edit_back(host, plan["old"])
        exim_config.apply_configuration(host, self.follows)

    def _restore(self, host: Host, api: WhmApi, old: Optional[str]) -> None:
        """WHM first, then the one-line edit; WHM can write no other lines than `=0` and `=1`."""
        if old == self.setting.line(not self.on) and _whm_may_write(host, content_of(host)):
            with suppress(WhmError):
                self._ask_api(api, not self.on)
        self._edit_back(host, old)

    def _edit_back(self, host: Host, old: Optional[str]) -> None:
        """Where the line that counts is ours."""

        def restored(content: bytes) -> Optional[bytes]:
            ours = localopts.setting_line(content, self.setting) == self.written
            return localopts.put(content, old, self.setting) if ours else None

        safe_edit.edit(host.localopts, restored, _CREATION)

    def _ask_api(self, api: WhmApi, on: bool) -> None:
        api.call("set_tweaksetting", module="Mail", key=self.setting.key, value=str(int(on)))


def require_undisturbed(host: Host) -> None:
    """Raises WindowRefused when somebody edits the settings, HostError when a build goes on."""
    if edit_in_progress(host):
        raise WindowRefused(
            Message(
                "somebody is editing Exim's settings in WHM now (a *.dry_run file is there); try again later"
            )
        )
    exim_config.require_none_under_way(host)


def require_known(host: Host, setting: localopts.Setting) -> bool:
    """Return whether the setting is on. Raises WindowRefused when the file does not show it."""
    try:
        return localopts.is_on(content_of(host), setting)
    except localopts.SettingUnknown as error:
        raise WindowRefused(join([message_of(error), _SAVE_IT])) from None


def content_of(host: Host) -> bytes:
    return safe_edit.read(host.localopts) or b""


def edit_in_progress(host: Host) -> bool:
    return any(host.localopts.parent.glob("exim.conf.local*.dry_run"))


def _switched(content: bytes, change: SettingChange) -> bytes:
    localopts.is_on(content, change.setting)
    return localopts.put(content, change.written, change.setting)


def _digest(content: bytes) -> str:
    """Return a fingerprint that shows whether the settings were saved since."""
    return hashlib.sha256(content).hexdigest()


def _whm_may_write(host: Host, content: bytes) -> bool:
    return not localopts.has_bare_key(content) and not _has_secret(host)


def _has_secret(host: Host) -> bool:
    try:
        return bool((safe_edit.read(host.localopts_shadow) or b"").strip())
    except HostError:
        return True
