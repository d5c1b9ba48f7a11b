"""TLS: which certificate a client gets, whose certificate a client must have, and files that are replaced."""

import socket
import ssl
import threading
import time

import pyarrow.flight as flight
import pytest
import trustme

from server import Server

FAILED = (flight.FlightUnavailableError, flight.FlightInternalError)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def stranger():
    """An authority that nobody trusts."""
    return trustme.CA()


class Files:
    """A certificate and its key in files, which can be replaced."""

    def __init__(self, folder, name, certificate):
        self.cert, self.key = folder / f"{name}.crt", folder / f"{name}.key"
        self.replace(certificate)

    def replace(self, certificate):
        self.cert.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        self.key.write_bytes(certificate.private_key_pem.bytes())

    @property
    def options(self):
        return "--tls-cert", self.cert, "--tls-key", self.key


@pytest.fixture
def files(tmp_path, authority):
    return Files(tmp_path, "server", authority.issue_cert("localhost"))


@pytest.fixture
def client_ca(tmp_path, authority):
    path = tmp_path / "client-ca.crt"
    authority.cert_pem.write_to_path(path)
    return path


def serve(*options):
    return Server("--location", "grpc+tls://localhost:0", *options)


def roots(authority):
    return {"tls_root_certs": authority.cert_pem.bytes()}


def shown(certificate):
    """A client that shows this certificate."""
    return {
        "cert_chain": b"".join(blob.bytes() for blob in certificate.cert_chain_pems),
        "private_key": certificate.private_key_pem.bytes(),
    }


def who(server, **options):
    with server.connect(**options) as client:
        return client.ask("who", timeout=10)


def refused(server, **options):
    with pytest.raises(FAILED) as caught:
        who(server, **options)
    return str(caught.value)


def served(server, authority, name="localhost", version=None):
    """The certificate that a new connection gets, and the protocol."""
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    context.set_alpn_protocols(["h2"])
    if version:
        context.minimum_version = context.maximum_version = version
    with socket.create_connection(("localhost", server.port), 5) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            return tls.getpeercert(binary_form=True), tls.version(), tls.selected_alpn_protocol()


def der(certificate):
    return ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())


def test_a_private_authority_is_accepted_and_another_is_not(files, authority, stranger):
    with serve(*files.options) as server:
        assert server.location == f"grpc+tls://localhost:{server.port}"
        seen = who(server, **roots(authority))
        assert (seen["identity"], seen["certificate"]) == ("", None)
        refused(server, **roots(stranger))
        with server.connect(**roots(authority)) as client:
            assert client.get("numbers?count=1").num_rows == 1


