"""DMARC records: faults as data, and what records at random do to the judge."""

from __future__ import annotations

import re
from random import Random

import pytest

from mxverdict.evidence.policy import DnsAnswer, Policy
from mxverdict.findings import Finding
from mxverdict.judge.domain.dmarc import judge_dmarc
from mxverdict.mailauth.dmarc.destination import is_uri, mail_domain
from mxverdict.mailauth.dmarc.discovery import effective, places
from mxverdict.mailauth.dmarc.record import (
    LENGTH_LIMIT,
    POLICIES,
    Effect,
    Fault,
    FaultKind,
    Mistake,
    is_meant_as_record,
    is_record,
    mistake_in,
    parse,
)
from tests.unit.seeds import seeds

ROUND = 2000
DOMAIN = "shop.example"
PIECES = (
    "v", "V", "DMARC1", "dmarc1", "v=DMARC1", "v=DMARC1; ", "v=DMARC1;p=", ";", "; ", " ;", "=", " = ", ",",
    ":", "p", "p=none", "p=reject", "P=Quarantine", "sp=", "np=reject", "t=y", "t=", "psd=y", "psd=n", "pct=",
    "pct=100%", "ri=3600", "rf=afrf", "fo=0:1:d:s", "fo=", "adkim=s", "aspf=", "rua=", "ruf=",
    "mailto:a@b.example", "mailto:", "https://b.example/r", "!10m", "@", "none", "reject", "x", "x=y", "\\",
    "'", '"', "<script>", "\x00", "\x1b[2J", "\u202e", "\ufeff", "\u00a0", "ü", "😀", "%s", "%(a)s",
    "{0}", "{tag}", "{", "}", "\n", "\t", "9" * 40, "a" * 300, "v=spf1 -all",
)  # fmt: skip
ADDED = (
    ";", "; ", "; x=y", ";x", "; pct=100%", "; ri=", "; rf=xml", "; t=n", "; adkim=strict", "; fo=9",
    "; aspf=", "; psd=u", "; rua=mailto:d@shop.example", "; ruf=nobody", "; (remark)", ";;", "; =", "\t;",
)  # fmt: skip
"""What leaves the policy as it is, wherever it is put between the tags; a known tag at most once."""
PYTHON = re.compile(
    r"\b(None|True|False|Traceback|\w*Error|\w*Exception|FaultKind|Effect|Mistake|Enum|NoneType)\b"
    r"|<\w+ object|\bobject at\b|\bdict_|\{(tag|value|default|limit|name|text|count|policy|percent)\}"
)


def findings_of(*texts: str, domain: str = DOMAIN) -> tuple[Finding, ...]:
    answers = tuple(
        DnsAnswer(name, "TXT", texts if name == f"_dmarc.{domain}" else ()) for name in places(domain)
    )
    return judge_dmarc(Policy(domain, (), DnsAnswer(domain, "SPF"), answers))


def lines_of(finding: Finding) -> tuple[str, ...]:
    row = finding.row
    return (row.text, *row.details, finding.why, *finding.evidence, finding.todo)


def without(text: str, line: str) -> str:
    """What is ours of a line."""
    for theirs in (text, text[:500], *(piece for piece in PIECES if len(piece) > 1)):
        line = line.replace(theirs, "")
    return line


def made(random: Random) -> str:
    start = random.choice(("", "v=DMARC1; ", "v=DMARC1; p=reject; ", "v=DMARC1; rua=mailto:a@b.example; "))
    return start + "".join(random.choices(PIECES, k=random.randint(0, 12)))


