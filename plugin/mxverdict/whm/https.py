"""WHM API 1 over HTTPS, for work from another machine (api.docs.cpanel.net, "API tokens in WHM")."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Union

import requests

from mxverdict.errors import WhmForbidden, WhmUnreachable
from mxverdict.i18n.message import Message
from mxverdict.whm.api import TIMEOUT, WhmApi, envelope


class HttpsWhmApi(WhmApi):
    """Calls `https://HOST:2087/json-api/` with an API token of `user`.

    `verify` is True (system authorities), the path of a CA file, or False to accept any certificate;
    `timeout` is per request, in seconds. The environment changes nothing: a proxy, an authority or a .netrc
    named there would get, or replace, the token.
    """

    def __init__(
        self,
        server: str,
        user: str,
        token: str,
        *,
        port: int = 2087,
        verify: Union[bool, str] = True,
        timeout: float = TIMEOUT,
    ) -> None:
        self.url = f"https://{server}:{port}/json-api/"
        self.timeout = timeout
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"whm {user}:{token}"
        self.session.verify = verify

    def request(self, function: str, parameters: Sequence[tuple[str, str]]) -> dict[str, Any]:
        query = [("api.version", "1"), *parameters]
        logging.getLogger(__name__).debug("asking %s for %s", self.url, function)
        try:
            response = self.session.post(
                self.url + function, data=query, timeout=self.timeout, allow_redirects=False
            )
        except requests.exceptions.SSLError as error:
            raise WhmUnreachable(
                function, Message("the certificate is not trusted: {error}", error=error)
            ) from None
        except requests.exceptions.Timeout:
            raise WhmUnreachable(
                function, Message("no answer within {seconds} s", seconds=f"{self.timeout:g}")
            ) from None
        except requests.exceptions.RequestException as error:
            raise WhmUnreachable(function, Message("no connection: {error}", error=error)) from None
        if response.status_code in (401, 403):
            raise WhmForbidden(function, Message("HTTP status {status}", status=response.status_code))
        if response.status_code != 200:
            raise WhmUnreachable(function, Message("HTTP status {status}", status=response.status_code))
        return envelope(function, response.text)
