"""Mails the server's contact that a window does not close, and when it is closed at last.

A mail program may hang: no lock of windows is held meanwhile, one mail is sent at a time and one a round.
"""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress

from mxverdict import settings
from mxverdict.errors import CommandFailed, MxVerdictError, WhmError
from mxverdict.fs.lock import if_free
from mxverdict.host import Host
from mxverdict.whm.api import LocalWhmApi, WhmApi
from mxverdict.window.journal import reading
from mxverdict.window.model import MAILED, MAILED_CLOSED, Window

_TIMEOUT = 15.0
_API_TIMEOUT = 8.0
_LOCK = "mail"
_ADDRESS = re.compile(r"[\w.+=-]+@[\w.-]+", re.ASCII)
_FALLBACK = "root"


def send_owed(host: Host) -> None:
    """Send the oldest mail that is owed, unless another process sends one. One that was not taken stays owed.

    Noted before it is sent: a journal that takes no note must not have it sent again and again.
    """
    with if_free(host, _LOCK) as free, suppress(MxVerdictError), reading(host) as journal:
        owed = journal.unmailed() if free and journal is not None else []
        if journal is None or not owed:
            return
        window = owed[0]
        after = MAILED_CLOSED if window.finished else MAILED
        if not journal.note_mail(window.id, window.mailed, after):
            return
        try:
            send = closed if window.finished else close_failed
            send(host, LocalWhmApi(host, _API_TIMEOUT), window)
        except MxVerdictError:
            journal.note_mail(window.id, after, window.mailed)


def close_failed(host: Host, api: WhmApi, window: Window) -> None:
    """Raises HostError when the mail program does not take the message."""
    text = (
        f"Test window {window.id} ({window.kind}) was due to close and did not:\n\n"
        f"    {window.error}\n\n"
        "MX Verdict goes on trying, at most every 15 minutes, and mails again when it has succeeded.\n"
        "See `mxverdict window list`; "
        f"`mxverdict window close {window.id}` tries at once.\n"
    )
    _send(host, api, f"test window {window.id} on {socket.gethostname()} does not close", text)


def closed(host: Host, api: WhmApi, window: Window) -> None:
    """Raises HostError when the mail program does not take the message."""
    ended = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(window.closed_at))
    text = (
        f"Test window {window.id} ({window.kind}), which did not close, is closed since {ended}.\n"
        "There is nothing left to do.\n" + (f"\n    {window.remark}\n" if window.remark else "")
    )
    _send(host, api, f"test window {window.id} on {socket.gethostname()} is closed now", text)


def _send(host: Host, api: WhmApi, subject: str, text: str) -> None:
    """The mail program adds sender and date."""
    message = (
        f"To: {contact(host, api)}\n"
        f"Subject: MX Verdict: {subject}\n"
        "Auto-Submitted: auto-generated\n"
        "Content-Type: text/plain; charset=utf-8\n"
        "\n"
        f"{text}"
    )
    done = host.run([host.sendmail, "-t", "-i"], timeout=_TIMEOUT, stdin=message)
    if done.status != 0:
        raise CommandFailed("sendmail", done.status, done.stdout + done.stderr)


def contact(host: Host, api: WhmApi) -> str:
    """The contact of the settings; without one the addresses that WHM knows; `root` when it knows none."""
    chosen = settings.read(host).contact
    if chosen:
        return chosen
    try:
        setting = api.call("get_tweaksetting", module="Basic", key="CONTACTEMAIL").get("tweaksetting")
    except WhmError:
        return _FALLBACK
    value = str(setting.get("value") or "") if isinstance(setting, dict) else ""
    return ", ".join(_ADDRESS.findall(value)) or _FALLBACK
