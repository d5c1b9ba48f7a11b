"""Who is let in: every call, each way to be known, and what pyarrow's own clients do."""

import json
import time

import grpc
import pyarrow as pa
import pyarrow.flight as flight
import pytest
import trustme

from credentials import WRONG, basic, headers, jwt
from raw import Channel, command, field, fields, flight_data, ipc_messages, path
from server import Server, methods, said

KINDS = ["handshake", "basic", "bearer", "api-key", "jwt", "own", "certificate"]


def upload(where):
    batches = [pa.record_batch({"n": [1, 2]})]
    messages = ipc_messages(batches)
    first = flight_data(path(where), *[messages[0][0]])
    return [first] + [flight_data(header=header, body=body) for header, body in messages[1:]]


# Requests of each call, to handlers that are not public and to nothing at all. A call that is missing here fails the tests.
REQUESTS = {
    "ListFlights": [b"", field(1, b"named/")],
    "GetFlightInfo": [
        path("rows"),
        path("named", "one"),
        path("secret"),
        command("secret?limit=5"),
        command("secret?limit=x"),
        command("secret?nonsense=5"),
        path("info"),
        path("nothing"),
        command(b"\xff"),
        b"",
    ],
    "PollFlightInfo": [path("rows"), path("secret"), path("poll"), path("nothing")],
    "GetSchema": [path("rows"), path("secret"), path("schema"), path("nothing")],
    "DoGet": [
        field(1, b"rows"),
        field(1, b"named/one"),
        field(1, b"secret"),
        field(1, b"secret?limit=x"),
        field(1, b"secret?nonsense=5"),
        field(1, b"nothing"),
        field(1, b"\xff"),
        b"",
    ],
    "DoPut": [upload("rows"), upload("nothing"), [], [b""]],
    "DoExchange": [upload("rows"), upload("nothing"), [], [b""]],
    "DoAction": [
        field(1, name)
        for name in ("whoami", "ran", "compact", "either", "of-bob", "with-header", "log-out", "hidden", "")
    ],
    "ListActions": [b""],
}
STREAMING = {"DoPut", "DoExchange"}
UNARY = {"GetFlightInfo", "PollFlightInfo", "GetSchema"}


def call(raw, name, request, **options):
    """All messages of an answer."""
    if name in STREAMING:
        return list(raw.streams(name, request, **options))
    if name in UNARY:
        return [raw.unary(name, request, **options)[0]]
    return list(raw.stream(name, request, **options))


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    server = authority.issue_cert("localhost")
    server.cert_chain_pems[0].write_to_path(folder / "server.crt")
    server.private_key_pem.write_to_path(folder / "server.key")
    authority.cert_pem.write_to_path(folder / "ca.crt")
    return folder


class Guarded:
    """The guarded service, and channels to it."""

    def __init__(self, kind, mount, request):
        self.kind = kind
        options = ["--services", "guarded", "--auth", kind]
        self.authority = None
        if kind == "certificate":
            self.authority = request.getfixturevalue("authority")
            folder = request.getfixturevalue("tls")
            options += ["--location", "grpc+tls://localhost:0", "--client-optional"]
            options += ["--tls-cert", folder / "server.crt", "--tls-key", folder / "server.key"]
            options += ["--client-ca", folder / "ca.crt"]
        self.server = Server(*options, *mount)

    def channel(self, certificate=None):
        if not self.authority:
            return Channel(self.server.location)
        roots = self.authority.cert_pem.bytes()
        shown = {}
        if certificate:
            shown["private_key"] = certificate.private_key_pem.bytes()
            shown["certificate_chain"] = certificate.cert_chain_pems[0].bytes()
        return Channel(self.server.location, grpc.ssl_channel_credentials(roots, **shown))

    def known(self, name):
        """A channel, and the headers of somebody who is known."""
        if self.authority:
            return self.channel(self.authority.issue_cert(common_name=name)), []
        return self.channel(), headers(self.kind, self.server.location, name)

    def ask(self, name, action):
        channel, metadata = self.known(name)
        with channel:
            [result] = channel.action(action, metadata=metadata)
            return json.loads(fields(result)[1][0])


