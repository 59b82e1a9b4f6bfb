"""cpsrvd's certificate, signed by the sandbox's authority.

It is for the host name alone: a client that connects to 127.0.0.1 by number must not accept it.
"""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.certificates import Authority


def authority(root: Path) -> Authority:
    return Authority(root / "sandbox/ca")


def host_certificate(root: Path) -> Path:
    """Key and certificate of cpsrvd in one file, where a cPanel server keeps them."""
    return root / "var/cpanel/ssl/cpanel/mycpanel.pem"


def make(root: Path, host_name: str) -> None:
    """Make the certificate, and the authority when there is none yet."""
    signer = authority(root)
    if not signer.certificate.exists():
        signer.create()
    combined = host_certificate(root)
    combined.parent.mkdir(parents=True, exist_ok=True)
    key, certificate = (combined.with_name(name) for name in ("host.key", "host.pem"))
    signer.issue("trusted", host_name, certificate, key)
    combined.touch(0o600)
    combined.write_text(key.read_text() + certificate.read_text())
    key.unlink()
    certificate.unlink()
