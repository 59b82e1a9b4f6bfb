"""Tells the server's contact that a window does not close."""

from __future__ import annotations

import re
import socket

from mxverdict.errors import CommandFailed, WhmError
from mxverdict.host import Host
from mxverdict.whm.api import WhmApi
from mxverdict.window.model import Window

_TIMEOUT = 30.0
_ADDRESS = re.compile(r"[\w.+=-]+@[\w.-]+", re.ASCII)
_FALLBACK = "root"


def close_failed(host: Host, api: WhmApi, window: Window) -> None:
    """Mail it; the mail program adds sender and date. Raises HostError when it does not take the message."""
    message = (
        f"To: {contact(api)}\n"
        f"Subject: MX Verdict: test window {window.id} on {socket.gethostname()} does not close\n"
        "Auto-Submitted: auto-generated\n"
        "Content-Type: text/plain; charset=utf-8\n"
        "\n"
        f"Test window {window.id} ({window.kind}) was due to close and did not:\n\n"
        f"    {window.error}\n\n"
        "MX Verdict goes on trying, at most every 15 minutes, until it succeeds.\n"
        "See `mxverdict window list`; "
        f"`mxverdict window close {window.id}` tries at once.\n"
    )
    done = host.run([host.sendmail, "-t", "-i"], timeout=_TIMEOUT, stdin=message)
    if done.status != 0:
        raise CommandFailed("sendmail", done.status, done.stdout + done.stderr)


def contact(api: WhmApi) -> str:
    """The contact addresses of the server as WHM knows them; `root` when it does not tell."""
    try:
        setting = api.call("get_tweaksetting", module="Basic", key="CONTACTEMAIL").get("tweaksetting")
    except WhmError:
        return _FALLBACK
    value = str(setting.get("value") or "") if isinstance(setting, dict) else ""
    return ", ".join(_ADDRESS.findall(value)) or _FALLBACK
