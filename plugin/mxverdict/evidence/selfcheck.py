"""What `mxverdict selfcheck` found on a server, as plain frozen data.

It holds no text of the server: only numbers, versions of a fixed form, and words out of fixed vocabularies.
So a saved page names no host, domain, address or secret, whatever the files it was made from hold."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn, Optional

from mxverdict.evidence.decode import decode

SCHEMA = 1
KIND = "selfcheck"
MAX_BYTES = 1 << 20
"""Bytes of a saved page; a real one has about 30 KiB."""
MAX_TEXT = 200
MAX_ITEMS = 500
_PLAIN = re.compile(r"[\x20-\x7e]*", re.ASCII)


@dataclass(frozen=True)
class FileFacts:
    """One file. `kind` is `file`, `folder`, `other`, `missing` or `unreadable`; `owner` is `root`, `exim` or
    `other`, `group` is `root`, `mail`, `exim` or `other`; `mode` are its permission bits. A symbolic link is
    followed."""

    kind: str
    owner: str = ""
    group: str = ""
    mode: int = 0

    @property
    def exists(self) -> bool:
        return self.kind not in ("missing", "unreadable")

    @property
    def described(self) -> str:
        """Return it as in `root:mail 0640`."""
        if not self.exists:
            return self.kind
        return f"{self.owner}:{self.group} {self.mode:04o}" + (
            "" if self.kind == "file" else f" ({self.kind})"
        )

    @property
    def trusted(self) -> bool:
        """Whether only root can change a file that root runs."""
        by_group = self.mode & 0o020 and self.group != "root"
        return self.kind == "file" and self.owner == "root" and not (self.mode & 0o002 or by_group)


@dataclass(frozen=True)
class ListFile:
    """A host list in /etc. `referenced`: exim.conf names it; `readable`: Exim's own account can read it
    (None: not known). The numbers count lines: `keys` that name an address or network, `comments`,
    `continued` (they begin with white space and belong to the line before), `others`."""

    name: str
    file: FileFacts
    referenced: Optional[bool] = None
    readable: Optional[bool] = None
    keys: int = 0
    comments: int = 0
    continued: int = 0
    others: int = 0


@dataclass(frozen=True)
class Command:
    """A program that the product runs, by its file name."""

    name: str
    file: FileFacts


@dataclass(frozen=True)
class Stage:
    """One stage of a simulated session. `code` is that of the reply (0: none), `delayed_by` how many
    statements impose the delay, `exempted_by` the lists that exempt from it (`other list` for one that
    cPanel has not)."""

    name: str
    code: int
    delay: int
    delayed_by: int
    exempted_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Session:
    """A simulated session (`exim -bh`). `visitor` is `unknown` or `loopback`; `failure` as in `Preview`, or
    `missing`; `names_list` is the host list that Exim names as the reason of a failure."""

    visitor: str
    failure: str
    stages: tuple[Stage, ...] = ()
    names_list: str = ""

    @property
    def delay(self) -> int:
        return sum(stage.delay for stage in self.stages)


@dataclass(frozen=True)
class EximFacts:
    """`version` is "" when it is not known. `exempt_lists` are cPanel's lists in the delay stanzas,
    `foreign_lists` counts others in them, `bypass_defined`: exim.conf looks the bypass list up by address
    in the file that the product edits. `pid_path`: whether Exim keeps its pid file where we look; `daemon`
    is what that file names (see `collect.exim_daemon`), `current` whether that process is younger than
    exim.conf."""

    version: str = ""
    stanzas: Optional[int] = None
    exempt_lists: tuple[str, ...] = ()
    foreign_lists: int = 0
    bypass_defined: Optional[bool] = None
    sessions: tuple[Session, ...] = ()
    rcpt_tried: bool = True
    """False: the sessions ended before RCPT, which would have written Exim's ratelimit database."""
    pid_path: Optional[bool] = None
    daemon: str = ""
    current: Optional[bool] = None


@dataclass(frozen=True)
class SettingFacts:
    """The delay's setting. `line` is `on`, `off`, `empty`, `absent`, `bare` (a key without `=`), `other` or
    `unreadable`; `localopts` its file. `password`: a smarthost password is in the shadow file; `leaked`:
    one is in the file that everyone may read; `edited`: WHM's Exim editor holds unsaved changes."""

    line: str
    lines: int
    localopts: FileFacts
    password: Optional[bool] = None
    leaked: Optional[bool] = None
    edited: bool = False


@dataclass(frozen=True)
class ApiCall:
    """One call of WHM API 1. `outcome` is `ok`, `refused`, `unreachable`, `not_json`, `timeout` or
    `not_asked`; `faults` name the fields that are not as the code relies on, such as `ip[].ip: missing`;
    `value` is the JSON type of the setting's value (`absent` when it is left out); `status` the exit
    status."""

    function: str
    outcome: str
    faults: tuple[str, ...] = ()
    value: str = ""
    status: Optional[int] = None


