"""An upload that breaks off never looks complete to its handler."""

import struct

import h2.errors
import pyarrow.flight as flight
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


class Abandoned(Exception):
    """What goes wrong in a client's own program."""


def put(client, descriptor, batches, last=None, fails=False):
    """An upload whose writer is given up without a word where the program fails: pyarrow then ends it properly."""
    writer, _ = client.do_put(descriptor, batches[0].schema)
    try:
        for batch in batches:
            writer.write_batch(batch)
        if fails:
            raise Abandoned
        if last is not None:
            writer.write_metadata(last)
        writer.close()
    except Abandoned:
        del writer


def test_an_upload_with_a_commit_marker_is_complete_with_it_alone(client, name, tens):
    put(client, flight.FlightDescriptor.for_path("marked", name), tens(3), last=b"complete")
    seen = client.seen(name)
    assert (seen["end"], seen["rows"]) == ("clean", 30)


@pytest.mark.parametrize("fails", [True, False], ids=["given up", "ended without it"])
def test_an_upload_without_its_commit_marker_is_not_complete(client, name, tens, fails):
    put(client, flight.FlightDescriptor.for_path("marked", name), tens(3), fails=fails)
    assert client.seen(name)["end"].startswith("Aborted: ")


@pytest.mark.parametrize("more, end", [(0, "clean"), (1, "Aborted: "), (-1, "InvalidArgument: ")])
def test_an_upload_is_complete_with_as_many_rows_as_it_has_declared(client, name, tens, more, end):
    declared = flight.FlightDescriptor.for_command(f"declared/{name}?count={30 + more}")
    put(client, declared, tens(3))
    assert client.seen(name)["end"].startswith(end)
