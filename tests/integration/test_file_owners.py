"""To whom a file of the server belongs after an edit: only root can give one away."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mxverdict.fs import safe_edit

NEW = safe_edit.NewFileMode(group="mail", mode=0o640)


def line(content: bytes) -> bytes:
    return content + b"ours\n"


def test_owner_and_mode_stay(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"theirs\n")
    os.chown(path, 1234, 8)
    path.chmod(0o2640)
    inode = path.stat().st_ino
    safe_edit.edit(path, line, NEW)
    status = path.stat()
    assert path.read_bytes() == b"theirs\nours\n"
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 8, 0o2640)
    assert status.st_ino != inode
    assert [entry.name for entry in path.parent.iterdir()] == ["list"]


def test_a_missing_file_is_made_for_group_mail(tmp_path: Path) -> None:
    path = tmp_path / "new"
    safe_edit.edit(path, line, NEW)
    status = path.stat()
    assert path.read_bytes() == b"ours\n"
    assert (status.st_uid, path.group(), stat.S_IMODE(status.st_mode)) == (0, "mail", 0o640)
    assert [entry.name for entry in tmp_path.iterdir()] == ["new"]
