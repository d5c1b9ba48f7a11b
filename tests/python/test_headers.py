"""Headers, trailers, peer and deadline: what a handler learns and what it sends beside its data."""

import json
import time

import grpc
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import fields
from server import Server, said


def values(metadata, key):
    return [value for name, value in metadata if name == key]


def test_a_handler_reads_text_repeated_and_binary_headers(raw):
    metadata = [
        ("x-text", "plain words"),
        ("x-several", "one"),
        ("x-several", "two"),
        ("x-binary-bin", b"\x00\x9f\xff"),
    ]
    [result] = raw.action("who", metadata=metadata)
    seen = json.loads(fields(result)[1][0])
    assert seen["x-text"] == "plain words"
    assert seen["x-several"] == ["one", "two"]
    assert seen["x-binary"] == [0, 0x9F, 0xFF]


def test_a_handler_reads_the_headers_of_a_pyarrow_call(client):
    assert client.ask("who", headers=[(b"x-text", b"from python")])["x-text"] == "from python"


def test_a_handler_knows_its_method_and_that_it_is_not_cancelled(client):
    seen = client.ask("who")
    assert (seen["method"], seen["cancelled"]) == ("DoAction", False)


def test_the_peer_is_the_address_of_the_client(client):
    peer = client.ask("who")["peer"]
    assert peer.startswith(("ipv4:127.0.0.1:", "ipv6:[::1]:"))
    assert 0 < int(peer.rsplit(":", 1)[1]) < 65536


def test_the_peer_on_a_unix_socket_is_unix(tmp_path):
    with Server("--location", f"grpc+unix://{tmp_path}/flight.sock") as server:
        with server.connect() as client:
            assert client.ask("who")["peer"] == "unix:"


def test_a_handler_knows_where_its_server_listens(own_server):
    with own_server.connect() as client:
        seen = client.ask("who")
    assert (seen["location"], seen["port"]) == (own_server.location, own_server.port)


def test_in_another_server_a_handler_has_no_handle(tonic_server):
    with tonic_server.connect() as client:
        assert client.ask("who")["location"] is None
        with pytest.raises(pa.ArrowInvalid) as caught:
            client.action("shutdown")
        assert said(caught) == "mounted in another server"


def test_without_a_deadline_there_is_none(client):
    assert client.ask("who")["seconds left"] is None


def test_a_handler_knows_its_deadline(client):
    # gRPC rounds what it sends up.
    assert 20 < client.ask("who", timeout=30)["seconds left"] < 31


def test_a_call_that_outlives_its_deadline_is_timed_out(client):
    start = time.monotonic()
    with pytest.raises(flight.FlightTimedOutError):
        client.ask("sleep", 20_000, timeout=0.3)
    assert time.monotonic() - start < 5


HEADERS = {
    "x-served-by": ["tests"],
    "x-twice": ["one", "two"],
    "x-binary-bin": [b"\x00\x9f\xff"],
}
TRAILERS = {"x-rows": ["17"], "x-checksum-bin": [b"\x01\x02\x03"]}


def test_headers_and_trailers_go_out_on_success(raw):
    call = raw.action("headers")
    assert len(list(call)) == 1
    for key, expected in HEADERS.items():
        assert values(call.initial_metadata(), key) == expected
        assert values(call.trailing_metadata(), key) == []
    for key, expected in TRAILERS.items():
        assert values(call.trailing_metadata(), key) == expected
        assert values(call.initial_metadata(), key) == []
    assert call.code() is grpc.StatusCode.OK


def test_headers_and_trailers_go_out_on_failure(raw):
    call = raw.action("headers-and-failure")
    with pytest.raises(grpc.RpcError):
        list(call)
    assert (call.code(), call.details()) == (grpc.StatusCode.NOT_FOUND, "with headers")
    sent = list(call.initial_metadata()) + list(call.trailing_metadata())
    for key, expected in {**HEADERS, **TRAILERS}.items():
        assert values(sent, key) == expected


class Seen(flight.ClientMiddleware):
    """Keeps the headers and trailers of an answer."""

    def __init__(self, found):
        super().__init__()
        self.found = found

    def received_headers(self, headers):
        for key, value in headers.items():
            self.found.setdefault(key.lower(), []).extend(value)


class SeenFactory(flight.ClientMiddlewareFactory):
    def __init__(self):
        super().__init__()
        self.found = {}

    def start_call(self, info):
        return Seen(self.found)


def test_pyarrow_sees_headers_and_trailers(server):
    factory = SeenFactory()
    with server.connect(middleware=[factory]) as client:
        assert client.action("headers") == [b"with headers"]
    assert factory.found["x-served-by"] == ["tests"]
    assert factory.found["x-rows"] == ["17"]
    assert factory.found["x-binary-bin"] == [b"\x00\x9f\xff"]


def test_a_header_behind_the_first_message_is_an_error_that_says_what_to_do(raw):
    call = raw.action("late-header")
    assert fields(next(call)) == fields(next(call)) == {1: [b"in time"]}
    with pytest.raises(grpc.RpcError):
        next(call)
    assert call.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert call.details() == (
        "header `x-late` comes too late: headers are sent with the first message; use add_trailer"
    )
    assert values(call.trailing_metadata(), "x-late") == ["as a trailer"]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("grpc-status", "`grpc-status` cannot be set: keys that start with `grpc-` belong to gRPC"),
        ("no spaces", "`no spaces` is not a header key: letters, digits, `-`, `_` and `.`"),
    ],
)
def test_a_key_that_is_none_is_an_error(client, key, text):
    with pytest.raises(flight.FlightInternalError) as caught:
        client.action("wrong-header", key)
    assert said(caught) == text
