"""The evidence of a self-check whose answers are all as expected."""

from __future__ import annotations

import dataclasses
from typing import Any

from mxverdict.collect.selfcheck.exim import EXEMPT_LISTS
from mxverdict.collect.selfcheck.files import LISTS
from mxverdict.collect.selfcheck.python import PACKAGES
from mxverdict.collect.selfcheck.whm import CALLS, WRITING
from mxverdict.evidence.selfcheck import (
    ApiCall,
    Command,
    EximFacts,
    FileFacts,
    KeeperFacts,
    ListFile,
    LogFacts,
    Package,
    PythonFacts,
    Selfcheck,
    Session,
    SettingFacts,
    Stage,
    WhmFacts,
    WhmPageFacts,
)

_PROGRAM = FileFacts("file", "root", "root", 0o755)
_TEXT = FileFacts("file", "root", "root", 0o644)


def session(visitor: str, connect: int, rcpt: int) -> Session:
    stages = (("connect", 220, connect), ("ehlo", 250, 0), ("mail", 250, 0), ("rcpt", 550, rcpt))
    lists = ("loopback",) if visitor == "loopback" else ()
    return Session(
        visitor,
        "",
        tuple(
            Stage(name, code, delay, int(bool(delay)), lists if name in ("connect", "rcpt") else ())
            for name, code, delay in stages
        ),
    )


def _outcome(call: str) -> str:
    return "refused" if call in ("refused", "unknown_function") else "ok"


GOOD = Selfcheck(
    version="0.1.0",
    taken_at=1_795_972_329.0,
    cpanel_version="11.138.0.19",
    exim=EximFacts(
        version="4.99.1",
        stanzas=3,
        exempt_lists=EXEMPT_LISTS,
        bypass_defined=True,
        sessions=(session("unknown", 20, 20), session("loopback", 0, 0)),
        pid_path=True,
        daemon="running",
        current=True,
    ),
    setting=SettingFacts("on", 1, _TEXT, password=False, leaked=False),
    lists=tuple(
        ListFile(name, FileFacts("file", "root", "mail", 0o640), referenced=True, readable=True)
        for name in LISTS
    ),
    commands=tuple(
        Command(name, _PROGRAM)
        for name in ("exim", "sendmail", "whmapi1", "buildeximconf", "restartsrv_exim")
    ),
    whm=WhmFacts(
        version="11.138.0.19",
        calls=tuple(
            ApiCall(name, _outcome(name), status=0, value="string" if words[0] == "get_tweaksetting" else "")
            for name, words in CALLS.items()
            if name not in ("decoding", "batch")
        ),
        greylisting=True,
        functions=WRITING,
        listed=True,
        decodes=True,
        batch=0,
        batch_answers=2,
    ),
    python=PythonFacts("3.12.3", "own", tuple(Package(name, "1.0") for name in PACKAGES), "3.12.3"),
    keeper=KeeperFacts(
        manager="systemd",
        unit=_TEXT,
        timer=_TEXT,
        cron=_TEXT,
        cron_line=True,
        active="active",
        enabled="enabled",
        last_run=12,
        result="success",
        status=0,
        interpreter=_PROGRAM,
        interpreter_version="3.12.3",
    ),
    log=LogFacts(
        FileFacts("file", "exim", "mail", 0o640),
        selector=("smtp_connection", "incoming_port"),
        path=True,
        lines=100,
        stamped=100,
        sessions=40,
        rotated=("-YYYYMMDD.gz",),
        period="weekly",
    ),
    page=WhmPageFacts(
        _PROGRAM,
        header=True,
        driver_file=_TEXT,
        driver=True,
        registration="ok",
        page=FileFacts("file", "root", "root", 0o700),
    ),
)


def changed(part: str, **values: Any) -> Selfcheck:
    """GOOD with other values in one of its parts."""
    return dataclasses.replace(GOOD, **{part: dataclasses.replace(getattr(GOOD, part), **values)})
