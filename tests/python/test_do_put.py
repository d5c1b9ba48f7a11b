"""DoPut: what a client uploads is what a handler reads, and what it acknowledges comes back."""

import json
import threading

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import command, field, fields, flight_data, ipc_messages, path
from server import acks, said

SCHEMA = pa.schema([("n", pa.int64())])


def finish(writer, reader):
    """Ends an upload and reads what is acknowledged behind it."""
    writer.done_writing()
    found = acks(reader)
    writer.close()
    return found


def test_an_upload_is_read_to_its_clean_end(client, tens, name):
    writer, reader = client.put("uploads", name, schema=SCHEMA)
    with writer:
        for batch in tens(3):
            writer.write_batch(batch)
        [ack] = finish(writer, reader)
    seen = client.seen(name)
    assert json.loads(ack) == seen
    del seen["at"]
    assert seen == {
        "batches": 3,
        "rows": 30,
        "messages": [[10, None], [10, None], [10, None]],
        "end": "clean",
        "schema": ["n: Int64"],
        "path": ["uploads", name],
        "cmd": "",
    }


def test_a_command_descriptor_reaches_the_same_handler(client, tens, name):
    descriptor = flight.FlightDescriptor.for_command(f"uploads/{name}")
    writer, reader = client.do_put(descriptor, SCHEMA)
    with writer:
        writer.write_batch(tens(1)[0])
        finish(writer, reader)
    seen = client.seen(name)
    assert (seen["rows"], seen["cmd"], seen["path"]) == (10, f"uploads/{name}", [])


def test_an_upload_of_a_schema_alone_is_complete(client, name):
    writer, reader = client.put("uploads", name, schema=SCHEMA)
    with writer:
        finish(writer, reader)
    seen = client.seen(name)
    assert (seen["batches"], seen["end"], seen["schema"]) == (0, "clean", ["n: Int64"])


def test_metadata_arrives_beside_batches_and_alone_and_batches_of_no_rows_count(client, tens, name):
    writer, reader = client.put("uploads", name, schema=SCHEMA)
    with writer:
        writer.write_metadata(b"before")
        writer.write_with_metadata(tens(1)[0], b"beside")
        writer.write_batch(tens(1)[0].slice(0, 0))
        writer.write_metadata(b"after")
        finish(writer, reader)
    assert client.seen(name)["messages"] == [
        [None, "before"],
        [10, "beside"],
        [0, None],
        [None, "after"],
    ]


def test_metadata_before_and_beside_the_schema_is_not_lost(raw, client, tens, name):
    [schema, batch, *_] = ipc_messages(tens(1))
    requests = [
        flight_data(path("uploads", name), metadata=b"with the descriptor"),
        flight_data(header=schema[0], metadata=b"with the schema"),
        flight_data(header=batch[0], body=batch[1], metadata=b"with the batch"),
    ]
    list(raw.streams("DoPut", requests))
    seen = client.seen(name)
    assert seen["messages"] == [
        [None, "with the descriptor"],
        [None, "with the schema"],
        [10, "with the batch"],
    ]
    assert seen["end"] == "clean"


def test_a_plain_fn_reads_and_acknowledges_on_its_own_thread(client, tens, name):
    writer, reader = client.put("uploads-blocking", name, schema=SCHEMA)
    with writer:
        assert reader.read().to_pybytes() == b"first"
        writer.write_batch(tens(1)[0])
        assert finish(writer, reader) == [b"second", b"third"]
    assert client.seen(name)["rows"] == 10


def test_acknowledgements_come_in_lock_step(client, tens):
    writer, reader = client.put("acks", schema=SCHEMA)
    with writer:
        assert reader.read().to_pybytes() == b"before the first"
        for index, batch in enumerate(tens(5), 1):
            writer.write_batch(batch)
            assert reader.read().to_pybytes() == f"message {index} of 10 rows".encode()
        assert finish(writer, reader) == [b"after the last"]


def test_acknowledgements_wait_for_a_client_that_writes_everything_first(client, tens):
    writer, reader = client.put("acks", schema=SCHEMA)
    with writer:
        for batch in tens(500):
            writer.write_batch(batch)
        found = finish(writer, reader)
    middle = [f"message {index} of 10 rows".encode() for index in range(1, 501)]
    assert found == [b"before the first", *middle, b"after the last"]


