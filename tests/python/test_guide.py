"""The Python of the guide runs as it stands there, block after block, against the service that it describes.

That service is the page's own program, its block of Rust with a `main` that listens on `localhost:8815`. `docs/programs/build.rs` takes it out
of the page, and the program `guide` runs it: `guide first-service`. All blocks of Rust, programs or not, are tests of rustdoc besides, by
`flight-runtime/src/guide.rs`. So there is no second copy of anything on a page.
"""

import contextlib
import io
import pathlib
import subprocess
import sys

import pytest
import trustme

from credentials import USERS, jwt
from guide import FOLDER, PAGES, blocks, run
from server import Server, binary, example

# Pages without a program, or with a second server: their tests are below.
OTHERS = {"definition", "from-pyarrow", "security", "testing"}
WITH_PYTHON = [page for page in PAGES if any(blocks(page, "python")) and page.stem not in OTHERS]


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


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.stem)
def test_the_python_of_a_page_runs_against_the_program_of_the_page(folder, page):
    with Server(page.stem, program="guide") as server:
        run(page, server.location)


def test_what_a_page_says_that_python_prints_is_what_it_prints(folder):
    page = FOLDER / "first-service.md"
    [(_, said)] = blocks(page, "text")
    printed = io.StringIO()
    with Server(page.stem, program="guide") as server, contextlib.redirect_stdout(printed):
        run(page, server.location)
    assert printed.getvalue() == said


def test_the_test_in_python_that_the_guide_writes_passes(folder):
    fixture, test = (block for _, block in blocks(FOLDER / "testing.md", "python"))
    (folder / "conftest.py").write_text(fixture)
    (folder / "test_shop.py").write_text(test)
    shop = folder / "target" / "debug" / "shop"
    shop.parent.mkdir(parents=True)
    shop.write_text(f"#!/bin/sh\nexec {pathlib.Path(binary()).with_name('guide')} testing --alone\n")
    shop.chmod(0o755)
    asked = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shop.py"]
    ran = subprocess.run(asked, capture_output=True, text=True, timeout=50)
    assert ran.returncode == 0 and "1 passed" in ran.stdout, ran.stdout + ran.stderr


def test_one_client_gets_the_same_of_the_pyarrow_server_and_of_ours(folder):
    page = FOLDER / "from-pyarrow.md"
    there, asks = (block for _, block in blocks(page, "python"))
    assert "FlightServerBase" in there and "FlightServerBase" not in asks

    def answers(location):
        program = {}
        exec(compile(asks.replace("grpc://localhost:8815", location), page, "exec"), program)
        program["client"].close()
        return program["answers"]

    program = {"__name__": "there"}
    exec(compile(there, page, "exec"), program)
    with program["Tables"]("grpc://localhost:0") as server:
        theirs = answers(f"grpc://localhost:{server.port}")
    with Server(page.stem, program="guide") as server:
        assert answers(server.location) == theirs
    assert len(theirs) > 5


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
        run(FOLDER / "security.md", server.location)


def test_the_guide_to_definitions_runs(tmp_path, monkeypatch):
    with example("weather", "--location", "grpc://localhost:0") as location:
        program = pathlib.Path(binary()).with_name("flight-python")
        written = subprocess.run([program, "--from", location], capture_output=True, check=True).stdout
        (tmp_path / "weather_client.py").write_bytes(written)
        monkeypatch.syspath_prepend(tmp_path)
        run(FOLDER / "definition.md", location)
