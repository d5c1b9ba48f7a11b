"""The services as one tower service in a tonic server: what differs from the framework's own.

All other tests that take the fixture `server` run against both.
"""

import pyarrow.flight as flight
import pytest


def test_all_ten_calls_are_mounted(tonic_server, tens):
    from raw import Channel, path

    with tonic_server.connect() as client, Channel(tonic_server.location) as raw:
        assert client.get("stream").num_rows == 30
        assert client.info("stream").total_records == 30
        assert client.get_schema(flight.FlightDescriptor.for_path("stream")).schema.names == ["n"]
        assert raw.unary("PollFlightInfo", path("stream"))[0]
        assert len(list(client.list_flights(b"stations/"))) == 3
        assert client.action("text", "x") == [b"X"]
        assert len(list(client.list_actions())) > 20
        writer, reader = client.put("acks", schema=tens(1)[0].schema)
        with writer:
            assert reader.read().to_pybytes() == b"before the first"
        writer, reader = client.exchange("echo")
        with writer:
            writer.begin(tens(1)[0].schema)
            writer.write_batch(tens(1)[0])
            writer.done_writing()
            assert reader.read_all().num_rows == 10
        with pytest.raises(Exception, match="this server has no handshake"):
            list(raw.streams("Handshake", [b""]))


def test_tonics_peer_is_the_calls_peer(tonic_server):
    with tonic_server.connect() as client:
        assert client.ask("who")["peer"].startswith("ipv4:127.0.0.1:")
