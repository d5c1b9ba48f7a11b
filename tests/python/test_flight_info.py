"""GetFlightInfo: generated from a `#[do_get]`, or from a handler of one's own."""

import datetime

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import Channel, command, fields, path
from server import Server, said

NUMBERS = pa.schema([pa.field("n", pa.int64(), nullable=False)])


def test_a_do_get_alone_answers_with_schema_ticket_and_descriptor(client):
    info = client.info("numbers")
    assert info.schema == NUMBERS
    assert info.descriptor == flight.FlightDescriptor.for_path("numbers")
    [endpoint] = info.endpoints
    assert endpoint.ticket.ticket == b"numbers"
    assert list(endpoint.locations) == []
    assert client.do_get(endpoint.ticket).read_all().to_pydict() == {"n": list(range(10))}


def test_a_command_with_arguments_is_the_ticket_of_the_same_text(client):
    info = client.info_of("numbers?count=2&from=3")
    assert info.endpoints[0].ticket.ticket == b"numbers?count=2&from=3"
    assert client.do_get(info.endpoints[0].ticket).read_all().to_pydict() == {"n": [3, 4]}


def test_the_segments_of_a_path_are_raw_and_the_ticket_is_encoded(client):
    info = client.info("stations", "são/paulo?x")
    assert info.endpoints[0].ticket.ticket == b"stations/s%C3%A3o%2Fpaulo%3Fx"
    table = client.do_get(info.endpoints[0].ticket).read_all()
    assert table["station"].to_pylist() == ["são/paulo?x"]


def test_totals_are_known_when_all_batches_are(client):
    info = client.info("in-batches", "3")
    assert (info.total_records, info.total_bytes) == (30, -1)


@pytest.mark.parametrize("segment", ["borrowing-iterator", "reader", "owned-iterator"])
def test_totals_are_minus_one_when_nobody_knows_them(client, segment):
    info = client.info(segment)
    assert (info.total_records, info.total_bytes) == (-1, -1)


def test_a_stream_says_its_totals_and_the_metadata_of_its_info(client):
    info = client.info("stream")
    assert (info.total_records, info.total_bytes) == (30, 240)
    assert info.app_metadata == b"three times ten"


@pytest.mark.parametrize(("segment", "ordered"), [("ordered", True), ("stream", False)])
def test_a_flight_is_ordered_when_its_attribute_says_so(client, segment, ordered):
    assert client.info(segment).ordered is ordered


@pytest.mark.parametrize(
    "ticket",
    [
        "annotated-schema",
        "nested",
        "views",
        "dictionaries/unchanged",
        "empty",
        "empty-declared",
        "messages",
        "declared-by-value",
        "in-batches/1",
    ],
)
def test_the_schema_is_the_streams_own_metadata_and_all(client, ticket):
    info = client.info_of(ticket)
    schema = client.reader(ticket).schema
    assert info.schema.equals(schema, check_metadata=True)


def test_a_flight_without_rows_and_schema_says_what_to_do(client):
    with pytest.raises(flight.FlightInternalError, match="say `schema = …` on its attribute"):
        client.info("undeclared", "0")


def test_a_handlers_own_error_is_the_answer(client):
    with pytest.raises(pa.ArrowKeyError) as caught:
        client.info("stations", "burnt-down")
    assert said(caught) == "no station `burnt-down`"


def test_an_argument_that_does_not_parse_is_invalid_here_too(client):
    with pytest.raises(pa.ArrowInvalid) as caught:
        client.info_of("numbers?count=many")
    assert said(caught) == (
        "argument `count`: cannot read `many` (invalid digit found in string): expected a whole number"
    )


def test_an_unknown_route_is_not_found_and_lists_what_there_is(client):
    with pytest.raises(pa.ArrowKeyError) as caught:
        client.info("nowhere")
    assert said(caught).startswith("no GetFlightInfo route takes `nowhere`; there are `")
    assert "`numbers?{count}&{from}`" in said(caught)


