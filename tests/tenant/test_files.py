"""Files that root writes where a customer owns the folder, and files of theirs that root reads."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import IO, Callable, Union

import pytest

from mxverdict.evidence import to_json
from mxverdict.fs.atomic_write import atomic_write, open_folder, require_writable
from mxverdict.fs.read import MAX_BYTES, NotRegular, open_regular, read_regular
from tests.tenant.customer import UID, Customer
from tests.unit.evidence_maker import evidence

PATIENCE = 120.0
"""Seconds after which a command hangs; it takes one or two."""
SAVE = """
import sys
from mxverdict.services import check; from mxverdict.cli import main
from mxverdict.evidence import from_json
import json
saved = from_json(json.load(open(sys.argv[1])))
check.run = lambda *_, **__: (saved, check.judge_evidence(saved, []))
sys.exit(main.main(sys.argv[2:]))
"""
"""`check` of evidence that is there already: what counts here is where it is saved."""


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(to_json(evidence())))
    return path


def mxverdict(
    root: Path, saved: Path, *words: object, out: Union[int, IO[str]] = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SAVE, str(saved), *(str(word) for word in words)],
        env={**os.environ, "MXVERDICT_ROOT": str(root), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], path: Path) -> bool:
    """One clear line, and wrong usage."""
    lines = [line for line in done.stderr.splitlines() if str(path) in line]
    return done.returncode == 2 and len(lines) == 1 and "Traceback" not in done.stderr


def writes(path: Path, saved: Path) -> dict[str, list[object]]:
    return {
        "check --save": ["check", "--save", path],
        "report -o": ["report", "--evidence", saved, "-o", path],
    }


WRITERS = ["check --save", "report -o"]


@pytest.mark.parametrize("how", WRITERS)
def test_a_link_is_replaced_never_followed(tmp_path: Path, tenant: Customer, saved: Path, how: str) -> None:
    precious = tmp_path / "precious"
    precious.write_text("root's")
    path = tenant.home / "out"
    path.symlink_to(precious)
    tenant.own(path)
    done = mxverdict(tmp_path, saved, *writes(path, saved)[how])
    assert done.returncode in (0, 1), done.stderr
    assert precious.read_text() == "root's"
    status = path.lstat()
    assert (stat.S_ISREG(status.st_mode), status.st_uid, stat.S_IMODE(status.st_mode)) == (True, 0, 0o600)


@pytest.mark.parametrize("how", WRITERS)
@pytest.mark.parametrize("links", [1, 2], ids=["a file", "one of two hard links"])
def test_a_file_of_theirs_keeps_nothing_of_it(
    tmp_path: Path, tenant: Customer, saved: Path, how: str, links: int
) -> None:
    path = tenant.home / "out"
    path.write_text("theirs")
    tenant.own(path, 0o666)
    if links == 2:
        os.link(path, tenant.home / "other")
    with path.open() as held:
        done = mxverdict(tmp_path, saved, *writes(path, saved)[how])
        assert done.returncode in (0, 1), done.stderr
        assert held.read() == "theirs"
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, 0, 0o600)


def make_fifo(path: Path) -> None:
    os.mkfifo(path, 0o666)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


def make_device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))


MAKERS: dict[str, Callable[[Path], None]] = {
    "FIFO": make_fifo,
    "socket": make_socket,
    "/dev/zero": make_device,
    "folder": Path.mkdir,
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("how", WRITERS)
def test_nothing_but_a_file_is_written(
    tmp_path: Path, tenant: Customer, saved: Path, how: str, kind: str
) -> None:
    path = tenant.home / "out"
    MAKERS[kind](path)
    tenant.own(path, 0o777)
    assert refused(mxverdict(tmp_path, saved, *writes(path, saved)[how]), path)
    assert [one.name for one in tenant.home.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", [*MAKERS, "link to a FIFO"])
@pytest.mark.parametrize("words", [["judge"], ["explain"], ["report", "--evidence"]], ids=lambda one: one[0])
def test_nothing_but_a_file_is_read(
    tmp_path: Path, tenant: Customer, saved: Path, words: list[object], kind: str
) -> None:
    path = tenant.home / "in"
    if kind == "link to a FIFO":
        make_fifo(tenant.home / "fifo")
        path.symlink_to("fifo")
    else:
        MAKERS[kind](path)
    tenant.own(path, 0o777)
    assert refused(mxverdict(tmp_path, saved, *words, path), path)


@pytest.mark.parametrize("words", [["judge"], ["report", "--evidence"]], ids=lambda one: one[0])
def test_a_file_without_end_is_not_read(
    tmp_path: Path, tenant: Customer, saved: Path, words: list[object]
) -> None:
    path = tenant.home / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    tenant.own(path)
    assert refused(mxverdict(tmp_path, saved, *words, path), path)


def test_a_device_that_takes_the_place_meanwhile_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening alone has effects: /dev/watchdog then resets the server in a minute."""
    path = tmp_path / "in"
    path.write_text("{}")
    opened: list[int] = []
    really = os.open

    def exchanged(name: str, flags: int) -> int:
        path.unlink()
        path.symlink_to("/dev/zero")
        descriptor = really(name, flags)
        if not flags & os.O_PATH:
            opened.append(os.fstat(descriptor).st_mode)
        return descriptor

    monkeypatch.setattr(os, "open", exchanged)
    with pytest.raises(NotRegular):
        open_regular(path)
    assert opened == []


