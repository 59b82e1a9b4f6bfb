"""Writes constant databases, as Exim's `cdb` lookups read them (format: cr.yp.to/cdb/cdb.txt)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_HEADER = 2048
_TABLES = 256


def encoded(entries: Mapping[str, str]) -> bytes:
    """The bytes of a database that holds `entries`."""
    records = b""
    tables: list[list[tuple[int, int]]] = [[] for _ in range(_TABLES)]
    for key, value in entries.items():
        raw_key, raw_value = key.encode(), value.encode()
        number = _hash(raw_key)
        tables[number % _TABLES].append((number, _HEADER + len(records)))
        records += struct.pack("<II", len(raw_key), len(raw_value)) + raw_key + raw_value
    header = hashes = b""
    for table in tables:
        size = 2 * len(table)
        header += struct.pack("<II", _HEADER + len(records) + len(hashes), size)
        slots = [(0, 0)] * size
        for number, position in table:
            slot = (number >> 8) % size
            while slots[slot] != (0, 0):
                slot = (slot + 1) % size
            slots[slot] = (number, position)
        hashes += b"".join(struct.pack("<II", *slot) for slot in slots)
    return header + records + hashes


def _hash(key: bytes) -> int:
    number = 5381
    for byte in key:
        number = ((number << 5) + number & 0xFFFFFFFF) ^ byte
    return number
