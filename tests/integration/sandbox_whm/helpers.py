"""Calls of the stand-in for WHM, as its users make them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Optional

import requests

from tests.sandbox.whm import certificate, defaults

REPOSITORY = Path(__file__).resolve().parents[3]
PLUGIN_CONF = """# a plugin
name=mxverdict
service=whostmgr
url=/cgi/addons/mxverdict/
user=root
acls=software-mxverdict
displayname=MX Verdict <1>
entryurl=addons/mxverdict/index.cgi
icon=mxverdict.png
target=_self
"""
ENVIRONMENT_CGI = f"""#!{sys.executable}
import json, os, sys
body = sys.stdin.read(int(os.environ["CONTENT_LENGTH"]))
print("Content-type: application/json\\n")
namespace = os.readlink("/proc/self/ns/net")
print(json.dumps({{"environment": dict(os.environ), "body": body, "namespace": namespace}}))
"""


class Https:
    """A client of cpsrvd that trusts the sandbox's authority and nothing else."""

    def __init__(self, root: Path, port: int) -> None:
        self.root = root
        self.url = f"https://cp1.example.net:{port}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(certificate.authority(root).certificate)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=20, allow_redirects=False, **options)

    def post(self, path: str, data: Any, **options: Any) -> requests.Response:
        return self.session.post(self.url + path, data=data, timeout=20, allow_redirects=False, **options)

    def login(self, user: str) -> str:
        """Log in; the security token."""
        form = {"user": user, "pass": defaults.PASSWORDS[user], "login_only": "1"}
        return str(self.post("/login/", form).json()["security_token"])

    def api(self, function: str, token: Any = defaults.ROOT_TOKEN, **parameters: str) -> requests.Response:
        header = {"Authorization": f"whm {token.user}:{token.secret}"}
        return self.get(f"/json-api/{function}", params={"api.version": "1", **parameters}, headers=header)


def command(
    root: Path, name: str, *arguments: object, timeout: float = 20, env: Optional[dict[str, str]] = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(root / "usr/local/cpanel" / name), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={"PATH": "/usr/bin:/bin", **(env or {})},
        check=False,
    )


def whmapi1(root: Path, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(command(root, "bin/whmapi1", "--output=json", *arguments).stdout)
    return answer


def metadata(function: str, result: int = 1, reason: str = "OK") -> dict[str, Any]:
    return {"version": 1, "reason": reason, "result": result, "command": function}


def fault(root: Path, name: str, content: str = "") -> None:
    (root / "sandbox/faults" / name).write_text(content)


def eventually(condition: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def localopts(root: Path) -> list[str]:
    return (root / "etc/exim.conf.localopts").read_text().splitlines()


def get_delay(root: Path) -> dict[str, Any]:
    answer = whmapi1(root, "get_tweaksetting", "module=Mail", "key=acl_delay_unknown_hosts")
    assert answer["metadata"] == metadata("get_tweaksetting")
    setting: dict[str, Any] = answer["data"]["tweaksetting"]
    return setting


def set_mail(root: Path, key: str, *value: str) -> dict[str, Any]:
    return whmapi1(root, "set_tweaksetting", "module=Mail", f"key={key}", *(f"value={one}" for one in value))
