"""What the server's owner has chosen: how long test windows may be, what resellers may do, whom mails go to.

Standard library only, as the engine of the windows, which reads it. Without the file the usual settings hold.
With one that is damaged nobody knows what the owner forbade: no reseller opens a window then, and root none
that is longer than usual.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from dataclasses import dataclass, field
from typing import Any

from mxverdict.audit.actor import Actor
from mxverdict.errors import MxVerdictError, UsageError
from mxverdict.host import Host
from mxverdict.i18n import catalog
from mxverdict.i18n.message import Message, shortened

MINUTES = 15
MAX_MINUTES = 240
"""What no setting goes beyond."""

_SCHEMA = 1
_MAX_BYTES = 64 * 1024
_CONTACT_LIMIT = 254
"""Characters of a mail address (RFC 5321 section 4.5.3.1.3, without the brackets)."""
_CONTACT = re.compile(r"[A-Za-z0-9_.+=-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_LOCK_WAIT = 10.0


@dataclass(frozen=True)
class Settings:
    """`minutes` a test window is proposed for, `most_minutes` it may be asked for; the same for delegated
    resellers, who may open windows only when `resellers_may_open`. `tester` is whom a window is proposed for,
    `contact` the mail address that hears of windows that do not close ("": the contact that WHM knows),
    `language` a tag of `mxverdict.i18n.catalog.NAMES` ("": what the browser asks for), `framed` whether the
    pages stand inside WHM's header and menu.
    """

    minutes: int = MINUTES
    most_minutes: int = MAX_MINUTES
    tester: str = "mxtoolbox"
    resellers_may_open: bool = False
    resellers_most_minutes: int = 30
    contact: str = ""
    language: str = ""
    framed: bool = True
    load_error: str = field(default="", compare=False)
    """One line on why the file could not be used, and what holds instead. It is no setting."""


class InvalidSetting(UsageError):
    """A value that may not be; `field` is its name in `Settings`."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def read(host: Host) -> Settings:
    """Never raises: where the file cannot be used, `load_error` says so."""
    try:
        with os.fdopen(os.open(host.settings, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            data = json.loads(file.read(_MAX_BYTES))
        if data["schema"] != _SCHEMA:
            raise ValueError(Message("not of a form that this version knows"))
        found = Settings(**{name: data[name] for name in _names() if name in data})
        _check(found)
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, TypeError, KeyError, RecursionError, UsageError) as error:
        return Settings(
            most_minutes=MINUTES,
            resellers_most_minutes=MINUTES,
            resellers_may_open=False,
            load_error=Message(
                "{file} cannot be used, so that test windows stay open for {limit} minutes at most "
                "and resellers open none: {why}",
                file=host.settings,
                limit=MINUTES,
                why=shortened(error) or type(error).__name__,
            ),
        )
    return found


def write(host: Host, settings: Settings, actor: Actor) -> Settings:
    """Keep what `actor` has chosen, and say in the audit trail what changed. Answers them as they are kept.

    Raises InvalidSetting, WindowLockedError, JournalError and HostError, with nothing changed.
    """
    from mxverdict.audit import log
    from mxverdict.fs.lock import exclusive
    from mxverdict.fs.safe_edit import NewFileMode, edit

    kept = dataclasses.replace(settings, contact=settings.contact.strip(), load_error="")
    try:
        _check(kept)
        _check_tester(kept.tester)
        with exclusive(host, "settings", _LOCK_WAIT):
            before = read(host)
            if kept != before or before.load_error:
                changes = _changes(before, kept)
                changed = "; ".join(
                    f"{name}: {format_value(old)} to {format_value(new)}" for name, old, new in changes
                )
                result = changed or "written again"
                log.record(host, actor, "settings", result=result, details={"changes": changes})
                text = json.dumps({"schema": _SCHEMA, **_values(kept)}, indent=1) + "\n"
                edit(host.settings, lambda _old: text.encode(), NewFileMode("root", 0o600))
    except MxVerdictError as error:
        field = error.field if isinstance(error, InvalidSetting) else ""
        log.record_refusal(host, actor, log.RefusedAction.SETTINGS, error, field=field)
        raise
    return kept


def validate_minutes(host: Host, minutes: int) -> None:
    """Whether a window may be open for so long. Raises UsageError."""
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 1 <= minutes <= MAX_MINUTES:
        raise UsageError(
            Message(
                "a window stays open for 1 to {limit} minutes, not {minutes}",
                limit=MAX_MINUTES,
                minutes=str(minutes)[:20],
            )
        )
    found = read(host)
    if minutes > found.most_minutes:
        raise UsageError(
            found.load_error
            or Message(
                "the settings of MX Verdict on this server let a window stay open for {limit} minutes "
                "at most, not {minutes}",
                limit=found.most_minutes,
                minutes=minutes,
            )
        )


def _check(settings: Settings) -> None:
    _check_types(settings)
    if not 1 <= settings.most_minutes <= MAX_MINUTES:
        raise InvalidSetting(
            "most_minutes",
            Message("The most minutes of a test window are a number from 1 to {limit}.", limit=MAX_MINUTES),
        )
    for name in ("minutes", "resellers_most_minutes"):
        if not 1 <= getattr(settings, name) <= settings.most_minutes:
            raise InvalidSetting(
                name,
                Message(
                    "This is a number from 1 to {limit}, the most minutes of a test window.",
                    limit=settings.most_minutes,
                ),
            )
    contact = settings.contact
    if contact and (len(contact) > _CONTACT_LIMIT or not _CONTACT.fullmatch(contact)):
        raise InvalidSetting(
            "contact", Message("The contact is one mail address, such as admin@example.com, or empty.")
        )
    if settings.language and settings.language not in catalog.NAMES:
        raise InvalidSetting("language", Message("MX Verdict does not speak that language."))


def _check_types(settings: Settings) -> None:
    for name, usual in _values(Settings()).items():
        if type(getattr(settings, name)) is not type(usual):
            raise InvalidSetting(name, Message("The setting {name} has a wrong value.", name=name))


def _check_tester(name: str) -> None:
    from mxverdict import testers

    if name not in [tester.name for tester in testers.load().testers]:
        raise InvalidSetting("tester", Message("That tester is not known."))


def _names() -> tuple[str, ...]:
    return tuple(one.name for one in dataclasses.fields(Settings) if one.name != "load_error")


def _values(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in _names()}


def _changes(before: Settings, after: Settings) -> list[tuple[str, Any, Any]]:
    old, new = _values(before), _values(after)
    return [(name, old[name], new[name]) for name in new if old[name] != new[name]]


def format_value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "none"
