"""The sandbox's DNS: records as plain data, served by a real BIND that is also the root of the tree.

Because it serves the root zone itself, a name nobody defined is NXDOMAIN at once and no query leaves
the sandbox.
"""

from __future__ import annotations

import ipaddress
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.sandbox.network import NAME_SERVER, enter

REPOSITORY = Path(__file__).resolve().parents[2]

Records = dict[tuple[str, str], tuple[str, ...]]
"""`{(owner, type): values}`; an IP address as owner stands for its reverse name; all names without
a final dot."""

_ZONES = (
    "example.net",
    "example.org",
    "shop.example",
    "bakery.example",
    "mxtoolbox.com",
    "mxtoolboxsmtpdiag.com",
    "internet.nl",
    "in-addr.arpa",
    "ip6.arpa",
)
_NAME_VALUES = {"MX", "NS", "CNAME", "PTR"}
_NAME_SERVERS = ("ns1.example.net", "ns2.example.net")

DEFAULT_RECORDS: Records = {
    ("ns1.example.net", "A"): (NAME_SERVER,),
    ("ns2.example.net", "A"): (NAME_SERVER,),
    ("cp1.example.net", "A"): ("203.0.113.10", "203.0.113.11"),
    ("cp1.example.net", "AAAA"): ("2001:db8:10::10",),
    ("203.0.113.10", "PTR"): ("cp1.example.net",),
    ("203.0.113.11", "PTR"): ("cp1.example.net",),
    ("2001:db8:10::10", "PTR"): ("cp1.example.net",),
    ("shop.example", "A"): ("203.0.113.10",),
    ("shop.example", "MX"): ("0 cp1.example.net",),
    ("shop.example", "TXT"): ('"v=spf1 mx -all"',),
    ("bakery.example", "A"): ("203.0.113.11",),
    ("bakery.example", "MX"): ("0 cp1.example.net",),
    ("mxtoolboxsmtpdiag.com", "MX"): ("10 mx.mxtoolboxsmtpdiag.com",),
    ("mx.mxtoolboxsmtpdiag.com", "A"): ("52.55.244.91",),
    ("mxtoolbox.com", "MX"): ("10 mxtb-pws3.mxtoolbox.com",),
    ("keeper-us-east-1b.mxtoolbox.com", "A"): ("52.55.244.91",),
    ("keeper-us-east-1c.mxtoolbox.com", "A"): ("18.205.72.90",),
    ("keeper-us-east-1d.mxtoolbox.com", "A"): ("18.209.86.113",),
    ("mxtb-pws3.mxtoolbox.com", "A"): ("64.20.227.133",),
    ("52.55.244.91", "PTR"): ("keeper-us-east-1b.mxtoolbox.com",),
    ("18.205.72.90", "PTR"): ("keeper-us-east-1c.mxtoolbox.com",),
    ("18.209.86.113", "PTR"): ("keeper-us-east-1d.mxtoolbox.com",),
    ("64.20.227.133", "PTR"): ("mxtb-pws3.mxtoolbox.com",),
    ("internet.nl", "A"): ("62.204.66.10",),
    ("internet.nl", "MX"): ("10 internet.nl",),
    ("62.204.66.10", "PTR"): ("internet.nl",),
    # 198.51.100.7 is a well-named stranger, .8 has no name, .9 has a name that denies it.
    ("host7.example.org", "A"): ("198.51.100.7",),
    ("host7.example.org", "AAAA"): ("2001:db8:99::7",),
    ("198.51.100.7", "PTR"): ("host7.example.org",),
    ("2001:db8:99::7", "PTR"): ("host7.example.org",),
    ("198.51.100.9", "PTR"): ("host9.example.org",),
    ("example.org", "MX"): ("10 host7.example.org",),
}


def _list_entries() -> Records:
    """The entries that each blocklist must hold (RFC 5782 section 5), so that those of the product prove
    themselves and list nobody."""
    lists = json.loads((REPOSITORY / "plugin/mxverdict/testers/blocklists.json").read_text())["lists"]
    entries: Records = {(f"2.0.0.127.{entry['zone']}", "A"): ("127.0.0.2",) for entry in lists}
    mapped = ipaddress.ip_address("::ffff:127.0.0.2").reverse_pointer.removesuffix("ip6.arpa")
    entries.update({(f"{mapped}{e['zone']}", "A"): ("127.0.0.2",) for e in lists if e["ipv6"]})
    return entries


