"""What is uploaded and sent back is the same: decoded, encoded, every type."""

import datetime
import decimal

import pyarrow as pa
import pytest

NOW = datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc)
LONG = "longer than the twelve bytes that fit into a view"

ARRAYS = {
    "null": pa.nulls(3),
    "bool": pa.array([True, None, False]),
    "uint8": pa.array([0, 255, None], pa.uint8()),
    "float16": pa.array([0.5, None, -2.0], pa.float32()).cast(pa.float16()),
    "float64": pa.array([0.1, None, float("inf")]),
    "decimal": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-3.50")]),
    "decimal256": pa.array([decimal.Decimal("1.25"), None], pa.decimal256(60, 2)),
    "string": pa.array(["", None, "größe"]),
    "large string": pa.array(["", None, "x"], pa.large_string()),
    "string view": pa.array(["short", None, LONG], pa.string_view()),
    "binary": pa.array([b"", None, b"\0\xff"]),
    "fixed binary": pa.array([b"abc", None], pa.binary(3)),
    "binary view": pa.array([b"short", None, LONG.encode()], pa.binary_view()),
    "date": pa.array([NOW.date(), None]),
    "time": pa.array([NOW.time(), None]),
    "timestamp": pa.array([NOW, None], pa.timestamp("us", "Europe/Berlin")),
    "duration": pa.array([datetime.timedelta(seconds=5), None]),
    "interval": pa.array([(1, 2, 3), None], pa.month_day_nano_interval()),
    "list": pa.array([[1, None], None, []]),
    "large list": pa.array([[1], None], pa.large_list(pa.int8())),
    "list of views": pa.array([["x", LONG], None], pa.list_(pa.string_view())),
    "fixed list": pa.array([[1, 2], None], pa.list_(pa.int32(), 2)),
    "list view": pa.array([[1, 2], None, [3]], pa.list_view(pa.int32())),
    "struct": pa.array([{"a": 1, "b": None}, None, {"a": None, "b": "x"}]),
    "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int32())),
    "dense union": pa.UnionArray.from_dense(
        pa.array([0, 1, 0], pa.int8()), pa.array([0, 0, 1], pa.int32()), [pa.array([1, 2]), pa.array(["x"])]
    ),
    "sparse union": pa.UnionArray.from_sparse(
        pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["x", "y"])]
    ),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(["x", None])),
    "dictionary": pa.array(["x", None, "y", "x"]).dictionary_encode(),
    "dictionary of int8": pa.array(["x", "y"]).cast(pa.dictionary(pa.int8(), pa.string())),
    "list of dictionaries": pa.array([["x"], None, ["y", "x"]], pa.list_(pa.dictionary(pa.int32(), pa.string()))),
    "struct of a dictionary": pa.StructArray.from_arrays([pa.array(["x", "y"]).dictionary_encode()], ["d"]),
}


def sent_back(client, route, batches):
    writer, reader = client.exchange(route)
    with writer:
        writer.begin(batches[0].schema)
        for batch in batches:
            writer.write_batch(batch)
        writer.done_writing()
        chunks = [chunk.data for chunk in reader]
    assert reader.schema.equals(batches[0].schema, check_metadata=True)
    for chunk in chunks:
        chunk.validate(full=True)
    return chunks


@pytest.mark.parametrize("kind", ARRAYS)
def test_every_type_comes_back_as_it_was(client, kind):
    batch = pa.record_batch({"c": ARRAYS[kind]})
    assert sent_back(client, "echo", [batch]) == [batch]


@pytest.mark.parametrize("kind", ARRAYS)
def test_a_slice_of_every_type_comes_back_as_it_was(client, kind):
    array = ARRAYS[kind]
    batch = pa.record_batch({"c": pa.concat_arrays([array] * 40)}).slice(len(array) * 20 + 1, 5)
    [back] = sent_back(client, "mirror", [batch])
    assert back.to_pydict() == batch.to_pydict()


def test_two_dictionaries_of_one_schema_are_kept_apart(client):
    batches = [
        pa.record_batch({"a": pa.array(a).dictionary_encode(), "b": pa.array(b).dictionary_encode()})
        for a, b in [(["x", "y"], ["p", "p"]), (["y", "z"], ["p", "q"])]
    ]
    back = sent_back(client, "echo", batches)
    assert [batch.to_pydict() for batch in back] == [batch.to_pydict() for batch in batches]


def test_metadata_of_schema_and_fields_comes_back(client):
    field = pa.field("c", pa.int64(), metadata={"unit": "kelvin"})
    batch = pa.record_batch([[1]], schema=pa.schema([field], metadata={"origin": "tests"}))
    assert sent_back(client, "echo", [batch])[0].schema.equals(batch.schema, check_metadata=True)


def test_a_batch_without_columns_comes_back_with_its_rows(client):
    batch = pa.record_batch({"c": [1, 2, 3]}).select([])
    assert [back.num_rows for back in sent_back(client, "echo", [batch])] == [3]