@pytest.fixture(
    scope="module",
    params=[(kind, mount) for kind in KINDS for mount in ("own", "tonic") if (kind, mount) != ("certificate", "tonic")],
    ids=lambda param: "-".join(param),
)
def guarded(request):
    kind, mount = request.param
    guarded = Guarded(kind, ["--tonic"] if mount == "tonic" else [], request)
    with guarded.server:
        yield guarded


def test_every_call_of_the_protocol_is_tried_below():
    assert set(REQUESTS) | {"Handshake"} == set(methods())


def test_no_call_without_valid_credentials_reaches_a_handler(guarded):
    tried = 0
    for metadata in [[], *WRONG[guarded.kind]]:
        with guarded.channel() as raw:
            for name in methods():
                for request in REQUESTS.get(name, []):
                    with pytest.raises(grpc.RpcError) as caught:
                        call(raw, name, request, metadata=metadata)
                    error = caught.value
                    assert error.code() is grpc.StatusCode.UNAUTHENTICATED, (name, request, metadata, error)
                    # Nothing of what was asked for, or of what there is.
                    for word in ("secret", "rows", "admin", "compact", "limit", "nothing"):
                        assert word not in error.details(), error.details()
                    tried += 1
    assert tried > 60
    assert guarded.ask("ada", "ran") is None


def test_a_known_caller_reaches_every_handler(guarded):
    channel, metadata = guarded.known("ada")
    with channel:
        for name in methods():
            for request in REQUESTS.get(name, []):
                if request == field(1, "log-out"):
                    continue
                try:
                    call(channel, name, request, metadata=metadata)
                except grpc.RpcError as error:
                    assert error.code() is not grpc.StatusCode.UNAUTHENTICATED, (name, request)
    ran = guarded.ask("ada", "ran")
    # `of-bob` and `with-header` are for others; `open` was asked for what it lists.
    assert set(ran) == {
        "read", "named", "secret", "write", "exchange", "whoami", "compact", "either",
        "info", "schema", "poll", "flights", "actions", "open",
    }  # fmt: skip


def test_the_handler_knows_who_it_is(guarded):
    for name, roles, scopes in [("ada", ["admin"], []), ("bob", [], ["rows:write"]), ("carol", [], [])]:
        seen = guarded.ask(name, "whoami")
        assert (seen["name"], seen["identity"]) == (name, name)
        if guarded.kind == "certificate":
            scopes = []
        assert (seen["roles"], seen["scopes"]) == (roles, scopes)


def test_missing_credentials_are_told_what_is_expected():
    for kinds, text in [
        (["bearer"], "credentials are missing: expected `authorization: Bearer <token>`"),
        (["api-key"], "credentials are missing: expected `x-api-key: <key>`"),
        (["own"], "credentials are missing"),
        (
            ["jwt", "api-key", "handshake"],
            "credentials are missing: expected `authorization: Bearer <JWT>`, `x-api-key: <key>`, or "
            "a handshake, and its token in `auth-token-bin`",
        ),
    ]:
        options = [word for kind in kinds for word in ("--auth", kind)]
        with Server("--services", "guarded", *options) as server, server.connect() as client:
            with pytest.raises(flight.FlightUnauthenticatedError) as caught:
                client.action("whoami")
            assert said(caught) == text


# ---- pyarrow's own ways to log in


@pytest.fixture(scope="module")
def basic_server():
    with Server("--services", "guarded", "--auth", "basic") as server:
        yield server


def option(pair):
    key, value = pair
    encode = lambda text: text if isinstance(text, bytes) else text.encode()
    return {"headers": [(encode(key), encode(value))]}


