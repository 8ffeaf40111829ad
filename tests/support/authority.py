"""A certificate authority of a test's own, and a server's certificate by it."""

import subprocess
from pathlib import Path
from typing import NamedTuple

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


class Certificates(NamedTuple):
    """Files in PEM."""

    authority: Path
    """To be trusted."""
    server: Path
    """The key and the certificate of a server at 127.0.0.1."""


def make_certificates(folder: Path) -> Certificates:
    """Make an authority, and a certificate that it has signed.

    Both have the extensions that RFC 5280 demands, which Python checks since 3.13.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, ca, key, server = (folder / f"{name}.pem" for name in ("ca-key", "ca", "key", "server"))
    may_sign = ("-addext", "keyUsage=critical,keyCertSign")
    _openssl("-subj", "/CN=An authority of a test", *may_sign, "-keyout", str(ca_key), "-out", str(ca))
    signed_by = ("-CA", str(ca), "-CAkey", str(ca_key), "-addext", "subjectAltName=IP:127.0.0.1")
    by_ca = ("-addext", "basicConstraints=critical,CA:FALSE", "-addext", "authorityKeyIdentifier=keyid")
    _openssl("-subj", "/CN=127.0.0.1", *signed_by, *by_ca, "-keyout", str(key), "-out", str(server))
    server.write_bytes(key.read_bytes() + server.read_bytes())
    return Certificates(ca, server)


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", "req", "-x509", *_KEY, *words], check=True, capture_output=True)
