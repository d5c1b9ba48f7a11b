"""Typed rows: structs of the service are the columns of its clients."""

import datetime
import decimal
import json

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import fields, path
from server import acks, said

DAY = datetime.date(2015, 12, 31)
OBSERVATION = pa.schema(
    [
        pa.field("date", pa.date32(), nullable=False),
        pa.field("station", pa.string(), nullable=False),
        pa.field("temp_max", pa.float64(), nullable=False),
        pa.field("weather", pa.string()),
    ]
)
SCORED = pa.schema([pa.field("station", pa.string(), nullable=False), pa.field("score", pa.int64(), nullable=False)])

# As a client of Python writes them: everything nullable.
COLUMNS = {
    "date": pa.array([DAY, DAY, DAY], pa.date32()),
    "station": ["a", "b", "c"],
    "temp_max": [1.5, 2.5, 3.5],
    "weather": ["sun", None, "rain"],
}


def table(**columns):
    """The columns, some of them others; those that are `None` are left out."""
    columns = {**COLUMNS, **columns}
    return pa.table({name: column for name, column in columns.items() if column is not None})


def upload(client, *path, table, metadata=None, chunk=None):
    """The only acknowledgement of an upload, in JSON."""
    writer, reader = client.put(*path, schema=table.schema)
    with writer:
        for batch in table.to_batches(max_chunksize=chunk):
            writer.write_with_metadata(batch, metadata) if metadata else writer.write_batch(batch)
        writer.done_writing()
        [ack] = acks(reader)
    return json.loads(ack)


def refused(client, *path, table):
    """What the service says of an upload that it refuses."""
    with pytest.raises(pa.ArrowInvalid) as caught:
        upload(client, *path, table=table)
    return said(caught)


def exchange(client, *path, table, chunk=None):
    writer, reader = client.exchange(*path)
    with writer:
        writer.begin(table.schema)
        for batch in table.to_batches(max_chunksize=chunk):
            writer.write_batch(batch)
        writer.done_writing()
        return reader.read_all()


def test_rows_are_columns(client):
    found = client.get("rows/observations")
    assert found.schema == OBSERVATION
    assert found.to_pylist() == [
        {"date": DAY, "station": "s0", "temp_max": 0.0, "weather": None},
        {"date": DAY, "station": "s1", "temp_max": 0.5, "weather": "rain"},
        {"date": DAY, "station": "s2", "temp_max": 1.0, "weather": None},
    ]


@pytest.mark.parametrize(
    ("ticket", "sizes"),
    [
        ("rows/observations?count=8192", [8192]),
        ("rows/observations?count=20000", [8192, 8192, 3616]),
        ("rows/observations?count=5&batch=2", [2, 2, 1]),
        ("rows/observations?count=2&batch=0", [1, 1]),
        ("rows/iterator/250", [100, 100, 50]),
        ("rows/iterator/0", []),
        ("rows/pauses", [2, 2, 1]),
        ("rows/none", []),
    ],
)
def test_rows_go_out_in_batches(client, ticket, sizes):
    reader = client.reader(ticket)
    assert reader.schema == OBSERVATION
    batches = [chunk.data for chunk in reader]
    assert [batch.num_rows for batch in batches] == sizes
    assert [s for batch in batches for s in batch["station"].to_pylist()] == [f"s{n}" for n in range(sum(sizes))]


def test_rows_that_are_collected_go_out_in_one_batch(client):
    assert client.get("rows/collected").to_pydict() == {"station": ["s0", "s1", "s2"], "score": [0, 1, 2]}


def test_what_came_before_an_error_goes_out_before_it(client):
    reader = client.reader("rows/fails/3")
    assert reader.read_chunk().data.num_rows == 3
    with pytest.raises(pa.ArrowException, match="the rest is gone"):
        reader.read_chunk()


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        (["rows", "never-run"], OBSERVATION),
        (["rows", "never-run", "seattle"], SCORED),
        (["rows", "never-run-declared"], SCORED),
    ],
)
def test_the_schema_is_known_without_running_the_handler(client, path, schema):
    descriptor = flight.FlightDescriptor.for_path(*path)
    assert client.get_schema(descriptor).schema == schema
    info = client.get_flight_info(descriptor)
    assert (info.schema, info.total_records) == (schema, -1)
    with pytest.raises(flight.FlightError, match="it ran"):
        client.get("/".join(path))


