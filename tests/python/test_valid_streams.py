"""No valid stream is refused: what any Arrow library writes goes up and comes back the same.

Streams of the libraries for C++ (pyarrow), JavaScript and Go are written here, in every type that these write. Files of others are sent as well,
where `FLIGHT_FOREIGN_STREAMS` names their directory.
"""

import os
import pathlib
import struct

import pyarrow as pa
import pytest

from arrays import ARRAYS
from javascript import node
from raw import Channel, fields, flight_data, path
from server import Server

V4, V5 = pa.ipc.MetadataVersion.V4, pa.ipc.MetadataVersion.V5
# Compression is younger than V4: pyarrow writes both at once, and does not read that itself.
WAYS = [(V4, None), (V5, None), (V5, "lz4"), (V5, "zstd")]


@pytest.fixture
def raw(own_server):
    with Channel(own_server.location) as channel:
        yield channel


def written(batches, **options):
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(**options)
    with pa.ipc.new_stream(sink, batches[0].schema, options=options) as writer:
        for batch in batches:
            writer.write(batch)
    return sink.getvalue()


def messages(stream):
    """The messages of an IPC stream, byte by byte as they were written."""
    for message in pa.ipc.MessageReader.open_stream(stream):
        body = message.body.to_pybytes() if message.body is not None else None
        yield message.metadata.to_pybytes(), body


def mirrored(raw, stream):
    """Sends a stream through the service, and puts what comes back together to a stream."""
    requests = [flight_data(path("mirror"))]
    requests += [flight_data(header=header, body=body) for header, body in messages(stream)]
    back = b""
    for reply in raw.streams("DoExchange", requests):
        parts = fields(reply)
        [header], [body] = parts[2], parts.get(1000, [b""])
        back += b"\xff\xff\xff\xff" + struct.pack("<i", len(header)) + header + body
    return back


def same(raw, stream):
    sent = pa.ipc.open_stream(stream)
    back = pa.ipc.open_stream(mirrored(raw, stream))
    assert back.schema.equals(sent.schema, check_metadata=True)
    for there, here in zip(sent, back, strict=True):
        here.validate(full=True)
        assert there.equals(here) or there.to_pylist() == here.to_pylist()


def slices(array):
    """Whole, without rows, and cut out of the middle of a long one."""
    batch = pa.record_batch({"c": array})
    long = pa.record_batch({"c": pa.concat_arrays([array] * 20)})
    return [batch, batch.slice(1, 0), long.slice(len(array) * 10 + 1, 5), long]


@pytest.mark.parametrize(("version", "codec"), WAYS, ids=[f"{version.name}-{codec}" for version, codec in WAYS])
def test_what_pyarrow_writes_is_read_in_every_type(raw, version, codec):
    tried = 0
    for kind, array in ARRAYS.items():
        if kind == "runs" and version == V4:
            # Arrays of runs are younger than V4, which has no rule for them: C++ writes a validity bitmap, arrow-rs expects none.
            continue
        batches = slices(array)
        options = {"metadata_version": version, "compression": codec, "emit_dictionary_deltas": True}
        try:
            stream = written(batches, **options)
            sent = pa.ipc.open_stream(stream).read_all()
            sent.validate(full=True)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            # Not one that pyarrow itself writes, or reads.
            continue
        tried += 1
        try:
            same(raw, stream)
        except Exception as error:
            raise AssertionError(f"{kind}: {error}") from error
    assert tried >= 0.9 * len(ARRAYS), tried


def test_what_pyarrow_writes_of_all_types_at_once_is_read(raw):
    rows = 3
    columns = {kind: array.slice(0, rows) for kind, array in ARRAYS.items() if len(array) >= rows}
    same(raw, written([pa.record_batch(columns)] * 2))


def test_what_the_javascript_library_writes_is_read(raw, tmp_path):
    node("streams.js", tmp_path)
    streams = sorted(tmp_path.iterdir())
    assert len(streams) == 144
    for stream in streams:
        try:
            same(raw, stream.read_bytes())
        except Exception as error:
            raise AssertionError(f"{stream.name}: {error}") from error


# Its writer fails at slices of these.
NOT_IN_GO = {"list view", "dense union", "sparse union"}


def test_what_the_go_library_writes_is_read():
    """Through ADBC's driver, which is made of it. Arrays go to it by the C data interface."""
    import adbc_driver_flightsql.dbapi as adbc

    with Server("--services", "tables") as server, server.connect() as client:
        with pytest.warns(Warning, match="autocommit"):
            connection = adbc.connect(server.location)
        with connection, connection.cursor() as cursor:
            for kind, array in ARRAYS.items():
                if kind in NOT_IN_GO:
                    continue
                batches = slices(array)
                sent = pa.Table.from_batches(batches)
                try:
                    rows = cursor.adbc_ingest("table", sent.to_reader(), mode="create_append")
                    back = client.get("last")
                    assert rows == len(sent)
                    back.validate(full=True)
                    assert back.to_pylist() == sent.to_pylist()
                except Exception as error:
                    raise AssertionError(f"{kind}: {error}") from error


FOREIGN = sorted(pathlib.Path(os.environ.get("FLIGHT_FOREIGN_STREAMS", "/nonexistent")).glob("*"))


@pytest.mark.skipif(not FOREIGN, reason="FLIGHT_FOREIGN_STREAMS names no directory of streams")
@pytest.mark.parametrize("file", FOREIGN, ids=lambda file: file.name)
def test_what_other_libraries_write_is_read(raw, file):
    same(raw, file.read_bytes())
