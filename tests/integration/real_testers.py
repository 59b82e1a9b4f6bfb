"""Testers that people run themselves, run for real: each from an address of its own against a sandbox's Exim.

What one says is read here by other code than the product's: by the words that its manual gives for a pass.
Those with many connections are stopped once they have said what they think of the first.
"""

from __future__ import annotations

import os
import pwd
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox import network
from tests.sandbox.box import Sandbox

REPOSITORY = Path(__file__).parents[2]
SERVER = network.SERVER_IPV4
DOMAIN = "shop.example"
_SSLYZE = REPOSITORY / ".venv-tests/testers/bin/python"
_PATIENCE = 60.0
"""Seconds after which a tester is stopped; all say what they think long before."""
_USERS = ("daemon", "bin", "sys", "games", "man", "lp", "mail", "news", "uucp", "proxy", "www-data", "backup")
"""Accounts that each Debian has: one for each tester, for the routes below are a user's."""
_ALL_FILES = "+dac_override,+dac_read_search"

BLACKBOX = """
import subprocess, sys, time, urllib.error, urllib.request
config, port, module, target = sys.argv[1:]
listen = f"127.0.0.1:{port}"
words = ["prometheus-blackbox-exporter", f"--config.file={config}", f"--web.listen-address={listen}"]
exporter = subprocess.Popen(words, stderr=subprocess.DEVNULL)
address = f"http://{listen}/probe?target={target}:25&module={module}&debug=true"
asked = urllib.request.Request(address, headers={"X-Prometheus-Scrape-Timeout-Seconds": "30"})
try:
    while exporter.poll() is None:
        try:
            print(urllib.request.urlopen(asked).read().decode())
            break
        except urllib.error.URLError:
            time.sleep(0.05)
finally:
    exporter.kill()
    exporter.wait()
"""
"""Asks an exporter of its own as Prometheus does, and prints what it answers."""

_MODULE = """
  {name}:
    prober: tcp
    timeout: {timeout}
    tcp:
      query_response:
        - expect: "{expect}"
        - send: "EHLO prober\\r"
        - expect: "^250-STARTTLS"
        - send: "STARTTLS\\r"
        - expect: "^220"
        - starttls: true
        - send: "EHLO prober\\r"
        - expect: "^250-AUTH"
        - send: "QUIT\\r"
      tls_config:
        insecure_skip_verify: true
"""
STOCK = "^220 ([^ ]+) ESMTP (.+)$"
MENDED = "^220 "
MONIT = """\
set daemon 60
set pidfile {folder}/pid
set idfile {folder}/id
set statefile {folder}/state
check host mail with address {server}
    if failed port 25 protocol smtp then alert
"""


@dataclass(frozen=True)
class Program:
    """A program by the `tester` it is in the catalogue. `command` makes its command line from a folder of its
    own; `passed` and `failed` tell by what it prints, and end the run of one that goes on."""

    tester: str
    command: Callable[[Path], list[object]]
    passed: str
    failed: str


def _check_smtp(_folder: Path) -> list[object]:
    return ["/usr/lib/nagios/plugins/check_smtp", "-H", SERVER]


def _checkdmarc(_folder: Path) -> list[object]:
    return [Path(sys.executable).with_name("checkdmarc"), DOMAIN, "--check-mx-tls"]


def _monit(folder: Path) -> list[object]:
    file = folder / "monitrc"
    file.write_text(MONIT.format(folder=folder, server=SERVER))
    file.chmod(0o600)
    return ["monit", "-c", file, "-I", "-v", "validate"]


def _sslyze(_folder: Path) -> list[object]:
    return [_SSLYZE, "-m", "sslyze", "--starttls=smtp", "--tlsv1_3", f"{SERVER}:25"]


def _swaks(_folder: Path) -> list[object]:
    return [
        "swaks",
        "--server",
        SERVER,
        "--quit-after",
        "EHLO",
        "--ehlo",
        "swaks.local",
        "--to",
        f"a@{DOMAIN}",
    ]


def _testssl(_folder: Path) -> list[object]:
    options = ["-n", "none", "--color", "0", "--warnings", "batch", "-t", "smtp", "-p"]
    return ["testssl", *options, f"{SERVER}:25"]


def _zabbix(folder: Path) -> list[object]:
    file = folder / "zabbix.conf"
    file.write_text("LogType=console\nServer=127.0.0.1\n")
    return ["zabbix_agentd", "-c", file, "-t", f"net.tcp.service[smtp,{SERVER}]"]


