"""A check that runs, as its page shows it: how far it is, and the rows that are known."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mxverdict.findings import Verdict
from mxverdict.host import Host
from mxverdict.pasted import Answer, Explanation, PastedRow, recognise
from mxverdict.services import check
from mxverdict.testers.row_texts import CATEGORIES
from mxverdict.web.http import csrf
from mxverdict.web.jobs import queue
from mxverdict.web.jobs.progress_writer import ProgressWriter
from mxverdict.web.tasks import checks
from mxverdict.web.views.running import partial_answers
from tests.unit.domain_evidence_maker import NAME, PARTS, whole
from tests.unit.steered_check import run
from tests.unit.web.cgi import SESSION, call, post

pytestmark = pytest.mark.slow

SMTP = ("previews", "greeting", "names", "log")
PASTED = """SMTP TLS\tWarning - Does not support TLS.
DNS Record Published\tDNS Record not found
SPF Record Published\tNo SPF Record found
"""


@pytest.fixture
def steered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder: each file in it names a part that the check may go on with; `end` lets it end."""

    monkeypatch.setattr("mxverdict.services.check.run", lambda host, **options: run(tmp_path, **options))
    monkeypatch.setattr("mxverdict.web.tasks.checks.PATIENCE", 0.0)
    return tmp_path


def rows(host: Host, query: str = f"view=domain&domain={NAME}") -> str:
    answer = call(host, f"{query}&part=rows")
    assert answer.status == 200
    assert "<html" not in answer.body
    return answer.body


def start(host: Host, target: str = NAME) -> None:
    form = {"token": csrf.make_token(host, "root", SESSION), "domain": target}
    assert post(host, "action=check", form).status == 303


def go_on(folder: Path, *parts: str) -> None:
    for part in parts:
        (folder / part).touch()


def until(host: Host, job: str, text: str, query: str = f"view=domain&domain={NAME}") -> str:
    """The rows as soon as `text` stands in them."""
    limit = time.monotonic() + 15
    while text not in (found := rows(host, query)):
        assert time.monotonic() < limit, found
        time.sleep(0.05)
    return found


def state(host: Host, job: str) -> dict[str, object]:
    told = json.loads(call(host, f"view=state&job={job}").body)["job"]
    assert isinstance(told, dict)
    return told


@contextmanager
def checking(host: Host, folder: Path, target: str = NAME) -> Iterator[str]:
    start(host, target)
    yield checks.domain_job(target)
    (folder / "end").touch()
    queue.wait(host, checks.domain_job(target), 20)


def test_rows_are_shown_as_they_are_known(host: Host, steered: Path) -> None:
    with checking(host, steered) as job:
        found = until(host, job, "Name servers are still being asked.")
        assert "row-" not in found
        assert "data-told></p>" in found
        go_on(steered, "zone")
        found = until(host, job, "rows are known so far.")
        assert "Name servers are still being asked." not in found
        assert "Blocklists are still being asked." in found
        assert "Could not be checked" not in found
        assert found.count('class="said"') == int(re.findall(r"(\d+) rows are known so far", found)[0])
        first = set(re.findall(r'id="(row-\w+)"', found))
        assert first
        go_on(steered, "policy", "outgoing")
        found = until(host, job, "SPF Record Published")
        assert first < set(re.findall(r'id="(row-\w+)"', found)), "rows keep their ids"
        assert "DNS Record Published" in found
        assert state(host, job)["state"] == "running"
    found = rows(host)
    assert 'data-running="0"' in found
    assert check.judge_evidence(whole()).domains[0].summary in found
    assert first < set(re.findall(r'id="(row-\w+)"', found))
    assert "are known so far" not in found
    names = re.findall(r' id="([^"]+)"', call(host, f"view=domain&domain={NAME}").body)
    assert len(names) == len(set(names))


def test_the_bar_tells_how_far_it_is(host: Host, steered: Path) -> None:
    with checking(host, steered) as job:
        (steered / "far").write_text("12")
        go_on(steered, *(name for name in PARTS if name != "blocklists"))
        limit = time.monotonic() + 15
        while (told := state(host, job))["text"] != "12 of 31 blocklists asked":
            assert time.monotonic() < limit, told
            time.sleep(0.05)
        assert 0 < int(str(told["done"])) < int(str(told["total"])) == 1000
        page = call(host, f"view=domain&domain={NAME}").body
        assert f'max="1000" value="{told["done"]}"' in page
        assert "12 of 31 blocklists asked" in page
        assert '<noscript><meta http-equiv="refresh" content="3;url=?view=domain' in page
        assert "static=progress.js" in page
        assert 'data-busy="0"' in page, "the other script does not load the page again when the job ends"
    told = state(host, job)
    assert (told["state"], told["done"]) == ("done", 1000)


def test_of_an_address_what_testers_meet_and_its_listings(host: Host, steered: Path) -> None:
    address = "203.0.113.10"
    query = f"view=domain&domain={address}"
    with checking(host, steered, address) as job:
        found = until(host, job, "Blocklists are still being asked.", query)
        assert "still looking at what testers meet" in found.lower()
        assert "Name servers" not in found
        assert "SPF" not in found
        go_on(steered, *SMTP)
        found = until(host, job, 'id="card-1-1"', query)
        assert "What blocklists say" not in found
        go_on(steered, "blocklists", "outgoing")
        until(host, job, "What blocklists say", query)


