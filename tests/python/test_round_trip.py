"""What is uploaded and sent back is the same: decoded, encoded, every type."""

import pyarrow as pa
import pytest

from arrays import ARRAYS


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
