"""The report in hand: what may be pasted, and the answer to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from mxverdict.errors import CommandNotFoundError
from mxverdict.host import Host
from mxverdict.web.http import csrf
from mxverdict.web.http.request import BODY_LIMIT, PASTE_LIMIT
from mxverdict.web.jobs import queue
from tests.unit.web.cgi import SESSION, Answer, call, post
from tests.unit.web.conftest import Checked

REPORT = """Hello, a customer sends this:
> SMTP TLS\tWarning - Does not support TLS.
> SMTP Open Relay\tOK - Not an open relay.
> SMTP Frobnication\tWarning - Not frobnicated.
"""
Checks = list[Callable[[Host], Checked]]


def paste(host: Host, text: str = REPORT, **fields: str) -> Answer:
    token = csrf.make_token(host, "root", SESSION)
    return post(host, "action=explain", {"token": token, "text": text, **fields})


def answered(host: Host, text: str = REPORT) -> str:
    """The page with the answer."""
    address = paste(host, text).headers["Location"]
    queue.wait(host, address.rpartition("=")[2], 20)
    page = call(host, address[1:])
    assert page.status == 200
    return page.body


def test_a_report_is_answered_row_by_row(host: Host) -> None:
    page = answered(host)
    complaints = page[page.index("What the report complains of") : page.index("What the report passes")]
    assert "False alarm" in complaints
    assert "Warning - Does not support TLS." in complaints
    assert "STARTTLS works" in complaints
    assert re.search(r'<details id="row-\w+" open>', complaints)
    passes = page[page.index("What the report passes") : page.index("Not recognised")]
    assert "Never tested" in passes
    assert "OK - Not an open relay." in passes
    unknown = page[page.index("Not recognised") :]
    assert "SMTP Frobnication Warning - Not frobnicated." in unknown
    assert "Frobnication" not in complaints + passes


def test_a_bounce_is_answered_without_a_check(host: Host, checks: Checks) -> None:
    def broken(host: Host) -> Checked:
        raise CommandNotFoundError("/usr/sbin/exim")

    checks.append(broken)
    page = answered(host, "Your mail could not be delivered:\n550 5.7.25 [203.0.113.10] no PTR <b>record</b>")
    shown = page[page.index("What mail servers refused") :]
    assert "The sending address has no valid PTR record" in shown
    assert "550 5.7.25 [203.0.113.10] no PTR record" in shown
    assert "Whose fault:" in shown
    assert "the address that sends" in shown
    assert "Compared with this server" not in page


def test_the_form_is_shown_before_and_after(host: Host) -> None:
    for page in (call(host, "view=explain").body, answered(host)):
        assert re.search(r'<textarea [^>]*name="text"[^>]*></textarea>', page)


def test_what_is_no_report_is_said_to_be_none(host: Host, checks: list[object]) -> None:
    checks.append(None)
    page = answered(host, "Dear customer, all is well.")
    assert "No row of a tester" in page
    assert ">Dear customer, all is well.</textarea>" in page


def test_a_check_that_fails_says_so_and_keeps_the_text(host: Host, checks: Checks) -> None:
    def broken(host: Host) -> Checked:
        raise CommandNotFoundError("/usr/sbin/exim")

    checks.append(broken)
    page = answered(host)
    assert "/usr/sbin/exim is not there or cannot be run." in page
    assert "The report could not be judged." in page
    assert "SMTP Frobnication    Warning - Not frobnicated." in page


@pytest.mark.parametrize("text", ["", " \r\n\t"])
def test_nothing_pasted_is_refused(host: Host, text: str) -> None:
    answer = paste(host, text)
    assert answer.status == 400
    assert "Nothing was pasted." in answer.body
    assert not (host.state / "jobs").exists()


def test_what_it_is_about_must_be_a_domain(host: Host) -> None:
    assert paste(host, about="<script>").status == 400
    assert paste(host, about="203.0.113.10").status == 303


def test_an_answer_needs_post_and_token(host: Host) -> None:
    assert call(host, "action=explain&text=x").status == 405
    assert post(host, "action=explain", {"text": REPORT}).status == 403
    assert paste(host, token="0" * 64).status == 403
    assert paste(host, token="0" * 64, text="x" * (PASTE_LIMIT // 2)).status == 403
    assert not (host.state / "jobs").exists()


@pytest.mark.parametrize(
    "query, length, status",
    [
        ("action=explain", PASTE_LIMIT, 303),
        ("action=explain", PASTE_LIMIT + 1, 413),
        ("action=check", BODY_LIMIT, 400),
        ("action=check", BODY_LIMIT + 1, 413),
        ("action=open", BODY_LIMIT + 1, 413),
        ("view=explain", BODY_LIMIT + 1, 413),
        ("view=explain", 100, 405),
    ],
)
def test_only_this_form_may_be_large(host: Host, query: str, length: int, status: int) -> None:
    token = csrf.make_token(host, "root", SESSION)
    rest = len(urlencode({"token": token, "text": ""}))
    assert post(host, query, {"token": token, "text": "x" * (length - rest)}).status == status


def test_a_large_form_must_be_a_form(host: Host) -> None:
    assert paste(host).status == 303
    for changes in ({"CONTENT_TYPE": "text/plain"}, {"CONTENT_LENGTH": "-1"}):
        assert post(host, "action=explain", {"text": REPORT}, **changes).status in (400, 415)


def test_each_paste_has_an_address_of_its_own(host: Host) -> None:
    first, second = (paste(host, text).headers["Location"] for text in (REPORT, "nothing"))
    assert first != second
    assert re.fullmatch(r"\?view=explain&job=pasted-[0-9a-f]{32}", first)
    assert "Does not support TLS" in call(host, first[1:]).body


@pytest.mark.parametrize("name", ["pasted-0", "../web-secret", "x" * 100, "<script>alert(1)</script>"])
def test_what_is_not_kept_is_said_to_be_gone(host: Host, name: str) -> None:
    page = call(host, f"view=explain&job={name}")
    assert page.status == 200
    assert "That report is not kept any more." in page.body
    assert "<script>alert" not in page.body


def test_the_result_of_another_job_is_no_report(host: Host) -> None:
    token = csrf.make_token(host, "root", SESSION)
    post(host, "action=check", {"token": token, "domain": "shop.example"})
    (other,) = [path.name for path in (host.state / "jobs").iterdir() if path.suffix == ""]
    assert "That report is not kept any more." in call(host, f"view=explain&job={other}").body


def test_a_result_of_another_version_can_be_sent_again(host: Host) -> None:
    answered(host)
    (left,) = (host.state / "jobs").glob("*.json")
    left.write_text(left.read_text().replace('"schema": 1', '"schema": 0'))
    page = call(host, f"view=explain&job={left.stem}").body
    assert "The report could not be judged." in page
    assert "SMTP Frobnication" in page


def test_pasted_text_cannot_leave_its_place(host: Host, checks: Checks) -> None:
    hostile = (
        "SMTP TLS\tWarning - Does not support TLS. </textarea><script>alert(1)</script>\x1b[31m\u202e\x00\n"
        'SMTP <img src=x onerror=alert(2)> Frobnication\tWarning - "><script>alert(3)</script>\n'
        "</textarea><script>alert(4)</script>\n"
    )

    def broken(host: Host) -> Checked:
        raise CommandNotFoundError("/usr/sbin/exim")

    pages = [answered(host, hostile), answered(host, hostile.replace("TLS", "XYZ"))]
    checks.append(broken)
    pages.append(answered(host, hostile))
    for page in pages:
        assert "<script>alert" not in page
        assert "<img" not in page
        assert not {"\x1b", "\u202e", "\x00"} & set(page)
    assert "&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m\\u202e\\x00" in pages[2]


def test_head_shows_nothing(host: Host) -> None:
    answer = call(host, "view=explain", REQUEST_METHOD="HEAD")
    assert (answer.status, answer.body) == (200, "")


def test_without_a_session_of_whm_nothing_can_be_pasted(host: Host) -> None:
    assert "<form" not in call(host, "view=explain", cp_security_token="").body


LINE = "error  smtp  m{number}.shop.example  SMTP TLS  Warning - Does not support TLS.\n"


def test_a_page_shows_some_rows_says_how_many_it_does_not_and_the_download_has_all(host: Host) -> None:
    address = paste(host, "".join(LINE.format(number=number) for number in range(300))).headers["Location"]
    name = address.rpartition("=")[2]
    queue.wait(host, name, 30)
    page = call(host, address[1:]).body
    assert page.count("Warning - Does not support TLS.") == 200
    assert "100 more rows are not shown here." in page
    assert f"?view=report&amp;format=text&amp;job={name}" in page
    file = call(host, f"view=report&format=text&job={name}")
    assert file.headers["Content-Type"].startswith("text/plain")
    assert file.body.count("Warning - Does not support TLS.") == 300


def test_a_paste_of_many_empty_items_is_a_small_page(host: Host) -> None:
    items = ",".join(["{}"] * 500)
    text = "[" + ",".join([f'{{"Failed":[{items}],"Passed":[]}}'] * 36) + "]"
    page = answered(host, text)
    assert "17000 more rows were not read." in page
    assert "800 more rows are not shown here." in page
    assert len(page) < 100_000


@pytest.mark.parametrize("view", ["format=html", "format=text"])
def test_there_is_no_download_of_what_was_not_pasted(host: Host, view: str) -> None:
    assert call(host, f"view=report&{view}&job=pasted-0000").status == 404
    assert call(host, f"view=report&{view}&job=domain-0000").status == 404
