"""DoExchange: streams both ways."""

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import fields, flight_data, ipc_messages, path
from server import said

SCHEMA = pa.schema([("n", pa.int64())])


def read(reader):
    chunk = reader.read_chunk()
    rows = None if chunk.data is None else chunk.data.column(0).to_pylist()
    metadata = None if chunk.app_metadata is None else chunk.app_metadata.to_pybytes()
    return rows, metadata


def rest(reader):
    found = []
    while True:
        try:
            found.append(read(reader))
        except StopIteration:
            return found


@pytest.mark.parametrize("route", ["echo", "mirror"])
def test_everything_comes_back_message_by_message(client, tens, route):
    writer, reader = client.exchange(route)
    with writer:
        writer.begin(SCHEMA)
        for index, batch in enumerate(tens(3)):
            writer.write_with_metadata(batch, str(index).encode())
            expected = list(range(index * 10, index * 10 + 10))
            assert read(reader) == (expected, str(index).encode())
        writer.write_metadata(b"alone")
        assert read(reader) == (None, b"alone")
        writer.write_batch(tens(1)[0].slice(0, 0))
        assert read(reader) == ([], None)
        writer.done_writing()
        assert rest(reader) == []
        assert reader.schema == SCHEMA


def test_metadata_before_any_schema_comes_back_at_once(client, tens):
    writer, reader = client.exchange("echo")
    with writer:
        writer.write_metadata(b"early")
        assert read(reader) == (None, b"early")
        writer.begin(SCHEMA)
        writer.write_batch(tens(1)[0])
        assert read(reader) == (list(range(10)), None)
        writer.done_writing()
        assert rest(reader) == []


def test_metadata_without_any_schema_is_a_whole_exchange(client):
    writer, reader = client.exchange("echo")
    with writer:
        writer.write_metadata(b"one")
        writer.write_metadata(b"two")
        writer.done_writing()
        assert rest(reader) == [(None, b"one"), (None, b"two")]


def test_a_transformation_answers_batch_by_batch_in_its_declared_schema(client, tens):
    writer, reader = client.exchange("double")
    with writer:
        writer.begin(SCHEMA)
        assert reader.schema == pa.schema([pa.field("n", pa.int64(), nullable=False)])
        for batch in tens(2):
            writer.write_batch(batch)
            assert read(reader)[0] == [2 * n for n in batch.column(0).to_pylist()]
        writer.done_writing()
        assert rest(reader) == []


def test_a_large_exchange_flows_both_ways_at_once(client, tens):
    batch = pa.concat_batches(tens(10_000))
    writer, reader = client.exchange("double")
    with writer:
        writer.begin(SCHEMA)
        for _ in range(20):
            writer.write_batch(batch)
            assert reader.read_chunk().data.num_rows == 100_000
        writer.done_writing()
        assert rest(reader) == []


def test_an_answer_may_come_before_the_question(client, tens):
    writer, reader = client.exchange("speaks-first")
    with writer:
        writer.begin(SCHEMA)
        assert read(reader) == ([0, 1, 2], None)
        writer.done_writing()
        assert rest(reader) == []


def test_the_handler_may_end_first(client, tens):
    writer, reader = client.exchange("ends-early", "2")
    writer.begin(SCHEMA)
    for batch in tens(2):
        writer.write_batch(batch)
    assert [rows for rows, _ in rest(reader)] == [list(range(10)), list(range(10, 20))]
    writer.close()


def test_an_exchange_may_have_no_answer(client, raw, tens, name):
    [schema, batch, *_] = ipc_messages(tens(1))
    requests = [
        flight_data(path("silent", name), header=schema[0]),
        flight_data(header=batch[0], body=batch[1]),
    ]
    assert list(raw.streams("DoExchange", requests)) == []
    seen = client.seen(name)
    assert (seen["rows"], seen["end"]) == (10, "clean")


def test_an_exchange_may_answer_in_metadata_alone(raw, tens):
    [schema, batch, *_] = ipc_messages(tens(1))
    requests = [
        flight_data(path("metadata-alone"), header=schema[0]),
        flight_data(header=batch[0], body=batch[1]),
    ]
    [answer] = raw.streams("DoExchange", requests)
    assert fields(answer) == {3: [b"10"]}


def test_the_first_message_may_hold_the_descriptor_alone(raw, tens):
    [schema, batch, *_] = ipc_messages(tens(1))
    requests = [
        flight_data(path("echo")),
        flight_data(header=schema[0]),
        flight_data(header=batch[0], body=batch[1]),
    ]
    first, second = raw.streams("DoExchange", requests)
    assert 1000 not in fields(first) and 2 in fields(first)
    assert len(fields(second)[1000][0]) >= 80


def test_an_exchange_of_a_descriptor_and_nothing_else_ends_well(raw):
    assert list(raw.streams("DoExchange", [flight_data(path("echo"))])) == []


def test_a_handler_learns_that_there_is_no_schema_and_reads_on(raw):
    requests = [flight_data(path("schema-or-not")), flight_data(metadata=b"alone")]
    schema, messages = (fields(answer)[3][0] for answer in raw.streams("DoExchange", requests))
    assert schema == (
        b"InvalidArgument: the upload ended before its schema: expected an Arrow IPC schema message"
    )
    assert messages == b'[[null,"alone"]]'


def test_an_error_carries_its_code_message_and_extra_info(client, tens):
    writer, reader = client.exchange("fails")
    with pytest.raises(flight.FlightInternalError) as caught:
        writer.begin(SCHEMA)
        writer.write_batch(tens(1)[0])
        reader.read_chunk()
    assert said(caught) == "the model is not trained"
    assert caught.value.extra_info == b"model 3"


def test_an_upload_of_the_wrong_type_is_refused_by_the_handler(client):
    writer, reader = client.exchange("double")
    with pytest.raises(pa.ArrowInvalid) as caught:
        writer.begin(pa.schema([("t", pa.string())]))
        writer.write_batch(pa.record_batch({"t": ["x"]}))
        rest(reader)
    assert said(caught) == "the first column is not int64"


def test_an_unknown_route_is_not_found_and_lists_the_exchanges(client):
    writer, reader = client.exchange("nowhere")
    # Whoever of them finds that the call has ended says so.
    with pytest.raises(pa.ArrowKeyError) as caught:
        writer.begin(SCHEMA)
        reader.read_chunk()
    assert said(caught) == (
        "no DoExchange route takes `nowhere`; there are `double`, `echo`, `ends-early/{after}`, "
        "`fails`, `listens/{name}`, `metadata-alone`, `mirror`, `rows/echo`, `rows/score`, "
        "`rows/speaks-first`, `schema-or-not`, `silent/{name}` and `speaks-first`"
    )
