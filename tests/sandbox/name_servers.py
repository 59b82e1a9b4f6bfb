"""Name servers in the sandbox's outside world, and a zone above them: one more real BIND, whose views (one
for each address) hold different contents.

    with Sandbox() as box, NameServers(box) as servers:
        servers.serve([DelegatedZone("good.test", {"ns1": ["a"], "ns2": ["b"]})])
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Optional

from tests.sandbox.box import Sandbox
from tests.sandbox.network import NAME_SERVER, enter

TOP = "test"
"""The zone above all others here; the sandbox's own BIND delegates it."""
TOP_ADDRESS = "198.51.100.60"

ADDRESSES = {
    "a": "198.51.100.61",
    "b": "192.0.2.62",
    "same-net": "198.51.100.63",
    "six": "2001:db8:99::61",
    "open": "192.0.2.65",
    "giving": "192.0.2.66",
    "silent": "198.51.100.67",
    "closed": "198.51.100.68",
    "silent-six": "2001:db8:99::67",
}
"""`a`, `b`, `same-net` and `six` are ordinary; `open` recurses for everybody, `giving` hands over its zones,
`silent` drops everything, nobody listens at `closed`."""

_NOBODY = ("silent", "closed", "silent-six")
_OPTIONS = {
    "open": "recursion yes; allow-recursion { any; }; allow-query-cache { any; }; allow-transfer { none; };",
    "giving": "recursion no; allow-transfer { any; };",
}
_ORDINARY = "recursion no; allow-transfer { none; };"
_SOA = {
    "primary": "ns1",
    "serial": 2026010101,
    "refresh": 7200,
    "retry": 3600,
    "expire": 1209600,
    "minimum": 3600,
}


@dataclass(frozen=True)
class DelegatedZone:
    """A zone and its delegation. Hosts are names, relative to the zone if they have no dot; addresses are
    keys of `ADDRESSES` or addresses themselves.

    `names` are the name servers at the zone above; `inside` those in the zone itself, if others. `glue`
    replaces addresses that the zone above sends along ([]: it sends none). `holders` are the servers that
    hold the zone, if others than those of the names. `soa` changes fields of the SOA, `at` does so (and `ns`
    the list of name servers) at one server. `delegated` False: the zone above does not know it. `records`
    stand in the zone as they are.
    """

    zone: str
    names: Mapping[str, Sequence[str]]
    inside: Optional[Mapping[str, Sequence[str]]] = None
    glue: Mapping[str, Sequence[str]] = field(default_factory=dict)
    holders: Optional[Sequence[str]] = None
    soa: Mapping[str, Any] = field(default_factory=dict)
    at: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    delegated: bool = True
    records: Sequence[str] = ()
    about: str = ""
    own: Sequence[str] = ()
    """Which of the servers a test takes for the server itself."""

    def held_by(self) -> Sequence[str]:
        if self.holders is not None:
            return self.holders
        keys = {key for hosts in (self.names, self.inside or {}) for found in hosts.values() for key in found}
        return [key for key in ADDRESSES if key in keys and key not in _NOBODY]

    def full(self, name: str) -> str:
        return name if "." in name else f"{name}.{self.zone}"

    def delegation(self) -> list[str]:
        lines = []
        for name, keys in self.names.items():
            lines.append(f"{self.zone}. NS {self.full(name)}.")
            if self.full(name).endswith(f".{self.zone}"):
                lines += _addresses(self.full(name), self.glue.get(name, keys))
        return lines if self.delegated else []

    def text(self, server: str) -> str:
        """The zone file at one server."""
        change = dict(self.at.get(server, {}))
        listed = change.pop("ns", None)
        soa = {**_SOA, **self.soa, **change}
        hosts = self.names if self.inside is None else self.inside
        lines = [
            "$TTL 3600",
            f"{self.zone}. SOA {self.full(soa['primary'])}. hostmaster.{self.zone}. {soa['serial']} "
            f"{soa['refresh']} {soa['retry']} {soa['expire']} {soa['minimum']}",
            *(f"{self.zone}. NS {self.full(name)}." for name in (listed or hosts)),
        ]
        for name, keys in {**self.names, **hosts}.items():
            if self.full(name).endswith(f".{self.zone}"):
                lines += _addresses(self.full(name), keys)
        return "\n".join([*lines, *self.records]) + "\n"

    def foreign_hosts(self) -> Iterable[tuple[str, Sequence[str]]]:
        """Name servers that lie outside the zone, with their addresses."""
        for name, keys in {**self.names, **(self.inside or {})}.items():
            if not self.full(name).endswith(f".{self.zone}"):
                yield self.full(name), [_address(key) for key in keys]


