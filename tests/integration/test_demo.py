"""The demo: until Ctrl-C, and the whole story without a person."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from tests.sandbox import demo
from tests.sandbox.box import Sandbox
from tests.sandbox.demo_commands import Commands
from tests.sandbox.demo_story import StepFailed, Story
from tests.sandbox.server_files import REPOSITORY
from tests.sandbox.whm.defaults import PASSWORDS

pytestmark = [pytest.mark.exim, pytest.mark.waits]


class Demo:
    """The demo as a foreground job of a terminal of its own."""

    def __init__(self, *options: object) -> None:
        self._process = subprocess.Popen(
            ["env", "--default-signal=INT", sys.executable, "-m", "tests.sandbox.demo", *map(str, options)],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._stdout = self._process.stdout

    def read_until(self, words: str) -> str:
        said = ""
        while words not in said:
            piece = os.read(self._stdout.fileno(), 65536).decode()
            assert piece, said
            said += piece
        return said

    def press_ctrl_c(self) -> None:
        """A terminal sends it to everybody in the foreground."""
        os.killpg(self._process.pid, signal.SIGINT)

    def terminate(self) -> None:
        self._process.terminate()

    def end(self, timeout: float) -> tuple[int, str]:
        """Exit status and the rest of its output."""
        said, _ = self._process.communicate(timeout=timeout)
        return self._process.returncode, said

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)

    def leftovers(self) -> list[str]:
        """Namespaces, folders and processes that carry its name."""
        name = f"mxv-{self._process.pid}-"
        spaces = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
        folders = [*Path("/tmp").glob(f"{name}*"), *Path("/etc/netns").glob(f"{name}*")]
        processes = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True)
        return [line for line in spaces.splitlines() + processes.stdout.splitlines() if name in line] + [
            str(folder) for folder in folders
        ]


@pytest.fixture(scope="module")
def story() -> Iterator[Demo]:
    """Started before the other tests of this file: it mostly waits."""
    running = Demo("--once", "--minutes", 1)
    yield running
    running.stop()


@pytest.fixture
def start() -> Iterator[Any]:
    running: list[Demo] = []

    def begin(*options: object) -> Demo:
        running.append(Demo(*options))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def commands(box: Sandbox) -> Commands:
    return Commands(box)


def page_of(url: str, user: str) -> requests.Response:
    """The plugin's page, by the login form and the link on WHM's start page."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = False
        assert 'name="pass"' in session.get(url, timeout=20).text
        home = session.post(f"{url}/login/", data={"user": user, "pass": PASSWORDS[user]}, timeout=20)
        link = re.search(r'href="([^"]*mxverdict/index\.cgi)"', home.text)
        assert link, home.text
        return session.get(urljoin(home.url, link[1]), timeout=20)


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_it_shows_the_verdict_and_serves_the_page_until_ctrl_c(story: Demo, start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        running = start("--port", port)
        said = running.read_until("Ctrl-C ends the demo")
    assert "MXToolbox will report 3 problems. None of them is real." in said
    url, number = re.findall(r"(https://127\.0\.0\.1:(\d+))", said)[0]
    assert int(number) > port

    for user, password in PASSWORDS.items():
        assert re.search(rf"{user} +{password} ", said)
    assert "None of them is real." in page_of(url, "root").text

    opening = re.findall(r"^ +(\S+ window open .*)$", said, re.MULTILINE)
    done = subprocess.run(shlex.split(opening[0]), capture_output=True, text=True, check=True)
    assert "is open" in done.stdout
    visit = re.findall(r"^Tester +(.*)$", said, re.MULTILINE)
    done = subprocess.run(shlex.split(visit[0]), capture_output=True, text=True, check=True)
    assert "OK - Supports TLS." in done.stdout

    running.press_ctrl_c()
    status, rest = running.end(timeout=30)
    assert status == 0
    assert "Traceback" not in rest
    assert running.leftovers() == []


def test_sigterm_ends_the_story_cleanly(start: Any) -> None:
    running = start("--once")
    running.read_until("The tester visits")
    time.sleep(0.5)
    assert running.leftovers() != []
    running.terminate()
    status, rest = running.end(timeout=30)
    assert status == 128 + signal.SIGTERM
    assert "Traceback" not in rest
    assert running.leftovers() == []


def test_the_story_ends_at_the_first_step_that_is_not_true(capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox(connect_delay=0, rcpt_delay=0) as healthy:
        assert not Story(healthy, Commands(healthy), minutes=1).play()
    *_, failed, last = capsys.readouterr().out.splitlines()
    assert re.search(r"three false alarms … FAILED: it reported 220-cp1", failed)
    assert last == "Step 2 was not true."


def test_a_wrong_prediction_is_noticed(box: Sandbox, commands: Commands) -> None:
    story = Story(box, commands, minutes=1)
    predicted = story._predict()
    subprocess.run([commands.mxverdict, "window", "open"], check=True, stdout=subprocess.DEVNULL)
    try:
        with pytest.raises(StepFailed, match="rows: predicted"):
            story._compare(predicted, box.visit())
    finally:
        subprocess.run([commands.mxverdict, "window", "close"], check=True, stdout=subprocess.DEVNULL)


def test_only_the_keeper_may_close_the_window_and_in_time(box: Sandbox, commands: Commands) -> None:
    story = Story(box, commands, minutes=1)
    opened = story._mxverdict("window", "open")["windows"][0]
    with pytest.raises(StepFailed, match="still open 60 s after"):
        story._closes_itself({**opened, "deadline": time.time() - 60})
    story._mxverdict("window", "close")
    with pytest.raises(StepFailed, match="closed by root"):
        story._closes_itself(opened)


def test_without_root_or_a_program_it_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(os, "geteuid", lambda: 1000)
        assert demo.main(["--once"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(r"demo: needs root .*\n", said.err)

    monkeypatch.setattr(demo, "_PROGRAMS", ("ip", "no-such-program"))
    assert demo.main(["--once"]) == 3
    assert re.fullmatch(r"demo: missing: no-such-program; .*\n", capsys.readouterr().err)


@pytest.mark.slow
def test_every_step_of_the_story_is_true(story: Demo) -> None:
    """True delays and patience; windows of one minute, and the keeper every 30 s."""
    status, said = story.end(timeout=420)
    assert status == 0, said
    assert said.splitlines()[-1] == "All 22 steps were true."
    late = re.findall(r"closed (\d+\.\d) s after its deadline", said)
    assert len(late) == 2
    assert all(float(seconds) <= 60 for seconds in late)
    assert story.leftovers() == []
