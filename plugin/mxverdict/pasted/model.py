"""What was found in a pasted text. Plain frozen data."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Optional

from mxverdict.net.address import is_address
from mxverdict.testers.row_texts import HEADLINE

BLACKLIST = "blacklist"
MXTOOLBOX = "mxtoolbox"
ABOUT_ADDRESSES = ("blacklist", "smtp")
"""Categories whose rows can be about an address; the others are about a domain."""
ROWS_LIMIT = 1000
"""Rows of one report that are read, those not recognised included."""


@dataclass(frozen=True)
class PastedRow:
    """One row of a tester's report: `rule` is the identifier of what it is about (`mxverdict.rules`; "": not
    known, as of a row of our own in an earlier version's JSON), `level` as reported (`ok`, `warning`,
    `error`, `unknown`), `text` its words, `host` the domain, name or address it is about ("" when not said),
    `values` the numbers and names in it (`seconds`, `address`, …) as they were written, `details` the lines
    below it, `line` where it was (from 1) and `original` that line."""

    tester: str
    category: str
    name: str
    rule: str
    level: str
    text: str
    host: str = ""
    values: tuple[tuple[str, str], ...] = ()
    details: tuple[str, ...] = ()
    line: int = 0
    original: str = ""

    @property
    def complains(self) -> bool:
        return self.level in ("warning", "error")

    @property
    def is_headline(self) -> bool:
        return self.name == HEADLINE

    def value(self, name: str) -> str:
        """Return what stood for a placeholder, "" when nothing did."""
        return next((value for key, value in self.values if key == name), "")

    @property
    def seconds(self) -> Optional[float]:
        return number(self.value("seconds"))


@dataclass(frozen=True)
class Unrecognised:
    """A line that looks like a row of a report but is none we know; `reason` says what it looks like."""

    line: int
    original: str
    reason: str


@dataclass(frozen=True)
class Subject:
    """What a report was asked about: MXToolbox's command ("" when not said) and its argument."""

    command: str
    argument: str

    @property
    def is_address(self) -> bool:
        return is_address(self.argument)


@dataclass(frozen=True)
class PastedSession:
    """A transcript in the report: the server's address ("": not said), the milliseconds it took in all (None:
    not said) and after how many seconds of silence it was given up (None: it was not). `banner` is the
    greeting's first line ("": none came) with the milliseconds until it was there, `starttls` whether the
    reply to EHLO offers it (None: no reply), `recipient` the reply to a recipient of another's."""

    address: str
    milliseconds: Optional[int] = None
    gave_up: Optional[float] = None
    banner: str = ""
    greeting_milliseconds: Optional[int] = None
    starttls: Optional[bool] = None
    recipient: str = ""
    line: int = 0


@dataclass(frozen=True)
class PastedRefusal:
    """A mail server's refusal: `code` is its reply code (0: a bounce without one), `text` its words in one
    line, `stage` what was answered (`connect`, `ehlo`, `mail`, `rcpt`, `message`; "" when not said), `host`
    who refused and `recipients` whose mail it was, as far as they are named; `line` is where it was."""

    code: int
    text: str
    stage: str = ""
    host: str = ""
    recipients: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class Pasted:
    """`ignored` counts the lines that are no part of a report, `cut` says that the text was too long and its
    end was not read, `left_out` how many more rows its JSON has than are read; `form` is `api` when some of
    it is MXToolbox's JSON, else `text`."""

    rows: tuple[PastedRow, ...] = ()
    unrecognised: tuple[Unrecognised, ...] = ()
    subjects: tuple[Subject, ...] = ()
    sessions: tuple[PastedSession, ...] = ()
    ignored: int = 0
    cut: bool = False
    left_out: int = 0
    form: str = "text"
    refusals: tuple[PastedRefusal, ...] = ()

    @property
    def complaints(self) -> tuple[PastedRow, ...]:
        """Return the rows that complain. The headline counts when it is all there is."""
        rows = tuple(row for row in self.rows if row.complains)
        return tuple(row for row in rows if not row.is_headline) or rows

    @property
    def testers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.tester for row in self.rows))


def number(text: str) -> Optional[float]:
    """Return a number as people write it, with point or comma; None when it is none."""
    with contextlib.suppress(ValueError):
        return float(text.replace(",", "."))
    return None
