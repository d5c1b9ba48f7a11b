"""The secure example keeps its promises: its own client, which fails when one of them is broken, runs to its end."""

import subprocess
import sys

import pytest

from server import ROOT, example

SECURE = ROOT / "examples" / "secure"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    subprocess.run([sys.executable, SECURE / "certificates.py", folder], check=True, timeout=30)
    return folder


@pytest.fixture(scope="module")
def secure(certificates):
    options = ["--location", "grpc+tls://localhost:0", "--users", SECURE / "users.txt", "--client-ca", certificates / "ca.crt"]
    options += ["--tls-cert", certificates / "server.crt", "--tls-key", certificates / "server.key"]
    with example("secure", *options) as location:
        yield location


def test_the_client_beside_it_runs_to_its_end(secure, certificates):
    client = SECURE / "client.py"
    command = [sys.executable, client, "--location", secure, "--certificates", certificates]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for expected in ["bob reads 7 days", "`bob` may not do this", "ada made me forget 31 days", "operator made me forget"]:
        assert expected in done.stdout


def test_keys_are_for_their_owner_alone(certificates):
    for key in ("server.key", "operator.key"):
        assert (certificates / key).stat().st_mode & 0o077 == 0
