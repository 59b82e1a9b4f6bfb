"""What the owner of a server chose: kept, checked, and harmless when the file is not."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mxverdict import settings
from mxverdict.audit.actor import Actor
from mxverdict.errors import HostError, UsageError, WhmError
from mxverdict.host import Host
from mxverdict.settings import InvalidSetting, Settings
from mxverdict.testers import load
from mxverdict.whm.api import WhmApi
from mxverdict.window import notify, open_window

ROOT = Actor("root", "web")
CHOSEN = Settings(
    minutes=10,
    most_minutes=60,
    tester=load().testers[-1].name,
    resellers_may_open=True,
    resellers_most_minutes=20,
    contact="admin@shop.example",
    language="de",
    framed=False,
)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def put(host: Host, text: str) -> None:
    host.state.mkdir(parents=True, exist_ok=True)
    host.settings.write_text(text)


def trail(host: Host) -> list[dict[str, Any]]:
    return [json.loads(line) for line in host.audit.read_text().splitlines()] if host.audit.exists() else []


def test_usual_ones_without_a_file(host: Host) -> None:
    found = settings.read(host)
    assert found == Settings()
    assert found.load_error == ""
    assert (found.minutes, found.most_minutes, found.resellers_may_open) == (15, 240, False)
    assert not host.state.exists()


def test_written_and_read_again(host: Host) -> None:
    assert settings.write(host, CHOSEN, ROOT) == CHOSEN
    assert settings.read(host) == CHOSEN
    assert stat.S_IMODE(host.settings.stat().st_mode) == 0o600
    assert {path.name for path in host.state.iterdir()} == {"settings.json", "audit.jsonl", "lock.settings"}


def test_the_trail_says_what_changed_and_who_did_it(host: Host) -> None:
    settings.write(host, Settings(minutes=20, contact="a@b.example"), ROOT)
    settings.write(host, Settings(minutes=20, resellers_may_open=True), ROOT)
    first, second = trail(host)
    assert (first["action"], first["user"], first["origin"]) == ("settings", "root", "web")
    assert first["result"] == "minutes: 15 to 20; contact: none to a@b.example"
    assert second["result"] == "resellers_may_open: no to yes; contact: a@b.example to none"


def test_nothing_changed_nothing_written(host: Host) -> None:
    settings.write(host, Settings(), ROOT)
    assert trail(host) == []
    assert not host.settings.exists()


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"minutes": 0}, "minutes", "from 1 to 240"),
        ({"minutes": 31, "most_minutes": 30, "resellers_most_minutes": 30}, "minutes", "from 1 to 30"),
        ({"most_minutes": 241}, "most_minutes", "from 1 to 240"),
        ({"most_minutes": 0}, "most_minutes", "from 1 to 240"),
        ({"most_minutes": 20}, "resellers_most_minutes", "from 1 to 20"),
        ({"resellers_most_minutes": 0}, "resellers_most_minutes", "from 1 to 240"),
        ({"minutes": True}, "minutes", "wrong value"),
        ({"minutes": 2.5}, "minutes", "wrong value"),
        ({"resellers_may_open": 1}, "resellers_may_open", "wrong value"),
        ({"contact": "a@b.example, c@d.example"}, "contact", "one mail address"),
        ({"contact": "a@b.example\nBcc: x@y.example"}, "contact", "one mail address"),
        ({"contact": "nobody"}, "contact", "one mail address"),
        ({"contact": "a@" + "b" * 260}, "contact", "one mail address"),
        ({"language": "tlh"}, "language", "does not speak"),
        ({"tester": "nobody"}, "tester", "not known"),
    ],
)
def test_wrong_ones_are_refused_in_one_sentence(
    host: Host, change: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(InvalidSetting, match=says) as refused:
        settings.write(host, Settings(**change), ROOT)
    assert refused.value.field == field
    assert str(refused.value).count(".") <= 2
    assert not host.settings.exists()
    assert [entry["action"] for entry in trail(host)] == ["refuse"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"x"',
        "[" * 60_000,
        '{"schema": 2}',
        '{"minutes": 5}',
        '{"schema": 1, "resellers_may_open": "yes"}',
        '{"schema": 1, "resellers_may_open": true, "minutes": 500}',
        '{"schema": 1, "resellers_may_open": true, "contact": "a b"}',
        '{"schema": 1, "resellers_may_open": true, "most_minutes": null}',
        '{"schema": 1, "resellers_may_open": true, "language": ["de"]}',
        '{"schema": 1, "resellers_may_open": true, "trouble": "x"',
        "\x00",
    ],
)
def test_with_a_damaged_file_little_is_allowed_and_it_is_told(host: Host, text: str) -> None:
    put(host, text)
    found = settings.read(host)
    assert found == Settings(most_minutes=15, resellers_most_minutes=15)
    assert not found.resellers_may_open
    assert str(host.settings) in found.load_error
    assert "\n" not in found.load_error


def test_a_folder_in_its_place_counts_as_damage(host: Host) -> None:
    host.settings.mkdir(parents=True)
    assert settings.read(host).load_error
    with pytest.raises(HostError):
        settings.write(host, Settings(minutes=5), ROOT)


def test_a_pipe_in_its_place_holds_nobody_up(host: Host) -> None:
    host.state.mkdir(parents=True)
    os.mkfifo(host.settings)
    assert settings.read(host).load_error


def test_a_damaged_file_is_written_anew(host: Host) -> None:
    put(host, "{")
    settings.write(host, Settings(), ROOT)
    assert settings.read(host) == Settings()
    assert settings.read(host).load_error == ""
    assert trail(host)[0]["result"] == "most_minutes: 15 to 240; resellers_most_minutes: 15 to 30"
    put(host, "{")
    settings.write(host, settings.read(host), ROOT)
    assert settings.read(host).load_error == ""
    assert trail(host)[1]["result"] == "written again"


def test_what_is_missing_is_usual_and_what_is_unknown_left_out(host: Host) -> None:
    put(host, '{"schema": 1, "minutes": 5, "colour": "red", "trouble": "x"}')
    assert settings.read(host) == Settings(minutes=5)
    assert settings.read(host).load_error == ""


def test_minutes_of_a_window(host: Host) -> None:
    settings.validate_minutes(host, 240)
    never: list[Any] = [0, 241, True, 1.5]
    for wrong in never:
        with pytest.raises(UsageError, match="1 to 240 minutes"):
            settings.validate_minutes(host, wrong)
    settings.write(host, Settings(most_minutes=60), ROOT)
    settings.validate_minutes(host, 60)
    with pytest.raises(UsageError, match=r"settings of MX Verdict .* for 60 minutes at most, not 61"):
        settings.validate_minutes(host, 61)


def test_minutes_of_a_window_with_a_damaged_file(host: Host) -> None:
    settings.write(host, Settings(minutes=5, most_minutes=30), ROOT)
    put(host, host.settings.read_text()[:-3])
    settings.validate_minutes(host, 15)
    with pytest.raises(UsageError, match=r"settings.json cannot be used, .* for 15 minutes at most"):
        settings.validate_minutes(host, 16)


def test_a_window_longer_than_the_settings_is_refused_before_anything(host: Host) -> None:
    settings.write(host, Settings(most_minutes=60), ROOT)
    with pytest.raises(UsageError, match="60 minutes at most"):
        open_window(host, kind="whitelist", networks=["192.0.2.1"], tester="x", minutes=61, actor=ROOT)
    assert not host.journal.exists()
    assert [entry["action"] for entry in trail(host)] == ["settings", "refuse"]


class Silent(WhmApi):
    def request(self, function: str, parameters: Sequence[tuple[str, str]]) -> dict[str, Any]:
        raise WhmError(function)


class Telling(WhmApi):
    def request(self, function: str, parameters: Sequence[tuple[str, str]]) -> dict[str, Any]:
        data = {"tweaksetting": {"value": "owner@host.example"}}
        return {"data": data, "metadata": {"result": 1}}


def test_whom_mails_go_to(host: Host) -> None:
    assert notify.contact(host, Silent()) == "root"
    assert notify.contact(host, Telling()) == "owner@host.example"
    settings.write(host, Settings(contact="admin@shop.example"), ROOT)
    assert notify.contact(host, Telling()) == "admin@shop.example"
    put(host, "{")
    assert notify.contact(host, Telling()) == "owner@host.example"
