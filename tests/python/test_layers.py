"""Tower layers around the service: what they see, and that data passes them whole."""

import grpc
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import Channel
from server import Server, said


@pytest.fixture(scope="module", params=["own", "tonic"])
def server(request):
    mount = ["--tonic"] if request.param == "tonic" else []
    with Server("--layers", *mount) as server:
        yield server


@pytest.fixture
def client(server):
    with server.connect() as client:
        yield client


def test_the_first_layer_is_the_outermost(server, client):
    assert client.ask("around")["layers"] == ["first", "second"]
    with Channel(server.location) as raw:
        call = raw.action("nothing")
        list(call)
        assert [value for key, value in call.initial_metadata() if key == "x-layer"] == ["second", "first"]


def test_an_interceptor_refuses_calls_and_hands_on_what_it_knows(client):
    assert client.ask("around", headers=[(b"x-intercept", b"acme")])["intercepted"] == "acme"
    for call in (lambda **headers: client.action("nothing", **headers), lambda **headers: client.get("stream", **headers)):
        with pytest.raises(pa.ArrowInvalid) as caught:
            call(headers=[(b"x-intercept", b"reject")])
        assert said(caught) == "intercepted"


def test_an_error_of_a_layer_ends_the_call(client):
    with pytest.raises(flight.FlightInternalError) as caught:
        client.ask("sleep", 10_000, timeout=8)
    assert "internal error; its details are in the server's log" in str(caught.value)


def test_data_passes_whole_in_both_directions(client, tens):
    table = client.get("stream")
    assert table.num_rows == 30
    writer, reader = client.exchange("echo")
    with writer:
        writer.begin(tens(1)[0].schema)
        for batch in tens(20):
            writer.write_batch(batch)
        writer.done_writing()
        assert reader.read_all().column("n").to_pylist() == list(range(200))


def test_a_status_and_its_details_pass(server):
    with Channel(server.location) as raw:
        call = raw.action("fail-late")
        with pytest.raises(grpc.RpcError):
            list(call)
        assert call.code() is grpc.StatusCode.DATA_LOSS
        assert ("grpc-status-details-bin", b"rest") in call.trailing_metadata()


def test_the_peer_is_known_behind_layers(client):
    assert client.ask("who")["peer"].startswith(("ipv4:127.0.0.1:", "ipv6:[::1]:"))


def test_a_client_that_goes_away_reaches_the_handler(server, client, name):
    with server.connect() as leaving:
        reader = leaving.reader(f"stalls/{name}")
        assert reader.read_chunk().data.num_rows == 10
        reader.cancel()
        assert client.seen(name)["end"] == "dropped"