def test_a_handler_of_ones_own_says_everything(client):
    info = client.info("sharded", "3")
    assert info.schema == NUMBERS
    assert info.descriptor == flight.FlightDescriptor.for_path("sharded", "3")
    assert (info.total_records, info.total_bytes) == (30, 240)
    assert (info.ordered, info.app_metadata) == (True, b"by hand")
    for shard, endpoint in enumerate(info.endpoints):
        assert endpoint.ticket.ticket == f"shards/{shard}".encode()
        assert [location.uri.decode() for location in endpoint.locations] == [
            f"grpc://shard-{shard}.example:8815"
        ]
        assert endpoint.app_metadata == f"shard {shard}".encode()
        expires = datetime.datetime.fromtimestamp(4_000_000_000, datetime.timezone.utc)
        assert endpoint.expiration_time.as_py() == expires
        rows = client.do_get(endpoint.ticket).read_all()["n"].to_pylist()
        assert rows == list(range(shard * 10, shard * 10 + 10))


def test_an_error_of_a_handler_of_ones_own_is_the_answer(client):
    with pytest.raises(pa.ArrowInvalid) as caught:
        client.info("sharded", "0")
    assert said(caught) == "at least one shard"


def test_what_a_handler_of_ones_own_leaves_out_is_filled_in(client):
    info = client.info("redirected", "4")
    assert info.schema == NUMBERS
    assert info.endpoints[0].ticket.ticket == b"shards/4"
    assert (info.total_records, info.total_bytes) == (-1, -1)


def test_a_catch_all_takes_the_descriptor_as_it_came(catch_all_server):
    with catch_all_server.connect() as client:
        info = client.info_of('{"query": "select 1"}')
        assert info.app_metadata == b"select 1"
        assert info.descriptor.command == b'{"query": "select 1"}'
        assert info.schema == pa.schema([pa.field("text", pa.string(), nullable=False)])
        assert info.endpoints == []


def test_a_body_wants_a_command_and_says_so(catch_all_server):
    with catch_all_server.connect() as client, pytest.raises(pa.ArrowInvalid) as caught:
        client.info("a", "path")
    assert said(caught) == (
        "the descriptor's command is missing: the descriptor is a path, expected a command"
    )


def test_a_route_is_tried_before_the_catch_all(catch_all_server):
    with catch_all_server.connect() as client:
        info = client.info("routed", "x")
        assert info.endpoints[0].ticket.ticket == b"routed/x"
        assert client.get("routed/x").to_pydict() == {"text": ["routed x"]}
        assert client.get(b"\xff\x00").to_pydict() == {"text": ['ticket b"\\xff\\0"']}


def test_an_advertised_location_is_in_every_generated_endpoint():
    with Server("--advertise", "grpc://data.example:443") as server, server.connect() as client:
        [endpoint] = client.info("numbers").endpoints
        assert [location.uri for location in endpoint.locations] == [b"grpc://data.example:443"]
        for info in client.list_flights(b"stream"):
            assert [str(location.uri) for location in info.endpoints[0].locations]


def test_the_wire_has_no_location_and_totals_of_minus_one(raw):
    minus_one = 2**64 - 1
    answer, _ = raw.unary("GetFlightInfo", path("reader"))
    info = fields(answer)
    assert (info[4], info[5]) == ([minus_one], [minus_one])
    assert list(fields(info[3][0])) == [1]
    assert info[2] == [path("reader")]


def test_a_command_descriptor_comes_back_as_it_went(raw):
    answer, _ = raw.unary("GetFlightInfo", command("reader"))
    assert fields(answer)[2] == [command("reader")]


def test_a_server_of_actions_alone_does_not_implement_it():
    with Server("--services", "actions-alone") as server, Channel(server.location) as raw:
        import grpc

        for method, attribute in [
            ("GetFlightInfo", "#[get_flight_info]"),
            ("GetSchema", "#[get_schema]"),
            ("PollFlightInfo", "#[poll_flight_info]"),
        ]:
            with pytest.raises(grpc.RpcError) as caught:
                raw.unary(method, path("x"))
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
            assert caught.value.details() == (
                f"{method} is not implemented by this server: no method has {attribute}"
            )
