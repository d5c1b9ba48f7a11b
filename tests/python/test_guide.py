"""The Python of the guide runs as it stands there, block after block, against the service that it describes."""

import pathlib
import re
import subprocess

import pytest
import trustme

from credentials import USERS, jwt
from server import ROOT, Server, binary, example

SECURITY, DEFINITION = (ROOT / "docs" / "src" / f"{name}.md" for name in ("security", "definition"))


def blocks(page):
    """The blocks in Python, each behind as many empty lines as stand before it: so errors name the line of the page."""
    text = page.read_text()
    for block in re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield "\n" * text.count("\n", 0, block.start(1)) + block[1]


def run(page, said, location):
    """Runs the blocks of a page as one program. Where it says that its server listens, it listens elsewhere."""
    found = list(blocks(page))
    assert len(found) == page.read_text().count("```python")
    program = {}
    for block in found:
        exec(compile(block.replace(said, location), page, "exec"), program)
    program["client"].close()


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
        run(SECURITY, "grpc+tls://localhost:8815", server.location)


def test_the_guide_to_definitions_runs(tmp_path, monkeypatch):
    with example("weather", "--location", "grpc://localhost:0") as location:
        program = pathlib.Path(binary()).with_name("flight-python")
        written = subprocess.run([program, "--from", location], capture_output=True, check=True).stdout
        (tmp_path / "weather_client.py").write_bytes(written)
        monkeypatch.syspath_prepend(tmp_path)
        run(DEFINITION, "grpc://localhost:8815", location)
