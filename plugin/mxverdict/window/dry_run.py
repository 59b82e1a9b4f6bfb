"""What exempting Common Mail Providers would change, and what Exim would do then: nothing is installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from mxverdict.errors import HostError
from mxverdict.fs.atomic_write import atomic_write
from mxverdict.fs.lock import exclusive
from mxverdict.host import Host
from mxverdict.window import verify
from mxverdict.window.changes import common_providers
from mxverdict.window.changes.common_providers import Samples, Statement
from mxverdict.window.model import DELAY_OFF

_LOCK_WAIT = 60.0


@dataclass(frozen=True)
class DryRun:
    """The line of exim.conf.localopts as it is (None: there is none) and as it would be, the lines of
    exim.conf as they are expected, and the seconds of delay of each sampled address before and after. `after`
    is None where exim.conf is not of the known form, or Exim does not read a copy of it, so that only the
    real build can show it."""

    path: str
    line_before: Optional[str]
    line_after: str
    statements: tuple[Statement, ...]
    samples: Samples
    before: dict[str, int]
    after: Optional[dict[str, int]]


def simulate_common_providers(host: Host) -> DryRun:
    """Raises what `exempt_common_providers` raises before it changes anything, and WindowRefused with its
    reasons."""
    with exclusive(host, DELAY_OFF, _LOCK_WAIT):
        common_providers.check(host)
        found = common_providers.samples(host)
        line_before, line_after = common_providers.dry_run(host)
        addresses = [one.address for one in found.chosen]
        return DryRun(
            str(host.localopts),
            line_before,
            line_after,
            tuple(common_providers.statements(host)),
            found,
            verify.delays(host, addresses, verify.FULL_SESSION),
            _after(host, addresses),
        )


def _after(host: Host, addresses: list[str]) -> Optional[dict[str, int]]:
    """Exim's own answer, with the list named in a copy of exim.conf (-C, which root may give); None when it
    gives none."""
    text = common_providers.candidate(host)
    if text is None:
        return None
    path = host.state / "candidate.exim.conf"
    try:
        atomic_write(path, text.encode(errors="surrogateescape"))
        return verify.delays(host, addresses, verify.FULL_SESSION, path)
    except (OSError, HostError):
        return None
    finally:
        path.unlink(missing_ok=True)
