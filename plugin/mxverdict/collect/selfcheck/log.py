"""Exim's main log: what is logged, where, whose it is, how it is rotated, and whether its last lines are
read."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Optional

from mxverdict.collect.exim_account import Account
from mxverdict.collect.exim_options import exim_options
from mxverdict.collect.mainlog import lines
from mxverdict.collect.mainlog.log_files import ROTATED
from mxverdict.collect.selfcheck.files import facts, read
from mxverdict.evidence.selfcheck import LogFacts
from mxverdict.host import Host

_TAIL = 1 << 18
"""Bytes at the end of the log that are looked at."""
_MAX_FORMS = 20
_MAX_LOGROTATE = 1 << 18
SELECTORS = (
    "all", "smtp_connection", "incoming_port", "connection_id", "millisec", "pid", "arguments",
    "smtp_incomplete_transaction", "lost_incoming_connection", "tls_sni", "spf", "dnssec",
)  # fmt: skip
"""The words of log_selector that change lines the product reads."""
_SESSION = re.compile(
    rb"\S+ \S+ (?:[+-]\d{4} )?(?:\[\d+\] )?(?:SMTP connection (?:Ci=\S+ )?from |unexpected disconnection "
    rb"while reading SMTP command from |SMTP command timeout on connection from ).*\["
)
"""Lines about sessions of visitors; local ones have no address in brackets."""
_PERIOD = re.compile(r"^[ \t]*(hourly|daily|weekly|monthly|yearly)[ \t]*$", re.MULTILINE)


def log_facts(host: Host, account: Optional[Account]) -> LogFacts:
    """Never raises."""
    options = exim_options(host, "log_selector", "log_file_path")
    folder = host.exim_mainlog.parent
    wanted = f"{folder}/exim_%slog"
    tail = _tail(host)
    stamped = [line for line in tail if lines.parse(line) is not None]
    sessions = [line for line in stamped if _SESSION.match(line)]
    forms, unknown = _rotations(host)
    return LogFacts(
        facts(host.exim_mainlog, account),
        _selector(options["log_selector"]) if "log_selector" in options else None,
        _is_file(options["log_file_path"], wanted) if "log_file_path" in options else None,
        lines=len(tail),
        stamped=len(stamped),
        sessions=len(sessions),
        not_understood=sum(_is_other(line) for line in sessions),
        rotated=forms,
        unknown_names=unknown,
        period=_period(host),
    )


def _selector(text: str) -> tuple[str, ...]:
    """The known words that are on after all of them were read from left to right (Exim specification
    53.15)."""
    on: dict[str, None] = {}
    for sign, name in re.findall(r"([+-])\s*(\w+)", text):
        if name == "all":
            on = dict.fromkeys(SELECTORS) if sign == "+" else {}
        elif sign == "+" and name in SELECTORS:
            on[name] = None
        else:
            on.pop(name, None)
            if sign == "-":
                on.pop("all", None)
    return tuple(on)


def _is_file(value: str, wanted: str) -> bool:
    return wanted in [part.strip() for part in value.split(":")]


def _is_other(line: bytes) -> bool:
    parsed = lines.parse(line)
    return parsed is None or parsed.kind == lines.OTHER


def _tail(host: Host) -> Sequence[bytes]:
    """The last whole lines."""
    try:
        with os.fdopen(os.open(host.exim_mainlog, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            content = file.read(_TAIL)
    except OSError:
        return ()
    found = content.split(b"\n")
    return [line for line in found[1 if size > _TAIL else 0 : -1] if line]


def _rotations(host: Host) -> tuple[tuple[str, ...], int]:
    log = host.exim_mainlog
    try:
        names = [path.name for path in log.parent.iterdir() if path.name.startswith(log.name)]
    except OSError:
        return (), 0
    ends = [name[len(log.name) :] for name in names if name != log.name]
    known = [end for end in ends if ROTATED.fullmatch(end)]
    forms = sorted({_form(end) for end in known})
    return tuple(forms[:_MAX_FORMS]), len(ends) - len(known)


def _form(end: str) -> str:
    """`-20261129.gz` is `-YYYYMMDD.gz`, `.12` is `.N`."""
    digits = re.sub(r"\d{8}", "YYYYMMDD", end, count=1)
    return re.sub(r"\d+", "N", digits)


def _period(host: Host) -> str:
    """How often logrotate rotates the log, from the block of its configuration that names it."""
    try:
        files = sorted(host.logrotate.iterdir())
    except OSError:
        return ""
    for path in files:
        text = (read(path, _MAX_LOGROTATE) or b"").decode(errors="replace")
        for names, block in re.findall(r"^([^{}#]*)\{([^{}]*)\}", text, re.MULTILINE):
            if "exim_mainlog" in names or re.search(r"/exim_\*", names):
                period = _PERIOD.search(block)
                return period[1] if period else "default"
    return ""
