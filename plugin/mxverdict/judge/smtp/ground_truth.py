"""What is true of one server address, whatever a tester says: from the probe, the preview and the DNS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.message import translate

if TYPE_CHECKING:
    from mxverdict.evidence import Evidence, ReverseDns, Target, Tls

_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)\Z")


@dataclass(frozen=True)
class GroundTruth:
    """`None` always means: not known. `greeting` is the text of the real 220 reply."""

    address: str
    hostname: str
    reachable: bool
    """False when this server itself gets no connection to its own port 25."""
    greeting: Optional[str]
    greeting_seconds: Optional[float]
    offers_starttls: Optional[bool]
    tls: Optional[Tls]
    probe_failure: str
    ptr_names: tuple[str, ...]
    ptr_error: str
    forward_confirmed: Optional[bool]
    dangling: tuple[str, ...] = ()
    """PTR names that do not resolve at all."""

    @property
    def ptr_known(self) -> bool:
        return not self.ptr_error

    @property
    def ptr_in_greeting(self) -> Optional[bool]:
        """Whether the PTR name is anywhere in the banner, which is the tester's rule."""
        if self.ptr_error or self.greeting is None:
            return None
        return any(name.lower() in self.greeting.lower() for name in self.ptr_names)

    @property
    def ptr_is_host_name(self) -> bool:
        return any(is_host_name(name) for name in self.ptr_names)

    @property
    def tls_works(self) -> Optional[bool]:
        if self.offers_starttls is None:
            return None
        return self.offers_starttls and self.tls is not None and self.tls.handshake


def truth_of(target: Target, evidence: Evidence) -> GroundTruth:
    probe = next((p for p in evidence.probes if p.address == target.local_address), None)
    names = next((r for r in evidence.reverse_dns if r.address == target.address), None)
    connect = probe.stage("connect") if probe else None
    ehlo = probe.stage("ehlo") if probe else None
    greeting = connect.reply if connect else None
    return GroundTruth(
        address=target.address,
        hostname=evidence.hostname,
        reachable=probe is None or bool(probe.stages),
        greeting=greeting.text if greeting is not None and greeting.code == 220 else None,
        greeting_seconds=connect.seconds if connect else None,
        offers_starttls=ehlo.reply.offers("STARTTLS") if ehlo and ehlo.reply else None,
        tls=probe.tls if probe else None,
        probe_failure=translate(probe.failure) if probe else _("it was not greeted"),
        ptr_names=_best_first(names) if names else (),
        ptr_error=translate(names.error) if names else _("it was not looked up"),
        forward_confirmed=_forward_confirmed(names),
        dangling=dangling(names) if names else (),
    )


def ptr_line(truth: GroundTruth) -> str:
    """Return an evidence line with the PTR names of the address."""
    if truth.ptr_names:
        return _("PTR of {address}: {names}").format(address=truth.address, names=", ".join(truth.ptr_names))
    return _("PTR of {address}: none").format(address=truth.address)


def _best_first(names: ReverseDns) -> tuple[str, ...]:
    """Return the PTR names, those that resolve back to the address first."""
    back = {forward.name for forward in names.forwards if names.address in forward.addresses}
    return tuple(sorted(names.names, key=lambda name: name not in back))


def is_host_name(name: str) -> bool:
    """Whether it is a full host name (RFC 1123 section 2.1), with a dot and no all-numeric last label."""
    labels = name.rstrip(".").split(".")
    return len(labels) > 1 and all(_LABEL.match(label) for label in labels) and not labels[-1].isdigit()


def dangling(names: ReverseDns) -> tuple[str, ...]:
    """Return the PTR names that have no address, so that they cannot resolve back to anything."""
    return tuple(one.name for one in names.forwards if not one.addresses and not one.error)


def _forward_confirmed(names: Optional[ReverseDns]) -> Optional[bool]:
    if names is None or names.error:
        return None
    if any(names.address in forward.addresses for forward in names.forwards):
        return True
    return None if any(forward.error for forward in names.forwards) else False
