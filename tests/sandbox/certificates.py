"""Certificates for the sandbox's mail server, signed by an authority of the sandbox's own."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

KINDS = ("trusted", "self_signed", "expired", "other_name")
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
_DATE = "%Y%m%d%H%M%SZ"
_CA_SETTINGS = """\
[ca]
default_ca = sandbox
[sandbox]
database = {database}
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any_name
[any_name]
commonName = supplied
"""


class Authority:
    """A certificate authority in `folder`; `certificate` is what a client has to trust."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        self._folder = folder

    def create(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._openssl(
            "req", "-x509", *_NEW_KEY, "-keyout", self._key, "-out", self.certificate,
            "-subj", "/CN=MX Verdict sandbox authority", "-days", "30",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip

    def issue(self, kind: str, host: str, certificate: Path, key: Path) -> None:
        """Write a certificate and key. `kind`: one of KINDS; `host` is the name it is meant for."""
        name = "elsewhere.example.org" if kind == "other_name" else host
        subject = ("-subj", f"/CN={name}")
        if kind == "self_signed":
            self._openssl(
                "req", "-x509", *_NEW_KEY, "-keyout", key, "-out", certificate, *subject,
                "-addext", f"subjectAltName=DNS:{name}", "-days", "30",
            )  # fmt: skip
            return
        request, extensions = self._folder / "request.pem", self._folder / "extensions"
        extensions.write_text(
            f"subjectAltName=DNS:{name}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        )
        self._openssl("req", "-new", *_NEW_KEY, "-keyout", key, "-out", request, *subject)
        # `ca` alone takes both dates in each OpenSSL from 1.1.1: others refuse an end before the beginning.
        index, settings = self._folder / "index.txt", self._folder / "ca.cnf"
        index.touch()
        settings.write_text(_CA_SETTINGS.format(database=index, folder=self._folder))
        now = datetime.now(timezone.utc)
        end = now + timedelta(days=-1 if kind == "expired" else 30)
        self._openssl(
            "ca", "-batch", "-notext", "-config", settings, "-in", request, "-cert", self.certificate,
            "-keyfile", self._key, "-startdate", f"{now - timedelta(days=2):{_DATE}}",
            "-enddate", f"{end:{_DATE}}", "-extfile", extensions, "-out", certificate,
        )  # fmt: skip

    @staticmethod
    def _openssl(*arguments: object) -> None:
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.strip()}")