def test_acknowledgements_are_sent_while_the_client_still_writes(client, tens):
    writer, reader = client.put("many-acks", "2000", schema=SCHEMA)
    with writer:
        found = [reader.read().to_pybytes() for _ in range(2000)]
        assert found == [str(n).encode() for n in range(2000)]
        for batch in tens(3):
            writer.write_batch(batch)
        assert finish(writer, reader) == [b"30 rows"]


def test_acknowledgements_and_batches_flow_at_the_same_time(client, tens):
    writer, reader = client.put("acks", schema=SCHEMA)
    batch = pa.concat_batches(tens(10_000))
    found = []

    def read():
        while (ack := reader.read()) is not None:
            found.append(ack.to_pybytes())

    with writer:
        reading = threading.Thread(target=read)
        reading.start()
        for _ in range(50):
            writer.write_batch(batch)
        writer.done_writing()
        reading.join(20)
        assert not reading.is_alive()
    assert len(found) == 52
    assert found[-2:] == [b"message 50 of 100000 rows", b"after the last"]


@pytest.mark.parametrize(("route", "expected"), [("unread", [b"as you say"]), ("ignored", [])])
def test_a_handler_need_not_read_the_upload(client, tens, route, expected):
    writer, reader = client.put(route, schema=SCHEMA)
    assert acks(reader) == expected
    writer.close()


def test_a_handler_may_stop_reading_in_the_middle(client, tens):
    writer, reader = client.put("two-batches", schema=SCHEMA)
    for batch in tens(2):
        writer.write_batch(batch)
    assert acks(reader) == [b"20 rows"]
    writer.close()


def test_a_large_upload_that_nobody_reads_ends_with_the_handlers_answer(raw, tens):
    schema, batch = ipc_messages([pa.concat_batches(tens(20_000))])[:2]

    def requests():
        yield flight_data(path("unread"), header=schema[0])
        for _ in range(20):
            yield flight_data(header=batch[0], body=batch[1])

    answer = raw.streams("DoPut", requests())
    assert [fields(message)[1] for message in answer] == [[b"as you say"]]


def test_a_refusal_reaches_a_client_that_writes(client, tens):
    writer, reader = client.put("refused", schema=SCHEMA)
    assert reader.read() is None
    with pytest.raises(flight.FlightUnauthorizedError) as caught:
        writer.close()
    assert said(caught) == "read only"


def test_an_error_comes_behind_the_acknowledgements_with_its_extra_info(client, tens):
    writer, reader = client.put("fails", schema=SCHEMA)
    writer.write_batch(tens(1)[0])
    assert reader.read().to_pybytes() == b"so far so good"
    assert reader.read() is None
    with pytest.raises(flight.FlightInternalError) as caught:
        writer.close()
    assert (said(caught), caught.value.extra_info) == ("row 1 is there", b"row 1")


def test_a_panic_is_internal_and_hides_its_text(client, tens):
    writer, reader = client.put("panics", schema=SCHEMA)
    writer.write_batch(tens(1)[0])
    assert reader.read() is None
    with pytest.raises(flight.FlightInternalError, match="error id [0-9a-f]{16}") as caught:
        writer.close()
    assert "secret" not in str(caught.value)
    assert client.get("numbers?count=1").num_rows == 1


def test_behind_the_end_of_an_upload_is_the_end(client, tens):
    writer, reader = client.put("read-twice", schema=SCHEMA)
    with writer:
        writer.write_batch(tens(1)[0])
        assert finish(writer, reader) == [b"1, then 0"]


def test_an_unknown_route_is_not_found_and_lists_the_uploads(client):
    writer, reader = client.put("nowhere", schema=SCHEMA)
    assert reader.read() is None
    with pytest.raises(pa.ArrowKeyError) as caught:
        writer.close()
    assert said(caught).startswith("no DoPut route takes `nowhere`; there are `acks`, ")
    assert "`uploads/{name}`" in said(caught)


def refusal(raw, requests):
    """How a DoPut of these messages ends, as code and details."""
    import grpc

    with pytest.raises(grpc.RpcError) as caught:
        list(raw.streams("DoPut", requests))
    return caught.value.code().name, caught.value.details()


def test_an_upload_without_a_message_is_invalid(raw):
    assert refusal(raw, []) == (
        "INVALID_ARGUMENT",
        "the upload ended before its first message: expected a FlightData with a descriptor",
    )


