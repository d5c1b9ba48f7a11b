"""The weather example does its main job for a client that has nothing of the project."""

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from server import example, example_client


@pytest.fixture(scope="module")
def weather():
    """Where the example listens."""
    with example("weather", "--location", "grpc://localhost:0") as location:
        yield location


@pytest.fixture
def client(weather):
    with flight.connect(weather) as client:
        yield client


def test_the_client_beside_it_runs_to_its_end(weather):
    said = example_client("weather", weather)
    for expected in ["2015-05-26", "score", '"committed":true', "argument `month` is missing"]:
        assert expected in said


def test_a_ticket_written_by_hand_reads_the_real_data(client):
    table = client.do_get(flight.Ticket(b"stations/seattle?since=2012-01-01&until=2012-01-03")).read_all()
    assert table["temp_max"].to_pylist() == [12.8, 10.6, 11.7]
    assert table["weather"].to_pylist() == ["drizzle", "rain", "rain"]


def test_info_schema_and_stream_say_the_same(client):
    descriptor = flight.FlightDescriptor.for_path("stations", "seattle")
    info = client.get_flight_info(descriptor)
    table = client.do_get(info.endpoints[0].ticket).read_all()
    assert info.schema == client.get_schema(descriptor).schema == table.schema
    assert info.total_records == table.num_rows


@pytest.mark.parametrize(
    ("ticket", "error", "words"),
    [
        (b"normals", pa.ArrowInvalid, "argument `month` is missing"),
        (b"stations/seattle?since=soon", pa.ArrowInvalid, "argument `since`: cannot read `soon`"),
        (b"airports/seattle", pa.ArrowKeyError, "there are `normals?{month}&{station}`, `stations`"),
    ],
)
def test_a_mistake_in_a_ticket_is_named(client, ticket, error, words):
    with pytest.raises(error) as raised:
        client.do_get(flight.Ticket(ticket)).read_all()
    assert words in str(raised.value)


def test_its_actions_are_described_by_their_doc_comments(client):
    actions = {action.type: action.description for action in client.list_actions()}
    assert sorted(actions) == ["compact", "summary"]
    assert actions["compact"].startswith("Merge the batches")
