"""ListFlights: every flight that can be listed, chosen by the beginning of its address."""

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import Channel, field, fields
from server import Server, said


def listed(client, criteria=b""):
    """The addresses of the flights, as their tickets."""
    return [
        info.endpoints[0].ticket.ticket.decode() if info.endpoints else info.descriptor.path[0].decode()
        for info in client.list_flights(criteria)
    ]


def test_without_criteria_everything_is_listed_that_can_be(client):
    found = listed(client)
    assert {"numbers", "stream", "reader", "empty", "nested", "grid/0/1", "by-hand/1"} <= set(found)
    assert found[-2:] == ["by-hand/1", "by-hand/2"]
    assert len(found) == len(set(found))


def test_a_fixed_route_is_listed_with_schema_and_totals(client):
    [info] = client.list_flights(b"stream-from-fn")
    assert info.descriptor == flight.FlightDescriptor.for_path("stream-from-fn")
    assert info.schema == pa.schema([pa.field("n", pa.int64(), nullable=False)])
    assert info.total_records == 30
    assert info.endpoints[0].ticket.ticket == b"stream-from-fn"


def test_a_route_whose_arguments_may_all_be_absent_is_listed(client):
    assert listed(client, b"numbers") == ["numbers"]


@pytest.mark.parametrize("criteria", [b"files", b"required", b"in-batches", b"shards/", b"endless"])
def test_a_route_whose_arguments_nobody_enumerates_is_not_listed(client, criteria):
    assert listed(client, criteria) == []


def test_list_enumerates_the_flights_of_a_route_without_those_that_are_gone(client):
    assert listed(client, b"stations/") == [
        "stations/seattle",
        "stations/new%20york",
        "stations/s%C3%A3o%2Fpaulo",
    ]


def test_what_is_listed_can_be_read(client):
    for info in client.list_flights(b"stations/"):
        table = client.do_get(info.endpoints[0].ticket).read_all()
        assert table.schema == info.schema
        assert [info.descriptor.path[1].decode()] == table["station"].to_pylist()


def test_a_list_of_tuples_fills_several_arguments(client):
    assert listed(client, b"grid") == ["grid/0/-1", "grid/0/1", "grid/1/-1", "grid/1/1"]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        (b"st", ["stream", "stream-from-fn", "stream-of-batches", "seattle", "new%20york", "s%C3%A3o%2Fpaulo"]),
        (b"stations/s", ["seattle", "s%C3%A3o%2Fpaulo"]),
        (b"stations/seattle", ["seattle"]),
        (b"stations/seattle/x", []),
        (b"no such", []),
    ],
)
def test_criteria_are_the_beginning_of_the_address(client, criteria, expected):
    found = [address.removeprefix("stations/") for address in listed(client, criteria)]
    assert sorted(found) == sorted(expected)


def test_a_list_flights_handler_adds_its_own_and_sees_the_criteria(client):
    assert listed(client, b"by-hand") == ["by-hand/1", "by-hand/2"]
    assert listed(client, b"by-hand/2") == ["by-hand/2"]


def test_criteria_that_are_no_text_are_left_to_the_handlers_own(client):
    assert listed(client, b"\xff") == []


def test_criteria_that_are_no_text_are_invalid_where_nobody_reads_them():
    with Server("--services", "downloads-alone") as server, server.connect() as client:
        assert listed(client) == ["only"]
        with pytest.raises(pa.ArrowInvalid, match="^.*the criteria is not UTF-8: expected the beginning"):
            listed(client, b"\xff")


def test_a_body_as_criteria_and_an_address_as_a_reply(catch_all_server):
    with Channel(catch_all_server.location) as raw:
        [info] = raw.stream("ListFlights", field(1, '{"query": "x y"}'))
        [endpoint] = fields(info)[3]
        assert fields(fields(endpoint)[1][0])[1] == [b"routed/x%20y"]
        assert list(raw.stream("ListFlights", b"")) == []


def test_a_server_without_flights_does_not_implement_it():
    with Server("--services", "actions-alone") as server, server.connect() as client:
        with pytest.raises(pa.ArrowNotImplementedError) as caught:
            listed(client)
        assert said(caught) == (
            "ListFlights is not implemented by this server: no method has #[list_flights]"
        )


def test_clients_that_wait_for_a_server_find_it(client):
    client.wait_for_available(timeout=5)
