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
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Optional

from tests.sandbox.box import Sandbox
from tests.sandbox.delegated_zone import ADDRESSES, NOBODY, TOP, TOP_ADDRESS, DelegatedZone, address_records
from tests.sandbox.network import NAME_SERVER, enter

_OPTIONS = {
    "open": "recursion yes; allow-recursion { any; }; allow-query-cache { any; }; allow-transfer { none; };",
    "giving": "recursion no; allow-transfer { any; };",
}
_ORDINARY = "recursion no; allow-transfer { none; };"


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
            if key not in NOBODY:
                views.append(self._view(key, address, [zone for zone in zones if key in zone.held_by()]))
        four = [address for key, address in ADDRESSES.items() if ":" not in address and key not in NOBODY]
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
            *address_records(f"ns.{TOP}", [TOP_ADDRESS]),
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