def blackbox(expect: str, timeout: str) -> Callable[[Path], list[object]]:
    """The command line of the exporter's example, with that pattern and time-out."""

    def command(folder: Path) -> list[object]:
        file = folder / "blackbox.yml"
        file.write_text("modules:" + _MODULE.format(name="smtp", timeout=timeout, expect=expect))
        port = 9115 + int(folder.name.partition("-")[0])
        return [sys.executable, "-c", BLACKBOX, file, port, "smtp", SERVER]

    return command


PROGRAMS = (
    Program("check_smtp", _check_smtp, r"^SMTP OK", r"^CRITICAL"),
    Program("swaks", _swaks, r"^<-  221 ", r"^<\*\* Timeout"),
    Program(
        "testssl.sh",
        _testssl,
        r"Service set: +STARTTLS via SMTP",
        r"STARTTLS handshake failed|cannot connect",
    ),
    Program("monit", _monit, r"'mail' succeeded testing protocol", r"'mail' failed protocol test"),
    Program("zabbix", _zabbix, r"\[u\|1\]", r"\[u\|0\]"),
    Program("blackbox_exporter", blackbox(STOCK, "5s"), r"^probe_success 1$", r"^probe_success 0$"),
    *(
        (
            Program("checkdmarc", _checkdmarc, r'"starttls": true', r'"starttls": false'),
            Program("sslyze", _sslyze, r"^ SCAN RESULTS FOR", r"=> ERROR: "),
        )
        if sys.version_info >= (3, 10)
        else ()
    ),
)
"""Those that this machine can have: the last two need Python 3.10."""


@dataclass(frozen=True)
class Run:
    """What a program `printed`; `level` is what that says: `ok` or `error`."""

    program: Program
    address: str
    printed: str
    level: str


def run_all(box: Sandbox, programs: Iterable[Program]) -> list[Run]:
    """Run programs at the same time, each from an address of its own."""
    every = list(enumerate(programs))
    for number, _program in every:
        _give_address(box, number)
    with ThreadPoolExecutor(len(every)) as pool:
        return list(pool.map(lambda one: _run(box, *one), every))


def _address(number: int) -> str:
    return f"198.51.100.{20 + number}"


def _give_address(box: Sandbox, number: int) -> None:
    """Let everything that a user does leave from that user's address."""
    user, table, address = pwd.getpwnam(_USERS[number]).pw_uid, str(1000 + number), _address(number)
    box.add_outside(address)
    for words in (
        ("rule", "add", "uidrange", f"{user}-{user}", "lookup", table),
        ("route", "add", "203.0.113.0/24", "dev", "eth0", "src", address, "table", table),
    ):
        subprocess.run(["ip", "-n", box.outside, *words], check=True, capture_output=True)


def _run(box: Sandbox, number: int, program: Program) -> Run:
    own = box.root.parent / f"testers/{number}-{program.tester}"
    own.mkdir(parents=True)
    command = program.command(own)
    user = pwd.getpwnam(_USERS[number]).pw_uid
    for path in (own, *own.iterdir()):
        os.chown(path, user, -1)
    rights = [f"--inh-caps={_ALL_FILES}", f"--ambient-caps={_ALL_FILES}"]
    words = ["setpriv", "--reuid", user, *rights, "--", *command]
    trust = {"SSL_CERT_FILE": str(box.authority.certificate), "HOME": str(own)}
    # mxverdict's own folder is none of theirs.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        network.enter(box.outside, words),
        env={**environment, **trust},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        printed = _read(process, re.compile(f"{program.passed}|{program.failed}", re.MULTILINE))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    passed = re.search(program.passed, printed, re.MULTILINE)
    failed = re.search(program.failed, printed, re.MULTILINE)
    if (passed is None) == (failed is None):
        raise AssertionError(f"{program.tester} printed neither a pass nor a failure, or both:\n{printed}")
    return Run(program, _address(number), printed, "ok" if passed else "error")


def _read(process: subprocess.Popen[bytes], decisive: re.Pattern[str]) -> str:
    """What a program prints until it ends, at most for `_PATIENCE`; one that has said what it thinks has a
    moment to end."""
    assert process.stdout is not None
    end = time.monotonic() + _PATIENCE
    data = b""
    while select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
        piece = os.read(process.stdout.fileno(), 65536)
        if not piece:
            break
        data += piece
        if decisive.search(data.decode(errors="replace")):
            end = min(end, time.monotonic() + 1)
    process.stdout.close()
    return data.decode(errors="replace")
