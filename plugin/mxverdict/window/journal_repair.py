"""Restores a damaged journal from its copy, so that a window open meanwhile still closes."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Optional

from mxverdict.audit import log
from mxverdict.audit.actor import KEEPER
from mxverdict.errors import JournalCorruptError, JournalError
from mxverdict.fs.atomic_write import atomic_write
from mxverdict.fs.lock import exclusive
from mxverdict.fs.read import is_regular_or_absent, read_regular
from mxverdict.host import Host
from mxverdict.i18n.message import Message, join, message_of
from mxverdict.window.journal import Journal, reading, rollback_journal
from mxverdict.window.messages import join_notes
from mxverdict.window.model import KINDS


def repair_journal(host: Host, wait: float) -> None:
    """To be called with no lock held. The damaged file stays beside the journal, under another name.

    Raises WindowLockedError when somebody is at work on the damaged journal for longer than `wait` seconds,
    JournalCorruptError when there is no sound copy, JournalError when it can be neither read nor restored.
    """
    if _damage(host) is None:
        return
    with ExitStack() as locks:
        for kind in KINDS:
            locks.enter_context(exclusive(host, kind, wait))
        damage = _damage(host)
        if damage is None:
            return
        if not _is_sound(host.journal_copy):
            raise JournalCorruptError(
                Message("{damage}; there is no sound copy of it", damage=damage)
            ) from damage
        _restore(host, damage)


def _damage(host: Host) -> Optional[JournalCorruptError]:
    try:
        with reading(host) as journal:
            if journal is not None:
                journal.check()
    except JournalCorruptError as damage:
        return damage
    return None


def _restore(host: Host, damage: JournalCorruptError) -> None:
    kept = host.journal.with_name(time.strftime("journal.damaged-%Y%m%d-%H%M%S.sqlite"))
    rollback = rollback_journal(host.journal)
    try:
        content = read_regular(host.journal_copy)
        if rollback.exists():
            rollback.replace(kept.with_name(f"{kept.name}-journal"))
        with suppress(FileNotFoundError, FileExistsError):
            os.link(host.journal, kept)
        if not is_regular_or_absent(host.journal):
            host.journal.unlink()
        atomic_write(host.journal, content)
    except OSError as error:
        raise JournalError(
            Message("{damage}; it cannot be restored: {error}", damage=damage, error=error.strerror)
        ) from error
    note = Message(
        "the journal was damaged and restored from its copy; the damaged file is kept as {name}",
        name=kept.name,
    )
    with suppress(JournalError):
        log.record(host, KEEPER, "restore", result=join([note, message_of(damage)]))
    with closing(Journal(host)) as journal:
        if journal.is_newer:
            return
        journal.migrate()
        for window in journal.unfinished():
            journal.store(dataclasses.replace(window, remark=join_notes(window.remark, [note])))


def _is_sound(path: Path) -> bool:
    try:
        if not all(is_regular_or_absent(one) for one in (path, rollback_journal(path))):
            return False
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as copy:
            return bool(copy.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except (sqlite3.Error, OSError):
        return False
