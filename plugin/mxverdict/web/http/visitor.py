"""Who asks: the WHM user, how far WHM trusts them, and which domains are theirs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from mxverdict.host import Host
from mxverdict.whm.frame import DELEGATED, NONE, ROOT, Frame

if TYPE_CHECKING:
    from mxverdict.audit.actor import Actor
    from mxverdict.evidence.audience import Audience
    from mxverdict.whm.account_domains import Domains

__all__ = ["DELEGATED", "NONE", "ROOT", "Visitor"]


@dataclass(frozen=True)
class Visitor:
    """`session` is WHM's security token of the login (`/cpsess…`), "" when there is none.

    `level` is `root` (all privileges of root), `delegated` (a reseller to whom root gave the plugin's
    privilege) or `none`. `by_token`: the login was by an API token.
    """

    host: Host
    user: str
    session: str
    frame: Frame = field(repr=False, compare=False)
    by_token: bool = False

    @property
    def level(self) -> str:
        return self.frame.level

    @property
    def is_root(self) -> bool:
        return self.level == ROOT

    @property
    def audience(self) -> Audience:
        """For whom checks are judged."""
        from mxverdict.evidence.audience import Audience

        return Audience.ROOT if self.is_root else Audience.RESELLER

    @property
    def actor(self) -> Actor:
        """Who asks, to the engine of test windows and in the audit trail."""
        from mxverdict.audit.actor import Actor

        return Actor(self.user, "web", delegated=not self.is_root)

    def did(self, user: str) -> bool:
        """Is what that user did on these pages the visitor's own? An API token cannot have done anything, and
        its privileges may be narrower than those its user did it with."""
        return bool(user) and user == self.user and not self.by_token

    @cached_property
    def _domains(self) -> Domains:
        from mxverdict.whm.account_domains import read_domains
        from mxverdict.whm.api import LocalWhmApi

        return read_domains(LocalWhmApi(self.host))

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """A reseller's domains, sorted. Raises WhmError."""
        return tuple(sorted(self._domains.of(self.user)))

    def owns(self, target: str) -> bool:
        """Is the domain or name in one of the visitor's accounts? For root everything is. Raises as above."""
        return self.is_root or self._domains.belongs(target, self.user)
