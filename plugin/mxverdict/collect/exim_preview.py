"""Asks the server's own Exim what it would do to an address: a simulated session, `exim -bh`.

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

from mxverdict.collect.exim_trace import TraceParser, session_log
from mxverdict.collect.reply_lines import ReplyLines
from mxverdict.evidence.smtp import Preview, PreviewStage, Reply
from mxverdict.fs.read import read_regular
from mxverdict.host import Host, kill
from mxverdict.i18n.message import Message, message_of

TIMEOUT = 10.0
_RAW_LIMIT = 64 * 1024
_TRACE_LIMIT = 4 * 1024 * 1024
"""Bytes of one session's trace that are read."""
_CLIENT_PORT = 49152
_MAX_UNEXPLAINED = 8
_TICK = 0.05
"""Seconds between looks at the trace while a reply is awaited."""

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
    options: Sequence[str] = (),
) -> Preview:
    """Play a session from `address` (IP) to port 25 of `local_address` (IP).

    `commands` are (stage name, SMTP command) pairs sent one by one after the banner, as long as replies are
    positive. `delay_lines` are the line ranges of the delay stanzas in exim.conf (see `delay_stanzas`); they
    tell which exemption is one from the delay.
    `timeout` is for the whole session, in seconds, `options` are further ones for Exim. Raises
    CommandNotFoundError when there is no Exim.
    """
    arguments = [*options, "-oMi", f"{local_address}.25", "-bh", f"{address}.{_CLIENT_PORT}"]
    process = host.start([host.exim, *arguments])
    session = _Session(process, time.monotonic() + timeout)
    exchanges: list[_Exchange] = []
    asked = "connect", ""
    failure = detail = ""
    try:
        exchanges.append(session.exchange(*asked))
        for asked in commands:
            if not exchanges[-1].reply.positive:
                break
            exchanges.append(session.exchange(*asked))
        session.end()
    except _TimedOut:
        failure, detail = "timeout", session.pending_lookup()
    except _NotUnderstood as error:
        failure, detail = "not_understood", message_of(error)
    except _Broken as error:
        failure, detail = "broken", message_of(error)
    except _Crashed as error:
        failure, detail = "crashed", message_of(error)
    finally:
        kill(process)
    unanswered = asked if failure == "broken" else None
    stages, unreadable = _stages(exchanges, session.new_trace(), tuple(delay_lines), unanswered)
    if unreadable and not failure:
        failure = "not_understood"
        detail = Message("Exim's trace does not show how long the delay is: {line}", line=unreadable.strip())
    script = tuple(command for _, command in commands)
    return Preview(address, local_address, script, stages, failure, detail, session.raw())


@dataclass(frozen=True)
class _Exchange:
    name: str
    command: str
    reply: Reply
    elapsed: float
    trace: list[str]


def _stages(
    exchanges: Sequence[_Exchange],
    rest: Sequence[str],
    delay_lines: Sequence[range],
    unanswered: Optional[tuple[str, str]],
) -> tuple[tuple[PreviewStage, ...], str]:
    """The stages and the line that leaves open how long a delay is, or "". `rest` is what Exim printed after
    the last reply: newer ones log a refusal only then. `unanswered` is what Exim gave up over: a stage
    without a reply when it would have made the client wait before."""
    parser = TraceParser(delay_lines)
    stages = []
    unreadable = ""
    for exchange in exchanges:
        trace = parser.stage(exchange.trace)
        log = trace.log + (session_log(rest) if exchange is exchanges[-1] else ())
        unexplained = trace.unexplained
        if exchange.name == "connect" and delay_lines and not trace.in_stanza and exchange.reply.positive:
            unexplained = unexplained or trace.statements or tuple(exchange.trace)
        stages.append(
            PreviewStage(
                exchange.name,
                exchange.command,
                exchange.reply,
                trace.delay,
                exchange.elapsed,
                trace.delayed_by,
                trace.exempted_by,
                log,
                unexplained[:_MAX_UNEXPLAINED],
            )
        )
        unreadable = unreadable or trace.unreadable
    if unanswered is not None:
        trace = parser.stage(rest)
        if trace.delay:
            stages.append(PreviewStage(*unanswered, None, trace.delay, 0.0, trace.delayed_by, (), trace.log))
    return tuple(stages), unreadable


