"""The Parquet example serves files that pyarrow has written, a part of them at a time."""

import subprocess
import sys

import pyarrow as pa
import pyarrow.csv
import pyarrow.flight as flight
import pyarrow.parquet as pq
import pytest

from server import ROOT, example

WEATHER = ROOT / "examples" / "weather" / "data" / "seattle-weather.csv"


@pytest.fixture(scope="module")
def weather():
    return pa.csv.read_csv(WEATHER)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, weather):
    """Files, two of them broken, one that is none, and one that is outside, with a link to it."""
    folder = tmp_path_factory.mktemp("parquet")
    data = folder / "data"
    (data / "years").mkdir(parents=True)
    pq.write_table(weather, data / "seattle.parquet", row_group_size=100)
    pq.write_table(weather.slice(0, 366), data / "years" / "2012.parquet")
    whole = (data / "seattle.parquet").read_bytes()
    (data / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    damaged = bytearray(whole)
    damaged[4:2000] = bytes(1996)
    (data / "damaged.parquet").write_bytes(damaged)
    (data / "notes.txt").write_text("not a table")
    pq.write_table(weather, folder / "secret.parquet")
    (data / "link.parquet").symlink_to("../secret.parquet")
    (data / "out").symlink_to("..")
    return data


@pytest.fixture(scope="module")
def location(folder):
    with example("parquet", "--location", "grpc://localhost:0", "--directory", str(folder)) as location:
        yield location


@pytest.fixture
def client(location):
    with flight.connect(location) as client:
        yield client


def get(client, ticket):
    return client.do_get(flight.Ticket(ticket.encode())).read_all()


def test_the_client_beside_it_runs_to_its_end_on_the_sample():
    client = ROOT / "examples" / "parquet" / "client.py"
    with example("parquet", "--location", "grpc://localhost:0") as location:
        done = subprocess.run([sys.executable, client, "--location", location], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for expected in ["files/normals/san-francisco.parquet: 8759 rows", "files/seattle.parquet: 1461 rows", "2012-01-02 10.9"]:
        assert expected in done.stdout


def test_the_list_has_every_file_that_has_a_footer(client, weather):
    flights = {b"/".join(info.descriptor.path).decode(): info for info in client.list_flights()}
    assert {name: info.total_records for name, info in flights.items()} == {
        "files/damaged.parquet": 1461,
        "files/seattle.parquet": 1461,
        "files/years/2012.parquet": 366,
    }
    assert flights["files/seattle.parquet"].schema.equals(weather.schema)


def test_all_of_a_file_is_what_was_written(client, weather):
    assert get(client, "files/seattle.parquet").equals(weather)
    assert get(client, "files/years/2012.parquet").equals(weather.slice(0, 366))


def test_columns_and_limit_are_those_that_are_asked_for(client, weather):
    descriptor = flight.FlightDescriptor.for_command(b"files/seattle.parquet?column=wind&column=date&limit=250")
    info = client.get_flight_info(descriptor)
    table = client.do_get(info.endpoints[0].ticket).read_all()
    assert info.total_records == table.num_rows == 250
    assert info.schema.equals(table.schema)
    assert table.equals(weather.select(["date", "wind"]).slice(0, 250))


@pytest.mark.parametrize(
    "path",
    ["missing.parquet", "notes.txt", "../secret.parquet", "years/../seattle.parquet", "link.parquet", "out/secret.parquet", "years"],
)
def test_a_name_that_is_no_file_of_the_directory_is_not_found(client, path):
    with pytest.raises(pa.ArrowKeyError, match="no Parquet file"):
        get(client, f"files/{path}")


def test_an_absolute_name_is_not_found(client, folder):
    descriptor = flight.FlightDescriptor.for_path("files", str(folder.parent / "secret.parquet"))
    with pytest.raises(pa.ArrowKeyError, match="no Parquet file"):
        client.get_flight_info(descriptor)


@pytest.mark.parametrize("path", ["cut.parquet", "damaged.parquet"])
def test_a_broken_file_says_so(client, path):
    with pytest.raises(pa.ArrowException, match=f"`{path}` cannot be read"):
        get(client, f"files/{path}")


def test_a_column_that_is_not_there_is_named_with_those_that_are(client):
    with pytest.raises(pa.ArrowInvalid, match="height.*precipitation"):
        get(client, "files/seattle.parquet?column=height")
