"""Reads zones and prints them as one JSON list: `python -m tests.sandbox.read_zones SECONDS DOMAIN …`."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from mxverdict.collect.zone import read_zone

AT_A_TIME = 6


def main(seconds: float, domains: list[str]) -> None:
    def read(domain: str) -> dict[str, object]:
        started = time.monotonic()
        zone = read_zone(domain, started + seconds)
        return {"seconds": time.monotonic() - started, "zone": dataclasses.asdict(zone)}

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        print(json.dumps(list(pool.map(read, domains))))


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