def test_a_first_message_without_a_descriptor_is_invalid(raw):
    assert refusal(raw, [flight_data(metadata=b"x")]) == (
        "INVALID_ARGUMENT",
        "the first message of the upload has no descriptor",
    )


def test_an_upload_without_a_schema_is_invalid(raw, name):
    assert refusal(raw, [flight_data(path("uploads", name))]) == (
        "INVALID_ARGUMENT",
        "the upload ended before its schema: expected an Arrow IPC schema message",
    )


def test_a_batch_before_the_schema_is_invalid(raw, tens, name):
    _, batch = ipc_messages(tens(1))[:2]
    requests = [flight_data(path("uploads", name)), flight_data(header=batch[0], body=batch[1])]
    assert refusal(raw, requests) == (
        "INVALID_ARGUMENT",
        "the stream does not start with a schema message",
    )


def test_a_body_that_is_cut_short_is_invalid_and_breaks_nothing(raw, client, tens, name):
    schema, batch = ipc_messages(tens(1))[:2]
    requests = [
        flight_data(path("uploads", name), header=schema[0]),
        flight_data(header=batch[0], body=batch[1][:10]),
    ]
    answer = [fields(message)[1][0] for message in raw.streams("DoPut", requests)]
    seen = json.loads(answer[0])
    assert seen["end"].startswith("InvalidArgument: ")
    assert client.get("numbers?count=1").num_rows == 1


def test_a_descriptor_whose_type_is_left_out_is_understood(raw, client, tens, name):
    schema, batch = ipc_messages(tens(1))[:2]
    descriptor = b"".join(field(3, segment) for segment in ("uploads", name))
    requests = [flight_data(descriptor, header=schema[0]), flight_data(header=batch[0], body=batch[1])]
    list(raw.streams("DoPut", requests))
    assert client.seen(name)["rows"] == 10


def test_a_command_is_read_as_text_of_the_route(raw, client, tens, name):
    schema, batch = ipc_messages(tens(1))[:2]
    requests = [
        flight_data(command(f"uploads/{name}%20x"), header=schema[0]),
        flight_data(header=batch[0], body=batch[1]),
    ]
    list(raw.streams("DoPut", requests))
    assert client.seen(f"{name} x")["rows"] == 10


DICTIONARIES = [
    pa.record_batch({"word": pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), words)})
    for words in (["red", "green"], ["one", "two"])
]


def uploaded(client, batches, options=None):
    """The values of an upload as the handler prints them."""
    descriptor = flight.FlightDescriptor.for_path("values")
    call = flight.FlightCallOptions(write_options=options) if options else None
    writer, reader = client.do_put(descriptor, batches[0].schema, call)
    with writer:
        for batch in batches:
            writer.write_batch(batch)
        [ack] = finish(writer, reader)
    return json.loads(ack)


def test_an_uploaded_dictionary_is_kept_and_replaced(client):
    first, second = uploaded(client, DICTIONARIES)
    assert first.startswith("DictionaryArray") and second.startswith("DictionaryArray")
    assert '"red"' in first and '"green"' in first
    assert '"one"' in second and '"two"' in second and "red" not in second


def test_an_uploaded_dictionary_grows_by_deltas(client):
    grown = [
        pa.record_batch(
            {"word": pa.DictionaryArray.from_arrays(pa.array([count - 1], pa.int32()), words[:count])}
        )
        for words in [["red", "green", "blue"]]
        for count in (2, 3)
    ]
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    _, second = uploaded(client, grown, options)
    assert all(f'"{word}"' in second for word in ("red", "green", "blue"))


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_a_compressed_upload_is_read(client, codec):
    batch = pa.record_batch({"n": pa.array([7] * 5000, pa.int64()), "t": ["seven"] * 5000})
    options = pa.ipc.IpcWriteOptions(compression=codec)
    numbers, texts = uploaded(client, [batch], options)
    assert numbers.startswith("PrimitiveArray<Int64>\n[\n  7,\n  7,") and "4980 elements" in numbers
    assert texts.startswith('StringArray\n[\n  "seven",') and "4980 elements" in texts


def test_every_type_of_the_download_comes_back_in_an_upload(client):
    for ticket in ("nested", "views"):
        batches = client.get(ticket).to_batches()
        values = uploaded(client, batches)
        assert len(values) == batches[0].num_columns
