"""A deadline holds on the server too, for the answer's beginning and for all of its stream.

gRPC's own clients keep time themselves; these calls are made by a client that does not.
"""

import time

import pytest

from http2 import Connection
from raw import field, flight_data, path

CALLS = {
    "a single answer": ("DoAction", lambda name: field(1, "sleep") + field(2, "20000")),
    "a handler before its first message": ("DoGet", lambda name: field(1, f"waits/{name}")),
    "a stream in its middle": ("DoGet", lambda name: field(1, f"stalls/{name}")),
    "a stream that never pauses": ("DoGet", lambda name: field(1, f"endless/{name}")),
    "results that never pause": (
        "DoAction",
        lambda name: field(1, "count-for-ever") + field(2, name),
    ),
    "an upload that does not come": ("DoPut", lambda name: flight_data(path("uploads", name))),
    "an exchange that listens": ("DoExchange", lambda name: flight_data(path("listens", name))),
}


def ended(server, call, name):
    """How a call with a deadline of 200 ms ends, and after how long."""
    method, request = CALLS[call]
    with Connection(server.port, method, headers=[("grpc-timeout", "200m")]) as connection:
        start = time.monotonic()
        connection.send(request(name), end=method in ("DoGet", "DoAction"))
        end = connection.wait_for_end()
        return end["grpc-status"], end["grpc-message"], time.monotonic() - start


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_outlives_its_deadline_ends_with_deadline_exceeded(own_server, name, call):
    status, message, passed = ended(own_server, call, name)
    assert status == "4"
    assert message.replace("%20", " ") == "the call's deadline passed before its end"
    assert 0.19 < passed < 2


# Until the head of the answer tonic keeps time too, and says CANCELLED when it is first.
@pytest.mark.parametrize("call", [call for call in CALLS if "stream" in call])
def test_in_tonics_server_a_stream_ends_at_its_deadline_too(tonic_server, name, call):
    status, _, passed = ended(tonic_server, call, name)
    assert status == "4"
    assert 0.19 < passed < 2


def test_a_call_that_ends_in_time_is_left_alone(server):
    with Connection(server.port, "DoAction", headers=[("grpc-timeout", "30S")]) as connection:
        connection.send(field(1, "sleep") + field(2, "10"), end=True)
        assert connection.wait_for_end()["grpc-status"] == "0"


@pytest.mark.parametrize("timeout", ["soon", "1", "-1S", "123456789S"])
def test_a_deadline_that_is_none_is_invalid(own_server, timeout):
    with Connection(own_server.port, "DoAction", headers=[("grpc-timeout", timeout)]) as connection:
        connection.send(field(1, "nothing"), end=True)
        assert connection.wait_for_end()["grpc-status"] == "3"


def test_a_handler_whose_client_does_not_read_ends_at_the_deadline(server, client, name):
    with Connection(server.port, "DoGet", headers=[("grpc-timeout", "200m")]) as connection:
        start = time.time()
        connection.send(field(1, f"endless/{name}"), end=True)
        assert 0.15 < client.seen(name)["at"] - start < 2
