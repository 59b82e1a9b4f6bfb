"""Which requests the page answers, and with what status."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mxverdict.errors import CommandNotFoundError
from mxverdict.host import Host
from mxverdict.web.http import csrf
from mxverdict.web.http.request import BODY_LIMIT
from tests.sandbox.plugin import lay_out, lay_page
from tests.unit.web.cgi import SESSION, Answer, call, post
from tests.unit.web.conftest import Checked

REPOSITORY = Path(__file__).resolve().parents[3]


def test_the_page_is_html_that_nobody_keeps(host: Host) -> None:
    page = call(host)
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    assert page.body.startswith("<!DOCTYPE html>")
    assert page.body.rstrip().endswith("</html>")


def test_every_page_has_a_title_of_its_own(host: Host) -> None:
    views = ("main", "domain", "explain", "testers", "log", "history", "settings", "nothing")
    pages = [call(host, f"view={view}").body for view in (*views, "domain&domain=shop.example")]
    pages.append(call(host, "view=history", HTTP_ACCEPT_LANGUAGE="de").body)
    titles = [re.findall("<title>(.*) · MX Verdict</title>", page) for page in pages]
    assert len({title for [title] in titles}) == len(pages)
    assert titles[-2:] == [["shop.example"], ["Verlauf"]]


def test_head_answers_without_a_body_and_without_a_check(host: Host, checks: list[object]) -> None:
    checks.append(None)
    page = call(host, REQUEST_METHOD="HEAD")
    assert (page.status, page.body) == (200, "")
    assert not (host.state / "web.log").exists()
    assert call(host, "static=app.css", REQUEST_METHOD="HEAD").body == ""


@pytest.mark.parametrize("name, kind", [("app.css", "text/css"), ("app.js", "text/javascript")])
def test_static_files(host: Host, name: str, kind: str) -> None:
    file = call(host, f"static={name}&v=1", REMOTE_USER="bob")
    assert file.status == 200
    assert file.headers["Content-Type"].startswith(kind)
    assert len(file.body) > 1000


@pytest.mark.parametrize(
    "query", ["static=../app.py", "static=app.py", "static=", "view=nothing", "view=", "view=main%00"]
)
def test_what_is_not_there(host: Host, query: str) -> None:
    assert call(host, query).status == 404


def test_an_unknown_action_is_not_there(host: Host) -> None:
    token = csrf.make_token(host, "root", SESSION)
    assert post(host, "action=destroy", {"token": token}).status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "post", ""])
def test_other_methods(host: Host, method: str) -> None:
    answer = call(host, REQUEST_METHOD=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize("query", ["", "view=state", "static=app.css"])
def test_a_form_sent_to_a_page(host: Host, query: str) -> None:
    answer = post(host, query, {})
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_action_needs_post(host: Host, method: str) -> None:
    answer = call(host, "action=close&id=1", REQUEST_METHOD=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "status, changes",
    [
        (413, {"CONTENT_LENGTH": str(BODY_LIMIT + 1)}),
        (400, {"CONTENT_LENGTH": "-1"}),
        (400, {"CONTENT_LENGTH": "x"}),
        (413, {"CONTENT_LENGTH": "9" * 5000}),
        (415, {"CONTENT_TYPE": "application/json"}),
        (415, {"CONTENT_TYPE": ""}),
    ],
)
def test_malformed_bodies(host: Host, status: int, changes: dict[str, str]) -> None:
    assert post(host, "action=close", {"id": "1"}, **changes).status == status


@pytest.mark.parametrize("query", ["view=main&view=state", "&".join(f"f{n}=1" for n in range(21))])
def test_malformed_queries(host: Host, query: str) -> None:
    assert call(host, query).status == 400


def refused(answer: Answer) -> bool:
    return answer.status == 403 and "root privileges" in answer.body and "<form" not in answer.body


@pytest.mark.parametrize("user", ["alice", "", "Root", "root "])
@pytest.mark.parametrize("query", ["", "view=state", "action=open", "view=nothing"])
def test_others_than_root_are_refused_everywhere(host: Host, user: str, query: str) -> None:
    assert refused(call(host, query, REMOTE_USER=user))


@pytest.mark.parametrize(
    "given", ["", "x", "0" * 64, csrf.make_token.__name__], ids=["empty", "short", "wrong", "word"]
)
def test_a_wrong_token_is_refused(host: Host, given: str) -> None:
    answer = post(host, "action=close", {"id": "1", "token": given})
    assert answer.status == 403
    assert "no longer valid" in answer.body
    assert not (host.state / "jobs").exists()


def test_the_token_belongs_to_user_and_session(host: Host) -> None:
    own = csrf.make_token(host, "root", SESSION)
    assert csrf.verify_token(host, "root", SESSION, own)
    assert not csrf.verify_token(host, "alice", SESSION, own)
    assert not csrf.verify_token(host, "root", "/cpsess0000000000", own)
    assert not csrf.verify_token(host, "root", "", csrf.make_token(host, "root", ""))


def test_the_secret_is_made_once_and_for_root_alone(host: Host) -> None:
    first = csrf.make_token(host, "root", SESSION)
    secret = host.state / "web-secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert csrf.make_token(host, "root", SESSION) == first
    secret.unlink()
    assert csrf.make_token(host, "root", SESSION) != first
    assert [path.name for path in host.state.iterdir()] == ["web-secret"]


def test_without_a_session_of_whm_no_form_is_shown(host: Host) -> None:
    page = call(host, cp_security_token="")
    assert page.status == 200
    assert "<form" not in page.body
    assert "Test windows cannot be opened from here." in page.body


def test_a_damaged_secret_leaves_the_verdict_readable(host: Host) -> None:
    host.state.mkdir(parents=True)
    (host.state / "web-secret").write_bytes(b"short")
    page = call(host)
    assert "Test windows cannot be opened from here." in page.body
    assert 'class="sentence"' in page.body


def test_a_check_that_fails_is_one_clear_line(host: Host, checks: list[object]) -> None:
    def broken(host: Host) -> Checked:
        raise CommandNotFoundError("/usr/sbin/exim")

    checks.append(broken)
    page = call(host)
    assert page.status == 200
    assert "This server could not be checked." in page.body
    assert "/usr/sbin/exim is not there or cannot be run." in page.body
    assert "Traceback" not in page.body


def test_a_journal_that_cannot_be_read_does_not_block_the_verdict(host: Host) -> None:
    host.state.mkdir(parents=True)
    host.journal.write_bytes(b"no database" * 100)
    page = call(host)
    assert page.status == 200
    assert "Test windows do not work right now." in page.body
    assert 'class="sentence"' in page.body
    assert "action=open" not in page.body


def test_a_bug_is_an_incident_with_a_number(
    host: Host, checks: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(host: Host) -> Checked:
        raise ZeroDivisionError("a secret of the inside")

    checks.append(broken)
    page = call(host, REMOTE_PASSWORD="hunter2", HTTP_COOKIE="whostmgrsession=hunter2")
    assert page.status == 200
    found = re.search(r"incident ([0-9-]+[0-9a-f]{4})", page.body)
    assert found
    assert "secret of the inside" not in page.body
    log = host.state / "web.log"
    assert log.stat().st_mode & 0o777 == 0o600
    assert found[1] in log.read_text()
    assert "secret of the inside" in log.read_text()
    assert "hunter2" not in log.read_text()
    assert caplog.messages == [f"MX Verdict: incident {found[1]}, ZeroDivisionError; see {log}"]


def test_a_bug_before_the_headers_is_a_500(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxverdict.web.app.settings.read", lambda *_: 1 / 0)
    page = call(host)
    assert page.status == 500
    assert "incident" in page.body


def test_the_incident_log_stays_small(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from mxverdict.web.http import incidents

    monkeypatch.setattr(incidents, "_LIMIT", 1000)
    for number in range(100):
        incidents.record(host, ValueError(f"number {number}"))
    assert sum(path.stat().st_size for path in host.state.iterdir()) < 3000
    assert "number 99" in (host.state / "web.log").read_text()


def test_the_program_as_cpsrvd_starts_it(tmp_path: Path) -> None:
    page = lay_page(tmp_path, lay_out(tmp_path))
    environment = {**os.environ, "MXVERDICT_ROOT": str(tmp_path), "REQUEST_METHOD": "GET", "REMOTE_USER": ""}
    done = subprocess.run([page], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Status: 403 Forbidden\n")


def test_a_browser_that_has_left_is_no_error(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    package = str(REPOSITORY / "plugin")
    command = f"import sys; sys.path.insert(0, {package!r}); from mxverdict.web.entry import main; main()"
    environment = {**os.environ, "MXVERDICT_ROOT": str(tmp_path), "QUERY_STRING": "view=main"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", command],
        env=environment,
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (Host(tmp_path).state / "web.log").exists()
