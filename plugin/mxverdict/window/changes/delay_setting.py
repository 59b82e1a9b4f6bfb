"""The change that switches the delay off for everybody."""

from __future__ import annotations

from typing import Any

from mxverdict.errors import WindowRefused
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.whm import localopts
from mxverdict.whm.api import WhmApi
from mxverdict.window.changes import exim_config
from mxverdict.window.changes.bypass_list import Record
from mxverdict.window.changes.exim_setting import SettingChange, require_known, require_undisturbed

_CHANGE = SettingChange(
    setting=localopts.DELAY,
    on=False,
    follows=exim_config.delay_follows,
    undone=Message("somebody switched the delay on again at the same moment"),
    edited=Message(
        "somebody was editing Exim's settings in WHM while the window closed; make sure "
        "that saving there did not switch the delay off again"
    ),
    saved=Message(
        "Exim's settings were saved by somebody else meanwhile; whoever meant to switch "
        "the delay off has to do so again"
    ),
)


def check(host: Host) -> None:
    """Raises WindowRefused when there is nothing to switch off, when somebody edits the settings, when the
    setting cannot be read and when a restart could not be made or verified; HostError when a file cannot be
    read."""
    require_undisturbed(host)
    on = require_known(host, localopts.DELAY)
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
    return _CHANGE.apply(host, api, record)


def revert(host: Host, api: WhmApi, plan: dict[str, Any]) -> list[str]:
    """Put the setting back where it still is ours and into force; returns remarks. Raises HostError."""
    return _CHANGE.revert(host, api, plan)
