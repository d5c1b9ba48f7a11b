"""Limits: what is large passes, what is too large is refused by name."""

import grpc
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import Channel, field, fields, flight_data, path
from server import Server, said

MIB = 1 << 20


def put(client, name, batch):
    writer, reader = client.put("uploads", name, schema=batch.schema)
    with writer:
        writer.write_batch(batch)
        writer.done_writing()
        ack = reader.read()
    return ack


def test_a_message_of_eighty_mebibytes_is_uploaded_in_one(client, name):
    rows = 80 * MIB // 8
    put(client, name, pa.record_batch({"n": pa.repeat(7, rows).cast(pa.int64())}))
    seen = client.seen(name)
    assert (seen["batches"], seen["rows"], seen["end"]) == (1, rows, "clean")


def test_a_batch_of_a_hundred_megabytes_is_downloaded(client):
    table = client.get("megabytes/100")
    assert table.nbytes == 100_000_000
    assert table["n"][0].as_py() == 0
    assert table["n"][-1].as_py() == 100_000_000 // 8 - 1
    assert table.slice(6_000_000, 2)["n"].to_pylist() == [6_000_000, 6_000_001]


def test_a_descriptor_of_eight_mebibytes_is_read(client):
    with pytest.raises(pa.ArrowKeyError, match="no GetFlightInfo route takes"):
        client.info_of(b"x" * 8 * MIB)


def test_an_action_of_eight_mebibytes_goes_there_and_back(client):
    body = bytes(range(256)) * (8 * MIB // 256)
    assert client.action("raw", body) == [body]


@pytest.fixture(scope="module")
def small():
    """A server that takes messages of at most a mebibyte."""
    with Server("--max-message-size", MIB) as server:
        yield server


def test_an_upload_above_the_limit_is_refused_by_name(small, name):
    with small.connect() as client:
        batch = pa.record_batch({"n": pa.repeat(7, MIB // 8 + 1).cast(pa.int64())})
        writer, reader = client.put("uploads", name, schema=batch.schema)
        writer.write_batch(batch)
        # The handler records what it was told, and goes on.
        seen = client.seen(name)
        assert seen["end"].startswith("ResourceExhausted: ")
        assert "1048576" in seen["end"]
        writer.close()
        assert client.get("numbers?count=1").num_rows == 1


def test_an_upload_just_below_the_limit_passes(small, name):
    with small.connect() as client:
        put(client, name, pa.record_batch({"n": pa.repeat(7, MIB // 8 - 128).cast(pa.int64())}))
        assert client.seen(name)["end"] == "clean"


@pytest.mark.parametrize("method", ["DoAction", "GetFlightInfo", "DoGet"])
def test_a_request_above_the_limit_is_refused_by_name(small, method):
    with Channel(small.location) as raw:
        request = field(2 if method != "DoGet" else 1, b"x" * (MIB + 1))
        with pytest.raises(grpc.RpcError) as caught:
            list(raw.stream(method, request))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "1048576" in caught.value.details()


def lz4_message(tens, announced):
    """A batch whose compressed buffers announce this many bytes."""
    from raw import ipc_messages

    options = pa.ipc.IpcWriteOptions(compression="lz4")
    batch = pa.record_batch({"n": pa.repeat(7, 5000).cast(pa.int64())})
    schema, (header, body) = ipc_messages([batch], options=options)[:2]
    start = body.index((40_000).to_bytes(8, "little"))
    return schema, (header, body[:start] + announced.to_bytes(8, "little") + body[start + 8 :])


@pytest.mark.parametrize("announced", [1 << 40, 2**62, 2**63 - 1])
def test_a_length_that_a_compressed_buffer_announces_is_checked_before_it_is_allocated(
    raw, client, tens, name, announced
):
    schema, (header, body) = lz4_message(tens, announced)
    requests = [
        flight_data(path("uploads", name), header=schema[0]),
        flight_data(header=header, body=body),
    ]
    list(raw.streams("DoPut", requests))
    end = client.seen(name)["end"]
    assert end.startswith(("InvalidArgument: ", "ResourceExhausted: "))
    assert client.get("numbers?count=1").num_rows == 1