def test_what_was_looked_at_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "in"
    path.write_text("looked at")
    really = os.open

    def exchanged(name: str, flags: int) -> int:
        descriptor = really(name, flags)
        path.unlink(missing_ok=True)
        path.symlink_to("/dev/zero")
        return descriptor

    monkeypatch.setattr(os, "open", exchanged)
    with os.fdopen(open_regular(path), "rb") as file:
        assert file.read() == b"looked at"


@pytest.mark.parametrize("kind", ["file", "/dev/zero"])
def test_a_file_is_read_without_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """As in a rescue system's chroot: windows close there, too."""
    path = tmp_path / "in"
    path.write_text("x")
    really = os.open

    def unmounted(name: str, flags: int) -> int:
        if str(name).startswith("/proc/"):
            if kind != "file":
                path.unlink()
                path.symlink_to(kind)
            raise FileNotFoundError(2, os.strerror(2), name)
        return really(name, flags)

    monkeypatch.setattr(os, "open", unmounted)
    if kind == "file":
        assert read_regular(path) == b"x"
    else:
        with pytest.raises(NotRegular):
            read_regular(path)


def test_another_users_link_on_the_way_is_not_followed(tmp_path: Path, tenant: Customer) -> None:
    precious = tmp_path / "etc"
    precious.mkdir()
    (precious / "exim.conf").write_text("root's")
    (tenant.home / "reports").symlink_to(precious)
    tenant.own(tenant.home / "reports")
    for call in (lambda path: atomic_write(path, b"x"), require_writable):
        with pytest.raises(OSError, match="belongs to another user"):
            call(tenant.home / "reports/exim.conf")
    assert (precious / "exim.conf").read_text() == "root's"


def test_roots_own_links_on_the_way_are_followed(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "absolute").symlink_to(tmp_path / "a")
    (tmp_path / "a/relative").symlink_to("../absolute/b")
    (tmp_path / "loop").symlink_to("loop")
    atomic_write(tmp_path / "absolute/relative/../b/file", b"x", mode=0o640, owner=(UID, 0))
    status = (tmp_path / "a/b/file").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o640, UID)
    with pytest.raises(OSError, match="symbolic links"):
        open_folder(tmp_path / "loop/x")


@pytest.mark.parametrize("leads_to", ["/proc/self/fd/1", "/dev/full", "/tmp"])
@pytest.mark.parametrize("how", WRITERS)
def test_what_stands_for_a_device_stays(tmp_path: Path, saved: Path, how: str, leads_to: str) -> None:
    """As /dev/stdout, which the whole server needs, whatever standard output is."""
    path = tmp_path / "stdout"
    path.symlink_to(leads_to)
    with (tmp_path / "out").open("w") as out:
        done = mxverdict(tmp_path, saved, *writes(path, saved)[how], out=out)
    assert refused(done, path)
    assert str(path.readlink()) == leads_to


def test_roots_link_to_a_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    for name, leads_to in (("link", "file"), ("broken", "nothing")):
        (tmp_path / name).symlink_to(leads_to)
        atomic_write(tmp_path / name, b"after")
        assert not (tmp_path / name).is_symlink()
    assert (tmp_path / "file").read_text() == "before"


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("before")

    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic_write(path, b"after")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "before"


def test_a_name_that_is_taken_is_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic_write(path, b"first", replace=False)
    with pytest.raises(FileExistsError):
        atomic_write(path, b"second", replace=False)
    assert path.read_bytes() == b"first"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_is_put_in_its_place_meanwhile_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner of the folder changes what the new file's name leads to, before it is renamed."""
    rename = os.rename

    def swapped(source: str, target: str, **folders: int) -> None:
        os.unlink(source, dir_fd=folders["src_dir_fd"])
        (tmp_path / source).write_text("theirs")
        rename(source, target, **folders)

    monkeypatch.setattr(os, "rename", swapped)
    with pytest.raises(OSError, match="replaced it meanwhile"):
        atomic_write(tmp_path / "file", b"ours")


def test_reading_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_regular(path, 4)
    assert MAX_BYTES < 1 << 30
    for kind in ("/dev/zero", "/dev/null", str(tmp_path)):
        with pytest.raises(NotRegular):
            open_regular(kind)
