"""Middleware around every call: when its hooks run, with what, and what handlers see of it."""

import json
import time

import grpc
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from credentials import basic
from raw import Channel, field, fields, flight_data, ipc_messages, path
from server import Server, methods, said


@pytest.fixture(scope="module", params=["own", "tonic"])
def server(request):
    mount = ["--tonic"] if request.param == "tonic" else []
    with Server("--watch", *mount) as server:
        yield server


@pytest.fixture
def client(server):
    with server.connect() as client:
        yield client


@pytest.fixture
def raw(server):
    with Channel(server.location) as raw:
        yield raw


def values(metadata, key):
    return [value for name, value in metadata if name == key]


def noted(client, name, until="completed", seconds=5):
    """The events of a call: of each middleware what happened, and with what."""
    deadline = time.monotonic() + seconds
    while True:
        [result] = client.action("noted", name, timeout=10)
        events = json.loads(result) or []
        ended = [event for event in events if event[1] == until and event[0] == "outer"]
        if ended or time.monotonic() > deadline:
            return events
        time.sleep(0.01)


def of_call(method, result, identity=""):
    return [
        ["outer", "starts", method],
        ["inner", "starts", method],
        ["outer", "headers", identity],
        ["inner", "headers", identity],
        ["inner", "completed", result],
        ["outer", "completed", result],
    ]


NUMBERS = pa.schema([("n", pa.int64())])

# A request of each call that is served; a call that is missing fails the tests.
REQUESTS = {
    "Handshake": [],
    "ListFlights": b"",
    "GetFlightInfo": path("stream"),
    "PollFlightInfo": path("stream"),
    "GetSchema": path("stream"),
    "DoGet": field(1, "stream"),
    "DoPut": None,
    "DoExchange": None,
    "DoAction": field(1, "nothing"),
    "ListActions": b"",
}


def upload(where):
    (header, _), (data, body) = ipc_messages([pa.record_batch({"n": [1]}, schema=NUMBERS)])
    return [flight_data(path(where), header), flight_data(header=data, body=body)]


def call(raw, name, metadata):
    request = REQUESTS[name]
    if name == "DoPut":
        call = raw.streams(name, upload("ignored"), metadata=metadata)
    elif name == "DoExchange":
        call = raw.streams(name, upload("echo"), metadata=metadata)
    elif name == "Handshake":
        call = raw.streams(name, request, metadata=metadata)
    elif name in ("GetFlightInfo", "PollFlightInfo", "GetSchema"):
        _, call = raw.unary(name, request, metadata=metadata)
        return call
    else:
        call = raw.stream(name, request, metadata=metadata)
    list(call)
    return call


def test_every_call_of_the_protocol_is_tried_here():
    assert set(REQUESTS) == set(methods())


@pytest.mark.parametrize("method", methods())
def test_middleware_sees_every_call_and_each_hook_runs_once(client, raw, name, method):
    result = "Ok"
    try:
        call(raw, method, [("x-note", name)])
    except grpc.RpcError as error:
        assert method == "Handshake", error
        result = "Unimplemented"
    assert noted(client, name) == of_call(method, result)


def test_headers_go_out_once_repeated_and_binary(raw):
    metadata = [("x-echo", "a"), ("x-echo", "b"), ("x-echo-bin", b"\x00\xff")]
    for name in ("DoAction", "DoGet", "GetFlightInfo"):
        sent = call(raw, name, metadata).initial_metadata()
        assert values(sent, "x-outer") == ["one", "two"]
        assert values(sent, "x-inner") == ["one", "two"]
        # Once by each of the two.
        assert values(sent, "x-echo") == ["a", "b"] * 2
        assert values(sent, "x-echo-bin") == [b"\x00\xff"] * 2


def test_headers_go_out_with_a_failure_too(client, raw, name):
    failing = raw.action("status", metadata=[("x-note", name)])
    with pytest.raises(grpc.RpcError):
        list(failing)
    sent = list(failing.initial_metadata()) + list(failing.trailing_metadata())
    assert values(sent, "x-outer") == ["one", "two"]
    assert noted(client, name) == of_call("DoAction", "NotFound")


def test_trailers_can_be_added_at_the_end(raw):
    for action in ("nothing", "fail-late"):
        ending = raw.action(action)
        try:
            list(ending)
        except grpc.RpcError:
            pass
        assert values(ending.trailing_metadata(), "x-completed") == ["inner", "outer"]


