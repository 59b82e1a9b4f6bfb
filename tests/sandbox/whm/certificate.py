"""A certificate authority of the sandbox's own, and a host certificate signed by it, made with `openssl`.

The certificate is for the host name alone: a client that connects to 127.0.0.1 by number must not accept it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

_DAYS = "3650"
_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def authority(root: Path) -> Path:
    """What a client has to trust."""
    return root / "sandbox/ca/ca.pem"


def host_certificate(root: Path) -> Path:
    """Key and certificate of cpsrvd in one file, where a cPanel server keeps them."""
    return root / "var/cpanel/ssl/cpanel/mycpanel.pem"


def make(root: Path, host_name: str) -> None:
    """Make what is missing of both; what is there is kept."""
    ca = authority(root)
    ca_key = ca.with_name("ca.key")
    ca.parent.mkdir(parents=True, exist_ok=True)
    if not ca.exists():
        may_sign = ("-subj", "/CN=Sandbox CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        _openssl("req", "-x509", *_CURVE, "-keyout", ca_key, "-out", ca, "-days", _DAYS, *may_sign)
    combined = host_certificate(root)
    if combined.exists():
        return
    combined.parent.mkdir(parents=True, exist_ok=True)
    key, certificate = (combined.with_name(name) for name in ("host.key", "host.pem"))
    signed_by = ("-CA", ca, "-CAkey", ca_key)
    names = ("-subj", f"/CN={host_name}", "-addext", f"subjectAltName=DNS:{host_name}")
    usage = ("-addext", "basicConstraints=critical,CA:FALSE")
    _openssl(
        "req",
        "-x509",
        *signed_by,
        *_CURVE,
        "-keyout",
        key,
        "-out",
        certificate,
        "-days",
        _DAYS,
        *names,
        *usage,
    )
    combined.touch(0o600)
    combined.write_text(key.read_text() + certificate.read_text())
    key.unlink()
    certificate.unlink()


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
