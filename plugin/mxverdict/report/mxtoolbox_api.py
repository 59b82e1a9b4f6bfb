"""The report in the shape of MXToolbox's API, so that scripts written against that can read it.

Shape and keys: API data of 2021-04-12 (`dns`) and 2023-03-22 (`mx`). One envelope holds all lookups; what it
says beyond MXToolbox is under `MxVerdict`, in the envelope and in each item.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from mxverdict.evidence import Evidence
from mxverdict.findings import Finding, Report
from mxverdict.report.json import rule_file
from mxverdict.report.timestamps import iso
from mxverdict.testers import row_texts

TESTER = "mxtoolbox"
OURS = "MxVerdict"
_LISTS = {"error": "Failed", "warning": "Warnings", "ok": "Passed", "unknown": "Timeouts"}
_SITE = "https://mxtoolbox.com"
_RELATED = {
    "smtp": ("ptr", "blacklist"),
    "mx": ("dns", "spf", "dmarc"),
    "dns": ("mx", "soa"),
    "domain": ("mx", "dns"),
}


@dataclass(frozen=True)
class _Entry:
    """A finding with what it is about and, for a row of an SMTP session, which of the tester's addresses."""

    finding: Finding
    host: str
    sources: tuple[str, ...] = ()


def api_json(report: Report, evidence: Optional[Evidence] = None) -> dict[str, Any]:
    """Return one envelope: rows by level in `Failed`, `Warnings`, `Passed`; unknown ones in `Timeouts`."""
    entries = _once([*_of_domains(report), *_of_server(report)])
    items: dict[str, list[dict[str, Any]]] = {name: [] for name in _LISTS.values()}
    for entry in entries:
        items[_LISTS[entry.finding.row.level]].append(_item(entry))
    command, argument = _asked(report, entries)
    sessions = [p.session.seconds for p in report.predictions if p.tester == TESTER]
    return {
        "UID": None,
        "ArgumentType": "domain" if report.domains or not argument[:1].isdigit() else "ip",
        "Command": command,
        "IsTransitioned": False,
        "CommandArgument": argument,
        "TimeRecorded": iso(report.taken_at),
        "ReportingNameServer": None,
        "TimeToComplete": str(round(max(sessions, default=0.0) * 1000)),
        "RelatedIP": None,
        "ResourceRecordType": 0,
        "IsEmptySubDomain": False,
        "IsEndpoint": False,
        "HasSubscriptions": False,
        "AlertgroupSubscriptionId": None,
        **items,
        "Errors": list(report.remarks),
        "IsError": False,
        "Information": _information(report, evidence),
        "MultiInformation": [],
        "Transcript": [{"Transcript": transcript} for transcript in _transcripts(report)],
        "MxRep": 0,
        "EmailServiceProvider": None,
        "DnsServiceProvider": None,
        "DnsServiceProviderIdentifier": None,
        "RelatedLookups": [_lookup(related, argument) for related in _RELATED.get(command, ())],
        OURS: {
            "Version": report.version,
            "Hostname": report.hostname,
            "Summary": " ".join((report.summary, *(domain.summary for domain in report.domains))),
            "Counts": {verdict.value: count for verdict, count in report.counts.items()},
            "ExitStatus": report.exit_status,
        },
    }


def _of_domains(report: Report) -> Iterator[_Entry]:
    for domain in report.domains:
        for finding in domain.findings:
            yield _Entry(finding, finding.row.host or domain.domain)


def _of_server(report: Report) -> Iterator[_Entry]:
    """Return MXToolbox's rows about each address once: the worst, where its own addresses differ."""
    found: dict[tuple[str, str], _Entry] = {}
    for prediction in report.predictions:
        if prediction.tester != TESTER:
            continue
        for finding in prediction.findings:
            key = (prediction.server_address, finding.id)
            entry = _Entry(finding, prediction.server_address, prediction.sources)
            known = found.get(key)
            if known is None or finding.verdict.rank < known.finding.verdict.rank:
                found[key] = entry
    return iter(found.values())


def _once(entries: Iterable[_Entry]) -> list[_Entry]:
    """Return each row about a host once; a domain's report holds those of its mail servers too."""
    found: dict[tuple[str, str, str], _Entry] = {}
    for entry in entries:
        row = entry.finding.row
        found.setdefault((row.category, row.name, f"{entry.host} {row.text}"), entry)
    return list(found.values())


def _item(entry: _Entry) -> dict[str, Any]:
    finding, row = entry.finding, entry.finding.row
    texts = row_texts.load(row.category).get(row.name) if row.category in row_texts.CATEGORIES else None
    problem = row.name.replace(" ", "-")
    return {
        "ID": texts.id if texts is not None else None,
        "Name": row.name,
        "Info": row.text,
        "Url": f"{_SITE}/Problem/{row.category}/{problem}?page=prob_{row.category}&showlogin=1&hidetoc=1"
        f"&action={row.category}:{entry.host}",
        "PublicDescription": None,
        "AdditionalInfo": [*row.details, f"{OURS}: {finding.verdict.label}. {finding.why}"],
        "IsExcludedByUser": False,
        OURS: {
            "Id": finding.id,
            "Rule": rule_file(finding.id),
            "Category": row.category,
            "Host": entry.host,
            "Own": not row_texts.printed(row),
            "Verdict": finding.verdict.value,
            "Why": finding.why,
            "Evidence": list(finding.evidence),
            "Todo": finding.todo,
            "Owner": finding.owner.value if finding.owner is not None else None,
            "Sources": list(entry.sources),
        },
    }


def _asked(report: Report, entries: Sequence[_Entry]) -> tuple[str, str]:
    """Return the command that would have asked for all this, and its argument."""
    if report.domains:
        categories = {entry.finding.row.category for entry in entries}
        return (next(iter(categories)) if len(categories) == 1 else "domain"), report.domains[0].domain
    hosts = list(dict.fromkeys(entry.host for entry in entries))
    return "smtp", hosts[0] if len(hosts) == 1 else report.hostname


def _information(report: Report, evidence: Optional[Evidence]) -> list[dict[str, Any]]:
    """Return the server's addresses with the real banner of each."""
    addresses = dict.fromkeys(prediction.server_address for prediction in report.predictions)
    found = []
    for address in addresses:
        banner = _banner(address, evidence) if evidence is not None else None
        found.append({"Type": "SMTP", "Hostname": report.hostname, "IP Address": address, "Banner": banner})
    return found


def _banner(address: str, evidence: Evidence) -> Optional[str]:
    local = next((t.local_address for t in evidence.targets if t.address == address), address)
    stages = (probe.stage("connect") for probe in evidence.probes if probe.address == local)
    replies = (stage.reply for stage in stages if stage is not None and stage.reply is not None)
    return next((f"{reply.code} {reply.lines[0]}" for reply in replies if reply.lines), None)


def _transcripts(report: Report) -> Iterable[str]:
    return dict.fromkeys(p.transcript for p in report.predictions if p.tester == TESTER)


def _lookup(command: str, argument: str) -> dict[str, str]:
    return {
        "Name": f"{command} lookup",
        "URL": f"{_SITE}/api/v1/lookup/{command}/{argument}",
        "Command": command,
        "CommandArgument": argument,
    }
