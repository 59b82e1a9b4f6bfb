"""Judges what a domain publishes about its mail: MXToolbox's SPF and DMARC rows, and what really matters."""

from __future__ import annotations

from collections.abc import Sequence

from mxverdict.evidence.policy import Policy
from mxverdict.findings import Finding
from mxverdict.judge.domain.dmarc import judge_dmarc
from mxverdict.judge.domain.spf import judge_spf


def judge_policy(policy: Policy, outgoing_addresses: Sequence[str]) -> tuple[Finding, ...]:
    """Judge SPF and DMARC. `outgoing_addresses` are the public addresses that this server sends mail of the
    domain from; what `policy` was not collected for can only be judged where the record needs no lookup for
    it."""
    return (*judge_spf(policy, outgoing_addresses), *judge_dmarc(policy))
