"""The token in every form, bound to the user and the WHM session so that no other site can guess it, and
opaque marks; both are made with the server's secret.

Imports little: a reseller's polling needs it."""

from __future__ import annotations

import hmac
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mxverdict.host import Host

_SECRET_BYTES = 32


def make_token(host: Host, user: str, session: str) -> str:
    """ "" when there is no WHM session to bind to: nothing can be changed then.

    Raises OSError when the server's secret can be neither read nor made.
    """
    if not (user and session):
        return ""
    return hmac.new(_secret(str(host.state)), f"{user}\0{session}".encode(), "sha256").hexdigest()


def verify_token(host: Host, user: str, session: str, given: str) -> bool:
    expected = make_token(host, user, session)
    return bool(expected) and hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def opaque_marks(state: str) -> Callable[[str], str]:
    """Return a function that maps text to an opaque mark: equal text gives an equal mark, and the text cannot
    be recovered. Without the secret in the product's folder `state`, each function gives marks of its own."""
    try:
        secret = _secret(state)
    except OSError:
        secret = os.urandom(_SECRET_BYTES)

    def mark(text: str) -> str:
        message = f"\0{text}"  # which no token is made of, since a user has a name
        return hmac.new(secret, message.encode(), "sha256").hexdigest()[:16]

    return mark


def _secret(state: str) -> bytes:
    path = f"{state}/web-secret"
    try:
        return _read(path)
    except FileNotFoundError:
        _make(path)
    return _read(path)


def _read(path: str) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        secret = file.read(_SECRET_BYTES + 1)
    if len(secret) != _SECRET_BYTES:
        raise OSError(f"{path} is damaged; remove it")
    return secret


def _make(name: str) -> None:
    from contextlib import suppress
    from pathlib import Path

    from mxverdict.fs.atomic_write import atomic_write

    path = Path(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):  # another page made it first
        atomic_write(path, os.urandom(_SECRET_BYTES), replace=False)
