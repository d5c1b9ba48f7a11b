"""The service from outside: a process, and pyarrow as the client that its users have.

Run with `pytest examples/testing`; it builds the service first. BOARD names the program where that is done already.
"""

import os
import subprocess

import pyarrow as pa
import pyarrow.flight as flight
import pytest


@pytest.fixture(scope="session")
def location():
    """A service on a free port, for all tests; it says which once it answers."""
    program = [os.environ["BOARD"]] if "BOARD" in os.environ else ["cargo", "run", "-q", "-p", "examples", "--bin", "testing", "--"]
    with subprocess.Popen([*program, "--location", "grpc://localhost:0"], stdout=subprocess.PIPE, text=True) as service:
        try:
            line = service.stdout.readline()
            assert line.startswith("listening on "), "the service did not start"
            yield line.split()[2]
        finally:
            service.terminate()


@pytest.fixture
def client(location):
    with flight.connect(location) as client:
        yield client


def report(client, station, table):
    writer, said = client.do_put(flight.FlightDescriptor.for_path("stations", station), table.schema)
    with writer:
        writer.write_table(table)
        writer.done_writing()
        return said.read().to_pybytes().decode()


def test_what_is_reported_can_be_read(client):
    readings = pa.table({"celsius": [19.5, 21.0]})
    assert report(client, "oslo", readings) == "2 readings"
    table = client.do_get(flight.Ticket(b"stations/oslo")).read_all()
    assert table.to_pydict() == readings.to_pydict()


def test_the_schema_is_known_before_there_are_readings(client):
    schema = client.get_schema(flight.FlightDescriptor.for_path("stations", "lima")).schema
    assert schema == pa.schema([pa.field("celsius", pa.float64(), nullable=False)])


def test_a_column_of_another_type_is_named(client):
    with pytest.raises(pa.ArrowInvalid, match="`celsius`"):
        report(client, "oslo", pa.table({"celsius": ["mild"]}))


def test_a_station_that_is_not_there_is_not_found(client):
    with pytest.raises(pa.ArrowKeyError, match="no station `atlantis`"):
        client.do_get(flight.Ticket(b"stations/atlantis")).read_all()
