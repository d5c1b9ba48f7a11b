"""DoGet: dictionaries, slices, compression and types arrive as they were sent."""

import pyarrow as pa
import pytest

from raw import fields

WORDS = pa.schema([pa.field("word", pa.dictionary(pa.int32(), pa.string()))])


def words(client, how):
    reader = client.reader(f"dictionaries/{how}")
    assert reader.schema == WORDS
    values = [chunk.data.column(0).to_pylist() for chunk in reader]
    return values, reader.stats


def test_a_dictionary_is_kept_and_sent_once_while_it_is_the_same(client):
    values, stats = words(client, "unchanged")
    assert values == [["red", "green"], ["green", "green"], ["red", "red"]]
    assert (stats.num_dictionary_batches, stats.num_replaced_dictionaries) == (1, 0)


def test_a_dictionary_that_changes_is_replaced(client):
    values, stats = words(client, "replaced")
    assert values == [["red", "green"], ["one", "two"], ["right", "left"]]
    assert (stats.num_dictionary_batches, stats.num_replaced_dictionaries) == (3, 2)
    assert stats.num_dictionary_deltas == 0


GROWN = [["red", "green"], ["blue", "red"], ["black", "blue"]]


def test_a_dictionary_that_grows_is_sent_again(client):
    values, stats = words(client, "grown")
    assert values == GROWN
    assert (stats.num_dictionary_batches, stats.num_dictionary_deltas) == (3, 0)


def test_a_dictionary_that_grows_is_sent_as_deltas_when_the_stream_says_so(client):
    values, stats = words(client, "grown-as-deltas")
    assert values == GROWN
    assert (stats.num_dictionary_batches, stats.num_dictionary_deltas) == (3, 2)
    assert stats.num_replaced_dictionaries == 0


def expected(offset, length):
    rows = range(offset, offset + length)
    return {
        "n": list(rows),
        "text": [str(n) if n % 3 else None for n in rows],
        "even": [n % 2 == 0 for n in rows],
    }


@pytest.mark.parametrize(("offset", "length"), [(0, 5), (7, 10), (499_999, 3), (999_990, 10), (64, 0)])
def test_a_slice_of_a_big_array_arrives_with_its_own_rows(client, offset, length):
    table = client.get(f"slices?offset={offset}&length={length}")
    assert table.to_pydict() == expected(offset, length)


def test_a_slice_of_a_big_array_sends_no_more_than_its_own_rows(raw):
    sent = sum(len(message) for message in raw.get("slices?offset=499999&length=10"))
    assert sent < 4096


def size_and_rows(raw, client, codec):
    sent = sum(len(message) for message in raw.get(f"compressed/{codec}"))
    return sent, client.get(f"compressed/{codec}").to_pydict()


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_compressed_bodies_are_smaller_and_hold_the_same(raw, client, codec):
    plain, rows = size_and_rows(raw, client, "none")
    compressed, same_rows = size_and_rows(raw, client, codec)
    assert rows == same_rows == expected(0, 10_005)
    assert compressed < plain * 2 / 3


NESTED = {
    "list": [[1, None], None, []],
    "fixed": [[1, 2], [None, 4], None],
    "pair": [{"number": 1, "text": "a"}, {"number": None, "text": "b"}, {"number": 3, "text": None}],
    "map": [[], [("key 0", 0)], [("key 0", 0), ("key 1", 1)]],
    "union": [7, "seven", 8],
    "runs": ["twice", "twice", "once"],
    "dictionary": ["x", "y", "x"],
    "nothing": [None, None, None],
}


def test_nested_types_arrive_as_they_are(client):
    table = client.get("nested")
    table.validate(full=True)
    assert table.to_pydict() == NESTED
    assert table.schema.field("fixed").type == pa.list_(pa.int32(), 2)
    assert table.schema.field("runs").type == pa.run_end_encoded(pa.int32(), pa.string())
    assert table.schema.field("dictionary").type == pa.dictionary(pa.int32(), pa.string())
    assert table.schema.field("nothing").type == pa.null()


def test_a_slice_of_nested_types_arrives(client):
    table = client.get("nested-slice")
    table.validate(full=True)
    assert table.to_pydict() == {name: values[1:] for name, values in NESTED.items()}


def test_views_arrive_as_views(client):
    table = client.get("views")
    table.validate(full=True)
    long = "longer than the twelve bytes that fit into a view"
    assert table.to_pydict() == {
        "text": ["short", None, long],
        "bytes": [b"\x00\xff", long.encode(), None],
    }
    assert table.schema.types == [pa.string_view(), pa.binary_view()]


def test_messages_stay_below_four_mebibytes_whatever_the_batch(raw):
    messages = list(raw.get("megabytes/20"))
    assert max(map(len, messages)) <= 4 << 20
    assert sum(len(fields(message).get(1000, [b""])[0]) for message in messages) >= 20_000_000
