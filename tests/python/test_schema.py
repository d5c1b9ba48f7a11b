"""GetSchema: generated from a `#[do_get]`, or from a handler of one's own."""

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import fields, path
from server import said

NUMBERS = pa.schema([pa.field("n", pa.int64(), nullable=False)])


def schema(client, *segments):
    return client.get_schema(flight.FlightDescriptor.for_path(*segments)).schema


@pytest.mark.parametrize(
    "ticket", ["numbers", "annotated-schema", "nested", "views", "dictionaries/grown", "empty-declared"]
)
def test_the_schema_is_the_one_of_the_stream(client, ticket):
    descriptor = flight.FlightDescriptor.for_command(ticket)
    answer = client.get_schema(descriptor).schema
    assert answer.equals(client.reader(ticket).schema, check_metadata=True)


def test_a_handler_of_ones_own_answers_instead(client):
    assert schema(client, "schema-of-its-own") == pa.schema([pa.field("own", pa.bool_())])


def test_the_schema_of_a_flight_info_handler_is_its_flight_infos(client):
    assert schema(client, "sharded", "2") == NUMBERS


def test_a_catch_all_answers_what_no_route_took(catch_all_server):
    with catch_all_server.connect() as client:
        descriptor = flight.FlightDescriptor.for_command("whatever")
        answer = client.get_schema(descriptor).schema
        assert answer == pa.schema([pa.field("whatever", pa.string(), nullable=False)])
        assert schema(client, "routed", "x").names == ["text"]


def test_an_error_of_the_handler_is_the_answer(client):
    with pytest.raises(pa.ArrowKeyError) as caught:
        schema(client, "stations", "burnt-down")
    assert said(caught) == "no station `burnt-down`"


def test_an_unknown_route_is_not_found(client):
    with pytest.raises(pa.ArrowKeyError, match="route takes `nowhere`; there are `"):
        schema(client, "nowhere")


def test_the_bytes_are_an_encapsulated_ipc_message(raw):
    answer, _ = raw.unary("GetSchema", path("numbers"))
    [message] = fields(answer)[1]
    assert message[:4] == b"\xff\xff\xff\xff"
    assert pa.ipc.read_schema(pa.py_buffer(message)) == NUMBERS