def test_a_poll_is_answered_without_running_the_handler(raw):
    poll, _ = raw.unary("PollFlightInfo", path("rows", "never-run"))
    info, _ = raw.unary("GetFlightInfo", path("rows", "never-run"))
    assert fields(poll)[1] == [info]


def test_flights_are_listed_without_running_their_handlers(client):
    found = {info.endpoints[0].ticket.ticket: info.schema for info in client.list_flights(b"rows/never")}
    assert found == {
        b"rows/never-run": OBSERVATION,
        b"rows/never-run/seattle": SCORED,
        b"rows/never-run-declared": SCORED,
    }


def test_plain_batches_go_out_under_the_schema_of_a_row_type(client):
    found = client.get("rows/declared")
    assert (found.schema, found["station"].to_pylist()) == (SCORED, ["a", "b"])


def test_a_batch_that_is_not_of_the_declared_schema_ends_the_stream(client):
    with pytest.raises(flight.FlightError) as caught:
        client.get("rows/declared-otherwise")
    assert "column 0" in said(caught)
    assert "expected `station` Utf8 not null, found `n` Int64 not null" in said(caught)


def test_an_upload_is_read_as_rows(client, name):
    assert upload(client, "rows", "add", name, table=table()) == [
        {"date": "2015-12-31", "station": "a", "warmest": 1.5, "weather": "sun"},
        {"date": "2015-12-31", "station": "b", "warmest": 2.5, "weather": None},
        {"date": "2015-12-31", "station": "c", "warmest": 3.5, "weather": "rain"},
    ]


def test_columns_may_come_in_another_order(client, name):
    ordered = upload(client, "rows", "add", name, table=table())
    for names in (["weather", "temp_max", "station", "date"], ["station", "weather", "date", "temp_max"]):
        assert upload(client, "rows", "add", name, table=table().select(names)) == ordered


def test_metadata_of_columns_and_schema_is_ignored(client, name):
    fields = [field.with_metadata({"unit": "none"}) for field in table().schema]
    described = table().cast(pa.schema(fields, {"origin": "test"}))
    assert len(upload(client, "rows", "add", name, table=described)) == 3


def test_columns_that_are_not_nullable_fit_those_that_are(client, name):
    strict = pa.schema([field.with_nullable(False) for field in OBSERVATION])
    assert len(upload(client, "rows", "add", name, table=table(weather=["x", "y", "z"]).cast(strict))) == 3


@pytest.mark.parametrize("rows", [0, 3])
def test_an_upload_of_no_rows_is_complete(client, name, rows):
    empty = table().slice(0, 0)
    writer, reader = client.put("rows", "add", name, schema=empty.schema)
    with writer:
        for _ in range(rows):
            writer.write_batch(pa.RecordBatch.from_pylist([], schema=empty.schema))
        writer.done_writing()
        assert acks(reader) == [b"[]"]


@pytest.mark.parametrize(
    ("columns", "differences"),
    [
        ({"date": None}, "`date` is missing: expected Date32, not null"),
        ({"weather": None}, "`weather` is missing: expected Utf8"),
        ({"wind": [1, 2, 3]}, "`wind` is not expected: got Int64"),
        ({"temp_max": [1, 2, 3]}, "`temp_max`: expected Float64, got Int64"),
        ({"date": ["x", "y", "z"]}, "`date`: expected Date32, got Utf8"),
        (
            {"date": None, "temp_max": [1, 2, 3], "wind": [1.0, 2.0, 3.0], "day": COLUMNS["date"]},
            "`date` is missing: expected Date32, not null; `temp_max`: expected Float64, got Int64; "
            "`wind` is not expected: got Float64; `day` is not expected: got Date32",
        ),
    ],
)
def test_all_that_differs_is_named_and_the_handler_does_not_run(client, name, columns, differences):
    told = refused(client, "rows", "add", name, table=table(**columns))
    assert told == f"the columns are not those that are expected: {differences}"
    with pytest.raises(pa.ArrowException):
        client.action("seen", f"{name} began", timeout=0.2)


