"""How an SOA serial reads to MXToolbox, which expects YYYYMMDDnn and no date that is still to come.

To the DNS a serial is any 32-bit number that grows (RFC 1982); YYYYMMDDnn is a habit (RFC 1912 section 2.2).
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, Optional

from mxverdict.testers.row_texts import limits

_DAY = 86400
_FIRST_EPOCH = 1_000_000_000  # September 2001, when Unix time reached ten digits
_COUNTER_DIGITS = 7
_EASTERNMOST = 14 * 3600  # no time zone is further ahead of UTC


@dataclass(frozen=True)
class Serial:
    """`style`: `date` (what the tester likes), `ahead` (today's date somewhere on earth, not yet where the
    tester is), `future` (a date still to come everywhere, or a number that reads like one), `counter`,
    `epoch` (seconds since 1970) or `other`.

    `detail` is the key of the tester's detail line ("" when it passes), `date` the date it reads as, and
    `begins` the Unix time at which the tester takes that date for today.
    """

    number: int
    style: str
    detail: str = ""
    date: Optional[datetime.date] = None
    begins: float = 0.0

    @property
    def year(self) -> int:
        return int(str(self.number)[:4])


def read_serial(number: int, taken_at: float) -> Serial:
    """Return how the serial reads at `taken_at` (Unix time)."""
    digits = str(number)
    if _FIRST_EPOCH <= number <= taken_at + _DAY:
        return Serial(number, "epoch", "format")
    if len(digits) <= _COUNTER_DIGITS:
        return Serial(number, "counter", "format")
    if len(digits) != 10:
        return Serial(number, "other", "format")
    date = _date(digits)
    today = tester_date(taken_at)
    if date is None:
        late = int(digits[:4]) > today.year
        return Serial(number, "future" if late else "other", "year" if late else "format")
    if date <= today:
        return Serial(number, "date", date=date)
    detail = "year" if date.year > today.year else "date"
    furthest = datetime.datetime.fromtimestamp(taken_at + _EASTERNMOST, datetime.timezone.utc).date()
    style = "ahead" if date <= furthest else "future"
    return Serial(number, style, detail, date, _midnight(date) - _offset(_midnight(date)))


def tester_date(taken_at: float) -> datetime.date:
    """Return the calendar day at MXToolbox's place, at a Unix time."""
    local = taken_at + _offset(taken_at)
    return datetime.datetime.fromtimestamp(local, datetime.timezone.utc).date()


def _offset(at: float) -> float:
    """Return seconds to add to UTC. Summer time of the USA: second Sunday of March to first Sunday of
    November, at 2 o'clock (15 U.S.C. 260a)."""
    zone: dict[str, Any] = limits("dns")["time_zone"]
    winter, summer = zone["winter_hours"] * 3600, zone["summer_hours"] * 3600
    year = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).year
    starts = _midnight(_sunday(year, 3, 8)) + 2 * 3600 - winter
    ends = _midnight(_sunday(year, 11, 1)) + 2 * 3600 - summer
    return float(summer if starts <= at < ends else winter)


def _sunday(year: int, month: int, day: int) -> datetime.date:
    """Return the first Sunday on or after that day."""
    date = datetime.date(year, month, day)
    return date + datetime.timedelta(days=6 - date.weekday())


def _midnight(date: datetime.date) -> float:
    return datetime.datetime(date.year, date.month, date.day, tzinfo=datetime.timezone.utc).timestamp()


def _date(digits: str) -> Optional[datetime.date]:
    """Return the date in YYYYMMDDnn; None when there is no such day, or it lies before the DNS (1983)."""
    try:
        date = datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
    return date if date.year >= 1983 else None
