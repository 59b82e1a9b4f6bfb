"""What the server's secret is for: the token in every form, bound to the user and the WHM session, so that no
other site can guess it, and marks that tell nothing of what they stand for."""

from __future__ import annotations

import contextlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

from mxverdict.host import Host

_SECRET_BYTES = 32


def token(host: Host, user: str, session: str) -> str:
    """ "" when there is no WHM session to bind to: nothing can be changed then.

    Raises OSError when the server's secret can be neither read nor made.
    """
    if not (user and session):
        return ""
    return hmac.new(_secret(host.state), f"{user}\0{session}".encode(), "sha256").hexdigest()


def is_valid(host: Host, user: str, session: str, given: str) -> bool:
    expected = token(host, user, session)
    return bool(expected) and hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def veil(host: Host) -> Callable[[str], str]:
    """What makes of a text a mark: the same of the same text, and nobody learns the text from it. Where the
    secret cannot be had, each veil makes others."""
    try:
        secret = _secret(host.state)
    except OSError:
        secret = os.urandom(_SECRET_BYTES)

    def mark(text: str) -> str:
        said = f"\0{text}"  # as what no token is made of begins
        return hmac.new(secret, said.encode(), "sha256").hexdigest()[:16]

    return mark


def _secret(folder: Path) -> bytes:
    path = folder / "web-secret"
    with contextlib.suppress(FileNotFoundError):
        secret = path.read_bytes()
        if len(secret) != _SECRET_BYTES:
            raise OSError(f"{path} is damaged; remove it")
        return secret
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".web-secret.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(_SECRET_BYTES))
        with contextlib.suppress(FileExistsError):  # another page made it first
            os.link(draft, path)
    finally:
        draft.unlink()
    return path.read_bytes()
