"""DoGet: what a handler gives is what a client reads."""

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import fields
from server import Server, said

NUMBERS = pa.schema([pa.field("n", pa.int64(), nullable=False)])


def numbers(*ranges):
    return [list(r) for r in ranges]


def batches(reader):
    return [chunk.data.column(0).to_pylist() for chunk in reader]


@pytest.mark.parametrize(
    "ticket",
    [
        "in-batches/3",
        "stream",
        "stream-from-fn",
        "reader",
        "async-reader",
        "borrowing-iterator",
        "owned-iterator",
        "borrowing-stream",
        "stream-of-batches",
        "blocking-fn",
        "blocking-reader",
        "blocking-items-of-async-fn",
        "blocking-items-of-fn",
    ],
)
def test_every_kind_of_reply_arrives_batch_by_batch(client, ticket):
    reader = client.reader(ticket)
    assert reader.schema == NUMBERS
    assert batches(reader) == numbers(range(10), range(10, 20), range(20, 30))


def test_a_hand_written_ticket_with_query_arguments_is_read(client):
    assert client.get("numbers?count=3&from=5").to_pydict() == {"n": [5, 6, 7]}


def test_the_order_of_query_arguments_does_not_matter(client):
    assert client.get("numbers?from=5&count=2").to_pydict() == {"n": [5, 6]}


def test_absent_query_arguments_are_none(client):
    assert client.get("numbers").to_pydict() == {"n": list(range(10))}


def test_route_arguments_are_decoded_and_repeat_where_they_are_a_vec(client):
    table = client.get("stations/s%C3%A3o%2Fpaulo?tags=a%26b&since=-5&tags=c+d")
    assert table.to_pylist() == [
        {"station": "são/paulo", "since": "-5", "tags": "a&b|c+d"}
    ]


def test_a_rest_argument_takes_all_segments(client):
    assert client.get("files/a/b%20c/d.txt").to_pydict() == {"path": ["a/b c/d.txt"]}


def test_a_type_of_the_users_own_and_a_raw_identifier_are_route_arguments(client):
    assert client.get("units/mile/long").to_pylist() == [{"unit": "Mile", "type": "long"}]


def test_a_handler_takes_context_ticket_and_an_extractor_of_its_own_in_any_order(client):
    table = client.get("tenants/x%20y", headers=[(b"x-tenant", b"acme")])
    assert table.to_pylist() == [
        {"tenant": "acme", "ticket": "tenants/x%20y", "name": "x y", "method": "DoGet"}
    ]


def test_an_extractors_error_ends_the_call_with_it(client):
    with pytest.raises(pa.ArrowInvalid) as caught:
        client.get("tenants/x")
    assert said(caught) == "header `x-tenant` is missing"


def test_of_handlers_under_cfg_the_one_that_is_built_answers(client):
    assert client.get("conditional").to_pydict() == {"n": [0]}


@pytest.mark.parametrize(
    ("ticket", "text"),
    [
        (
            "numbers?count=many",
            "argument `count`: cannot read `many` (invalid digit found in string): expected a whole number",
        ),
        (
            "grid/300/1",
            "argument `x`: cannot read `300` (number too large to fit in target type): expected a whole number from 0 to 255",
        ),
        ("units/inch/x", "argument `unit`: cannot read `inch`: expected `metre` or `mile`"),
        ("required", "argument `limit` is missing: expected a whole number, 0 or more"),
        ("required?limit=1&limit=2", "argument `limit` is given 2 times: expected once"),
        (
            "numbers?cuont=1",
            "`numbers?{count}&{from}` has no argument `cuont`; it takes `count` and `from`",
        ),
        ("in-batches/1?x=1", "`in-batches/{batches}` has no argument `x`; it takes none after `?`"),
        ("stations/%FF", "`%FF` is not UTF-8 after percent-decoding"),
    ],
)
def test_an_argument_that_does_not_fit_is_invalid_and_named(client, ticket, text):
    with pytest.raises(pa.ArrowInvalid) as caught:
        client.get(ticket)
    assert said(caught) == text