class NameServer:
    """One `named` in the outside namespace. Change `records`, then `reload`."""

    def __init__(self, folder: Path, namespace: str) -> None:
        self.records: Records = {**DEFAULT_RECORDS, **_list_entries()}
        self._folder = folder
        self._namespace = namespace
        self._log = folder / "named.log"

    def set(self, owner: str, kind: str, *values: str) -> None:
        """Replace the records of one owner and type; without values, remove them."""
        self.records.pop((owner, kind), None)
        if values:
            self.records[owner, kind] = values

    def start(self) -> None:
        """Start `named`; it answers once `wait_until_ready` returns."""
        self._folder.mkdir()
        self._write_zones()
        self._write_configuration()
        # A copy, because Ubuntu's AppArmor profile forbids /usr/sbin/named to read other folders.
        program = shutil.copy(_find_named(), self._folder / "named")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                enter(self._namespace, [program, "-g", "-n", "1", "-c", self._folder / "named.conf"]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> None:
        self._wait_for_loads(1)

    def reload(self) -> None:
        """Serve the present `records`; returns when they are live."""
        loads = self._loads()
        self._write_zones()
        self._process.send_signal(signal.SIGHUP)
        self._wait_for_loads(loads + 1)

    def freeze(self) -> None:
        """Stop answering, as a dead resolver does: queries run into their time-outs."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if hasattr(self, "_process"):
            self._process.kill()
            self._process.wait()

    def _loads(self) -> int:
        return self._log.read_text(errors="replace").count("all zones loaded")

    def _wait_for_loads(self, count: int) -> None:
        deadline = time.monotonic() + 10
        while self._loads() < count:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"named did not load its zones:\n{self._log.read_text(errors='replace')}")
            time.sleep(0.01)

    def _write_configuration(self) -> None:
        zones = "".join(
            f'zone "{zone}" {{ type primary; file "{zone}.zone"; }};\n' for zone in (".", *_ZONES)
        )
        (self._folder / "named.conf").write_text(
            f"""options {{
    directory "{self._folder}";
    listen-on {{ {NAME_SERVER}; }};
    listen-on-v6 {{ none; }};
    pid-file none;
    session-keyfile none;
    max-cache-size 4M;
    dnssec-validation no;
    empty-zones-enable no;
    notify no;
    allow-query {{ any; }};
    allow-recursion {{ any; }};
    allow-transfer {{ none; }};
    check-names primary ignore;
    check-mx ignore;
    check-mx-cname ignore;
    check-integrity no;
}};
controls {{ }};
{zones}"""
        )

    def _write_zones(self) -> None:
        zones: dict[str, Records] = {zone: {} for zone in (".", *_ZONES)}
        for (owner, kind), values in self.records.items():
            name = _owner_name(owner)
            zones[_zone_of(name)][name, kind] = values
        for zone in _ZONES:
            zones["."].setdefault((zone, "NS"), _NAME_SERVERS)
        for name_server in _NAME_SERVERS:
            zones["."][name_server, "A"] = (NAME_SERVER,)
        for zone, records in zones.items():
            records.setdefault((zone, "NS"), _NAME_SERVERS)
            records.setdefault(
                (zone, "SOA"),
                ("ns1.example.net. hostmaster.example.net. 2026010101 3600 1800 1209600 86400",),
            )
            (self._folder / f"{zone}.zone").write_text(_zone_text(records))


def _zone_text(records: Mapping[tuple[str, str], tuple[str, ...]]) -> str:
    lines = [
        f"{name.rstrip('.')}. IN {kind} {value.rstrip('.') + '.' if kind in _NAME_VALUES else value}"
        for (name, kind), values in sorted(records.items(), key=lambda record: record[0][1] != "SOA")
        for value in values
    ]
    return "$TTL 3600\n" + "\n".join(lines) + "\n"


def _owner_name(owner: str) -> str:
    try:
        return ipaddress.ip_address(owner).reverse_pointer
    except ValueError:
        return owner


def _zone_of(name: str) -> str:
    return next((zone for zone in _ZONES if name == zone or name.endswith("." + zone)), ".")


def _find_named() -> str:
    program = shutil.which("named", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None:
        raise RuntimeError("named is not installed (Debian: bind9, EL: bind)")
    return program