@dataclass
class _Session:
    process: subprocess.Popen[bytes]
    deadline: float
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    read_out: int = 0
    read_err: int = 0
    out_ended: bool = False
    err_ended: bool = False

    def __post_init__(self) -> None:
        assert self.process.stdout is not None and self.process.stderr is not None
        self.stdout, self.stderr = self.process.stdout.fileno(), self.process.stderr.fileno()
        os.set_blocking(self.stderr, False)
        self.poll = select.poll()
        self.poll.register(self.stdout, select.POLLIN)

    def exchange(self, name: str, command: str) -> _Exchange:
        started = time.monotonic()
        if command:
            self.write(command)
        reply = self.reply()
        elapsed = time.monotonic() - started
        self.drain()
        return _Exchange(name, command, reply, elapsed, self.new_trace())

    def new_trace(self) -> list[str]:
        """The whole lines of the trace since the last call."""
        end = self.err.rfind(b"\n") + 1
        lines = bytes(self.err[self.read_err : end]).decode(errors="replace").split("\n")[:-1]
        self.read_err = max(self.read_err, end)
        return lines

    def write(self, command: str) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(command.encode() + b"\r\n")
            self.process.stdin.flush()

    def reply(self) -> Reply:
        lines = ReplyLines()
        begun = False
        while True:
            line = self.line()
            match = _REPLY.match(line)
            if match is None:
                if begun or not (line == b"" or line.startswith(b"*")):
                    raise _NotUnderstood(
                        Message(
                            "Exim printed {line} instead of an SMTP reply",
                            line=repr(line[:80].decode(errors="replace")),
                        )
                    )
                continue
            begun = True
            lines.add(match[3].decode(errors="replace").rstrip())
            if match[2] != b"-":
                return Reply(int(match[1]), lines.kept())

    def line(self) -> bytes:
        while True:
            end = self.out.find(b"\n", self.read_out)
            if end >= 0:
                line = bytes(self.out[self.read_out : end]).rstrip(b"\r")
                self.read_out = end + 1
                return line
            if len(self.out) > _RAW_LIMIT:
                raise _NotUnderstood(Message("Exim printed more than an SMTP session can hold"))
            if self.out_ended:
                raise self.process_ended()
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
                if len(self.err) > _TRACE_LIMIT:
                    raise _NotUnderstood(Message("Exim printed more than an SMTP session can hold"))
            self.err_ended = True

    def process_ended(self) -> Exception:
        try:
            status = self.process.wait(max(0.0, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return _TimedOut()
        self.drain()
        if status < 0:
            return _Crashed(Message("Exim was killed by signal {signal}", signal=-status))
        log = [line for line in self.trace() if line.startswith("LOG:")]
        reason = log[-1][4:].strip() if log else (self.trace() or [""])[-1].strip()
        message = Message("Exim ended with status {status} without an answer")
        if reason:
            message = Message("Exim ended with status {status} without an answer: {reason}")
        return _Broken(message.format(status=status, reason=reason))

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        while not self.out_ended:
            self.receive()
        trace = select.poll()
        trace.register(self.stderr, select.POLLIN)
        while not self.err_ended:
            if time.monotonic() >= self.deadline:
                raise _TimedOut
            trace.poll(_TICK * 1000)
            self.drain()

    def trace(self) -> list[str]:
        return bytes(self.err).decode(errors="replace").splitlines()

    def pending_lookup(self) -> str:
        last = next((line for line in reversed(self.trace()) if line.strip(" >")), "")
        if not last:
            return Message("Exim did not answer in time and said nothing")
        line = last.lstrip("> ").strip()
        return Message("Exim did not answer in time; its last words: {line}", line=line)

    def raw(self) -> str:
        both = bytes(self.out[:_RAW_LIMIT]) + b"\n" + bytes(self.err[:_RAW_LIMIT])
        return both.decode(errors="replace").replace("\r\n", "\n").strip()


def delay_stanzas(exim_conf: Path) -> Optional[list[range]]:
    """Line numbers (from 1) of each marked delay stanza in exim.conf; None when it cannot be read."""
    try:
        lines = read_regular(exim_conf).decode(errors="replace").splitlines()
    except OSError:
        return None
    starts = [n for n, line in enumerate(lines, 1) if line.strip() == "# BEGIN INSERT delay_unknown_hosts"]
    ends = [n for n, line in enumerate(lines, 1) if line.strip() == "# END INSERT delay_unknown_hosts"]
    return [range(start, next((end for end in ends if end > start), start) + 1) for start in starts]