@pytest.mark.parametrize("seed", seeds(50, quick=1))
def test_records_at_random_are_judged_in_words_of_ours(seed: int) -> None:
    """100,000 of them: no exception, no text of Python, and a problem only where receivers apply no DMARC."""
    random = Random(seed)
    for _ in range(ROUND):
        text = made(random)
        record = effective(DOMAIN, [DnsAnswer(f"_dmarc.{DOMAIN}", "TXT", (text,))])
        policy = record.policy if record is not None else ""
        assert policy in ("", *POLICIES)
        findings = findings_of(text)
        assert any(finding.verdict.value == "problem" for finding in findings) == (policy == ""), text
        for finding in findings:
            assert (finding.verdict.value == "ok") == (finding.row.level == "ok"), text
            for line in lines_of(finding):
                assert not PYTHON.search(line) or not PYTHON.search(without(text, line)), (text, line)
                assert len(line) < 1000, text


@pytest.mark.parametrize("seed", seeds(5, quick=1))
def test_what_is_wrong_in_the_rest_leaves_the_policy(seed: int) -> None:
    random = Random(seed)
    for _ in range(ROUND):
        wanted = random.choice(POLICIES)
        before, behind = (random.sample(ADDED, k=random.randint(0, 4)) for _ in range(2))
        behind = [
            part for part in behind if part.partition("=")[0] not in {b.partition("=")[0] for b in before}
        ]
        text = "".join(("v=DMARC1", *before, f"; p={wanted}", *behind))
        verdicts = {finding.row.name: finding.verdict.value for finding in findings_of(text)}
        assert parse(text).applied() == wanted, text
        assert "problem" not in verdicts.values(), text
        assert verdicts["DMARC Policy Not Enabled"] == ("advisory" if wanted == "none" else "ok"), text


@pytest.mark.parametrize(
    ("rest", "faults"),
    [
        ("p=reject; x=1", [Fault(FaultKind.UNKNOWN_TAG, Effect.NOTHING, "x")]),
        ("p=reject; pct=20", [Fault(FaultKind.HISTORIC_TAG, Effect.NOTHING, "pct", "20")]),
        ("p=reject; pct=100%", [Fault(FaultKind.VALUE, Effect.NOTHING, "pct", "100%")]),
        ("p=reject; hm", [Fault(FaultKind.NOT_A_TAG, Effect.NOTHING, "", "hm")]),
        ("p=reject; ASPF=strict", [Fault(FaultKind.VALUE, Effect.DEFAULT, "aspf", "strict")]),
        ("p=reject; fo=0:1", []),
        ("p=reject; fo=0:1; ruf=mailto:a@b", [Fault(FaultKind.VALUE, Effect.DEFAULT, "fo", "0:1")]),
        ("p=reject; rua=a@b", [Fault(FaultKind.DESTINATION, Effect.NO_REPORTS, "rua", "a@b")]),
        ("p=reject; rua=", [Fault(FaultKind.DESTINATION, Effect.NO_REPORTS, "rua")]),
        ("p=reject; rua=https://b/", [Fault(FaultKind.SCHEME, Effect.NO_REPORTS, "rua", "https://b/")]),
        ("rua=mailto:a@b", [Fault(FaultKind.MISSING, Effect.MONITORING, "p")]),
        ("p=x; rua=mailto:a@b", [Fault(FaultKind.VALUE, Effect.MONITORING, "p", "x")]),
        ("t=y", [Fault(FaultKind.MISSING, Effect.IGNORED, "p")]),
        ("p=reject; np=x", [Fault(FaultKind.VALUE, Effect.IGNORED, "np", "x")]),
        ("p=none; P=reject", [Fault(FaultKind.REPEATED, Effect.IGNORED, "p")]),
        ("p=none;" + "x;" * 9000, [Fault(FaultKind.LENGTH, Effect.NOTHING),
                                   Fault(FaultKind.NOT_A_TAG, Effect.NOTHING, "", "x")]),
    ],
)  # fmt: skip
def test_faults(rest: str, faults: list[Fault]) -> None:
    assert list(parse(f"v=DMARC1; {rest}").faults) == faults


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("v=dmarc1; p=none", Mistake.LETTER_CASE),
        ("v=DMARC2; p=none", Mistake.VERSION),
        ("v=DMARC; p=none", Mistake.VERSION),
        ("v=DMARC10; p=none", Mistake.VERSION),
        ("v=DMARC1, p=none", Mistake.SEPARATOR),
        ("v=DMARC1 p=none", Mistake.SEPARATOR),
        ("v=DMARC1\\; p=none", Mistake.SEPARATOR),
        (" v=DMARC1; p=none", Mistake.BEFORE_VERSION),
        ('"v=DMARC1; p=none"', Mistake.BEFORE_VERSION),
        ("\ufeffv=DMARC1; p=none", Mistake.BEFORE_VERSION),
        ("p=none; v=DMARC1", Mistake.NOT_FIRST),
        ("; v=DMARC1; p=none", Mistake.NOT_FIRST),
        ("p=none; rua=mailto:a@b", Mistake.NO_VERSION),
        ("DMARC1; p=none", Mistake.NO_VERSION),
    ],
)
def test_why_a_text_is_no_record(text: str, mistake: Mistake) -> None:
    assert (is_record(text), is_meant_as_record(text), mistake_in(text)) == (False, True, mistake)