def test_a_column_that_comes_twice_is_refused(client, name):
    twice = table().append_column("date", COLUMNS["date"])
    assert refused(client, "rows", "add", name, table=twice).endswith("expected: `date` came twice")


def test_the_schema_is_refused_before_a_batch_comes(client, name):
    writer, reader = client.put("rows", "add", name, schema=pa.schema([("n", pa.int64())]))
    with pytest.raises(pa.ArrowInvalid, match="`n` is not expected: got Int64"):
        with writer:
            acks(reader)


def test_a_null_is_refused_where_none_may_be_by_column_and_row(client, name):
    holes = pa.concat_tables([table(), table(station=["d", None, "f"])])
    told = refused(client, "rows", "add", name, table=holes)
    assert told == "column `station` is null in row 4 (the first row is 0): expected Utf8, not null"


def test_an_upload_is_read_a_batch_at_a_time(client):
    told = upload(client, "rows", "batches", table=table(), metadata=b"beside", chunk=2)
    assert told == ["a", "beside", [1, 1]]


def test_a_large_batch_is_read_whole(client):
    count = 2500
    large = pa.table(
        {
            "date": pa.array([DAY] * count, pa.date32()),
            "station": [f"s{n}" for n in range(count)],
            "temp_max": [float(n) for n in range(count)],
            "weather": pa.nulls(count, pa.string()),
        }
    )
    assert upload(client, "rows", "batches", table=large) == ["s0", None, [count - 1]]
    found = exchange(client, "rows", "score", table=large)
    assert found["score"].to_pylist() == list(range(count))


def test_what_is_left_of_an_upload_can_be_had_as_batches(client):
    shuffled = table().select(["weather", "temp_max", "station", "date"])
    told = upload(client, "rows", "columns", table=shuffled, chunk=2)
    assert told == [["date", "station", "temp_max", "weather"], [1, 1]]


def test_rows_are_exchanged_batch_by_batch(client):
    writer, reader = client.exchange("rows", "score")
    with writer:
        writer.begin(table().schema)
        for batch in table().to_batches(max_chunksize=1):
            writer.write_with_metadata(batch, b"beside")
            chunk = reader.read_chunk()
            assert chunk.data.schema == SCORED
            assert chunk.app_metadata.to_pybytes() == b"beside"
        writer.done_writing()


def test_an_error_of_a_row_ends_the_exchange(client):
    with pytest.raises(pa.ArrowException, match="b freezes"):
        exchange(client, "rows", "score", table=table(temp_max=[1.0, -1.0, 3.0]))


def test_an_exchange_of_other_columns_is_refused(client):
    with pytest.raises(pa.ArrowInvalid) as caught:
        exchange(client, "rows", "score", table=table(date=None))
    assert "`date` is missing: expected Date32, not null" in said(caught)


def test_an_exchange_may_answer_before_the_schema_comes(client):
    writer, reader = client.exchange("rows", "speaks-first")
    with writer:
        writer.write_metadata(b"hello")
        assert reader.read_chunk().app_metadata.to_pybytes() == b"hello"
        writer.begin(SCORED)
        writer.write_batch(pa.RecordBatch.from_pylist([{"station": "a", "score": 1}], schema=SCORED))
        writer.done_writing()
        assert reader.read_chunk().app_metadata.to_pybytes() == b"1 rows"


PLACE = pa.struct([pa.field("latitude", pa.float64(), nullable=False), ("name", pa.string())])


def test_nested_columns_go_out(client):
    found = client.get("rows/everything")
    assert found.schema.field("place").type == PLACE
    assert found.schema.field("at").type == pa.timestamp("us", "UTC")
    assert found.schema.field("word").type == pa.dictionary(pa.int32(), pa.string())
    [row, other] = found.to_pylist()
    assert other["maybe"] == {"latitude": 1.0, "name": None}
    assert row == {
        "place": {"latitude": 0.0, "name": "here"},
        "maybe": None,
        "list": [0, None],
        "places": [{"latitude": 0.0, "name": None}, {"latitude": 0.0, "name": "there"}],
        "fixed": [0.5, 1.5],
        "map": [("a", 1), ("b", 2)],
        "word": "word",
        "price": decimal.Decimal("12.34"),
        "at": datetime.datetime(2015, 12, 31, 23, 59, 59, 500_000, tzinfo=datetime.timezone.utc),
        "nanos": datetime.datetime(1970, 1, 1, 0, 0, 0, 7),
        "bytes": b"\0\xff",
        "four": b"four",
        "day": None,
    }


