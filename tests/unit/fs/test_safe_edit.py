"""Edits of the server's files: links, and other people's edits at the same moment."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Optional

import pytest

from mxverdict.errors import HostError
from mxverdict.fs import safe_edit

NEW = safe_edit.NewFileMode(group="mail", mode=0o640)


def line(content: bytes) -> bytes:
    return content + b"ours\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "list"
    path.write_bytes(b"theirs\n")
    return path


def test_the_name_never_holds_anything_but_the_old_or_the_new_content(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    fsync = os.fsync

    def look(descriptor: int) -> None:
        seen.append(path.read_bytes())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    safe_edit.edit(path, line, NEW)
    assert seen == [b"theirs\n", b"theirs\nours\n"]


def test_nothing_to_change_touches_nothing(path: Path) -> None:
    before = path.stat()
    safe_edit.edit(path, lambda _: None, NEW)
    safe_edit.edit(path, lambda content: content, NEW)
    assert path.stat() == before or path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino


def test_a_symbolic_link_stays_and_its_target_is_replaced(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("list")
    safe_edit.edit(link, line, NEW)
    assert link.is_symlink()
    assert path.read_bytes() == b"theirs\nours\n"


def test_a_file_that_somebody_makes_at_the_same_moment_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "new"
    calls: list[bytes] = []

    def change(content: bytes) -> Optional[bytes]:
        calls.append(content)
        if len(calls) == 1:
            path.write_bytes(b"theirs\n")
        return line(content)

    safe_edit.edit(path, change, NEW)
    assert calls == [b"", b"theirs\n"]
    assert path.read_bytes() == b"theirs\nours\n"


@pytest.mark.parametrize("how", ["in place", "replace"])
def test_a_change_by_somebody_else_starts_the_edit_again(path: Path, how: str) -> None:
    calls: list[bytes] = []

    def change(content: bytes) -> Optional[bytes]:
        calls.append(content)
        if len(calls) == 1:
            if how == "in place":
                path.write_bytes(b"second\n")
            else:
                other = path.with_name("other")
                other.write_bytes(b"second\n")
                other.rename(path)
        return line(content)

    safe_edit.edit(path, change, NEW)
    assert calls == [b"theirs\n", b"second\n"]
    assert path.read_bytes() == b"second\nours\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"theirs\n", b"theirs\nours\nlate\n"), (b"half a", b"half a line\nours\n")],
)
def test_an_append_by_somebody_else_while_we_edit_survives(path: Path, before: bytes, after: bytes) -> None:
    path.write_bytes(before)
    late = [b"late\n" if before.endswith(b"\n") else b" line\n"]

    def change(content: bytes) -> Optional[bytes]:
        if late:
            append(path, late.pop())
        return line(content)

    safe_edit.edit(path, change, NEW)
    assert path.read_bytes() == after


def test_a_line_appended_between_the_last_look_and_the_rename_survives(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    just_before_the_rename(monkeypatch, lambda: append(path, b"late\n"))
    safe_edit.edit(path, line, NEW)
    assert path.read_bytes() == b"theirs\nours\nlate\n"


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def finish(file: BinaryIO, content: bytes) -> None:
    file.truncate(0 if content == b"second\n" else None)
    file.write(content)
    file.close()


def just_before_the_rename(monkeypatch: pytest.MonkeyPatch, strike: Callable[[], None]) -> None:
    """Once."""
    exchange = safe_edit._exchange

    def struck(one: Path, other: Path) -> bool:
        monkeypatch.setattr(safe_edit, "_exchange", exchange)
        strike()
        return exchange(one, other)

    monkeypatch.setattr(safe_edit, "_exchange", struck)


def test_a_line_appended_by_a_program_that_had_the_old_file_open_survives(path: Path) -> None:
    with path.open("ab") as file:
        writer = threading.Timer(0.2, finish, [file, b"late\n"])
        writer.start()
        safe_edit.edit(path, line, NEW)
        writer.join()
    assert path.read_bytes() == b"theirs\nours\nlate\n"


def test_a_file_rewritten_in_place_at_the_same_moment_is_the_one_that_counts(path: Path) -> None:
    with path.open("r+b") as file:
        writer = threading.Timer(0.2, finish, [file, b"second\n"])
        writer.start()
        safe_edit.edit(path, line, NEW)
        writer.join()
    assert path.read_bytes() == b"second\nours\n"


def test_a_file_replaced_just_before_the_rename_is_the_one_that_counts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace() -> None:
        other = path.with_name("other")
        other.write_bytes(b"second\n")
        other.rename(path)

    just_before_the_rename(monkeypatch, replace)
    safe_edit.edit(path, line, NEW)
    assert path.read_bytes() == b"second\nours\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["list"]


def test_a_file_system_that_cannot_exchange_names(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_edit, "_exchange", lambda *_: False)
    safe_edit.edit(path, line, NEW)
    assert path.read_bytes() == b"theirs\nours\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["list"]


def test_gives_up_when_the_file_never_rests(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_edit, "_PAUSE", 0)

    def change(content: bytes) -> Optional[bytes]:
        path.write_bytes(b"x" + content)
        return line(content)

    with pytest.raises(HostError, match="all the time"):
        safe_edit.edit(path, change, NEW)
    assert b"ours" not in path.read_bytes()


def test_a_full_disk_leaves_the_file_and_nothing_beside_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HostError, match="No space left on device"):
        safe_edit.edit(path, line, NEW)
    assert path.read_bytes() == b"theirs\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["list"]


def test_what_a_killed_edit_left_does_not_disturb_the_next(path: Path) -> None:
    leftover = path.with_name(".list.mxverdict")
    leftover.write_bytes(b"half")
    safe_edit.edit(path, line, NEW)
    assert path.read_bytes() == b"theirs\nours\n"
    leftover.write_bytes(b"half")
    safe_edit.remove_leftover(path)
    assert not leftover.exists()


def test_a_folder_or_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in (".", "pipe"):
        with pytest.raises(HostError):
            safe_edit.edit(tmp_path / name, line, NEW)
