"""The secure example keeps its promises: its own client, which fails when one of them is broken, runs to its end."""

import subprocess
import sys

import pyarrow.flight as flight
import pytest

from server import ROOT, example, example_client

SECURE = ROOT / "examples" / "secure"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    subprocess.run([sys.executable, SECURE / "certificates.py", folder], check=True, timeout=30)
    return folder


@pytest.fixture(scope="module")
def secure(certificates):
    options = ["--location", "grpc+tls://localhost:0", "--users", SECURE / "users.txt", "--client-ca", certificates / "client-ca.crt"]
    options += ["--tls-cert", certificates / "server.crt", "--tls-key", certificates / "server.key"]
    with example("secure", *options) as location:
        yield location


def test_the_client_beside_it_runs_to_its_end(secure, certificates):
    said = example_client("secure", secure, "--certificates", certificates)
    for expected in ["bob reads 7 days", "`bob` may not do this", "ada made me forget 31 days", "operator made me forget"]:
        assert expected in said


def test_keys_are_for_their_owner_alone(certificates):
    for key in ("server.key", "operator.key"):
        assert (certificates / key).stat().st_mode & 0o077 == 0


def test_the_servers_own_certificate_lets_nobody_in(secure, certificates):
    def file(name):
        return (certificates / name).read_bytes()

    shown = {"cert_chain": file("server.crt"), "private_key": file("server.key")}
    with flight.connect(secure, tls_root_certs=file("ca.crt"), **shown) as client:
        with pytest.raises((flight.FlightUnavailableError, flight.FlightInternalError)):
            list(client.do_action(flight.Action("health", b""), flight.FlightCallOptions(timeout=10)))