@pytest.mark.parametrize(
    "text", ["v=spf1 mx -all", "v=DKIM1; k=rsa; p=MIGf", "google-site-verification=x", ""]
)
def test_other_texts_are_not_meant(text: str) -> None:
    assert not is_meant_as_record(text)


@pytest.mark.parametrize("text", ["v = DMARC1 ; p=none", "V=DMARC1", "v=DMARC1;", "v\t=\tDMARC1\t;p=none"])
def test_what_is_a_record_is_kept_from_dns(text: str) -> None:
    assert (is_record(text), is_meant_as_record(text)) == (True, True)


@pytest.mark.parametrize(
    ("uri", "domain", "valid"),
    [
        ("mailto:d@shop.example", "shop.example", True),
        ("MAILTO:D@Shop.Example", "shop.example", True),
        ("mailto:d+x@shop.example!10m", "shop.example", True),
        ("mailto:d%40x@shop.example?subject=dmarc", "shop.example", True),
        ("mailto:d@shop.example.", "shop.example", True),
        ("https://shop.example/dmarc", "", True),
        ("mailto:d@shop.example!10x", "", False),
        ("mailto://d@shop.example", "", False),
        ("mailto:d", "", False),
        ("mailto:", "", False),
        ("mailto: d@shop.example", "", False),
        ("d@shop.example", "", False),
        ("mailto:d@shop..example", "", False),
        ("mailto:d@sh\u00f6p.example", "", False),
        ("", "", False),
    ],
)
def test_report_addresses(uri: str, domain: str, valid: bool) -> None:
    assert (mail_domain(uri), is_uri(uri)) == (domain, valid)


def test_a_record_that_is_too_long_is_read_to_its_last_complete_tag() -> None:
    padding = "; x=" + "y" * (LENGTH_LIMIT - 30)
    record = parse(f"v=DMARC1; p=reject{padding}; sp=quarantine; np=none")
    assert (record.requested(), record.requested(inherited=True)) == ("reject", "reject")
    assert [fault.kind for fault in record.faults] == [FaultKind.LENGTH, FaultKind.UNKNOWN_TAG]


def test_report_addresses_of_the_organization_need_no_consent() -> None:
    """The walk tells what the organization is (RFC 9990 section 4)."""
    text = (
        "v=DMARC1; p=reject; rua=mailto:a@reports.shop.example,mailto:b@shop.example,mailto:c@other.example"
    )
    own = DnsAnswer("_dmarc.news.shop.example", "TXT", (text,))
    parent = DnsAnswer("_dmarc.shop.example", "TXT", ("v=DMARC1; p=none",))
    for answers, outside in (
        ((own, parent), ("other.example",)),
        ((own,), ("reports.shop.example", "shop.example", "other.example")),
    ):
        record = effective("news.shop.example", answers)
        assert record is not None
        assert record.outside_destinations == outside