def test_an_earlier_result_stays_until_the_end(host: Host, steered: Path) -> None:
    go_on(steered, "end")
    start(host)
    queue.wait(host, checks.domain_job(NAME), 20)
    (steered / "end").unlink()
    before = queue.result(host, checks.domain_job(NAME))
    with checking(host, steered) as job:
        until(host, job, "Name servers are still being asked.")
        assert queue.result(host, job) == before


def test_a_pasted_report_is_answered_as_the_checks_behind_it_arrive(host: Host, steered: Path) -> None:
    form = {"token": csrf.make_token(host, "root", SESSION), "text": PASTED, "about": NAME}
    address = post(host, "action=explain", form).headers["Location"][1:]
    job = address.rpartition("=")[2]
    found = until(host, job, "0 of 3 rows are answered so far.", address)
    assert "not this server" not in found
    go_on(steered, "zone")
    found = until(host, job, "1 of 3 rows are answered so far.", address)
    assert "DNS Record not found" in found
    assert "Does not support TLS" not in found
    go_on(steered, "policy", "outgoing")
    found = until(host, job, "2 of 3 rows are answered so far.", address)
    assert "No SPF Record found" in found
    assert "Blocklists are still being asked." in found
    assert f"url=?view=explain&amp;job={job}" in call(host, address).body
    go_on(steered, "end")
    queue.wait(host, job, 20)
    found = rows(host, address)
    assert "STARTTLS works" in found
    assert "are answered so far" not in found


def test_rows_that_an_earlier_version_kept_are_recognised_again() -> None:
    known = recognise(PASTED)
    kept = dataclasses.asdict(known)
    assert checks._recognised({"text": "", "report": kept}) == known
    for row in kept["rows"]:
        del row["rule"]
    assert checks._recognised({"text": PASTED, "report": kept}) == known


@pytest.mark.parametrize(
    "category, verdict, stays",
    [
        ("dns", Verdict.FALSE_POSITIVE, True),
        ("dns", Verdict.UNKNOWN, False),
        ("spf", Verdict.FALSE_POSITIVE, False),
        ("", Verdict.OK, False),
    ],
)
def test_answers_that_may_still_change_wait(category: str, verdict: Verdict, stays: bool) -> None:
    answer = Answer(PastedRow("mxtoolbox", category, "A row", "", "error", "It says so."), verdict, "why")
    shown = partial_answers(Explanation("", (answer,)), {"dns", "mx"})
    assert shown == ((answer,) if stays else ())
    assert partial_answers(Explanation("", (answer,)), CATEGORIES) == (
        () if "unknown" in verdict else (answer,)
    )


@pytest.mark.slow
def test_what_is_shown_is_written_a_few_times_a_second_at_most() -> None:
    class Recorder(queue.JobHandle):
        def __init__(self) -> None:
            self.steps: list[str] = []
            self.shown: list[object] = []

        def step(self, text: str, done: int = 0, total: int = 0) -> None:
            self.steps.append(text)

        def publish_partial(self, result: object) -> None:
            self.shown.append(result)

    handle = Recorder()
    began = time.monotonic()
    with ProgressWriter(handle, lambda evidence, complete: len(complete)) as telling:
        for number in range(1500):
            telling.advance("blocklists", number % 31, 31)
            telling.snapshot(whole(), frozenset(str(n) for n in range(number)))
            time.sleep(0.001)
        time.sleep(0.5)
    most = (time.monotonic() - began) * 3 + 1
    assert 2 <= len(handle.shown) <= most
    assert len(handle.steps) <= most
    assert handle.shown[-1] == 1499
    assert handle.steps[-1] == "11 of 31 blocklists asked"


def test_the_text_is_that_of_what_is_left_to_do() -> None:
    class Recorder(queue.JobHandle):
        def __init__(self) -> None:
            self.text = ""

        def step(self, text: str, done: int = 0, total: int = 0) -> None:
            self.text = text

    handle = Recorder()

    def told() -> str:
        time.sleep(0.5)
        return handle.text

    with ProgressWriter(handle, lambda evidence, complete: None) as telling:
        telling.step("reading the report")
        assert told() == "reading the report"
        telling.advance("zone", 0, 1)
        telling.step("asking the blocklists")
        assert told() == "asking the name servers"
        telling.advance("zone", 1, 1)
        assert told() == "asking the name servers", "until there is something new to tell"


def test_a_full_disk_does_not_stop_a_check() -> None:
    class Full(queue.JobHandle):
        def __init__(self) -> None:
            self.tries = 0

        def step(self, text: str, done: int = 0, total: int = 0) -> None:
            self.tries += 1
            raise OSError(28, "No space left on device")

    handle = Full()
    with ProgressWriter(handle, lambda evidence, complete: None) as telling:
        for word in ("one", "two", "three"):
            telling.step(word)
            time.sleep(0.5)
    assert handle.tries > 1
