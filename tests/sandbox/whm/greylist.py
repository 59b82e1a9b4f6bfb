"""Greylisting: status, trusted hosts, and the netblock file that follows them with a delay.

Off unless `var/cpanel/greylist/enabled` exists; trusted hosts stand in `var/cpanel/greylist/greylist.sqlite`.
About 0.3 s after a change another process rewrites `etc/greylist_trusted_netblocks` (`CIDR # comment`, IPv6
in quotes, 0644).
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union

from tests.sandbox.whm import faults
from tests.sandbox.whm.api import Call, Refused
from tests.sandbox.whm.services import in_background

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

_ENABLED = "var/cpanel/greylist/enabled"
_STORE = "var/cpanel/greylist/greylist.sqlite"
_NETBLOCKS = "etc/greylist_trusted_netblocks"
_WRITER = "usr/local/cpanel/libexec/write_greylist_netblocks"
_COMMENT_LENGTH = 255
_USUAL_DELAY = 0.3


def cpgreylist_status(call: Call) -> dict[str, Any]:
    enabled = int(_is_enabled(call.root))
    return {"service": "cPGreyList", "is_enabled": enabled, "is_exim_enabled": enabled}


def load_cpgreylist_config(call: Call) -> dict[str, Any]:
    config = {
        "initial_block_time_mins": 5,
        "must_try_time_mins": 240,
        "record_exp_time_mins": 4320,
        "spf_bypass": 1,
    }
    return {"cpgreylist_config": {**config, "is_enabled": int(_is_enabled(call.root))}}


def enable_cpgreylist(call: Call) -> None:
    (call.root / _ENABLED).touch()
    _rebuild_and_restart(call.root)


def disable_cpgreylist(call: Call) -> None:
    (call.root / _ENABLED).unlink(missing_ok=True)
    _rebuild_and_restart(call.root)


def create_cpgreylist_trusted_host(call: Call) -> dict[str, Any]:
    """Takes addresses, CIDR and `start-end`; result 1 as soon as one of them was added."""
    _require_enabled(call.root)
    comment = call.parameters.get("comment", "")
    if len(comment) > _COMMENT_LENGTH:
        raise Refused(f"The comment is longer than {_COMMENT_LENGTH} characters.")
    added: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    with _store(call.root) as store:
        for text in call.values("ip"):
            try:
                added.append(_insert(store, _range(text), comment))
            except ValueError:
                failed[text] = f"Invalid IP address or range: {text}"
            except sqlite3.IntegrityError:
                failed[text] = f"The trusted host {text} is there already."
    answer = {"ips_added": added, "ips_failed": failed, "comment": comment}
    if not added:
        raise Refused("No trusted hosts added.", answer)
    _write_netblocks_later(call.root)
    return answer


def read_cpgreylist_trusted_hosts(call: Call) -> dict[str, Any]:
    _require_enabled(call.root)
    with _store(call.root) as store:
        rows = store.execute(
            "SELECT id, host_ip, comment, create_time FROM trusted_hosts ORDER BY id"
        ).fetchall()
    return {"greylist_trusted_hosts": [_row(*row) for row in rows]}


def delete_cpgreylist_trusted_host(call: Call) -> dict[str, Any]:
    """Takes away exactly the ranges named, in whatever notation."""
    _require_enabled(call.root)
    removed: list[str] = []
    failed: dict[str, str] = {}
    with _store(call.root) as store:
        for text in call.values("ip"):
            try:
                host = _text(*_range(text))
            except ValueError:
                failed[text] = f"Invalid IP address or range: {text}"
                continue
            if store.execute("DELETE FROM trusted_hosts WHERE host_ip = ?", (host,)).rowcount:
                removed.append(host)
            else:
                failed[text] = f"There is no trusted host {text}."
    answer = {"ips_removed": removed, "ips_failed": failed}
    if not removed:
        raise Refused("No trusted hosts deleted.", answer)
    _write_netblocks_later(call.root)
    return answer


def write_netblocks(root: Path) -> None:
    """Rewrite the netblock file from the store, in one step; it is empty while greylisting is off."""
    lines: list[str] = []
    if _is_enabled(root):
        with _store(root) as store:
            for host, comment in store.execute("SELECT host_ip, comment FROM trusted_hosts ORDER BY id"):
                for network in ipaddress.summarize_address_range(*_range(host)):
                    key = f'"{network}"' if network.version == 6 else str(network)
                    lines.append(f"{key} # {comment}\n" if comment else f"{key}\n")
    path = root / _NETBLOCKS
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_text("".join(lines))
    new.chmod(0o644)
    new.replace(path)


def writer_main(root: Path, arguments: list[str]) -> int:
    """The process that follows a change of the trusted hosts."""
    if faults.is_on(root, "greylist-write-fails"):
        with (root / "usr/local/cpanel/logs/error_log").open("a") as log:
            log.write(f"cpgreylist: failed to update {_NETBLOCKS}\n")
        return 1
    time.sleep(_USUAL_DELAY + faults.seconds(root, "greylist-write-slow"))
    write_netblocks(root)
    return 0


def _write_netblocks_later(root: Path) -> None:
    subprocess.Popen(
        [sys.executable, "-I", "-S", str(root / _WRITER)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _rebuild_and_restart(root: Path) -> None:
    scripts = root / "usr/local/cpanel/scripts"
    in_background(scripts / "buildeximconf", scripts / "restartsrv_exim")


def _is_enabled(root: Path) -> bool:
    return (root / _ENABLED).exists()


def _require_enabled(root: Path) -> None:
    if not _is_enabled(root):
        raise Refused("cPGreyList is disabled on the server.")


@contextlib.contextmanager
def _store(root: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(root / _STORE, timeout=10)) as store, store:
        store.execute(
            "CREATE TABLE IF NOT EXISTS trusted_hosts "
            "(id INTEGER PRIMARY KEY AUTOINCREMENT, host_ip TEXT UNIQUE, comment TEXT, create_time INTEGER)"
        )
        yield store


def _insert(store: sqlite3.Connection, span: tuple[Address, Address], comment: str) -> dict[str, Any]:
    row = (_text(*span), comment, int(time.time()))
    inserted = store.execute(
        "INSERT INTO trusted_hosts (host_ip, comment, create_time) VALUES (?, ?, ?)", row
    )
    return _row(inserted.lastrowid or 0, *row)


def _row(number: int, host: str, comment: str, created: int) -> dict[str, Any]:
    return {
        "id": number,
        "host_ip": host,
        "comment": comment,
        "create_time": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(created)),
    }


def _range(text: str) -> tuple[Address, Address]:
    """First and last address of an address, CIDR or `start-end`. Raises ValueError."""
    if "-" in text:
        first, last = (ipaddress.ip_address(part.strip()) for part in text.split("-", 1))
        if first.version != last.version or int(first) > int(last):
            raise ValueError(text)
        return first, last
    network = ipaddress.ip_network(text.strip(), strict=False)
    return network[0], network[-1]


def _text(first: Address, last: Address) -> str:
    return str(first) if first == last else f"{first}-{last}"
