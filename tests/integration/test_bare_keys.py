"""Keys without `=` in exim.conf.localopts: the delay's own is unknown, and any other outlives our edits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mxverdict.collect.server import read_server
from mxverdict.whm.api import LocalWhmApi
from tests.integration.windows import STRANGER, Windows
from tests.sandbox.box import Sandbox

KEY = "acl_delay_unknown_hosts"
OTHERS = ("dsn_advertise_hosts", " acl_x \t")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    kept = windows.host.localopts.read_bytes()
    yield windows
    for fault in (box.root / "sandbox/faults").iterdir():
        fault.unlink()
    for path in windows.host.state.glob("*"):
        path.unlink()
    windows.host.localopts.write_bytes(kept)
    box.rebuild()
    assert windows.delay() == 40


def write(windows: Windows, line: str) -> bytes:
    """Put `line` where the setting is, and bare keys beside it."""
    path = windows.host.localopts
    content = path.read_bytes().replace(f"{KEY}=1\n".encode(), f"{line}\n".encode())
    assert content != path.read_bytes() or line == f"{KEY}=1"
    content += "".join(f"{other}\n" for other in OTHERS).encode()
    path.write_bytes(content)
    return content


@pytest.mark.parametrize(("meaning", "stanzas"), [("absent", 3), ("empty", 0)])
@pytest.mark.parametrize("line", [KEY, f"{KEY}=yes"])
def test_what_cannot_be_told_is_reported_and_not_switched(
    windows: Windows, line: str, meaning: str, stanzas: int
) -> None:
    """Whatever cPanel makes of it."""
    if meaning == "empty":
        windows.fault("bare-keys-are-empty")
    write(windows, line)
    windows.box.rebuild()
    stanzas = stanzas if line == KEY else 0
    settings = read_server(windows.host, LocalWhmApi(windows.host)).settings
    assert (settings.delay_setting, settings.delay_stanzas) == (None, stanzas)
    assert [one.fact for one in settings.missing] == ["delay"]
    before = windows.snapshot()
    refused = windows.open("delay_off", [])
    assert (refused["error"], refused["exit"]) == ("WindowRefused", 2)
    assert KEY in refused["text"]
    assert "\n" not in refused["text"]
    assert windows.snapshot() == before
    assert windows.actions() == ["refuse"]


@pytest.mark.parametrize("line", [f"{KEY}=1", f"{KEY}=20"])
def test_other_bare_keys_outlive_a_window(windows: Windows, line: str) -> None:
    """WHM is not asked to write the file then: what it makes of them is not known."""
    content = write(windows, line)
    windows.box.rebuild()
    assert windows.open("delay_off", [])["state"] == "open"
    opened = windows.host.localopts.read_bytes()
    assert opened == content.replace(f"{line}\n".encode(), f"{KEY}=0\n".encode())
    assert (windows.markers(), windows.delay(STRANGER)) == (0, 0)
    assert windows.close(1)["state"] == "closed"
    assert windows.host.localopts.read_bytes() == content
    assert (windows.markers(), windows.delay(STRANGER)) == (3, 40)


def test_a_bare_key_before_the_line_that_counts_stays_where_it_is(windows: Windows) -> None:
    content = write(windows, f"{KEY}\n{KEY}=1")
    windows.box.rebuild()
    assert windows.open("delay_off", [])["state"] == "open"
    assert windows.close(1)["state"] == "closed"
    assert windows.host.localopts.read_bytes() == content


@pytest.mark.parametrize("meaning", ["absent", "empty"])
@pytest.mark.parametrize("line", [KEY, f"{KEY}=yes"])
def test_made_unknown_meanwhile_it_stays_and_the_window_closes(
    windows: Windows, line: str, meaning: str
) -> None:
    if meaning == "empty":
        windows.fault("bare-keys-are-empty")
    windows.open("delay_off", [])
    path = windows.host.localopts
    content = path.read_bytes().replace(f"{KEY}=0\n".encode(), f"{line}\n".encode())
    path.write_bytes(content)
    closed = windows.close(1)
    assert closed["state"] == "closed"
    assert f"{KEY} was changed by somebody else meanwhile and stays as it is" in closed["remark"]
    assert path.read_bytes() == content
    is_off = line != KEY or meaning == "empty"
    assert windows.markers() == (0 if is_off else 3), "it was built from what is there now"
    assert ("off for all senders" in closed["remark"]) is is_off


def test_made_bare_while_the_window_opens(windows: Windows) -> None:
    """Between the look and the edit: it is not ours to switch, and what was begun is rolled back."""
    path = windows.host.localopts
    before = path.read_bytes()
    bare = before.replace(f"{KEY}=1\n".encode(), f"{KEY}\n".encode())
    path.with_suffix(".bare").write_bytes(bare)
    meanwhile = (
        "from mxverdict.window.changes import exim_setting; from mxverdict.fs import safe_edit\n"
        "from mxverdict.host import Host; import shutil; "
        "edit = safe_edit.edit; exim_setting._whm_may_write = lambda *_: False; "
        "safe_edit.edit = lambda path, *rest: "
        "(shutil.copy(path.with_suffix('.bare'), path), edit(path, *rest))"
    )
    failed = windows.open("delay_off", [], before=meanwhile)
    path.with_suffix(".bare").unlink()
    assert failed["error"] == "WindowOpenError"
    assert "has no value" in failed["text"]
    assert path.read_bytes() == bare


def test_a_line_that_an_earlier_version_put_behind_a_bare_key_goes_again(windows: Windows) -> None:
    """It took a bare key for none at all and wrote its own line."""
    old = "from mxverdict.window.changes import delay_setting; delay_setting.check = lambda host: None; "
    old += "from mxverdict.window.changes import exim_setting; exim_setting._switched = "
    old += "lambda content, change: content.rstrip(b'\\n') + b'\\n" + KEY + "=0\\n'; "
    old += "from mxverdict.whm import localopts; real = localopts.setting_line; "
    old += "localopts.setting_line = lambda text, which: "
    old += "found if (found := real(text)) and '=0' in found else None"
    content = write(windows, KEY)
    windows.box.rebuild()
    assert windows.open("delay_off", [], before=old)["state"] == "open"
    assert windows.host.localopts.read_bytes() == content + f"{KEY}=0\n".encode()
    assert windows.close(1)["state"] == "closed"
    assert windows.host.localopts.read_bytes() == content
