"""What a look at the history costs with an audit trail of 100 MB, against one of a page. By hand:
`PYTHONPATH=plugin python -m tests.bench.trail [RUNS]`.

Wall time of the look alone, in this process; the page around it is measured by `tests.bench.page`.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from mxverdict.audit import reader
from mxverdict.audit.reader import AuditFilter
from mxverdict.host import Host

_SIZES = {"one page": 16 * 1024, "100 MB": 100 * 1024 * 1024}


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    looks = {
        "the newest page": AuditFilter(),
        "a kind that is rare": AuditFilter(marks=(reader.field_pattern("action", "settings"),)),
        "a user who did little": AuditFilter(
            lambda entry: entry.user == "bob", (reader.field_pattern("user", "bob"),)
        ),
    }
    print(f"Python {sys.version.split()[0]}, medians of {runs:<24}", *(f"{name:>12}" for name in _SIZES))
    with tempfile.TemporaryDirectory() as folder:
        hosts = [_host(Path(folder) / name, size) for name, size in _SIZES.items()]
        for title, wanted in looks.items():
            medians = (statistics.median(_seconds(host, wanted) for _ in range(runs)) for host in hosts)
            print(f"{title:<50}", *(f"{median * 1000:>9.1f} ms" for median in medians))


def _seconds(host: Host, wanted: AuditFilter) -> float:
    begun = time.perf_counter()
    reader.read_before(host, wanted)
    return time.perf_counter() - begun


def _host(root: Path, size: int) -> Host:
    host = Host(root)
    host.state.mkdir(parents=True)
    lines = b"".join(map(_line, range(2000)))
    with host.audit.open("wb") as file:
        while file.tell() < size:
            file.write(lines[: size - file.tell()])
    return host


def _line(number: int) -> bytes:
    entry = {
        "time": "2026-11-25T10:00:00.000+00:00",
        "user": "root" if number % 1000 else "bob",
        "origin": "web",
        "action": "open",
        "window": number,
        "kind": "whitelist",
        "addresses": ["18.209.86.113", "18.205.72.90", "52.55.244.91", "64.20.227.0/24"],
        "reason": "ticket 12345 of a customer",
        "result": "begun, for 15 minutes",
    }
    return json.dumps(entry).encode() + b"\n"


if __name__ == "__main__":
    main()
