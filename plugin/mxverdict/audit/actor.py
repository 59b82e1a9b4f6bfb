"""Who asks for what is noted in the audit trail."""

from __future__ import annotations

from typing import NamedTuple


class Actor(NamedTuple):
    """Who asks. `origin` is `cli`, `web` or `keeper`; `delegated` is a reseller with the plugin's privilege
    alone, to whom windows of others are closed."""

    user: str
    origin: str
    delegated: bool = False


KEEPER = Actor("keeper", "keeper")