def test_pyarrow_sees_the_headers(server):
    found = {}

    class Seen(flight.ClientMiddleware):
        def received_headers(self, headers):
            for key, value in headers.items():
                found.setdefault(key.lower(), []).extend(value)

    class Factory(flight.ClientMiddlewareFactory):
        def start_call(self, info):
            return Seen()

    with flight.FlightClient(server.location, middleware=[Factory()]) as watching:
        options = flight.FlightCallOptions(headers=[(b"x-echo", b"from python")])
        watching.do_get(flight.Ticket(b"stream"), options).read_all()
    assert found["x-outer"] == ["one", "two"]
    assert found["x-echo"] == ["from python"] * 2


@pytest.mark.parametrize("method", methods())
def test_a_middleware_rejects_a_call_and_those_before_it_are_told(client, raw, name, method):
    with pytest.raises(grpc.RpcError) as caught:
        call(raw, method, [("x-note", name), ("x-reject", "inner")])
    error = caught.value
    assert (error.code(), error.details()) == (grpc.StatusCode.PERMISSION_DENIED, "inner rejects")
    assert values(error.trailing_metadata(), "grpc-status-details-bin") == [b"inner"]
    assert noted(client, name) == [
        ["outer", "starts", method],
        ["inner", "rejects", method],
        ["outer", "headers", ""],
        ["outer", "completed", "PermissionDenied"],
    ]


def test_pyarrow_is_told_who_rejects(client):
    with pytest.raises(flight.FlightUnauthorizedError) as caught:
        client.get("stream", headers=[(b"x-reject", b"outer")])
    assert said(caught) == "outer rejects"


@pytest.mark.parametrize(
    ("action", "result"),
    [
        ("panic", "Internal"),
        ("panic-blocking", "Internal"),
        ("panic-late", "Internal"),
        ("fail-late", "DataLoss"),
        ("own-error", "Aborted"),
        ("swept-up", "Internal"),
    ],
)
def test_the_end_has_the_final_status(client, name, action, result):
    with pytest.raises(Exception):
        client.action(action, headers=[(b"x-note", name.encode())])
    assert noted(client, name) == of_call("DoAction", result)


def test_a_client_that_goes_away_is_cancelled(server, client, name):
    other = f"{name} of a handler"
    with server.connect() as leaving:
        reader = leaving.reader(f"stalls/{other}", headers=[(b"x-note", name.encode())])
        assert reader.read_chunk().data.num_rows == 10
        assert noted(client, name, until="headers") == of_call("DoGet", "")[:4]
        reader.cancel()
        assert noted(client, name) == of_call("DoGet", "Cancelled")
        # The handler was gone by then.
        assert client.seen(other)["end"] == "dropped"


def test_a_client_that_goes_away_before_the_first_message_is_cancelled(server, name):
    with Channel(server.location) as raw, server.connect() as client:
        waiting = raw.action("wait-for-ever", f"{name} of a handler", metadata=[("x-note", name)])
        assert noted(client, name, until="starts")
        waiting.cancel()
        assert noted(client, name) == [
            ["outer", "starts", "DoAction"],
            ["inner", "starts", "DoAction"],
            ["inner", "completed", "Cancelled"],
            ["outer", "completed", "Cancelled"],
        ]


@pytest.mark.parametrize("ticket", ["stalls", "waits"])
def test_a_deadline_is_the_end(client, name, ticket):
    with pytest.raises(flight.FlightTimedOutError):
        client.get(f"{ticket}/{name} of a handler", timeout=0.2, headers=[(b"x-note", name.encode())])
    events = noted(client, name)
    # tonic's own server drops a call at its deadline while its head is not out.
    assert events[-1] in (["outer", "completed", "DeadlineExceeded"], ["outer", "completed", "Cancelled"])
    assert [event for event in events if event[1] == "completed"][0][0] == "inner"


def test_hooks_that_panic_hurt_their_own_call_at_most(client, name):
    headers = [(b"x-note", name.encode()), (b"x-panic", b"inner")]
    with pytest.raises(flight.FlightInternalError) as caught:
        client.action("nothing", headers=headers)
    assert "secret" not in str(caught.value)
    assert noted(client, name)[-1] == ["outer", "completed", "Internal"]
    assert client.action("text", "x", headers=[(b"x-panic-at-the-end", b"inner")]) == [b"X"]