class NameServers:
    """Stopped at the end of the `with` block; the addresses stay with the sandbox."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box
        self._folder = box.root.parent / "name_servers"
        self._log = self._folder / "named.log"
        self._on_close = contextlib.ExitStack()

    def __enter__(self) -> NameServers:
        self._folder.mkdir()
        alive = [address for key, address in ADDRESSES.items() if not key.startswith("silent")]
        self._box.add_outside(TOP_ADDRESS, *alive)
        self._box.add_outside(ADDRESSES["silent"], ADDRESSES["silent-six"], silent=True)
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._on_close.close()

    def serve(self, zones: Sequence[DelegatedZone], delegations: Iterable[str] = ()) -> None:
        """Start BIND with these zones; returns when the whole world can look them up. `delegations` are more
        lines of the zone above, as in a zone file."""
        self._write(zones, delegations)
        self._delegate_top(zones)
        program = shutil.which("named", path="/usr/sbin:/usr/bin:/sbin:/bin")
        assert program is not None
        # A copy, because Ubuntu's AppArmor profile forbids /usr/sbin/named to read other folders.
        copy = shutil.copy(program, self._folder / "named")
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                enter(self._box.outside, [copy, "-g", "-n", "1", "-c", self._folder / "named.conf"]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._on_close.callback(process.wait)
        self._on_close.callback(process.kill)
        deadline = time.monotonic() + 15
        while "all zones loaded" not in self._log.read_text(errors="replace"):
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError(f"named does not start:\n{self._log.read_text(errors='replace')}")
            time.sleep(0.02)

    def _delegate_top(self, zones: Iterable[DelegatedZone]) -> None:
        self._box.set_records(TOP, "NS", f"ns.{TOP}")
        self._box.set_records(f"ns.{TOP}", "A", TOP_ADDRESS)
        for zone in zones:
            for name, addresses in zone.foreign_hosts():
                self._box.set_records(name, "A", *(item for item in addresses if ":" not in item))
        self._box.reload_dns()

    def _write(self, zones: Sequence[DelegatedZone], delegations: Iterable[str]) -> None:
        (self._folder / "hints").write_text(f". 3600 NS root.\nroot. 3600 A {NAME_SERVER}\n")
        views = [self._top_view(zones, delegations)]
        for key, address in ADDRESSES.items():
            if key not in _NOBODY:
                views.append(self._view(key, address, [zone for zone in zones if key in zone.held_by()]))
        four = [address for key, address in ADDRESSES.items() if ":" not in address and key not in _NOBODY]
        (self._folder / "named.conf").write_text(
            f"""options {{
    directory "{self._folder}";
    listen-on {{ {TOP_ADDRESS}; {"; ".join(four)}; }};
    listen-on-v6 {{ {ADDRESSES["six"]}; }};
    pid-file none;
    session-keyfile none;
    max-cache-size 4M;
    dnssec-validation no;
    empty-zones-enable no;
    notify no;
    check-integrity no;
    allow-query {{ any; }};
}};
controls {{ }};
{"".join(views)}"""
        )

    def _top_view(self, zones: Iterable[DelegatedZone], delegations: Iterable[str]) -> str:
        lines = [
            "$TTL 3600",
            f"{TOP}. SOA ns.{TOP}. hostmaster.{TOP}. 1 3600 1800 1209600 60",
            f"{TOP}. NS ns.{TOP}.",
            *_addresses(f"ns.{TOP}", [TOP_ADDRESS]),
            *(line for zone in zones for line in zone.delegation()),
            *delegations,
        ]
        (self._folder / "top.zone").write_text("\n".join(lines) + "\n")
        return _view_text(
            "top", TOP_ADDRESS, _ORDINARY, [f'zone "{TOP}" {{ type primary; file "top.zone"; }};']
        )

    def _view(self, key: str, address: str, zones: Iterable[DelegatedZone]) -> str:
        lines = ['zone "." { type hint; file "hints"; };'] if key == "open" else []
        for zone in zones:
            file = self._folder / f"{key}-{zone.zone}.zone"
            file.write_text(zone.text(key))
            lines.append(f'zone "{zone.zone}" {{ type primary; file "{file.name}"; check-names ignore; }};')
        return _view_text(key, address, _OPTIONS.get(key, _ORDINARY), lines)


def _view_text(name: str, address: str, options: str, lines: Iterable[str]) -> str:
    body = "\n    ".join([f"match-destinations {{ {address}; }};", options, *lines])
    return f'view "{name}" {{\n    {body}\n}};\n'


def _address(key: str) -> str:
    return ADDRESSES.get(key, key)


def _addresses(name: str, keys: Iterable[str]) -> list[str]:
    return [f"{name}. {'AAAA' if ':' in _address(key) else 'A'} {_address(key)}" for key in keys]
