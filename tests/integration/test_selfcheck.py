"""`mxverdict selfcheck` on a sandbox: all answers right, then each of them wrong once.

A wrong answer changes its own item and, where that says so, makes others unknown; the feature it affects says
so too, and refuses what would be unsafe.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest

from mxverdict.collect.selfcheck.exim import EXEMPT_LISTS
from tests.integration.selfchecks import Server, added, changed, edited_answers, replaced, with_mode
from tests.integration.windows import TESTER
from tests.sandbox.box import Sandbox

OK, DIFFERS, HOLE, UNKNOWN = "as_expected", "differs", "known_hole", "unknown"
NOBODY = 65534


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Sandbox() as box:
        yield Server(box)


@pytest.fixture
def right(server: Server) -> Iterator[Server]:
    """As it is before and after: every answer right."""
    server.say_systemd()
    yield server


def test_all_answers_are_right(right: Server) -> None:
    before = right.windows.snapshot()
    done = right.run()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    states = right.states()
    assert set(states.values()) == {OK}
    assert f"{len(states)} checks: {len(states)} as expected, 0 different" in done.stdout
    assert right.windows.snapshot() == before
    assert not right.host.state.exists()


def test_questions_are_answered_or_say_what_would_tell(right: Server) -> None:
    answers = {one["id"]: one for one in right.page()["questions"]}
    assert len(answers) == 12
    assert answers["question.value_type"]["answer"] == "string while the key is in the file"
    assert "connect 20 s" in answers["question.delay_stanzas"]["answer"]
    assert answers["question.logrotate"]["answer"] == "weekly; -YYYYMMDD.gz"
    tried = [name for name, one in answers.items() if not one["answer"].startswith("not tried: ")]
    assert sorted(tried) == [
        f"question.{name}" for name in ("delay_stanzas", "logrotate", "python", "value_type", "whmapi1")
    ]
    assert all(one["meaning"] for one in answers.values())


Plant = Callable[[Server], AbstractContextManager[None]]
Feature = Callable[[Server], None]


@dataclass(frozen=True)
class Wrong:
    """One answer that is wrong: `item` becomes `state`, and `others` what it says; `feature` shows what the
    affected feature does; `before` runs in the self-check's process."""

    item: str
    plant: Plant
    state: str = DIFFERS
    others: Mapping[str, str] = field(default_factory=dict)
    feature: Feature = lambda _: None
    before: str = ""


def refuses(kind: str, words: str, error: str = "WindowRefused") -> Feature:
    """Opening such a window is refused, and nothing is changed."""

    def look(server: Server) -> None:
        before = server.windows.snapshot()
        refused = server.windows.open(kind, [] if kind == "delay_off" else [TESTER])
        assert (refused.get("error"), words in refused.get("text", "")) == (error, True), refused
        assert server.windows.snapshot() == before

    return look


def conf(*edits: tuple[str, str]) -> Plant:
    return lambda server: changed(server.host.exim_conf, *edits)


def localopts(*edits: tuple[str, str]) -> Plant:
    return lambda server: changed(server.host.localopts, *edits)


def exim_says(option: str, said: str) -> Plant:
    """Exim with another output for one of its options."""
    return lambda server: changed(
        server.host.exim,
        ("#!/bin/sh\n", f'#!/bin/sh\ncase " $* " in *" {option} "*) echo "{said}"; exit 0;; esac\n'),
    )


def answers(edit: str) -> Plant:
    return lambda server: edited_answers(server, edit)


def of(function: str, edit: str) -> Plant:
    return answers(f"if words == [{function!r}]:\n    {edit}")


def of_setting(key: str, edit: str) -> Plant:
    return answers(f"if 'key={key}' in words:\n    {edit}")


@contextmanager
def pid_file(server: Server, text: str) -> Iterator[None]:
    with replaced(server.host.exim_pid_file, text):
        yield


