"""Clients that write IPC metadata V4, as Arrow did before 1.0."""

import json

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from server import acks

V4 = pa.ipc.IpcWriteOptions(metadata_version=pa.ipc.MetadataVersion.V4)


def test_an_upload_in_v4_is_read(client, tens, name):
    descriptor = flight.FlightDescriptor.for_path("uploads", name)
    options = flight.FlightCallOptions(write_options=V4)
    writer, reader = client.do_put(descriptor, tens(1)[0].schema, options)
    with writer:
        for batch in tens(3):
            writer.write_batch(batch)
        writer.done_writing()
        [ack] = acks(reader)
    seen = json.loads(ack)
    assert (seen["rows"], seen["end"], seen["schema"]) == (30, "clean", ["n: Int64"])


BATCHES = {
    "nulls": {"n": [1, None], "t": ["a", None]},
    "nested": {"l": [[1], None], "s": [{"x": 1}, None]},
    "dictionary": {"d": pa.array(["x", "y"]).dictionary_encode()},
}


@pytest.mark.parametrize("kind", BATCHES)
def test_what_is_exchanged_in_v4_comes_back_the_same(client, kind):
    batch = pa.record_batch(BATCHES[kind])
    descriptor = flight.FlightDescriptor.for_path("echo")
    options = flight.FlightCallOptions(write_options=V4)
    writer, reader = client.do_exchange(descriptor, options)
    with writer:
        writer.begin(batch.schema, V4)
        writer.write_batch(batch)
        writer.done_writing()
        assert reader.read_all().to_pydict() == pa.table(batch).to_pydict()