def test_pyarrow_logs_in_for_a_bearer_token(basic_server):
    with basic_server.connect() as client:
        pair = client.authenticate_basic_token("ada", "ada's")
        assert pair[0] == b"authorization" and pair[1].startswith(b"Bearer ")
        assert client.ask("whoami", **option(pair))["name"] == "ada"
        assert client.get("secret", **option(pair)).num_rows == 3
        for name, password in [("ada", "bob's"), ("eve", "ada's"), ("", "")]:
            with pytest.raises(flight.FlightUnauthenticatedError) as caught:
                client.authenticate_basic_token(name, password)
            assert "invalid user name or password" in str(caught.value)


def test_a_login_without_padding_and_name_and_password_with_each_call_are_accepted(basic_server):
    with Channel(basic_server.location) as raw:
        for padded in (True, False):
            metadata = [("authorization", basic("carol", "carol's", padded))]
            call = raw.streams("Handshake", [b""], metadata=metadata)
            [response] = call
            token = fields(response)[2][0]
            assert ("authorization", f"Bearer {token.decode()}") in call.trailing_metadata()
            assert list(raw.action("whoami", metadata=metadata))
            assert list(raw.action("whoami", metadata=[("authorization", f"bEARER {token.decode()}")]))


class OldLogin(flight.ClientAuthHandler):
    """Flight's message for name and password, whose answer is a token: clients of the older kind."""

    def __init__(self, name, password):
        super().__init__()
        self.login = flight.BasicAuth(name, password)
        self.token = None

    def authenticate(self, outgoing, incoming):
        outgoing.write(self.login.serialize())
        self.token = incoming.read()

    def get_token(self):
        return self.token


def test_clients_of_the_older_kind_log_in_too(basic_server):
    with basic_server.connect() as client:
        client.authenticate(OldLogin("bob", "bob's"))
        assert client.ask("whoami")["name"] == "bob"
    with basic_server.connect() as client:
        with pytest.raises(flight.FlightUnauthenticatedError) as caught:
            client.authenticate(OldLogin("bob", "ada's"))
        assert "invalid user name or password" in str(caught.value)


def test_a_token_is_revoked_and_others_stay(basic_server):
    with basic_server.connect() as client:
        of = {name: client.authenticate_basic_token(name, f"{name}'s") for name in ("bob", "carol")}
        assert client.action("log-out", **option(of["bob"]))[0] >= b"1"
        with pytest.raises(flight.FlightUnauthenticatedError) as caught:
            client.action("whoami", **option(of["bob"]))
        assert said(caught) == "invalid bearer token"
        assert client.ask("whoami", **option(of["carol"]))["name"] == "carol"


def test_a_caller_ends_the_token_that_it_came_with(basic_server):
    with basic_server.connect() as client:
        here, there = (client.authenticate_basic_token("ada", "ada's") for _ in range(2))
        assert client.action("log-out-here", **option(here)) == [b"true"]
        with pytest.raises(flight.FlightUnauthenticatedError):
            client.action("whoami", **option(here))
        assert client.ask("whoami", **option(there))["name"] == "ada"
        with_each_call = ("authorization", basic("ada", "ada's"))
        assert client.action("log-out-here", **option(with_each_call)) == [b"false"]


def test_a_token_that_is_not_used_expires():
    with Server("--services", "guarded", "--auth", "basic", "--token-idle", 3000) as server:
        with server.connect() as client:
            pair = client.authenticate_basic_token("ada", "ada's")
            # Used again and again, it outlives that time; between two uses there is room for a machine that is busy.
            for _ in range(3):
                time.sleep(1.2)
                assert client.ask("whoami", **option(pair))["name"] == "ada"
            time.sleep(3.2)
            with pytest.raises(flight.FlightUnauthenticatedError) as caught:
                client.action("whoami", **option(pair))
            assert said(caught) == "invalid bearer token"


class OneMessage(flight.ClientAuthHandler):
    def __init__(self, text):
        super().__init__()
        self.text = text
        self.token = b""

    def authenticate(self, outgoing, incoming):
        outgoing.write(self.text)
        self.token = incoming.read()

    def get_token(self):
        return self.token


class Questions(OneMessage):
    def authenticate(self, outgoing, incoming):
        outgoing.write(b"ada")
        question = incoming.read()
        assert question == b"hello ada, and the password?"
        outgoing.write(self.text)
        self.token = incoming.read()