@contextmanager
def other_process(server: Server) -> Iterator[None]:
    process = subprocess.Popen(["sleep", "600"])
    try:
        with pid_file(server, f"{process.pid}\n"):
            yield
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@contextmanager
def systemd(server: Server, **said: Any) -> Iterator[None]:
    server.say_systemd(**said)
    yield
    server.say_systemd()


@contextmanager
def no_systemd(server: Server) -> Iterator[None]:
    server.host.systemd_running.rmdir()
    yield
    server.host.systemd_running.mkdir()


@contextmanager
def overdue(server: Server) -> Iterator[None]:
    assert server.windows.open(networks=[TESTER])["state"] == "open"
    server.windows.let_time_pass(1000)
    yield
    assert server.windows.keeper() == 0


@contextmanager
def odd_log_lines(server: Server) -> Iterator[None]:
    log = server.host.exim_mainlog
    size = log.stat().st_size
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    with log.open("a") as file:
        file.write(f"{stamp} SMTP connection from [192.0.2.7]:4711 went away in a new way\n" * 20)
    yield
    os.truncate(log, size)


@contextmanager
def newer_configuration(server: Server) -> Iterator[None]:
    path = server.host.exim_conf
    status = path.stat()
    os.utime(path)
    yield
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@contextmanager
def shell_instead_of_perl(server: Server) -> Iterator[None]:
    perl = server.host.perl
    target = perl.readlink()
    perl.unlink()
    perl.write_text(f'#!/bin/sh\nexec {target} "$@"\n')
    perl.chmod(0o777)
    yield
    perl.unlink()
    perl.symlink_to(target)


def mode(name: str, bits: int, *owner: int) -> Plant:
    return lambda server: with_mode(getattr(server.host, name), bits, owner)


def list_mode(name: str, bits: int, *owner: int) -> Plant:
    return lambda server: with_mode(server.root / "etc" / name, bits, owner)


def no_file(name: str) -> Plant:
    return lambda server: replaced(getattr(server.host, name), None)


