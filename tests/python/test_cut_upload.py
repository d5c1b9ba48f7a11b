"""An upload that breaks off never looks complete to its handler."""

import struct

import h2.errors
import pytest

from http2 import Connection
from raw import field, flight_data, ipc_messages, path

CODES = h2.errors.ErrorCodes

CUTS = {
    "a reset with CANCEL": lambda connection: connection.reset(CODES.CANCEL),
    "a reset with NO_ERROR": lambda connection: connection.reset(CODES.NO_ERROR),
    "a reset with INTERNAL_ERROR": lambda connection: connection.reset(CODES.INTERNAL_ERROR),
    "a connection closed": lambda connection: connection.close(),
    "a connection dropped": lambda connection: connection.drop(),
    "a GOAWAY and an end": lambda connection: connection.go_away(),
}


@pytest.fixture
def upload(server, tens):
    """Starts an upload of one batch that its handler has begun to read."""
    connections = []

    def start(*segments, method="DoPut"):
        [schema, batch, *_] = ipc_messages(tens(1))
        connection = Connection(server.port, method)
        connections.append(connection)
        connection.send(flight_data(path(*segments), header=schema[0]))
        message = flight_data(header=batch[0], body=batch[1])
        connection.send(message)
        assert connection.wait_for_data() == field(1, "started")
        connection.send(message)
        return connection, message

    yield start
    for connection in connections:
        connection.socket.close()


@pytest.mark.parametrize("cut", CUTS)
def test_a_handler_never_sees_the_clean_end_of_an_upload_that_is_cut(upload, client, name, cut):
    connection, _ = upload("watched", name)
    CUTS[cut](connection)
    end = client.seen(name)["end"]
    assert end == "dropped" or end.startswith("Aborted: ")


@pytest.mark.parametrize("cut", CUTS)
def test_a_task_that_outlives_the_call_is_told_that_the_upload_was_cut(upload, client, name, cut):
    connection, _ = upload("watched-in-task", name)
    CUTS[cut](connection)
    assert client.seen(name)["end"].startswith("Aborted: ")


@pytest.mark.parametrize("route", ["watched", "watched-in-task"])
def test_an_upload_that_is_finished_is_clean(upload, client, name, route):
    connection, message = upload(route, name)
    connection.send(message)
    connection.finish()
    seen = client.seen(name)
    # The first message was read before the observer began.
    assert (seen["end"], seen["batches"]) == ("clean", 2)


@pytest.mark.parametrize("route", ["watched", "watched-in-task"])
@pytest.mark.parametrize("part", [1, 4, 5, 30])
def test_an_upload_that_ends_within_a_message_is_not_clean(upload, client, name, route, part):
    connection, message = upload(route, name)
    framed = struct.pack(">BI", 0, len(message)) + message
    connection.send_bytes(framed[:part], end=True)
    assert client.seen(name)["end"].startswith("InvalidArgument: ")


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_within_a_message_is_told_as_a_cut(upload, client, name, cut):
    connection, message = upload("watched-in-task", name)
    framed = struct.pack(">BI", 0, len(message)) + message
    connection.send_bytes(framed[:40])
    CUTS[cut](connection)
    assert client.seen(name)["end"].startswith("Aborted: ")
