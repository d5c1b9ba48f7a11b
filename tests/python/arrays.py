"""An array of every type, some with nulls."""

import datetime
import decimal

import pyarrow as pa

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