def test_a_header_that_is_none_ends_the_call(client, name):
    headers = [(b"x-note", name.encode()), (b"x-bad-header", b"inner")]
    with pytest.raises(flight.FlightInternalError) as caught:
        client.action("text", "x", headers=headers)
    assert "header `x-bad` is not visible ASCII" in str(caught.value)
    assert noted(client, name) == of_call("DoAction", "Internal")


def test_handlers_find_middleware_by_type_and_by_key(client):
    seen = client.ask("around", headers=[(b"x-tenant", b"acme")])
    assert (seen["tenant"], seen["outer"], seen["inner"], seen["first"]) == ("acme", "outer", "inner", "outer")
    assert seen["tenant as another type"] is None
    seen = client.ask("around", headers=[(b"x-skip", b"outer")])
    assert (seen["tenant"], seen["outer"], seen["first"]) == (None, None, "inner")
    assert client.action("tenant", headers=[(b"x-tenant", b"acme")]) == [b"acme"]
    with pytest.raises(flight.FlightInternalError):
        client.action("tenant")


def test_the_end_knows_what_was_called(client, raw, name):
    for method, route in [
        ("DoGet", "stream"),
        ("DoPut", "ignored"),
        ("DoExchange", "echo"),
        ("DoAction", "nothing"),
        ("GetFlightInfo", "stream"),
        ("PollFlightInfo", "stream"),
        ("GetSchema", "stream"),
        ("ListFlights", None),
        ("ListActions", None),
    ]:
        note = f"{name} {method}"
        call(raw, method, [("x-note", note), ("x-note-route", "yes")])
        events = noted(client, note)
        assert ["outer", "was", [route, ""]] in events, (method, events)
    note = f"{name} of nothing"
    with pytest.raises(KeyError):
        client.get("no/such/route", headers=[(b"x-note", note.encode()), (b"x-note-route", b"")])
    assert ["outer", "was", [None, ""]] in noted(client, note)


def test_the_end_of_a_handshake_knows_who_has_logged_in(name):
    kinds = ["--auth", "basic", "--auth", "handshake"]
    with Server("--services", "guarded", *kinds, "--watch") as server:
        with Channel(server.location) as raw:
            login = [("authorization", basic("ada", "ada's"))]
            wanted = [("x-note-route", "yes")]
            by_header = [*login, *wanted, ("x-note", f"{name} header")]
            assert list(raw.streams("Handshake", [], metadata=by_header)) == []
            message = [*wanted, ("x-note", f"{name} message")]
            assert list(raw.streams("Handshake", [field(2, "bob:bob's")], metadata=message))
            wrong = [("authorization", basic("ada", "eve's")), *wanted, ("x-note", f"{name} wrong")]
            with pytest.raises(grpc.RpcError):
                list(raw.streams("Handshake", [], metadata=wrong))
            for which, identity in [("header", "ada"), ("message", "bob"), ("wrong", "")]:
                note = raw.action("noted", f"{name} {which}", metadata=login)
                [result] = note
                assert ["outer", "was", [None, identity]] in json.loads(fields(result)[1][0])
        assert "not the password of `ada`" in server.logged("invalid user name or password")[0]


def test_refused_calls_pass_through_middleware(name):
    with Server("--services", "guarded", "--auth", "own", "--watch") as server:
        with server.connect() as client:
            note = (b"x-note", name.encode())
            with pytest.raises(flight.FlightUnauthenticatedError):
                client.action("compact", headers=[note])
            with pytest.raises(flight.FlightUnauthorizedError):
                client.action("compact", headers=[note, (b"x-user", b"bob")])
            client.action("compact", headers=[note, (b"x-user", b"ada")])
            [result] = client.action("noted", name, headers=[(b"x-user", b"ada")])
            assert json.loads(result) == [
                *of_call("DoAction", "Unauthenticated"),
                *of_call("DoAction", "PermissionDenied", "bob"),
                *of_call("DoAction", "Ok", "ada"),
            ]


def test_a_server_that_is_stopped_tells_of_the_calls_that_it_cut(name):
    with Server("--watch", "--grace", 100) as server:
        with server.connect() as client:
            reader = client.reader(f"stalls/{name}", headers=[(b"x-log", b"yes")])
            assert reader.read_chunk().data.num_rows == 10
            server.signal()
            assert server.wait(5) == 0
        [line] = server.logged("call watched")
        assert "Unavailable" in line
