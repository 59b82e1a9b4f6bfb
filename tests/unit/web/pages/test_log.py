"""The page of the log: what it shows of visits and senders, when it reads, and waiting for a tester."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from typing import Any

import pytest

from mxverdict import testers
from mxverdict.evidence.traffic import DelayedSender, RefusedSender, Traffic, TrafficHour, WhatIf
from mxverdict.evidence.visit import Visit, VisitLog
from mxverdict.host import Host
from mxverdict.services import check
from mxverdict.settings import Settings
from mxverdict.web.http import csrf
from mxverdict.web.http.visitor import Visitor
from mxverdict.web.jobs import queue
from mxverdict.web.pages import page_version
from mxverdict.web.pages.page_state import PageState
from mxverdict.web.tasks import log_reading, tester_search
from mxverdict.web.tasks.log_reading import Reading
from mxverdict.web.views import live_visits
from mxverdict.web.views.chart import chart
from mxverdict.web.views.log import visit_row, visits_view
from mxverdict.web.views.traffic import traffic_view
from mxverdict.whm.frame import start
from mxverdict.window.model import Window, WindowKind, WindowState
from tests.unit.evidence_maker import evidence
from tests.unit.web.cgi import SESSION, Answer, call, post
from tests.unit.window.rows import window

KNOWN = testers.load().testers
TESTER = "18.209.86.113"
HOSTILE = "</q><img src=x onerror=alert(1)>\x1b[31m\u202e"
NOW = 1_795_600_000.0


def visit(came_at: float = NOW, **changes: Any) -> Visit:
    return dataclasses.replace(Visit("mxtoolbox", TESTER, 4000, came_at, 0), **changes)


def traffic(**changes: Any) -> Traffic:
    since = NOW - 86_400
    return dataclasses.replace(Traffic(since, NOW, since, NOW, True, 20.0), **changes)


def left_behind(host: Host, reading: Reading) -> None:
    """As if the log had been read a moment ago."""

    leave(host, log_reading.JOB, dataclasses.asdict(reading))


def leave(host: Host, name: str, result: object) -> None:
    def work(handle: queue.JobHandle) -> str:
        handle.save_result(result)
        return "It is done."

    assert queue.start_with_handle(host, work, name, "a title")
    queue.wait(host, name, 10)


def write_log(host: Host, *lines: str) -> None:
    host.exim_mainlog.parent.mkdir(parents=True, exist_ok=True)
    with host.exim_mainlog.open("a") as log:
        log.writelines(f"{line}\n" for line in lines)


def at(unix_time: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix_time))


def act(host: Host, action: str, **form: str) -> Answer:
    """The page that a form leads to."""
    answer = post(host, f"action={action}", {"token": csrf.make_token(host, "root", SESSION), **form})
    assert answer.status == 303, answer.body
    queue.wait(host, answer.headers["Location"].partition("=")[2], 10)
    return call(host, answer.headers["Location"].removeprefix("?"))


@pytest.mark.parametrize(
    "visits, summary",
    [
        ((), "No tester was here in the last 24 hours."),
        ((visit(),), "MXToolbox was here once in the last 24 hours."),
        ((visit(), visit()), "MXToolbox was here 2 times in the last 24 hours."),
        ((visit(), visit(tester=KNOWN[1].name)), "Testers were here 2 times in the last 24 hours."),
        ((visit(NOW - 90_000), visit()), "MXToolbox was here once in the last 24 hours."),
    ],
)
def test_the_sentence_on_top(visits: tuple[Visit, ...], summary: str) -> None:
    view = visits_view(VisitLog(NOW - 90_000, visits), NOW - 86_400, "the last 24 hours", KNOWN)
    assert view.summary == summary


def test_the_youngest_visit_comes_first_and_a_short_log_says_so() -> None:
    visits = tuple(visit(NOW - 300 + number) for number in range(300))
    view = visits_view(VisitLog(NOW - 400, visits), NOW - 86_400, "the last 24 hours", KNOWN)
    assert (view.total, len(view.visits), view.since, view.missing) == (300, 200, NOW - 400, False)
    assert view.visits[0].visit == visits[-1]
    assert visits_view(VisitLog(), 0.0, "the last 24 hours", KNOWN).missing


@pytest.mark.parametrize(
    "changes, ended, printed, silent",
    [
        (
            {"ended": "quit", "stage": "rcpt", "refused": "relay", "seconds": 2.0},
            "got through and was rightly refused relaying, then said QUIT",
            "OK - Not an open relay.",
            False,
        ),
        (
            {"ended": "left", "seconds": 15.0},
            "left before it said a word",
            "Timeout waiting for response after 15 seconds. : Completed Connect",
            True,
        ),
        ({"ended": "left", "stage": "ehlo", "helo": "x", "seconds": 1.0}, "left after EHLO", "", False),
        ({"ended": "left", "stage": "ehlo", "seconds": 1.0}, "left after EHLO", "", False),
    ],
)
def test_a_visit_in_words(changes: dict[str, Any], ended: str, printed: str, silent: bool) -> None:
    shown = visit_row(visit(**changes), KNOWN)
    assert (shown.ended, shown.printed, shown.silent) == (ended, printed, silent)


def test_the_picture_is_to_scale() -> None:
    hours = [TrafficHour(NOW + n * 3600, n, n // 2, 0) for n in range(25)]
    made = chart(hours)
    assert made is not None
    assert len(made.columns) == 25
    tallest, middle = made.columns[24], made.columns[12]
    assert tallest.stayed[1] == tallest.left[1] == 60.0
    assert tallest.stayed[0] + tallest.stayed[1] == made.floor
    assert tallest.left[0] + tallest.left[1] == tallest.stayed[0]
    assert middle.left[1] == 30.0
    assert made.columns[0].stayed[1] == made.columns[0].left[1] == 0.0
    assert all(column.x >= 0 and column.x + column.width <= 100 for column in made.columns)
    assert made.peak == "24 connections"
    assert made.description.startswith("300 connections, 144 of them left during the delay")
    assert len(made.ticks) <= 4
    assert all(re.fullmatch(r"\d\d:\d\d", label) for _, label in made.ticks)


def test_a_picture_of_days_names_the_days_and_an_empty_one_is_none() -> None:
    made = chart([TrafficHour(NOW + n * 8 * 3600, 1, 0, 0) for n in range(21)])
    assert made is not None
    assert all(re.fullmatch(r"\d\d-\d\d", label) for _, label in made.ticks)
    assert chart([TrafficHour(NOW, 0, 0, 0)]) is None
    assert chart([]) is None


@pytest.mark.parametrize(
    "passed, passed_at, words",
    [
        (0, None, "Since the first refusal nothing came in."),
        (
            1,
            NOW - 50,
            "Since the first refusal 1 message came in all the same, the last one before the last refusal.",
        ),
        (
            2,
            NOW,
            "Since the first refusal 2 messages came in all the same, the last one after the last refusal.",
        ),
    ],
)
def test_a_refused_sender_in_words(passed: int, passed_at: float, words: str) -> None:
    sender = RefusedSender(
        "198.51.100.7",
        "",
        "a.example",
        "timeout",
        3,
        3,
        NOW - 100,
        NOW - 10,
        "a@a.example",
        "",
        passed,
        passed_at,
    )
    view = traffic_view(traffic(refused=(sender,), refused_groups=5, refused_total=9))
    assert (view.refused[0].passed, view.omitted) == (words, 4)
    assert view.refused[0].why == "the callout to the sender's mail host timed out"


def test_the_log_is_read_by_the_page(host: Host) -> None:
    now = time.time()
    peer = f"[{TESTER}]:4000"
    write_log(
        host,
        f"{at(now - 60)} SMTP connection from {peer} (TCP/IP connection count = 1)",
        f"{at(now - 58)} SMTP connection from k.example ({HOSTILE[:30]}) {peer} closed by QUIT",
    )
    assert not log_reading.latest(host)
    call(host, "view=log", REQUEST_METHOD="HEAD")
    assert not host.state.exists()
    page = call(host, "view=log&days=7")
    queue.wait(host, log_reading.JOB, 10)
    page = call(host, "view=log&days=7")
    assert "MXToolbox was here once in the last 7 days." in page.body
    assert "It said QUIT." in page.body
    assert "<img" not in page.body


def test_a_page_reads_only_when_what_is_there_is_not_fresh(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_behind(host, Reading(NOW, VisitLog(NOW - 10), traffic(), traffic()))
    taken_at = "read a moment ago"
    started: list[str] = []
    monkeypatch.setattr(queue, "start_with_handle", lambda *_: started.append(taken_at))
    call(host, "view=log")
    assert started == []
    monkeypatch.setattr(log_reading, "_FRESH", -1.0)
    call(host, "view=log")
    assert started == [taken_at]


def test_a_big_log_is_waited_for_with_progress(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_reading, "_WAIT", 0.0)

    def slow(host: Host, handle: queue.JobHandle) -> str:
        handle.step("counting")
        time.sleep(3)
        return "read"

    monkeypatch.setattr(log_reading, "_read", slow)
    page = call(host, "view=log").body
    assert "Reading Exim&#39;s log" in page
    assert 'data-busy="1"' in page
    assert 'content="3;url=?view=log&amp;days=1"' in page


def test_without_a_log_the_page_says_so(host: Host) -> None:
    call(host, "view=log")
    queue.wait(host, log_reading.JOB, 10)
    assert "Exim&#39;s main log is not there." in call(host, "view=log").body


def test_what_another_version_left_is_no_reading(host: Host) -> None:
    leave(host, log_reading.JOB, {"taken_at": 1.0})
    assert log_reading.latest(host) is None


@pytest.mark.parametrize("days", ["0", "3", "", "7x"])
def test_other_spans_are_not_there(host: Host, days: str) -> None:
    assert call(host, f"view=log&days={days}").status == 404


def test_outside_text_stays_text(host: Host) -> None:
    sender = RefusedSender(
        "198.51.100.7", HOSTILE, HOSTILE, HOSTILE, 3, 3, NOW, NOW, HOSTILE, HOSTILE, 0, None
    )
    seen = visit(helo=HOSTILE, name=HOSTILE, refusal=HOSTILE, refused="other", ended="dropped")
    both = traffic(refused=(sender,), refused_total=3, refused_groups=1, remarks=(HOSTILE,))
    left_behind(host, Reading(NOW, VisitLog(NOW - 10, (seen,), (HOSTILE,)), both, both))
    page = call(host, "view=log").body
    assert "<img" not in page
    assert not {"\x1b", "\u202e"} & set(page)
    assert page.count("&lt;/q&gt;&lt;img src=x onerror=alert(1)&gt;\\x1b[31m\\u202e") >= 8


def test_forms_of_refused_senders_carry_token_and_address(host: Host) -> None:
    sender = RefusedSender("198.51.100.7", "", "a.example", "other", 1, 0, NOW, NOW, "", "", 0, None)
    both = traffic(refused=(sender,), refused_total=1, refused_groups=1)
    left_behind(host, Reading(NOW, VisitLog(NOW), both, both))
    page = call(host, "view=log").body
    assert 'name="address" value="198.51.100.7"' in page
    token = csrf.make_token(host, "root", SESSION)
    assert page.count("<form") == page.count(f'name="token" value="{token}"') == 2
    assert 'name="address"' not in call(host, "view=log", cp_security_token="").body


@pytest.mark.parametrize(
    "action, words",
    [("open", "is no IP address or CIDR network"), ("permanent", "is no IP address or CIDR network")],
)
def test_an_address_is_judged_by_the_engine(host: Host, action: str, words: str) -> None:
    page = act(host, action, kind="whitelist", minutes="5", address="x<b>")
    assert words in page.body
    assert "x<b>" not in page.body
    assert "refuse" in host.audit.read_text()


def test_pools_are_exempt_by_whms_own_option(host: Host) -> None:
    pool = DelayedSender("209.85.128.7", "mail-a.google.com", 3, 3, 0, 1, NOW, NOW, 7200.0)
    other = DelayedSender("198.51.100.7", "", 3, 3, 0, 1, NOW, NOW, 7200.0)
    both = traffic(connections=9, left=6, waiting=(pool, other), kept_waiting=2)
    left_behind(host, Reading(NOW, VisitLog(NOW), both, both))
    page = call(host, "view=log").body
    assert 'action="?action=common-providers"' in page
    assert 'name="address" value="198.51.100.7"' in page
    assert 'name="address" value="209.85.128.7"' not in page
    assert page.count("Common Mail Providers") > 2
    assert 'action="?action=common-providers"' not in call(host, "view=log", cp_security_token="").body


def test_slots_and_what_would_have_exempted_senders(host: Host) -> None:
    both = traffic(
        connections=9, left=6, peak_connections=88, peak_at=NOW - 60, delayed_at_peak=61, slots=100,
        refused_connections=4, refused_connection_at=NOW - 50,
        what_if=(WhatIf("common_mail_providers", 12, 5, 6), WhatIf("no_delay", None, 7, 8)),
    )  # fmt: skip
    left_behind(host, Reading(NOW, VisitLog(NOW), both, both))
    page = " ".join(call(host, "view=log").body.split())
    assert "the delay held 61" in page and "Exim takes 100 at once" in page
    assert "4 connections were refused because all were taken" in page
    assert 'Common Mail Providers exempt <span class="small">12 networks in the list</span>' in page
    assert 'No delay at all</td><td role="cell"><b>7</b></td><td role="cell">8</td>' in page


def test_the_option_is_judged_by_the_engine(host: Host) -> None:
    """There is no Exim here."""
    page = act(host, "common-providers", **{"from": "log"})
    assert "notice" in page.body
    (line,) = map(json.loads, host.audit.read_text().splitlines())
    assert (line["action"], line["kind"]) == ("refuse", "common_mail_providers")
    assert line["details"]["refused"] == "exempt common mail providers"
    told = call(host, "view=history").body
    assert "Refused: exempting Common Mail Providers" in told


@pytest.mark.parametrize("action", ["add-tester-address", "remove-tester-address"])
def test_no_address_of_a_tester(host: Host, action: str) -> None:
    page = act(host, action, address="x", tester="mxtoolbox")
    assert "is no IP address" in page.body


def test_found_visitors_are_offered_until_they_are_known(host: Host) -> None:
    def visitor(address: str, name: str) -> tester_search.TesterCandidateView:
        return tester_search.TesterCandidateView(address, "mxtoolbox", HOSTILE, NOW, HOSTILE, name, HOSTILE)

    found = tester_search.SearchResult(
        NOW,
        (visitor("198.51.100.1", "k.mxtoolbox.com"), visitor("198.51.100.2", ""), visitor(TESTER, "x")),
        (),
    )
    leave(host, tester_search.JOB, dataclasses.asdict(found))
    assert len((tester_search.latest(host, KNOWN) or found).visitors) == 2
    page = call(host, "view=log").body
    assert "<img" not in page
    assert page.count('action="?action=add-tester-address"') == 1
    assert "198.51.100.2" in page


@pytest.mark.parametrize(
    "changes, words",
    [
        ({}, f"MXToolbox from {TESTER} is here."),
        (
            {"ended": "quit", "stage": "rcpt", "refused": "relay", "seconds": 2.0},
            "rightly refused relaying, then said QUIT. It stayed 2 s. It prints: OK - Not an open relay.",
        ),
        (
            {"ended": "dropped", "refusal": "x\x1b"},
            "was dropped by Exim (x\\x1b). It prints: Server Disconnected",
        ),
    ],
)
def test_what_is_told_while_a_window_waits(changes: dict[str, Any], words: str) -> None:
    (line,) = live_visits.visit_lines([visit_row(visit(**changes), KNOWN)])
    assert line.endswith(words)


def waiting(**changes: Any) -> Window:
    return window(until_tested=True, state="open", networks=(TESTER,), opened_at=time.time() - 100, **changes)


def test_visits_of_others_are_not_what_the_window_waits_for(host: Host) -> None:
    now = time.time()
    for address, seconds in ((TESTER, 200), (TESTER, 50), ("52.55.244.91", 40), (TESTER, 10)):
        write_log(host, f"{at(now - seconds)} SMTP connection from [{address}]:40{seconds} closed by QUIT")
    row = waiting()
    assert [one.visit.port for one in live_visits.observed_visits(host, row)] == [4050, 4010]
    closed = dataclasses.replace(row, closed_at=now - 30)
    assert [one.visit.port for one in live_visits.observed_visits(host, closed)] == [4050]


def test_with_the_delay_off_each_tester_is_told(host: Host) -> None:
    now = time.time()
    for address, seconds in ((TESTER, 200), ("52.55.244.91", 40), ("198.51.100.7", 20), (TESTER, 10)):
        write_log(host, f"{at(now - seconds)} SMTP connection from [{address}]:40{seconds} closed by QUIT")
    row = dataclasses.replace(waiting(), kind=WindowKind.DELAY_OFF, networks=(), testers=("internet.nl",))
    assert [one.visit.port for one in live_visits.observed_visits(host, row)] == [4040, 4010]
    closed = dataclasses.replace(row, closed_at=now - 30)
    assert [one.visit.port for one in live_visits.observed_visits(host, closed)] == [4040]


def test_the_polled_state_tells_what_the_tester_met(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    row = waiting(id=7)
    monkeypatch.setattr("mxverdict.window.open_windows", lambda _: [row])
    write_log(host, f"{at(time.time() - 5)} SMTP connection from [{TESTER}]:4000 closed by QUIT")
    told = json.loads(call(host, "view=state").body)["met"]
    assert list(told) == ["7"]
    assert "said QUIT" in told["7"][0]
    assert page_version.is_awaited(row)
    assert page_version.is_awaited(dataclasses.replace(row, until_tested=False))
    assert page_version.is_awaited(dataclasses.replace(row, kind=WindowKind.DELAY_OFF))
    assert not page_version.is_awaited(dataclasses.replace(row, state=WindowState.CLOSING))


@pytest.mark.parametrize(
    "changes, told",
    [
        ({}, "Waiting for the tester"),
        ({"kind": "delay_off", "networks": ()}, "Waiting for the tester"),
        (
            {"kind": "delay_off", "networks": (), "testers": ("internet.nl",)},
            "The addresses of Internet.nl are unknown",
        ),
        ({"testers": ("198.51.100.7",)}, ""),
        ({"state": "closing"}, ""),
    ],
)
def test_an_open_window_shows_who_comes(
    host: Host, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], told: str
) -> None:
    row = dataclasses.replace(waiting(id=7), until_tested=False, **changes)
    monkeypatch.setattr("mxverdict.window.open_windows", lambda _: [row])
    write_log(host, f"{at(time.time() - 5)} SMTP connection from [{TESTER}]:4000 closed by QUIT")
    page = call(host).body
    assert told in page
    lists = re.findall(r'data-met="7".*said QUIT', page)
    assert bool(lists) == bool(told)


def standing(*history: Window, windows: tuple[Window, ...] = ()) -> PageState:
    visitor = Visitor(Host("/nowhere"), "root", "", start({"REMOTE_USER": "root"}, "/nowhere", framed=False))
    return PageState(windows, history, (), None, None, "", KNOWN, visitor, Settings())


def test_a_window_that_the_tester_ended_is_told_for_a_while() -> None:
    ended = waiting(visit="a visit", closed_at=time.time() - 10)
    ended = dataclasses.replace(ended, state=WindowState.CLOSED)
    assert standing(ended).tested == ended
    assert standing(ended, windows=(waiting(),)).tested is None
    assert standing(dataclasses.replace(ended, visit="")).tested is None
    assert standing(dataclasses.replace(ended, closed_at=time.time() - 3600)).tested is None
    assert standing().tested is None


def test_a_page_without_javascript_asks_again_often_while_it_waits() -> None:
    row = waiting()
    assert standing(windows=(row,)).refresh == 10
    assert standing(windows=(dataclasses.replace(row, kind=WindowKind.DELAY_OFF),)).refresh == 10
    assert standing(windows=(dataclasses.replace(row, until_tested=False),)).refresh == 60


@pytest.mark.parametrize(
    "names, titles",
    [
        (["mxtoolbox"], "MXToolbox"),
        (["mxtoolbox", "198.51.100.7"], "MXToolbox, 198.51.100.7"),
        (["198.51.100.7"], "198.51.100.7"),
    ],
)
def test_titles_of_those_who_are_let_past(names: list[str], titles: str) -> None:
    assert standing().titles(names) == titles


def test_a_prediction_is_told_with_the_last_visit(host: Host, checks: list[Any]) -> None:
    seen = visit(ended="left", seconds=15.0, refused="", name=HOSTILE)
    said = evidence(visits=VisitLog(NOW - 10, (seen,)))
    checks.append(lambda _: (said, check.judge_evidence(said)))
    page = call(host).body
    assert "<b>From the log:</b> Its last visit, " in page
    assert "met the same: it left before it said a word, after 15 s." in page