@pytest.fixture(scope="module")
def handshake_server():
    with Server("--services", "guarded", "--auth", "handshake") as server:
        yield server


@pytest.mark.parametrize("handler", [OneMessage(b"ada:ada's"), Questions(b"ada's")])
def test_pyarrow_shakes_hands_in_one_message_and_in_several(handshake_server, handler):
    with handshake_server.connect() as client:
        with pytest.raises(flight.FlightUnauthenticatedError):
            client.action("whoami")
        client.authenticate(handler)
        assert client.ask("whoami")["name"] == "ada"
        assert client.get("secret").num_rows == 3


@pytest.mark.parametrize("handler", [OneMessage(b"ada:eve's"), Questions(b"eve's")])
def test_a_handshake_that_is_wrong_is_unauthenticated_and_says_so(handshake_server, handler):
    with handshake_server.connect() as client:
        with pytest.raises(flight.FlightUnauthenticatedError) as caught:
            client.authenticate(handler)
        assert "that is wrong" in str(caught.value)


def test_a_handshake_has_any_number_of_messages_each_way(handshake_server):
    with Channel(handshake_server.location) as raw:
        sent = [b"count", *(str(n).encode() for n in range(100))]
        call = raw.streams("Handshake", [field(2, message) for message in sent])
        got = [fields(message)[2][0] for message in call]
        assert got == [*sent[1:], b"100 messages"]
        assert ("x-handshake", "yes") in call.initial_metadata()


@pytest.mark.parametrize(
    ("messages", "code", "text"),
    [
        ([], "INVALID_ARGUMENT", "ended where a message was expected"),
        ([b"\xff"], "INVALID_ARGUMENT", "does not decode"),
        ([field(2, b"x" * 70_000)], "RESOURCE_EXHAUSTED", "65536"),
        ([field(2, b"\xff")], "INVALID_ARGUMENT", "not UTF-8"),
    ],
)
def test_a_handshake_that_is_none_says_what_is_wrong(handshake_server, messages, code, text):
    with Channel(handshake_server.location) as raw:
        with pytest.raises(grpc.RpcError) as caught:
            list(raw.streams("Handshake", messages))
        assert caught.value.code() is grpc.StatusCode[code]
        assert text in caught.value.details()


def test_a_server_without_a_handshake_says_how_to_be_known():
    with Server("--services", "guarded", "--auth", "bearer") as server, server.connect() as client:
        with pytest.raises(pa.ArrowNotImplementedError) as caught:
            client.authenticate_basic_token("ada", "ada's")
        assert "no handshake: each call brings `authorization: Bearer <token>`" in str(caught.value)
        pair = ("authorization", "Bearer token of ada's")
        assert client.ask("whoami", **option(pair))["name"] == "ada"


def test_all_ways_work_side_by_side():
    kinds = ["basic", "jwt", "bearer", "api-key", "own", "handshake"]
    options = [word for kind in kinds for word in ("--auth", kind)]
    with Server("--services", "guarded", *options) as server, Channel(server.location) as raw:
        for kind in kinds:
            [result] = raw.action("whoami", metadata=headers(kind, server.location, "ada"))
            assert json.loads(fields(result)[1][0])["name"] == "ada", kind
        for kind in kinds:
            for metadata in WRONG[kind]:
                with pytest.raises(grpc.RpcError) as caught:
                    list(raw.action("whoami", metadata=metadata))
                assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED, metadata


def test_what_is_wrong_with_a_signed_token_is_said():
    with Server("--services", "guarded", "--auth", "jwt") as server, server.connect() as client:
        for token, text in [
            (jwt("ada", exp=int(time.time()) - 300), "the token has expired"),
            (jwt("ada", aud="others"), "the token is for another audience"),
            (jwt("ada", secret=b"x" * 32), "the token's signature is wrong"),
        ]:
            with pytest.raises(flight.FlightUnauthenticatedError) as caught:
                client.action("whoami", **option(("authorization", f"Bearer {token}")))
            assert said(caught) == text