_STANZA = "# BEGIN INSERT delay_unknown_hosts\n"
_ALL = " ".join(f"+{name}" for name in EXEMPT_LISTS)
_EXEMPT = "+senderverifybypass_hosts"
_KEY = "acl_delay_unknown_hosts"
_WRONG_PACKAGE = """
from importlib import metadata
real = metadata.version
def version(name):
    if name == "jinja2":
        raise metadata.PackageNotFoundError(name)
    return real(name)
metadata.version = version
"""
_NO_SESSION = {"exim.trace": UNKNOWN, "exim.delay": UNKNOWN}
"""What cannot be told while Exim gives up in the middle of a session."""
WRONG = (
    Wrong("exim.version", exim_says("-bV", "Exim version 4.93 #2")),
    Wrong(
        "exim.markers",
        conf(("begin acl\n", f"begin acl\n{_STANZA}# {_ALL}\n# END INSERT delay_unknown_hosts\n")),
    ),
    Wrong(
        "exim.trace",
        exim_says("-bh", "hello"),
        others={"exim.delay": UNKNOWN},
        feature=refuses("whitelist", "preview", "HostError"),
    ),
    Wrong(
        "exim.delay",
        localopts((f"{_KEY}=1", f"{_KEY}=0")),
        feature=refuses("delay_off", "not rebuilt since"),
    ),
    Wrong(
        "exim.exempt_lists",
        conf((_EXEMPT, "+cpanel_mail_netblocks")),
        feature=refuses("whitelist", "still makes", "WindowOpenError"),
    ),
    Wrong(
        "exim.bypass_list",
        conf(("etc/senderverifybypasshosts\n", "etc/skipsmtpcheckhosts\n")),
        others={},
        feature=refuses("whitelist", "still makes", "WindowOpenError"),
    ),
    Wrong("exim.tracksenders", localopts((f"{_KEY}=1", f"{_KEY}=1\nacl_0tracksenders=1"))),
    Wrong(
        "exim.pid_file",
        lambda server: pid_file(server, "soon\n"),
        others={"exim.daemon": UNKNOWN},
        feature=refuses("delay_off", "does not hold a process ID"),
    ),
    Wrong(
        "exim.pid_file",
        other_process,
        others={"exim.daemon": UNKNOWN},
        feature=refuses("delay_off", "names a process that is not Exim"),
    ),
    Wrong(
        "exim.pid_file",
        no_file("exim_pid_file"),
        others={"exim.daemon": UNKNOWN},
        feature=refuses("delay_off", "is missing: Exim is not running"),
    ),
    Wrong(
        "exim.pid_file",
        conf(("exim-daemon.pid", "elsewhere.pid")),
        feature=refuses("delay_off", "Exim's configuration names another pid file"),
    ),
    Wrong("exim.daemon", newer_configuration),
    Wrong(
        "list.senderverifybypasshosts",
        list_mode("senderverifybypasshosts", 0o600),
        others=_NO_SESSION,
        feature=refuses("whitelist", "Permission denied", "HostError"),
    ),
    Wrong("list.senderverifybypasshosts", list_mode("senderverifybypasshosts", 0o666)),
    Wrong("list.senderverifybypasshosts", no_file("sender_verify_bypass_hosts"), others=_NO_SESSION),
    *(
        Wrong(f"list.{name}", list_mode(name, 0o600), others=_NO_SESSION)
        for name in (
            "skipsmtpcheckhosts",
            "trustedmailhosts",
            "spammeripblocks",
            "neighbor_netblocks",
            "cpanel_mail_netblocks",
            "greylist_trusted_netblocks",
        )
    ),
    *(
        Wrong(f"list.{name}", list_mode(name, 0o600))
        for name in ("backupmxhosts", "recent_recipient_mail_server_ips")
    ),
    Wrong("list.recent_authed_mail_ips", list_mode("recent_authed_mail_ips", 0o644, NOBODY, 8)),
    Wrong("list.greylist_common_mail_providers", list_mode("greylist_common_mail_providers", 0o646)),
    Wrong(
        "setting.delay",
        localopts((f"{_KEY}=1", f"{_KEY}=yes")),
        others={"exim.delay": UNKNOWN},
        feature=refuses("delay_off", "'yes'"),
    ),
    Wrong("setting.localopts", mode("localopts", 0o646)),
    Wrong("setting.password", localopts((f"{_KEY}=1", f"{_KEY}=1\nsmarthost_password=S3CRET"))),
    Wrong(
        "setting.editor",
        lambda server: added(server.host.localopts_dry_run),
        feature=refuses("delay_off", "somebody is editing"),
    ),
    Wrong("command.exim", mode("exim", 0o777)),
    Wrong("command.sendmail", lambda server: replaced(server.host.sendmail, None)),
    Wrong("command.whmapi1", mode("whmapi1", 0o757)),
    *(
        Wrong(f"command.{name}", mode(name, bits), feature=refuses("delay_off", words))
        for name in ("buildeximconf", "restartsrv_exim")
        for bits, words in ((0o757, "changed by others than root"), (0o644, "cannot be run"))
    ),
    Wrong("command.restartsrv_exim", no_file("restartsrv_exim"), feature=refuses("delay_off", "is missing")),
    Wrong("whm.version", of("version", "answer['data']['version'] = 11")),
    Wrong("whm.gethostname", of("gethostname", "del answer['data']['hostname']")),
    Wrong("whm.listips", of("listips", "answer['data']['ip'][0]['ip'] = None")),
    Wrong("whm.get_tweaksetting", of_setting(_KEY, "answer['data']['tweaksetting']['value'] = [1]")),
    Wrong("whm.contact", of_setting("CONTACTEMAIL", "answer['data'] = {}")),
    Wrong(
        "whm.cpgreylist_status",
        of("cpgreylist_status", "del answer['data']['is_enabled']"),
        others={"whm.read_cpgreylist_trusted_hosts": DIFFERS},
        feature=refuses("whitelist", "does not say whether greylisting is on", "WhmUnreachable"),
    ),
    Wrong(
        "whm.read_cpgreylist_trusted_hosts",
        of("read_cpgreylist_trusted_hosts", "return {'metadata': {'result': 1}, 'data': {}}"),
    ),
    Wrong("whm.get_domain_info", of("get_domain_info", "del answer['data']['domains'][0]['user_owner']")),
    Wrong("whm.applist", of("applist", "answer['data']['app'].remove('set_tweaksetting')")),
    Wrong("whm.refusal", of_setting("mxverdict_no_such_setting", "answer['metadata']['result'] = 1")),
    Wrong("whm.unknown_function", of("mxverdict_no_such_function", "answer['metadata']['result'] = 1")),
    Wrong("whm.batch", answers("if words[0] == 'batch':\n    answer['data'] = {}")),
    Wrong("whm.decoding", of_setting("acl%5Fdelay_unknown_hosts", "answer['metadata']['result'] = 0")),
    Wrong(
        "python.version",
        lambda _: nullcontext(),
        before="import platform; platform.python_version = lambda: '3.8.20'",
    ),
    Wrong("python.packages", lambda _: nullcontext(), before=_WRONG_PACKAGE),
    Wrong("keeper.timer", lambda server: systemd(server, active="inactive")),
    Wrong("keeper.timer", no_systemd, UNKNOWN, others={"keeper.run": UNKNOWN}),
    Wrong("keeper.cron", no_file("keeper_cron")),
    Wrong(
        "keeper.interpreter",
        lambda server: changed(server.host.keeper_unit, ("/usr/bin/python3", "/usr/bin/python3.6")),
    ),
    Wrong("keeper.run", lambda server: systemd(server, ago=500)),
    Wrong("keeper.run", lambda server: systemd(server, status=4)),
    Wrong("keeper.windows", overdue),
    Wrong("log.selector", conf((" +smtp_connection", ""))),
    Wrong("log.path", conf(("/var/log/exim_%slog", "/var/log/other_%slog"))),
    Wrong("log.mainlog", mode("exim_mainlog", 0o666)),
    Wrong("log.rotation", lambda server: added(server.host.exim_mainlog.with_name("exim_mainlog.bak"))),
    Wrong("log.lines", odd_log_lines),
    Wrong("frame.perl", shell_instead_of_perl),
    Wrong(
        "frame.header",
        lambda server: replaced(server.host.cpanel / "Whostmgr/HTMLInterface.pm", "die;\n"),
    ),
    Wrong("privilege.driver", lambda server: replaced(server.host.privilege_driver, "die;\n")),
    Wrong(
        "privilege.registration",
        lambda server: changed(server.host.registration, ("acls=software-mxverdict", "acls=any")),
    ),
    Wrong("privilege.page", mode("page", 0o777)),
    Wrong("build.cpanel", lambda server: replaced(server.host.cpanel_version, "11.136.0.50\n"), HOLE),
    Wrong("build.exim", exim_says("-bV", "Exim version 4.99 #2"), HOLE),
)


@pytest.mark.parametrize("wrong", WRONG, ids=[f"{number:02} {one.item}" for number, one in enumerate(WRONG)])
def test_one_answer_is_wrong(right: Server, wrong: Wrong) -> None:
    with wrong.plant(right):
        page = right.page(before=wrong.before)
        wrong.feature(right)
    found = {one["id"]: one["state"] for one in page["items"] if one["state"] != OK}
    assert found == {wrong.item: wrong.state, **wrong.others}
    assert all(one["meaning"] for one in page["items"] if one["state"] != OK)
    assert page["exit_status"] == (1 if {DIFFERS, HOLE} & set(found.values()) else 3)


def test_every_item_was_wrong_once(right: Server) -> None:
    assert set(right.states()) == {one.item for one in WRONG}