@dataclass(frozen=True)
class WhmFacts:
    """`calls` are those that the product makes, each asked once. `functions` are the ones it needs for
    changing something and that WHM lists; `list_functions` counts listed ones that sound as if they edited
    host lists. `decodes`: whmapi1 decodes `%5F` in a value; `batch` is the top-level result of a batch with
    one refused command, `batch_answers` how many answers it held all the same (of 2)."""

    version: str = ""
    calls: tuple[ApiCall, ...] = ()
    greylisting: Optional[bool] = None
    functions: tuple[str, ...] = ()
    list_functions: int = 0
    listed: bool = False
    decodes: Optional[bool] = None
    batch: Optional[int] = None
    batch_answers: int = 0


@dataclass(frozen=True)
class Package:
    """A Python package; `version` is "" when it is missing."""

    name: str
    version: str


@dataclass(frozen=True)
class PythonFacts:
    """`place` is `own` (the product's environment), `system` or `elsewhere`; `system_version` that of
    /usr/bin/python3 ("" when there is none); `cpanel_python`: cPanel brings a python3 of its own."""

    version: str
    place: str
    packages: tuple[Package, ...] = ()
    system_version: str = ""
    cpanel_python: bool = False


@dataclass(frozen=True)
class KeeperFacts:
    """`manager` is `systemd` or why it could not be asked: `missing`, `not_running`, `timeout`. `active`
    and `enabled` are the timer's states, `last_run` the seconds since it last started the keeper, `result`
    and `status` what came of that. `cron_line`: the cron file has a line that runs the keeper.
    `interpreter` is the Python that the unit names (None: it names none), `interpreter_version` what that
    says it is. Of the windows: `journal` is `none`, `ok` or `unreadable`; `overdue` ones are past their
    deadline for more than a minute."""

    manager: str
    unit: FileFacts
    timer: FileFacts
    cron: FileFacts
    cron_line: bool = False
    active: str = ""
    enabled: str = ""
    last_run: Optional[int] = None
    result: str = ""
    status: Optional[int] = None
    recorded_error: bool = False
    """The keeper left word that it could not do its work."""
    interpreter: Optional[FileFacts] = None
    interpreter_version: str = ""
    journal: str = "none"
    open: int = 0
    overdue: int = 0
    close_failed: int = 0


@dataclass(frozen=True)
class LogFacts:
    """`selector` are the words of log_selector that the product knows, `path`: Exim writes where we read.
    Of the last lines: how many there are, how many begin with Exim's time stamp, and how many of those
    about connections (`sessions`) the reader does not understand. `rotated` are forms of names
    (`-YYYYMMDD.gz`), `unknown_names` counts files beside the log that begin with its name and are none of
    them; `period` is that of logrotate ("": not known)."""

    file: FileFacts
    selector: Optional[tuple[str, ...]] = None
    path: Optional[bool] = None
    lines: int = 0
    stamped: int = 0
    sessions: int = 0
    not_understood: int = 0
    rotated: tuple[str, ...] = ()
    unknown_names: int = 0
    period: str = ""


@dataclass(frozen=True)
class WhmPageFacts:
    """WHM's side of the plugin's page. `header`: WHM made header and footer; `driver`: the privilege's module
    loads; `registration` is `ok`, `missing`, `unreadable` or the key that differs from ours."""

    perl: FileFacts
    header: Optional[bool] = None
    driver_file: FileFacts = field(default_factory=lambda: FileFacts("missing"))
    driver: Optional[bool] = None
    registration: str = "missing"
    page: FileFacts = field(default_factory=lambda: FileFacts("missing"))


@dataclass(frozen=True)
class Selfcheck:
    """All of one self-check. `taken_at` is Unix time."""

    version: str
    taken_at: float
    cpanel_version: str
    exim: EximFacts
    setting: SettingFacts
    lists: tuple[ListFile, ...]
    commands: tuple[Command, ...]
    whm: WhmFacts
    python: PythonFacts
    keeper: KeeperFacts
    log: LogFacts
    page: WhmPageFacts


def to_json(evidence: Selfcheck) -> dict[str, Any]:
    return dataclasses.asdict(evidence)


def from_bytes(content: bytes) -> Selfcheck:
    """Return the evidence in a saved page, which may be anybody's file. Raises ValueError with one short
    line."""
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES // 1024} KiB")
    try:
        data = json.loads(content.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(data, dict) or data.get("kind") != KIND or data.get("schema") != SCHEMA:
        raise ValueError(f"it is not a self-check of schema {SCHEMA}")
    try:
        evidence = decode(Selfcheck, data.get("evidence"), "evidence")
        _require_plain(evidence)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    assert isinstance(evidence, Selfcheck)
    return evidence


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _require_plain(value: Any) -> None:
    """Raises ValueError for what no self-check holds: control characters, long texts, lists and numbers."""
    if isinstance(value, str) and (len(value) > MAX_TEXT or not _PLAIN.fullmatch(value)):
        raise ValueError("it holds a text that no self-check writes")
    if isinstance(value, (int, float)) and abs(value) > 1e12:
        raise ValueError("it holds a number that no self-check writes")
    if isinstance(value, tuple):
        if len(value) > MAX_ITEMS:
            raise ValueError("it holds a list that is too long")
        for one in value:
            _require_plain(one)
    if dataclasses.is_dataclass(value):
        for one in dataclasses.fields(value):
            _require_plain(getattr(value, one.name))
