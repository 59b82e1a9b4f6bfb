"""Browser sessions: a cookie, and a security token that every path has to begin with."""

from __future__ import annotations

import re
import secrets
import threading
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple, Optional

COOKIE = "whostmgrsession"


class Session(NamedTuple):
    user: str
    cookie: str
    security_token: str


class Sessions:
    def __init__(self) -> None:
        self._by_cookie: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(self, user: str) -> Session:
        session = Session(user, secrets.token_hex(16), f"/cpsess{secrets.randbelow(10**10):010d}")
        with self._lock:
            self._by_cookie[session.cookie] = session
        return session

    def find(self, cookie_header: str) -> Optional[Session]:
        try:
            morsel = SimpleCookie(cookie_header).get(COOKIE)
        except CookieError:
            return None
        return self._by_cookie.get(morsel.value) if morsel else None

    def close(self, session: Session) -> None:
        with self._lock:
            self._by_cookie.pop(session.cookie, None)


def split_security_token(path: str) -> tuple[str, str]:
    """`/cpsess0123456789/cgi/x` → `/cpsess0123456789`, `/cgi/x`; the token is empty when there is none."""
    match = re.match(r"(/cpsess\d{10})(/.*)?\Z", path, re.DOTALL)
    return (match[1], match[2] or "/") if match else ("", path)
