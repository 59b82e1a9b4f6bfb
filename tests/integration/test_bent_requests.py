"""Queries, paths and names that no page of ours sends, by a reseller: none of them changes anything or shows
what is not theirs."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

import pytest

from mxverdict.web.tasks.checks import domain_job
from tests.privileges.asks import REPORT_JOBS, WINDOW_JOBS
from tests.privileges.people import PEOPLE
from tests.privileges.world import (
    SETTINGS,
    Answer,
    Login,
    World,
    refused,
    shows_nothing_of_others,
)

SESSION = "/cpsess1234567890"
_PEOPLE = {person.name: person for person in PEOPLE}
_ROOT, _ALICE = _PEOPLE["root"], _PEOPLE["alice"]
OPEN = {"kind": "whitelist", "tester": "mxtoolbox", "minutes": "5"}


def post(server: World, login: Login, form: Mapping[str, str], query: str = "action=open") -> Answer:
    return server.request(login, query, form)


@pytest.mark.parametrize(
    "name",
    [
        *("../app.py", "../../settings.py", "/etc/passwd", "./app.css", "app.css/../app.js", "app.css/"),
        *(
            "APP.CSS",
            "app.css\0",
            "app.css\0.js",
            "..\\app.py",
            "%2e%2e/app.py",
            "",
            " app.css",
            "templates/base.html",
        ),
    ],
)
def test_only_the_files_of_the_pages_are_served(server: World, name: str) -> None:
    for encoded in {quote(name, safe="/."), quote(name, safe="")}:
        refused(server.request(server.login_of(_ALICE), f"static={encoded}"), 404)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("view=Settings", 404),
        ("view=SETTINGS", 404),
        ("view=settings%00", 404),
        ("view=settings%20", 404),
        ("view=settings/", 404),
        ("view=../settings_page", 404),
        ("view=main&view=settings", 400),
        ("view=" + "s" * 60000, 404),
        ("&".join(f"f{number}=1" for number in range(30)), 400),
        ("view=settings&static=no", 404),
        ("view=log&part=rows", 403),
        ("view=domain&part=rows&domain=cake.example", 403),
        ("view=domain&domain=cake.example.", 403),
        ("view=domain&domain=CAKE.example", 403),
        ("view=domain&domain=cake.example%00.shop.example", 400),
        ("view=domain&domain=shop.example%00", 400),
        ("view=domain&domain=shop.example/../cake.example", 400),
        ("view=domain&domain=*.shop.example", 400),
        ("view=domain&domain=x.corner.shop.example", 403),
        ("view=domain&domain=notshop.example", 403),
        ("view=domain&domain=[203.0.113.10]", 403),
        ("view=domain&domain=::ffff:203.0.113.10", 403),
        ("view=domain&domain=2130706433", 400),
        ("view=domain&domain=127.1", 403),
        ("view=domain&domain=localhost", 400),
        ("view=domain&domain=%E2%93%A2hop.example@cake.example", 403),
        ("view=report&format=text&domain=cake.example", 403),
        ("view=report&format=html&domain=cake.example.", 403),
        ("view=report&format=text", 403),
        ("view=report&format=text&domain=", 403),
        ("view=report&format=text&domain=%20", 400),
        ("view=report&format=text&job=" + REPORT_JOBS["carol"], 403),
        ("view=report&format=../../settings", 404),
        ("view=history&kind=settings", 404),
        ("view=history&before=-1", 404),
        ("view=history&before=1e9", 404),
    ],
    ids=lambda value: str(value)[:70],
)
def test_bent_queries_of_a_reseller(server: World, query: str, status: int) -> None:
    answer = server.request(server.login_of(_ALICE), query)
    refused(answer, status)
    shows_nothing_of_others(answer)


@pytest.mark.parametrize(
    ("query", "end", "status"),
    [
        ("view=" + "s" * 60000, "", 404),
        ("view=settings%00", "", 404),
        ("$(touch${IFS}/x)&view=settings;touch%20/x", "", 404),
        ("view=domain&domain=shop.example%00", "/x/y.cgi", 400),
        ("view=settings", "/view=settings", 403),
    ],
    ids=lambda value: str(value)[:70],
)
def test_bent_requests_that_start_the_installed_program(
    server: World, query: str, end: str, status: int
) -> None:
    with server.each_page_started():
        answer = server.request(server.login_of(_ALICE), query, path=end)
    refused(answer, status)
    shows_nothing_of_others(answer)


@pytest.mark.parametrize("query", ["VIEW=settings", "view%00=settings", "v=settings", "domain=cake.example"])
def test_a_field_of_no_name_that_is_known_changes_nothing(server: World, query: str) -> None:
    answer = server.request(server.login_of(_ALICE), query)
    assert (answer.status, SETTINGS in answer.body) == (200, False)
    assert "cake.example" not in answer.body


@pytest.mark.parametrize("end", ["/", "/static", "/x/y.cgi", "/view=settings", "//"])
def test_what_follows_the_program_in_the_path_changes_nothing(server: World, end: str) -> None:
    login = server.login_of(_ALICE)
    refused(server.request(login, "view=settings", path=end), 403)
    assert server.request(login, "", path=end).status == 200


@pytest.mark.parametrize(
    "end", ["/../index.cgi", "/..%2f..%2fx", "/%2e%2e/x", "/%00", "%00", "/../../../../../etc/passwd"]
)
def test_paths_that_lead_elsewhere(server: World, end: str) -> None:
    answer = server.request(server.login_of(_ALICE), "view=settings", path=end)
    assert answer.status == 400
    assert SETTINGS not in answer.body


JOBS = (
    *(WINDOW_JOBS["carol"], WINDOW_JOBS["root"], REPORT_JOBS["carol"], domain_job("cake.example")),
    *(f"{WINDOW_JOBS['alice']}/../{WINDOW_JOBS['carol']}", f"../jobs/{WINDOW_JOBS['carol']}"),
    *(f"{REPORT_JOBS['alice']}.json", f"{REPORT_JOBS['carol']}.json", "../settings.json", "../web-secret"),
    *("../audit.jsonl", "/etc/passwd", WINDOW_JOBS["alice"].upper(), WINDOW_JOBS["alice"] + "\0"),
    *(
        " " + WINDOW_JOBS["alice"],
        WINDOW_JOBS["alice"] + "\n",
        "." * 40,
        "-",
        "a" * 5000,
        "found-testers",
        "log",
    ),
)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: repr(job)[:50])
def test_nobody_reads_the_work_of_others_by_guessing_names(server: World, job: str) -> None:
    login = server.login_of(_ALICE)
    for view in ("state", "poll", "explain"):
        answer = server.request(login, urlencode({"view": view, "job": job}))
        refused(answer, 403)
        shows_nothing_of_others(answer)
    first = server.request(login, urlencode({"job": job}))
    assert (first.status, first.body.count('data-job=""')) == (200, 1)
    shows_nothing_of_others(first)


def test_the_quick_answer_looks_at_jobs_alone(server: World) -> None:
    login = server.login_of(_ROOT)
    for job in (
        "../settings.json",
        "..%2Fsettings.json",
        "a" * 41,
        "A",
        "x.json",
        "&job=" + WINDOW_JOBS["root"],
    ):
        answer = server.request(login, f"view=poll&job={job}")
        assert answer.status in (200, 400)
        assert answer.status == 400 or len(answer.body.split()) == 2


@pytest.mark.parametrize(
    "number", ["9" * 30, "2147483648", "1e0", "0x1", "١", "1.0", "-1", "+1", " 1", "1 ", "1;2", "", "NaN"]
)
def test_numbers_of_windows_that_are_none(shared: World, number: str) -> None:
    shared.lay("carol")
    login = shared.login_of(_ALICE)
    for action in ("extend", "close"):
        form = {"id": number, "minutes": "5", "token": shared.token(login)}
        refused(post(shared, login, form, f"action={action}"), 400)
    shared.settle()
    assert shared.changes() == []
