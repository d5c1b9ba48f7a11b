"""The Python of the guide runs as it stands there, block after block, against the service that it describes."""

import re

import pytest
import trustme

from credentials import USERS, jwt
from server import ROOT, Server

PAGE = ROOT / "docs" / "src" / "security.md"

# Where the guide says that its server listens.
LOCATION = "grpc+tls://localhost:8815"


def blocks():
    """The blocks in Python, each behind as many empty lines as stand before it: so errors name the line of the page."""
    text = PAGE.read_text()
    for block in re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield "\n" * text.count("\n", 0, block.start(1)) + block[1]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory: with the files that the guide reads, and those of the server."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    for name, certificate in [
        ("server", authority.issue_cert("localhost")),
        ("client", authority.issue_cert(common_name="ada")),
    ]:
        certificate.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.crt")
        certificate.private_key_pem.write_to_path(tmp_path / f"{name}.key")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_guide_to_security_runs(folder, monkeypatch):
    word = USERS["ada"]
    monkeypatch.setenv("FLIGHT_PASSWORD", word)
    monkeypatch.setenv("FLIGHT_TOKEN", f"token of {word}")
    monkeypatch.setenv("FLIGHT_API_KEY", f"key of {word}")
    monkeypatch.setenv("FLIGHT_JWT", jwt("ada"))
    options = ["--services", "guarded", "--location", "grpc+tls://localhost:0", "--client-optional"]
    options += ["--tls-cert", "server.crt", "--tls-key", "server.key", "--client-ca", "ca.crt"]
    for kind in ("basic", "bearer", "jwt", "api-key", "certificate", "handshake"):
        options += ["--auth", kind]
    with Server(*options) as server:
        found = list(blocks())
        assert len(found) == PAGE.read_text().count("```python")
        program = {}
        for block in found:
            exec(compile(block.replace(LOCATION, server.location), PAGE, "exec"), program)
        program["client"].close()
