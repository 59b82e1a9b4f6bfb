"""Whatever an outsider writes costs time in proportion to its length: each reader of outside text, fed with
texts of 4 to 256 KiB. The bound is on the ratio of CPU times within one run, far from both 64 and 64²; log
lines have a test of their own (`mainlog/test_linear.py`)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from mxverdict.collect import exim_perl, lsearch, open_relay
from mxverdict.collect.exim_trace import TraceParser
from mxverdict.collect.mainlog.verify_failures import cause_of
from mxverdict.collect.reply_lines import ReplyLines
from mxverdict.collect.selfcheck import log as selfcheck_log
from mxverdict.errors import MxVerdictError
from mxverdict.evidence import Preview, Reply
from mxverdict.evidence.mail_route import HostGreeting, RecipientAnswer
from mxverdict.evidence.policy import DnsAnswer, Policy
from mxverdict.evidence.smtp import Probe
from mxverdict.i18n import catalog
from mxverdict.i18n.message import Message
from mxverdict.judge.domain import mx_hosts
from mxverdict.judge.domain.mail_policy import judge_policy
from mxverdict.judge.smtp import ground_truth
from mxverdict.mailauth.dmarc import destination, discovery
from mxverdict.mailauth.dmarc import record as dmarc_record
from mxverdict.mailauth.spf import record as spf
from mxverdict.mailauth.spf.evaluate import check_host
from mxverdict.mailauth.spf.tree import table, walk
from mxverdict.net import iplsearch, mailbox
from mxverdict.net import target as targets
from mxverdict.pasted import bounce, recognise
from mxverdict.refusals import classify
from mxverdict.sanitize import visible
from mxverdict.whm import csp_hashes, localopts
from tests.cpu_time import cost

pytestmark = pytest.mark.slow

SHORT, MIDDLE, LONG = 4 * 1024, 64 * 1024, 256 * 1024
MOST = 6.0
"""Times as long as its length tells."""
LEAST = 100e-6
"""Seconds below which a measurement says nothing."""
TOO_LONG = 10.0
"""CPU seconds for a text of MIDDLE size that are quadratic without any doubt."""
PLAIN = (
    "a", " ", "1", "\n", "\t", ".", ":", "=", "-", ";", ",", "/", "\\", '"', "'", "<", ">", "(", ")", "[",
    "]", "{", "}", "&", "%", "@", "#", "+", "*", "é", "\0", "a ", "a.", "1.", " \n", '\\"', '"a', "a:b ",
    "a=b ", "a=b;", "a@b,", "<a ", "<!--", "&#", "&#1", "&#x1", "&amp", "%{", "%{d}", "[{", "{},", "\r\n",
)  # fmt: skip
"""What is repeated, for every reader."""


AFTER_OPENING = ("a", " ", "1", "\n", "\t", "a ", "a.", ":", '"', "=", ";")
"""And what is repeated after something else."""


def quoted(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def reply(text: str) -> Reply:
    lines = ReplyLines()
    for line in text.split("\n"):
        lines.add(line)
    return Reply(550, lines.kept())


def judged_reply(text: str) -> None:
    said = Reply(550, (text,))
    said.offers("STARTTLS")
    classify(550, text, "rcpt")
    bounce.read(text.split("\n"))
    answer = RecipientAnswer("shop.example", "postmaster@shop.example", said)
    greeting = HostGreeting("192.0.2.1", "greeted", Probe("192.0.2.1", ()), (answer,))
    mx_hosts._acceptance(greeting, answer, "shop.example")


def spf_record(text: str) -> None:
    spf._parse(f"v=spf1 {text}")
    spf.expand(text, {"d": "shop.example", "i": "192.0.2.1"})


def spf_evaluated(text: str) -> None:
    answers = table([DnsAnswer("shop.example", "TXT", (f"v=spf1 {text}",))])
    walk("shop.example", answers)
    check_host("192.0.2.1", "shop.example", answers)


def policy(text: str) -> None:
    published = DnsAnswer("shop.example", "TXT", (f"v=spf1 {text}",))
    dmarc = DnsAnswer("_dmarc.shop.example", "TXT", (f"v=DMARC1; {text}",))
    found = Policy("shop.example", (published,), DnsAnswer("shop.example", "SPF"), (dmarc,))
    judge_policy(found, ["192.0.2.1"])


def trace(text: str) -> None:
    TraceParser([range(1, 9)]).stage(text.split("\n"))
    open_relay.decision(text, True)
    _ = Preview("192.0.2.1", "192.0.2.2", (), (), raw=text).counted


def list_file(text: str) -> None:
    data = quoted(text)
    iplsearch.networks(data)
    iplsearch.missing(data, [ipaddress.ip_network("192.0.2.9/32")])
    iplsearch.present(data, ["192.0.2.9"])
    iplsearch.without(data, ["192.0.2.9"])


def lsearch_lines(text: str) -> None:
    for line in text.split("\n"):
        lsearch._LINE.match(line)


def options(text: str) -> None:
    data = quoted(text)
    localopts.has_bare_key(data)
    localopts.put(data, None)
    with suppress(MxVerdictError):
        localopts.is_on(data)


def dmarc(text: str) -> None:
    answers = [DnsAnswer("_dmarc.shop.example", "TXT", (f"v=DMARC1; p=none; {text}",))]
    discovery.effective("shop.example", answers)
    dmarc_record.is_record(f"v{text}")
    dmarc_record.is_meant_as_record(text)
    dmarc_record.mistake_in(text)
    destination.is_uri(f"mailto:{text}")


def target(text: str) -> None:
    with suppress(MxVerdictError):
        targets.parse_target(text)


def address(text: str) -> None:
    with suppress(MxVerdictError, ValueError):
        mailbox.parse_mailbox(text)


def in_german(text: str) -> None:
    catalog.activate("de")
    try:
        Message("{x}", x=text).translated()
    finally:
        catalog.activate("en")


READERS: dict[str, tuple[Callable[[str], object], tuple[str, ...], tuple[str, ...]]] = {
    "pasted report": (
        recognise,
        (
            "smtp:a.example ", "LISTED ", "Status ", "Connecting to 192.0.2.1\n", "OK - a b c d\n",
            "error SMTP TLS\tWarning - Does not support TLS.\n", "15.363 seconds - Not good! ",
            "Checking a.b against ", "mxtoolbox.com/", "a=b&", "blacklisted by a ", "=20=\n", "> ", "|",
            "250-a\n", "SMTP ", "DNS A", "a reported b c\n", '"Failed":[],', "More Info ", "[\n", "[[[[",
            "listed by a, ", "SMTP TLS\n", "SMTP TLS ❌\n", "SMTP TLS: a b c ", "[b]", "[url=https://a",
            "[a](https://mxtoolbox.com/?action=smtp:a.b) ", "EHLO a.mxtoolbox.com\n", "220 a\n", "1. ", "\\-",
            "x.x.x.x ", "***.a ", "Host: a.b\n", "report for ", "Critical\n", "7 seconds not good ",
            "SMTP Transaction Time 7 s ", "=== Trying a.b:25\n", "-->> a:25 ", "Error: SMTP x y\n",
        ),
        ("", "smtp:", "Failed\n", '{"Failed":[', "mxtoolbox.com/x?", "&#", "<img ", "LISTED\t", "SMTP TLS\t",
         '"Failed"\n[', "Connecting to 192.0.2.1\n", "blacklisted by ", "EHLO a.mxtoolbox.com\n", "[url=",
         "[a](https://", "smtp:x.x.x.x ", "SMTP Transaction Time "),
    ),
    "reply": (reply, ("STARTTLS\n", "ab\n"), ("",)),
    "judged reply": (
        judged_reply, ("relay ", "user unknown ", "no such ", "mailbox ", "over quota ", "verify ", "5.7.1 "),
        ("", "5.1.1 ", "sender ", "user ", "mailbox "),
    ),
    "SPF record": (
        spf_record, ("a ", "ip4:1.2.3.4 ", "include:a.b ", "%{d1r.}", "/1", "exp=a ", "-a", "redirect=a.b "),
        ("", "a:", "include:", "ip4:", "exists:%{", "a/", "x="),
    ),
    "SPF evaluated": (
        spf_evaluated, ("a ", "ip4:1.2.3.4 ", "include:a.b ", "mx ", "ptr "), ("", "include:"),
    ),
    "SPF and DMARC judged": (
        policy, ("a ", "ip4:1.2.3.4 ", "rua=mailto:a@b, ", "p=none;", " ;"), ("", "rua="),
    ),
    "DMARC record": (
        dmarc, ("mailto:a@b,", "p=none; ", "; psd", " psd = ", "!9", "mailto:"),
        ("", "rua=", "; psd", "pct="),
    ),
    "trace of exim -bh": (
        trace,
        ('processing "accept" (a 1)\n', "check hosts = a\n", "delay modifier requests 1-second delay\n",
         'host in "a"? yes (matched "a")\n', "LOG: SMTP connection from a lost ", " a/b", ' "a" (', '"? yes ',
         "ratelimit condition count=1 ", '"? list match', "LOG: a\n"),
        ("", "check hosts = a\n", 'check hosts = a\nhost in "', "processing ", 'processing "a" (',
         "LOG: SMTP connection from ", "LOG: SMTP connection Ci=", "ratelimit condition count=", "delay "),
    ),
    "list file": (list_file, ('"a\\', "1.2.3.4\n", '""'), ("", '"')),
    "lsearch file": (lsearch_lines, ('"\\a', "a: ", "a:\n", '\\"'), ("", '"', "a:", '"a" ')),
    "localopts": (options, ("acl_delay_unknown_hosts", "a=1\n", "a\n"), ("", "acl_delay_unknown_hosts")),
    "exim.conf": (
        exim_perl.needless_before_mail,
        ("\\\n", "\\\n#", "begin ", "acl=a ", "${acl{", "perl_startup ", "a:", " #a\n"),
        ("", "begin ", "\\\n", "acl", "${", "perl_startup"),
    ),
    "target": (target, ("a.", "xn--", "[", "://"), ("", "http://", "[")),
    "mail address": (address, ("a.", '"a', "a@"), ("", '"')),
    "why a sender was refused": (
        lambda text: cause_of("defer", text), ("a [1.2.3.4] : ", "response to ", ":<", "x:"),
        ("", 'response to "', "could not connect to "),
    ),
    "message in German": (in_german, (": ", ". ", "a: b. ", "{x}"), ("",)),
    "text made visible": (lambda text: visible(text, LONG), ("\x1b[", "\u202e", "\r"), ("",)),
    "page of WHM": (
        csp_hashes.inline_hashes, ("<script ", "<style>", "<!--", "--!>", "</script", " a="),
        ("", "<script", "<!--", "<a "),
    ),
    "log of a self-check": (
        lambda text: selfcheck_log._SESSION.match(quoted(text)), ("[1] ", "Ci=a ", "from ", "a [", "S "),
        ("", "a b SMTP connection from ", "a b "),
    ),
    "host name": (ground_truth.is_host_name, ("a-", "-"), ("", "a.")),
}  # fmt: skip
"""By what it reads: the reader, what is repeated besides PLAIN, and what stands before it."""


def texts(name: str) -> Iterator[tuple[str, str]]:
    _, fillings, openings = READERS[name]
    for opening in openings:
        for filling in (*PLAIN, *fillings) if not opening else (*AFTER_OPENING, *fillings[:4]):
            yield opening, filling


@pytest.mark.parametrize("name", READERS)
def test_time_grows_as_the_text_does(name: str) -> None:
    work = READERS[name][0]
    slow = []
    for opening, filling in texts(name):
        short, middle, long = (opening + filling * (size // len(filling)) for size in (SHORT, MIDDLE, LONG))
        if cost(work, middle, 1, LEAST) > TOO_LONG:
            slow.append((opening, filling))
            continue
        quick = cost(work, long, 1, LEAST) < MOST * LONG / SHORT * cost(work, short, 2, LEAST)
        if not quick and cost(work, long, 3, LEAST) >= MOST * LONG / SHORT * cost(work, short, 20, LEAST):
            slow.append((opening, filling))
    assert not slow


def test_the_bound_tells_what_is_quadratic() -> None:
    def quadratic(text: str) -> None:
        for place in range(0, len(text), 64):
            text.count("b", place)

    assert cost(quadratic, "a" * LONG, 3, LEAST) > MOST * LONG / SHORT * cost(
        quadratic, "a" * SHORT, 20, LEAST
    )
