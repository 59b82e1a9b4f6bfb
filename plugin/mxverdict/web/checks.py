"""Checks that outlive the request: each a job whose result is the evidence, judged again when it is shown."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from mxverdict import targets
from mxverdict.errors import UsageError
from mxverdict.evidence import Evidence
from mxverdict.findings import Report
from mxverdict.host import Host
from mxverdict.web import jobs
from mxverdict.web.jobs import Desk, Job
from mxverdict.web.request import Refusal
from mxverdict.web.submit import PATIENCE

_LONGEST = 300
"""Seconds after which the process of a check is ended, so that nothing bars the next check for ever."""
_LATELY = 8
_DOMAIN = "domain-"


@dataclass(frozen=True)
class Checked:
    """A stored result, judged."""

    evidence: Evidence
    report: Report


def target_of(text: str) -> str:
    """A domain, name or address from a form or a query. Raises Refusal."""
    try:
        return targets.parse(text)
    except UsageError as error:
        raise Refusal(400, f"{error}.", advice="Type it like shop.example or 203.0.113.10.") from None


def domain_job(target: str) -> str:
    """The name of the job that checks `target`: the same for everybody."""
    return _DOMAIN + hashlib.sha256(target.encode()).hexdigest()[:32]


def lately(host: Host) -> list[Job]:
    """The latest checks of domains, one for each."""
    return jobs.titled(host, _DOMAIN)[:_LATELY]


def start_domain(host: Host, form: Mapping[str, str]) -> str:
    """Start the check of `form["domain"]` unless it runs already; answers the address of its page."""
    target = target_of(form.get("domain", ""))
    name = domain_job(target)

    def work(desk: Desk) -> str:
        desk.keep(_evidence(host, desk, target))
        return f"{target} is checked."

    jobs.start_at_desk(host, work, name, target)
    jobs.wait(host, name, PATIENCE)
    return f"?view=domain&domain={target}"


def stored(result: Any) -> Optional[Checked]:
    """What a check left (`jobs.result`), judged; None when it left nothing or another version wrote it."""
    from mxverdict import check, evidence

    if not isinstance(result, dict):
        return None
    try:
        gathered = evidence.from_json(result.get("evidence"))
        return Checked(gathered, check.again(gathered))
    except (ValueError, UsageError):
        return None


def _evidence(host: Host, desk: Desk, target: str = "") -> dict[str, Any]:
    """Check this server, or what `target` has to do with it. Raises what `check.run` raises."""
    from mxverdict import check, evidence

    signal.alarm(_LONGEST)
    gathered, _ = check.run(host, targets=[target] if target else [], progress=desk.step)
    return {"evidence": evidence.to_json(gathered)}


STARTS: Mapping[str, Callable[[Host, Mapping[str, str]], str]] = {"check": start_domain}
"""What the forms that start a check do: each answers the address of the page to go on at."""
