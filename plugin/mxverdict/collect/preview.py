"""Asks the server's own Exim what it would do to an address: a pretend session, `exim -bh`.

Delays are reported instead of imposed and nothing is delivered (Exim specification, chapter "The Exim command
line", option -bh). The local port must be given with -oMi, or port conditions in the ACLs do not hold. The
session ends by closing standard input: a QUIT after a refused RCPT would be counted against the address by
cPanel's slow_fail_block.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from mxverdict.evidence import Preview, PreviewStage, Reply
from mxverdict.host import Host, kill
from mxverdict.language import stored

TIMEOUT = 10.0
_RAW_LIMIT = 64 * 1024
_CLIENT_PORT = 49152
_TICK = 0.05
"""Seconds between looks at the trace while a reply is awaited."""

_ACL = re.compile(r'using ACL "(.*)"')
_STATEMENT = re.compile(r'processing (?:ACL )?"(\w+)"(?: \((.*)\))?')
_HOSTS = re.compile(r"check (!?)hosts = (.*)")
_DELAY = re.compile(r"delay modifier requests (\d+)-second delay")
_IN_LIST = re.compile(r'host in "(.*)"\? (yes|no)(?: \((.*)\))?')
_LOOKUP_FILE = re.compile(r"^(?:net-|partial-)?(?:iplsearch|lsearch|[\w-]+);(/.*)$")
_REPLY = re.compile(rb"^(\d{3})([ -]?)(.*)$")


class _NotUnderstood(Exception):
    pass


class _Broken(Exception):
    pass


class _Crashed(Exception):
    pass


class _TimedOut(Exception):
    pass


def preview(
    host: Host,
    address: str,
    local_address: str,
    commands: Sequence[tuple[str, str]],
    *,
    delay_lines: Iterable[range] = (),
    timeout: float = TIMEOUT,
) -> Preview:
    """Play a session from `address` (IP) to port 25 of `local_address` (IP).

    `commands` are (stage name, SMTP command) pairs sent one by one after the banner, as long as replies are
    positive. `delay_lines` are the line ranges of the delay stanzas in exim.conf (see `delay_stanzas`); they
    tell which exemption is one from the delay.
    `timeout` is for the whole session, in seconds. Raises CommandMissing when there is no Exim.
    """
    process = host.start([host.exim, "-oMi", f"{local_address}.25", "-bh", f"{address}.{_CLIENT_PORT}"])
    session = _Session(process, time.monotonic() + timeout, tuple(delay_lines))
    stages: list[PreviewStage] = []
    failure = detail = ""
    try:
        stages.append(session.exchange("connect", ""))
        for name, command in commands:
            previous = stages[-1].reply
            if previous is None or not previous.positive:
                break
            stages.append(session.exchange(name, command))
        session.end()
    except _TimedOut:
        failure, detail = "timeout", session.hanging()
    except _NotUnderstood as error:
        failure, detail = "not_understood", str(error)
    except _Broken as error:
        failure, detail = "broken", str(error)
    except _Crashed as error:
        failure, detail = "crashed", str(error)
    finally:
        kill(process)
    script = tuple(command for _, command in commands)
    return Preview(address, local_address, script, tuple(stages), failure, detail, session.raw())


@dataclass
class _Session:
    process: subprocess.Popen[bytes]
    deadline: float
    delay_lines: tuple[range, ...]
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    read_out: int = 0
    read_err: int = 0
    out_ended: bool = False

    def __post_init__(self) -> None:
        assert self.process.stdout is not None and self.process.stderr is not None
        self.stdout, self.stderr = self.process.stdout.fileno(), self.process.stderr.fileno()
        os.set_blocking(self.stderr, False)
        self.poll = select.poll()
        self.poll.register(self.stdout, select.POLLIN)

    def exchange(self, name: str, command: str) -> PreviewStage:
        started = time.monotonic()
        if command:
            self.write(command)
        reply = self.reply()
        elapsed = time.monotonic() - started
        self.drain()
        trace = bytes(self.err[self.read_err :]).decode(errors="replace").splitlines()
        self.read_err = len(self.err)
        return _stage(name, command, reply, elapsed, trace, self.delay_lines)

    def write(self, command: str) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(command.encode() + b"\r\n")
            self.process.stdin.flush()

    def reply(self) -> Reply:
        lines: list[str] = []
        while True:
            line = self.line()
            match = _REPLY.match(line)
            if match is None:
                if lines or not (line == b"" or line.startswith(b"*")):
                    raise _NotUnderstood(
                        stored("Exim printed {line} instead of an SMTP reply").format(
                            line=repr(line[:80].decode(errors="replace"))
                        )
                    )
                continue
            lines.append(match[3].decode(errors="replace").rstrip())
            if match[2] != b"-":
                return Reply(int(match[1]), tuple(lines))

    def line(self) -> bytes:
        while True:
            end = self.out.find(b"\n", self.read_out)
            if end >= 0:
                line = bytes(self.out[self.read_out : end]).rstrip(b"\r")
                self.read_out = end + 1
                return line
            if len(self.out) > _RAW_LIMIT:
                raise _NotUnderstood(stored("Exim printed more than an SMTP session can hold"))
            if self.out_ended:
                raise self.gave_up()
            self.receive()

    def receive(self) -> None:
        """Wait a moment for a reply. The trace is not waited for line by line: that would slow Exim down; it
        is emptied now and then, so that Exim never blocks on it."""
        if time.monotonic() >= self.deadline:
            raise _TimedOut
        if self.poll.poll(_TICK * 1000):
            data = os.read(self.stdout, 65536)
            self.out += data
            self.out_ended = not data
        else:
            self.drain()

    def drain(self) -> None:
        with suppress(BlockingIOError):
            while data := os.read(self.stderr, 65536):
                self.err += data

    def gave_up(self) -> Exception:
        try:
            status = self.process.wait(max(0.0, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return _TimedOut()
        self.drain()
        if status < 0:
            return _Crashed(stored("Exim was killed by signal {signal}").format(signal=-status))
        log = [line for line in self.trace() if line.startswith("LOG:")]
        reason = log[-1][4:].strip() if log else (self.trace() or [""])[-1].strip()
        told = stored("Exim ended with status {status} without an answer")
        if reason:
            told = stored("Exim ended with status {status} without an answer: {reason}")
        return _Broken(told.format(status=status, reason=reason))

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        while not self.out_ended:
            self.receive()
        self.drain()

    def trace(self) -> list[str]:
        return bytes(self.err).decode(errors="replace").splitlines()

    def hanging(self) -> str:
        last = next((line for line in reversed(self.trace()) if line.strip(" >")), "")
        if not last:
            return stored("Exim did not answer in time and said nothing")
        words = last.lstrip("> ").strip()
        return stored("Exim did not answer in time; its last words: {words}").format(words=words)

    def raw(self) -> str:
        both = bytes(self.out[:_RAW_LIMIT]) + b"\n" + bytes(self.err[:_RAW_LIMIT])
        return both.decode(errors="replace").replace("\r\n", "\n").strip()


def _stage(
    name: str, command: str, reply: Reply, elapsed: float, trace: list[str], delay_lines: tuple[range, ...]
) -> PreviewStage:
    delay = 0
    delayed_by: list[str] = []
    exempted_by: list[str] = []
    log: list[str] = []
    acl = where = negated = hosts = last_match = ""
    for line in trace:
        if line.startswith("LOG:"):
            log.append(line[4:].strip())
            continue
        text = line.lstrip("> ")
        if match := _ACL.match(text):
            acl = match[1]
        elif match := _STATEMENT.match(text):
            where, hosts, last_match = match[2] or "", "", ""
        elif match := _HOSTS.match(text):
            negated, hosts = match[1], match[2].strip()
        elif match := _DELAY.match(text):
            delay += int(match[1])
            delayed_by.append(f"ACL {acl}" + (f", {where}" if where else ""))
        elif match := _IN_LIST.match(text):
            matched = _list_name(match[3] or "")
            whole = match[1].strip() == hosts
            if whole and matched and (match[2] == "yes") == bool(negated):
                if any(_line_number(where) in lines for lines in delay_lines):
                    exempted_by.append(last_match or matched)
            elif match[2] == "yes":
                last_match = _list_name(match[1])
    return PreviewStage(
        name, command, reply, delay, elapsed, tuple(delayed_by), tuple(exempted_by), tuple(log)
    )


def _line_number(where: str) -> int:
    match = re.search(r"(\d+)\s*$", where)
    return int(match[1]) if match else -1


def _list_name(text: str) -> str:
    """The file of a list, or its name, out of `LIST` or `matched "LIST"`; "" when nothing matched."""
    if text.startswith("matched"):
        text = text.partition('"')[2].rpartition('"')[0].lstrip("! ")
    elif text == "end of list" or text.startswith(("failed", "option unset")):
        return ""
    match = _LOOKUP_FILE.match(text)
    return match[1] if match else text


def delay_stanzas(exim_conf: Path) -> Optional[list[range]]:
    """Line numbers (from 1) of each marked delay stanza in exim.conf; None when it cannot be read."""
    try:
        lines = exim_conf.read_text(errors="replace").splitlines()
    except OSError:
        return None
    starts = [n for n, line in enumerate(lines, 1) if line.strip() == "# BEGIN INSERT delay_unknown_hosts"]
    ends = [n for n, line in enumerate(lines, 1) if line.strip() == "# END INSERT delay_unknown_hosts"]
    return [range(start, next((end for end in ends if end > start), start) + 1) for start in starts]