def test_nested_columns_come_back_as_they_were(client):
    sent = client.get("rows/everything")
    found = exchange(client, "rows", "echo", table=sent, chunk=1)
    assert found.schema == sent.schema
    assert found.equals(sent)


def test_nested_columns_may_come_as_a_client_of_python_writes_them(client):
    """Nullable, fields of structs in another order, and maps and lists with other names inside."""
    sent = client.get("rows/everything")
    place = pa.struct([("name", pa.string()), ("latitude", pa.float64())])

    def turned(value):
        return value and {"name": value["name"], "latitude": value["latitude"]}

    def column(name, data_type, turn=lambda value: value):
        return pa.array([turn(value) for value in sent[name].to_pylist()], data_type)

    loose = {name: sent[name] for name in sent.column_names}
    loose["place"] = column("place", place, turned)
    loose["maybe"] = column("maybe", place, turned)
    loose["places"] = column("places", pa.list_(pa.field("element", place)), lambda all: [turned(one) for one in all])
    loose["map"] = column("map", pa.map_(pa.string(), pa.int64()))
    loose["fixed"] = column("fixed", pa.list_(pa.float32(), 2))
    loose = pa.table({name: loose[name] for name in reversed(loose)})
    assert exchange(client, "rows", "echo", table=loose).to_pylist() == sent.to_pylist()


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        (
            "place",
            pa.array([{"latitude": 1, "name": "x"}] * 2),
            "`place.latitude`: expected Float64, got Int64",
        ),
        (
            "place",
            pa.array([{"latitude": 1.0, "nam": "x"}] * 2),
            "`place.name` is missing: expected Utf8; `place.nam` is not expected: got Utf8",
        ),
        ("list", pa.array([["x"], []]), "`list[]`: expected Int32, got Utf8"),
        ("map", pa.array([[("a", "b")], []], pa.map_(pa.string(), pa.string())), "`map.values`: expected Int64, got Utf8"),
        ("place", pa.array([{"latitude": 1.0, "name": "x"}, None], PLACE), "column `place` is null in row 1"),
        (
            "place",
            pa.array([{"latitude": 1.0}, {"latitude": None}], pa.struct([("latitude", pa.float64()), ("name", pa.string())])),
            "column `place.latitude` is null in row 1",
        ),
        ("places", pa.array([[{"latitude": 1.0}], [{"latitude": 2.0}, None]], pa.list_(PLACE)), "column `places[]` is null in row 1"),
        ("fixed", pa.array([[1.0, 2.0], [None, 1.0]], pa.list_(pa.float32(), 2)), "column `fixed[]` is null in row 1"),
        ("map", pa.array([[], [("a", None)]], pa.map_(pa.string(), pa.int64())), "row 1: a null where the row type has none"),
        (
            "word",
            pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array(["x", None])),
            "column `word` is null in row 1",
        ),
        ("at", pa.array([0, 2**63 - 1]).cast(pa.timestamp("us", "UTC")), "row 1: "),
    ],
)
def test_what_differs_inside_a_column_is_named(client, column, values, told):
    sent = client.get("rows/everything")
    index = sent.column_names.index(column)
    with pytest.raises(pa.ArrowInvalid) as caught:
        exchange(client, "rows", "echo", table=sent.set_column(index, column, values))
    assert told in said(caught)


def test_a_null_inside_what_is_null_is_nobodys_business(client):
    sent = client.get("rows/everything")
    inner = pa.struct([("latitude", pa.float64()), ("name", pa.string())])
    values = pa.StructArray.from_arrays(
        [pa.array([None, 1.0]), pa.array([None, "x"])], fields=list(inner), mask=pa.array([True, False])
    )
    index = sent.column_names.index("maybe")
    found = exchange(client, "rows", "echo", table=sent.set_column(index, "maybe", values))
    assert found["maybe"].to_pylist() == [None, {"latitude": 1.0, "name": "x"}]