# ---- authenticators of one's own


@pytest.fixture(scope="module")
def own_auth_server():
    with Server("--services", "guarded", "--auth", "own") as server:
        yield server


@pytest.mark.parametrize(
    ("user", "error", "text"),
    [
        ("outage", flight.FlightUnavailableError, "the directory cannot be reached"),
        ("shut-out", flight.FlightUnauthorizedError, "shut out"),
        ("eve", flight.FlightUnauthenticatedError, "no such user"),
        ("panic", flight.FlightInternalError, "internal error; its details are in the server's log"),
    ],
)
def test_what_an_authenticator_says_ends_the_call(own_auth_server, user, error, text):
    with own_auth_server.connect() as client:
        with pytest.raises(error) as caught:
            client.action("whoami", **option(("x-user", user)))
        assert text in str(caught.value)
        assert "secret" not in str(caught.value)


def test_an_identity_is_of_the_type_that_the_authenticator_gives(own_auth_server):
    with own_auth_server.connect() as client:
        assert client.action("region", **option(("x-user", "bob"))) == [b"8"]
        assert client.ask("whoami", **option(("x-user", "carol")))["region"] == 9
        with pytest.raises(flight.FlightInternalError):
            client.action("another-identity", **option(("x-user", "bob")))
    assert own_auth_server.logged("a handler takes `Identity<alloc::string::String>`, and the authenticator gave a `")


# ---- settings


def test_contradictions_end_the_start_with_the_fix():
    for options, text in [
        ((), "has `require = …`, and this server asks nobody for credentials: add an `.authenticator(…)`"),
        (("--auth", "handshake", "--auth", "handshake"), "two `auth_handler`s"),
    ]:
        with Server("--services", "guarded", *options, wait=False) as server:
            assert server.wait() == 1
            assert text in server.log()
    with Server("--public", "ListActions", wait=False) as server:
        assert server.wait() == 1
        assert "`ListActions` is said to be public, and this server asks nobody" in server.log()


def test_credentials_in_plain_text_on_a_network_are_a_warning():
    warning = "credentials travel in plain text here"
    with Server("--location", "grpc://0.0.0.0:0", "--auth", "bearer") as server:
        [line] = server.logged(warning)
        assert " WARN " in line
    with Server("--auth", "bearer") as server:
        assert warning not in server.log()


def test_refused_calls_are_in_the_log_with_the_reason_and_no_secret():
    with Server("--services", "guarded", "--auth", "bearer") as server, server.connect() as client:
        with pytest.raises(flight.FlightUnauthenticatedError):
            client.action("compact", **option(("authorization", "Bearer hunter2")))
        with pytest.raises(flight.FlightUnauthorizedError):
            client.action("compact", **option(("authorization", "Bearer token of bob's")))
        [unknown] = server.logged("invalid bearer token")
        [bob] = server.logged("may not do this")
        assert "Unauthenticated" in unknown and "DoAction" in unknown
        assert 'identity="bob"' in bob and "PermissionDenied" in bob
        assert "hunter2" not in server.log() and "token of" not in server.log()


# ---- other clients


def test_the_go_client_logs_in():
    """Through ADBC's driver, which is made of it: base64 without padding, then the bearer token."""
    import adbc_driver_flightsql.dbapi as adbc
    import adbc_driver_manager as manager

    with Server("--services", "guarded", "--auth", "basic") as server:
        login = {"username": "ada", "password": "ada's"}
        with pytest.warns(Warning, match="autocommit"):
            connection = adbc.connect(server.location, db_kwargs=login)
        with connection, connection.cursor() as cursor:
            # It is let in; this server does not speak SQL.
            with pytest.raises(manager.ProgrammingError, match="no action `CreatePreparedStatement`"):
                cursor.execute("SELECT 1")
        with pytest.raises(manager.ProgrammingError, match="invalid user name or password"):
            adbc.connect(server.location, db_kwargs={**login, "password": "bob's"})