def test_an_unknown_route_is_not_found_and_lists_what_there_is(client):
    with pytest.raises(pa.ArrowKeyError) as caught:
        client.get("nowhere/at all")
    text = said(caught)
    assert text.startswith("no DoGet route takes `nowhere/at all`; there are `")
    for route in ["`numbers?{count}&{from}`", "`files/{*path}`", "`shards/{shard}`"]:
        assert route in text


def test_a_ticket_that_is_not_text_is_not_found_and_lists_what_there_is(client):
    with pytest.raises(pa.ArrowKeyError, match="no DoGet route takes bytes that are not UTF-8; there are `"):
        client.get(b"\xff\xfe")


def test_metadata_goes_beside_batches_and_alone(client):
    reader = client.reader("messages")
    seen = []
    while True:
        try:
            chunk = reader.read_chunk()
        except StopIteration:
            break
        rows = None if chunk.data is None else chunk.data.column(0).to_pylist()
        metadata = None if chunk.app_metadata is None else chunk.app_metadata.to_pybytes()
        seen.append((rows, metadata))
    assert seen == [
        (None, b"before"),
        ([0, 1], b"beside"),
        (None, b"between"),
        ([2, 3], None),
        (None, b"after"),
    ]


def test_a_pair_is_a_batch_and_its_metadata(client):
    seen = [
        (chunk.data.num_rows, chunk.app_metadata.to_pybytes()) for chunk in client.reader("pairs")
    ]
    assert seen == [(0, b"\0"), (1, b"\1"), (2, b"\2")]


def test_the_schemas_own_metadata_is_on_the_first_message(raw):
    first = next(raw.get("stream"))
    assert fields(first)[3] == [b"beside the schema"]


def test_batches_of_no_rows_arrive(client):
    assert batches(client.reader("zero-rows")) == [[], [0, 1, 2], []]


@pytest.mark.parametrize("ticket", ["empty", "empty-declared"])
def test_a_stream_of_no_batches_still_has_its_schema(client, ticket):
    reader = client.reader(ticket)
    assert reader.schema == NUMBERS
    assert batches(reader) == []


def test_a_stream_of_no_batches_and_no_schema_is_an_error_that_says_what_to_do(client):
    with pytest.raises(flight.FlightInternalError, match="say `schema = …` on its attribute"):
        client.get("undeclared/0")


def test_rows_without_columns_are_counted(raw, client):
    assert client.reader("no-columns").read_all().num_rows == 7


def test_the_schemas_metadata_arrives(client):
    schema = client.reader("annotated-schema").schema
    assert schema.metadata == {b"origin": b"tests"}
    assert schema.field("t").metadata == {b"unit": b"kelvin"}


def test_a_batch_of_another_schema_ends_the_stream_and_names_the_column(client):
    reader = client.reader("wrong-schema")
    assert reader.read_chunk().data.to_pydict() == {"n": [0, 1]}
    with pytest.raises(flight.FlightInternalError) as caught:
        reader.read_chunk()
    assert "`n`" in str(caught.value) and "`word`" in str(caught.value)


def test_forty_streams_at_once_on_one_connection_do_not_mix(client):
    readers = [client.reader(f"shards/{shard}") for shard in range(40)]
    for shard, reader in enumerate(readers):
        assert reader.read_all().to_pydict() == {"n": list(range(shard * 10, shard * 10 + 10))}


def test_blocking_handlers_hold_up_nobody_else(client, raw, name):
    blocked = [raw.get(f"spins/{name}-{number}") for number in range(32)]
    for number in range(32):
        client.seen(f"{name}-{number} began")
    assert client.get("stream").num_rows == 30
    assert client.get("numbers?count=1").num_rows == 1
    for call in blocked:
        call.cancel()


def test_what_no_handler_answers_is_unimplemented_by_name():
    with Server("--services", "actions-alone") as server, server.connect() as client:
        with pytest.raises(pa.ArrowNotImplementedError) as caught:
            client.get("x")
    text = "DoGet is not implemented by this server: no method has #[do_get]"
    assert said(caught) == text
