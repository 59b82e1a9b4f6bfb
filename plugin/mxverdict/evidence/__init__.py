"""What was gathered, as plain frozen data: every verdict is judged from this alone.

`to_json` and `from_json` carry it through a file, so stored evidence can be judged again anywhere.
"""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass, field
from typing import Any, Optional

SCHEMA = 1


@dataclass(frozen=True)
class Reply:
    """One SMTP reply (RFC 5321 section 4.2): the code and the text of its lines without code and hyphen."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 400

    def offers(self, extension: str) -> bool:
        """Whether an EHLO reply announces the extension (RFC 5321 section 4.1.1.1)."""
        return self.code == 250 and any(line.upper().split()[:1] == [extension] for line in self.lines[1:])


@dataclass(frozen=True)
class PreviewStage:
    """One exchange of a pretend session: `connect`, `ehlo`, `mail` or `rcpt`.

    `delay` is what Exim would make the client wait (seconds), `elapsed` what answering took now (seconds),
    `delayed_by` the statements that impose the delay and `exempted_by` the lists that spare the address one.
    """

    name: str
    command: str
    reply: Optional[Reply]
    delay: int
    elapsed: float
    delayed_by: tuple[str, ...] = ()
    exempted_by: tuple[str, ...] = ()
    log: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """What the server's own Exim would do to `address` on port 25 of `local_address`.

    `failure` is "" or says why the session gave no full answer: `timeout` or `not_understood` (nothing is
    known), `broken` (Exim itself gave up, as it does in real sessions), `crashed` (killed by a signal);
    `detail` says more.
    """

    address: str
    local_address: str
    commands: tuple[str, ...]
    """What the tester would send, in order; `stages` holds how far it came."""
    stages: tuple[PreviewStage, ...]
    failure: str = ""
    detail: str = ""
    raw: str = ""

    def stage(self, name: str) -> Optional[PreviewStage]:
        return next((stage for stage in self.stages if stage.name == name), None)

    def delay(self, name: str) -> Optional[int]:
        """Seconds of delay at a stage; None when the preview did not get that far."""
        stage = self.stage(name)
        return None if stage is None else stage.delay

    @property
    def understood(self) -> bool:
        return self.failure not in ("timeout", "not_understood")


@dataclass(frozen=True)
class ProbeStage:
    """One exchange of a real conversation; `seconds` from sending (or connecting) to the end of the reply."""

    name: str
    command: str
    reply: Optional[Reply]
    seconds: float


@dataclass(frozen=True)
class Tls:
    """The handshake after STARTTLS. `trusted` and `name_matches` are None when that could not be told."""

    handshake: bool
    version: str = ""
    trusted: Optional[bool] = None
    name_matches: Optional[bool] = None
    names: tuple[str, ...] = ()
    not_after: Optional[int] = None
    """Unix time at which the certificate ends."""
    problem: str = ""


@dataclass(frozen=True)
class Probe:
    """A patient conversation with one of the server's own addresses. `failure` is "" or one line."""

    address: str
    stages: tuple[ProbeStage, ...]
    tls: Optional[Tls] = None
    failure: str = ""

    def stage(self, name: str) -> Optional[ProbeStage]:
        return next((stage for stage in self.stages if stage.name == name), None)


@dataclass(frozen=True)
class Forward:
    """A and AAAA addresses of a PTR name; `error` is "" or why they could not be read."""

    name: str
    addresses: tuple[str, ...]
    error: str = ""


@dataclass(frozen=True)
class ReverseDns:
    """PTR names of an address with the way back. `error` is "" or why the PTR could not be read
    (a name that does not exist is no error: `names` is empty then)."""

    address: str
    names: tuple[str, ...]
    forwards: tuple[Forward, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Settings:
    """What WHM says of the delay beside what stands in the configuration that Exim runs.

    `delay_setting` follows `acl_delay_unknown_hosts` (None: could not be read); `delay_stanzas` counts the
    marked stanzas in exim.conf (3 = on, 0 = off; None: unreadable).
    """

    delay_setting: Optional[bool] = None
    delay_stanzas: Optional[int] = None
    greylisting: Optional[bool] = None
    edit_in_progress: bool = False
    error: str = ""


@dataclass(frozen=True)
class RelayEntry:
    """A tester's address in a list that lets it relay through this server."""

    file: str
    line: str
    address: str


@dataclass(frozen=True)
class Target:
    """A mail address of this server as the world sees it, and the one on its own network card (NAT)."""

    address: str
    local_address: str


@dataclass(frozen=True)
class Evidence:
    """What one check gathered. `taken_at` is Unix time; `testers` are the names of those it was gathered for,
    `targets` the server addresses looked at."""

    version: str
    taken_at: float
    hostname: str
    exim_version: str
    testers: tuple[str, ...]
    targets: tuple[Target, ...]
    previews: tuple[Preview, ...]
    probes: tuple[Probe, ...]
    reverse_dns: tuple[ReverseDns, ...]
    settings: Settings
    relay_entries: tuple[RelayEntry, ...] = ()
    remarks: tuple[str, ...] = ()
    schema: int = field(default=SCHEMA)


def to_json(evidence: Evidence) -> dict[str, Any]:
    return dataclasses.asdict(evidence)


def from_json(data: object) -> Evidence:
    """The inverse of `to_json`. Raises ValueError with one line when the data is not such evidence."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError(f"this is no evidence file of schema {SCHEMA}")
    evidence = _decode(Evidence, data, "evidence")
    assert isinstance(evidence, Evidence)
    return evidence


def _decode(kind: Any, data: Any, where: str) -> Any:
    if typing.get_origin(kind) is typing.Union:
        (inner,) = (argument for argument in typing.get_args(kind) if argument is not type(None))
        return None if data is None else _decode(inner, data, where)
    if typing.get_origin(kind) is tuple:
        if not isinstance(data, (list, tuple)):
            raise ValueError(f"{where} is not a list")
        item = typing.get_args(kind)[0]
        return tuple(_decode(item, value, f"{where}[{index}]") for index, value in enumerate(data))
    if dataclasses.is_dataclass(kind):
        if not isinstance(data, dict):
            raise ValueError(f"{where} is not an object")
        hints = typing.get_type_hints(kind)
        unknown = data.keys() - hints.keys()
        if unknown:
            raise ValueError(f"{where} has an unknown field {sorted(unknown)[0]!r}")
        values = {name: _decode(hints[name], value, f"{where}.{name}") for name, value in data.items()}
        try:
            return kind(**values)  # type: ignore[operator]
        except TypeError:
            raise ValueError(f"{where} lacks a field") from None
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise ValueError(f"{where} is not of type {kind.__name__}")
    return data
