"""The change that switches the delay off for everybody: one line of /etc/exim.conf.localopts, build, restart.

WHM's set_tweaksetting rewrites the whole file and copies the smarthost password from the shadow file into it,
which everybody may read; what it makes of bare keys is not known. With either the one line is edited instead.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
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
_ON = f"{localopts.KEY}=1"
_SAVE_IT = Message("save the setting in WHM, Exim Configuration Manager, first")


def check(host: Host) -> None:
    """Raises WindowRefused when there is nothing to switch off, when somebody edits the settings, when the
    setting cannot be read and when a restart could not be made or verified; HostError when a file cannot be
    read."""
    if _edit_in_progress(host):
        raise WindowRefused(
            Message(
                "somebody is editing Exim's settings in WHM now (a *.dry_run file is there); try again later"
            )
        )
    exim_config.require_none_under_way(host)
    try:
        on = localopts.is_on(_content(host))
    except localopts.SettingUnknown as error:
        raise WindowRefused(join([message_of(error), _SAVE_IT])) from None
    stanzas = exim_config.stanzas(host)
    if not on and stanzas:
        raise WindowRefused(
            Message(
                "the setting is switched off already but Exim's configuration was not rebuilt "
                "since; run buildeximconf and, when it succeeds, restartsrv_exim; if it fails, correct what "
                "its last lines name first"
            )
        )
    if not on or not stanzas:
        raise WindowRefused(Message("the delay is already off"))
    exim_config.check_restart(host)


def apply(host: Host, api: WhmApi, record: Record) -> list[str]:
    """Switch the delay off and see that it is; returns remarks. Raises HostError, WhmError."""
    content = _content(host)
    exim_config.dry_run(host, _switched_off(content))
    plan = {"old": localopts.setting_line(content), "written": localopts.OFF}
    record(plan)
    if _whm_may_write(host, content):
        _ask_api(api, "0")
    if localopts.setting_line(_content(host)) != localopts.OFF:
        safe_edit.edit(host.localopts, _switched_off, _CREATION)
    record({**plan, "digest": _digest(_content(host))})
    others = exim_config.wait_for_concurrent_builds(host)
    exim_config.apply_configuration(host)
    exim_config.require_ended(others)
    if localopts.is_on(_content(host)):
        raise HostError(Message("somebody switched the delay on again at the same moment"))
    return []


def revert(host: Host, api: WhmApi, plan: dict[str, Any]) -> list[str]:
    """Put the setting back where it still is ours and into force; returns remarks. Raises HostError.

    The setting goes back first, whoever is building. What a killed process of ours left, or a save that began
    before, may write ours once more: so it is looked at again when they have ended, and while another process
    of root's still builds the window counts as not closed, with the delay on as far as that depends on us.
    """
    remarks: list[str] = []
    safe_edit.remove_leftover(host.localopts)
    if _edit_in_progress(host):
        remarks.append(
            Message(
                "somebody was editing Exim's settings in WHM while the window closed; make sure "
                "that saving there did not switch the delay off again"
            )
        )
    content = _content(host)
    line = localopts.setting_line(content)
    if line == plan["written"]:
        if plan.get("digest", _digest(content)) != _digest(content):
            remarks.append(
                Message(
                    "Exim's settings were saved by somebody else meanwhile; whoever meant to switch "
                    "the delay off has to do so again"
                )
            )
        _restore(host, api, plan["old"])
    elif line != plan["old"]:
        remarks.append(
            Message(
                "{setting} was changed by somebody else meanwhile and stays as it is", setting=localopts.KEY
            )
        )
    exim_config.end_orphans(host, exim_config.BUILDS)
    others = exim_config.wait_for_concurrent_builds(host)
    _put_in_force(host, plan)
    if others:
        exim_config.require_ended(others)
        _put_in_force(host, plan)
    return remarks


def _put_in_force(host: Host, plan: dict[str, Any]) -> None:
    _edit_back(host, plan["old"])
    exim_config.apply_configuration(host)


def _restore(host: Host, api: WhmApi, old: Optional[str]) -> None:
    """WHM first, then the one-line edit; WHM can write no other line than `=1`."""
    if old == _ON and _whm_may_write(host, _content(host)):
        with suppress(WhmError):
            _ask_api(api, "1")
    _edit_back(host, old)


def _edit_back(host: Host, old: Optional[str]) -> None:
    """Where the line that counts is ours."""

    def restored(content: bytes) -> Optional[bytes]:
        ours = localopts.setting_line(content) == localopts.OFF
        return localopts.put(content, old) if ours else None

    safe_edit.edit(host.localopts, restored, _CREATION)


def _switched_off(content: bytes) -> bytes:
    """Raises SettingUnknown: a setting that cannot be read is not ours to switch."""
    localopts.is_on(content)
    return localopts.put(content, localopts.OFF)


def _ask_api(api: WhmApi, value: str) -> None:
    api.call("set_tweaksetting", module="Mail", key=localopts.KEY, value=value)


def _content(host: Host) -> bytes:
    return safe_edit.read(host.localopts) or b""


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


def _edit_in_progress(host: Host) -> bool:
    return any(host.localopts.parent.glob("exim.conf.local*.dry_run"))