@pytest.mark.parametrize(
    ("version", "name"),
    [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")],
)
def test_both_versions_speak_http2(files, authority, version, name):
    with serve(*files.options) as server:
        assert served(server, authority, version=version)[1:] == (name, "h2")


def test_the_certificate_is_chosen_by_the_name_that_is_asked_for(tmp_path, authority):
    one, two = authority.issue_cert("one.test"), authority.issue_cert("*.two.test")
    pairs = Files(tmp_path, "one", one), Files(tmp_path, "two", two)
    with serve(*pairs[0].options, *pairs[1].options) as server:
        for name in ("one.test", "a.two.test"):
            assert who(server, override_hostname=name, **roots(authority))
        assert served(server, authority, "one.test")[0] == der(one)
        assert served(server, authority, "a.two.test")[0] == der(two)
        refused(server, override_hostname="three.test", **roots(authority))
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for name in ("three.test", None):
            with socket.create_connection(("localhost", server.port), 5) as plain:
                with context.wrap_socket(plain, server_hostname=name) as tls:
                    assert tls.getpeercert(binary_form=True) == der(one)


def test_a_verified_client_is_known_by_its_certificate(files, client_ca, authority, stranger):
    good = authority.issue_cert("worker.test", common_name="worker")
    named = authority.issue_cert(common_name="person")
    with serve(*files.options, "--client-ca", client_ca, "--verify-client") as server:
        seen = who(server, **roots(authority), **shown(good))
        assert seen["identity"] == "worker.test"
        shown_certificate = seen["certificate"]
        assert shown_certificate["subject"].endswith("CN=worker")
        assert "trustme" in shown_certificate["issuer"]
        assert shown_certificate["common name"] == "worker"
        assert shown_certificate["dns names"] == ["worker.test"]
        assert int(shown_certificate["serial number"], 16) > 0
        assert shown_certificate["seconds"] > 0
        assert shown_certificate["chain"] >= 1
        assert who(server, **roots(authority), **shown(named))["identity"] == "person"
        refused(server, **roots(authority))
        refused(server, **roots(authority), **shown(stranger.issue_cert("worker.test")))


def issued(authority, names, not_before=None, not_after=None, common_name=None):
    """A certificate with whatever names, which trustme does not make."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    ca = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    ca_key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else []
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before or now - day)
        .not_valid_after(not_after or now + day)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not subject)
    certificate = builder.sign(ca_key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "cert_chain": certificate.public_bytes(serialization.Encoding.PEM),
        "private_key": private,
    }


def test_a_uri_comes_before_a_host_and_a_host_before_a_person(files, client_ca, authority):
    from cryptography import x509

    uri = x509.UniformResourceIdentifier("spiffe://example.org/worker")
    host = x509.DNSName("worker.test")
    with serve(*files.options, "--client-ca", client_ca, "--verify-client") as server:
        for names, identity in [
            ([host, uri], "spiffe://example.org/worker"),
            ([host], "worker.test"),
            ([], "person"),
        ]:
            seen = who(server, **roots(authority), **issued(authority, names, common_name="person"))
            assert seen["identity"] == identity
            assert seen["certificate"]["common name"] == "person"
        nameless = issued(authority, [x509.RFC822Name("a@example.org")])
        assert who(server, **roots(authority), **nameless)["identity"] == ""


def test_a_client_certificate_out_of_its_time_is_refused(files, client_ca, authority):
    import datetime

    from cryptography import x509

    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    names = [x509.DNSName("worker.test")]
    with serve(*files.options, "--client-ca", client_ca, "--client-optional") as server:
        assert who(server, **roots(authority), **issued(authority, names))["identity"] == "worker.test"
        for start, end in [(now - 2 * day, now - day), (now + day, now + 2 * day)]:
            refused(server, **roots(authority), **issued(authority, names, start, end))


def test_an_optional_certificate_may_be_absent_but_not_wrong(
    files, client_ca, authority, stranger
):
    with serve(*files.options, "--client-ca", client_ca, "--client-optional") as server:
        assert who(server, **roots(authority))["identity"] == ""
        good = shown(authority.issue_cert("worker.test"))
        assert who(server, **roots(authority), **good)["identity"] == "worker.test"
        refused(server, **roots(authority), **shown(stranger.issue_cert("worker.test")))


def until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_files_that_are_replaced_under_load_reach_new_connections_and_fail_no_call(
    files, authority
):
    with serve(*files.options) as server, server.connect(**roots(authority)) as old:
        stop, failures, calls = threading.Event(), [], []

        def load():
            while not stop.is_set():
                try:
                    with server.connect(**roots(authority)) as client:
                        calls.append(client.ask("who", timeout=10))
                    calls.append(old.get("numbers?count=1", timeout=10))
                except Exception as error:
                    failures.append(error)

        threads = [threading.Thread(target=load) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(3):
                new = authority.issue_cert("localhost")
                files.replace(new)
                until(lambda: served(server, authority)[0] == der(new))
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert not failures
        assert calls
        assert old.ask("who", timeout=10)["identity"] == ""


def test_a_replacement_that_is_wrong_keeps_the_old_one_until_it_is_right(files, authority):
    with serve(*files.options) as server:
        before = served(server, authority)[0]
        files.cert.write_text("no certificate")
        [line] = server.logged("the old ones stay")
        assert "holds no certificate" in line
        assert served(server, authority)[0] == before
        assert who(server, **roots(authority))
        new = authority.issue_cert("localhost")
        files.replace(new)
        until(lambda: served(server, authority)[0] == der(new))


def test_a_client_that_says_nothing_is_dropped_and_disturbs_nobody(files, authority):
    with serve(*files.options) as server:
        with socket.create_connection(("localhost", server.port)) as silent:
            began = time.monotonic()
            assert who(server, **roots(authority))
            silent.settimeout(30)
            assert silent.recv(1) == b""
            # Ten seconds, and whatever a busy machine adds.
            assert 9 < time.monotonic() - began < 30
            assert who(server, **roots(authority))


def test_a_handshake_under_way_does_not_hold_up_the_end(files):
    with serve(*files.options) as server:
        with socket.create_connection(("localhost", server.port)):
            server.signal()
            assert server.wait(5) == 0


def test_a_certificate_out_of_its_time_is_a_warning(tmp_path, authority):
    import datetime

    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    future = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=10)
    for times, text in [
        ({"not_after": past}, "has expired"),
        ({"not_before": future, "not_after": future + datetime.timedelta(days=1)}, "is not valid before"),
    ]:
        odd = Files(tmp_path, "odd", authority.issue_cert("localhost", **times))
        with serve(*odd.options) as server:
            [line] = server.logged(text)
            assert " WARN " in line


def test_a_certificate_out_of_its_time_is_told_once_while_files_are_read_again_and_again(tmp_path, files, authority):
    import datetime

    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    old = Files(tmp_path, "old", authority.issue_cert("old.test", not_after=past))
    with serve(*old.options, *files.options) as server:
        [_] = server.logged("has expired")
        files.cert.write_text("no certificate")
        [_] = server.logged("the old ones stay")
        # Files are looked at every second.
        time.sleep(2.5)
        files.replace(authority.issue_cert("localhost"))
        [_] = server.logged("new connections use them")
        assert server.log().count("has expired") == 1


def test_an_encrypted_key_says_what_to_do(tmp_path, authority):
    from cryptography.hazmat.primitives import serialization

    files = Files(tmp_path, "encrypted", authority.issue_cert("localhost"))
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    tls = "--location", "grpc+tls://localhost:0"
    with Server(*tls, *files.options, wait=False) as server:
        assert server.wait() == 1
        assert "the private key is encrypted: decrypt it with `openssl pkey`" in server.log()


def test_a_certificate_makes_tls_of_a_server_without_a_location(files, authority):
    with Server(*files.options) as server:
        assert server.location.startswith("grpc+tls://localhost:")
        assert who(server, **roots(authority))["identity"] == ""


def test_contradictions_end_the_start_with_the_fix(tmp_path, files, client_ca, authority):
    other = Files(tmp_path, "other", authority.issue_cert("localhost"))
    broken = tmp_path / "broken.crt"
    broken.write_text(
        client_ca.read_text() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    )
    stray = tmp_path / "stray.crt"
    stray.write_text(client_ca.read_text() + files.key.read_text())
    tls = "--location", "grpc+tls://localhost:0"
    ca = "--client-ca", client_ca
    for options, text in [
        (("--location", "grpc://localhost:0", *files.options), "is in plain text, where `tls_certificate` has no effect: listen on `grpc+tls://host:port`"),
        (ca, "`root_certificates` has no effect: listen on"),
        (("--verify-client",), "`verify_client` has no effect: listen on"),
        (tls, "needs a certificate: add `.tls_certificate(certificate, key)`"),
        ((*tls, *files.options, *ca), "add `.verify_client(true)`, or `.client_certificate_optional()`"),
        ((*tls, *files.options, "--verify-client"), "`verify_client(true)` needs the authorities"),
        ((*tls, *files.options, "--client-optional"), "`client_certificate_optional()` needs the authorities"),
        ((*tls, *files.options, *ca, "--verify-client", "--client-optional"), "say one of them"),
        ((*tls, "--tls-cert", files.cert, "--tls-key", other.key), "the key does not fit the certificate in"),
        ((*tls, "--tls-cert", files.key, "--tls-key", files.key), "holds no certificate"),
        ((*tls, "--tls-cert", files.cert, "--tls-key", files.cert), "holds no private key"),
        ((*tls, "--tls-cert", tmp_path / "none", "--tls-key", files.key), "cannot read `"),
        ((*tls, *files.options, "--client-ca", broken, "--verify-client"), "root certificate 2 cannot be used"),
        ((*tls, *files.options, "--client-ca", stray, "--verify-client"), "of 2 sections 1 are certificates"),
    ]:
        with Server(*options, wait=False) as server:
            assert server.wait() == 1
            assert text in server.log(), text
