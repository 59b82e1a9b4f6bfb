"""Real file systems in trouble: one that is full, one that is read-only."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_BALLAST = "ballast"


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """`folder` is read-only while the block lasts."""
    _run("mount", "--bind", folder, folder)
    try:
        _run("mount", "-o", "remount,bind,ro", folder)
        yield
    finally:
        _run("umount", folder)


@contextmanager
def small(folder: Path) -> Iterator[None]:
    """`folder` with its files is on a small file system of its own while the block lasts."""
    mode = f"{folder.stat().st_mode & 0o7777:o}"
    aside = folder.with_name(f"{folder.name}.aside")
    _run("cp", "-a", folder, aside)
    _run("mount", "-t", "tmpfs", "-o", f"size=4m,mode={mode}", "tmpfs", folder)
    try:
        _run("cp", "-a", f"{aside}/.", folder)
        yield
    finally:
        _run("umount", folder)
        _run("rm", "-r", aside)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not a byte is free on the file system of `folder`, a small one, while the block lasts."""
    ballast = folder / _BALLAST
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()


def _run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True)
