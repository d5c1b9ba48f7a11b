"""The server's life: where it listens, what it says when it cannot, and how it ends."""

import contextlib
import pathlib
import signal
import socket
import stat
import time

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import Channel
from server import Server

SCHEMA = pa.schema([("n", pa.int64())])


def batch(*numbers):
    return pa.record_batch({"n": pa.array(numbers, pa.int64())})


class Exchange:
    """A call that runs until its client ends it."""

    def __init__(self, client):
        self.writer, self.reader = client.exchange("echo")
        self.writer.begin(SCHEMA)
        self.say(0)

    def say(self, number):
        self.writer.write_batch(batch(number))
        assert self.reader.read_chunk().data.to_pydict() == {"n": [number]}

    def finish(self):
        self.writer.done_writing()
        with pytest.raises(StopIteration):
            self.reader.read_chunk()
        self.writer.close()


def test_a_server_takes_a_free_port_and_says_which():
    with Server() as one, Server() as other:
        assert one.location == f"grpc://localhost:{one.port}"
        assert 0 < one.port != other.port > 0
        for server in (one, other):
            with server.connect() as client:
                assert client.ask("who")["port"] == server.port


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_localhost_is_ipv4_and_ipv6_on_one_port():
    with Server() as server:
        for host, peer in [("127.0.0.1", "ipv4:127.0.0.1:"), ("[::1]", "ipv6:[::1]:")]:
            server.location = f"grpc://{host}:{server.port}"
            with server.connect() as client:
                assert client.ask("who")["peer"].startswith(peer)


@pytest.mark.parametrize("scheme", ["grpc", "grpc+tcp"])
def test_an_address_of_ipv4_is_that_address_alone(scheme):
    with Server("--location", f"{scheme}://127.0.0.1:0") as server:
        assert server.location == f"grpc://127.0.0.1:{server.port}"
        with server.connect() as client:
            assert client.get("numbers?count=1").num_rows == 1
        with socket.socket(socket.AF_INET6) as probe, pytest.raises(OSError):
            probe.connect(("::1", server.port))


def refused(*options):
    """What a server says that does not start."""
    with Server(*options, wait=False) as server:
        assert server.wait() == 1
        return server.log()


def test_a_port_that_is_taken_is_an_error_that_says_so_and_what_to_do(own_server):
    log = refused("--location", f"grpc://127.0.0.1:{own_server.port}")
    assert (
        f"cannot listen on `grpc://127.0.0.1:{own_server.port}`: Address already in use (os error 98); "
        "another process listens there: stop it, or choose another port (0 takes a free one)"
    ) in log


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("localhost:8815", "a scheme is missing, such as `grpc://localhost:8815`"),
        ("grpc://localhost", "a port is missing: `grpc://localhost:0` takes a free one"),
        ("grpc://localhost:99999", "port `99999` is not a number from 0 to 65535"),
        ("http://localhost:1", "scheme `http` is none of `grpc`, `grpc+tcp`, `grpc+tls` and `grpc+unix`"),
        ("grpc+unix://here", "the path of a socket is absolute: `grpc+unix:///run/flight.sock`"),
    ],
)
def test_a_location_that_is_none_is_an_error_with_the_fix(location, text):
    assert f"location `{location}`: {text}" in refused("--location", location)


def test_an_address_of_another_machine_is_an_error_with_the_fix():
    log = refused("--location", "grpc://192.0.2.1:0")
    assert "this machine has no such address: `0.0.0.0` listens on all of them" in log


def test_a_port_is_free_again_as_soon_as_its_server_has_ended():
    with Server() as first:
        with first.connect() as client:
            client.get("numbers")
            first.signal()
            assert first.wait() == 0
    with Server("--location", f"grpc://localhost:{first.port}") as second, second.connect() as client:
        assert client.get("numbers?count=1").num_rows == 1


@pytest.fixture
def path(tmp_path):
    return tmp_path / "flight.sock"


def unix(path):
    return "--location", f"grpc+unix://{path}"


def test_a_unix_socket_is_served_and_its_file_removed_at_the_end(path):
    with Server(*unix(path)) as server:
        assert server.location == f"grpc+unix://{path}"
        assert stat.S_ISSOCK(path.stat().st_mode)
        with server.connect() as client:
            assert client.get("numbers?count=2").to_pydict() == {"n": [0, 1]}
            assert client.ask("who")["port"] == 0
        server.signal()
        assert server.wait() == 0
        assert not path.exists()


def test_a_unix_socket_serves_pyarrow_without_options(path):
    with Server(*unix(path)) as server, flight.connect(server.location) as client:
        assert client.do_get(flight.Ticket(b"numbers?count=2")).read_all().num_rows == 2


def test_a_unix_socket_serves_grpcio_without_options(path):
    with Server(*unix(path)) as server, Channel(server.location) as raw:
        assert len(list(raw.get("numbers?count=2"))) == 2


def test_the_socket_of_a_server_that_was_killed_is_taken_over(path):
    with Server(*unix(path)) as first:
        first.signal(signal.SIGKILL)
        first.wait()
    assert path.exists()
    with Server(*unix(path)) as second, second.connect() as client:
        assert client.get("numbers?count=1").num_rows == 1


def test_the_socket_of_a_server_that_lives_is_not_taken(path):
    with Server(*unix(path)) as server:
        log = refused(*unix(path))
        assert "another process listens there: stop it, or choose another path" in log
        with server.connect() as client:
            assert client.get("numbers?count=1").num_rows == 1


def test_a_file_that_is_no_socket_is_left_alone(path):
    path.write_text("precious")
    assert f"cannot listen on `grpc+unix://{path}`: " in refused(*unix(path))
    assert path.read_text() == "precious"


def test_a_socket_in_a_folder_that_does_not_exist_is_an_error_that_says_so():
    log = refused(*unix(pathlib.Path("/does/not/exist.sock")))
    assert "the folder of the socket does not exist" in log


def begins_nothing(server, seconds=5):
    """Whether new clients are turned away: from the moment that the listeners are closed, just behind the log."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        with server.connect() as late:
            try:
                late.get("numbers", timeout=5)
            except flight.FlightUnavailableError:
                return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_running_call_end_and_begins_no_other(number):
    with Server() as server, server.connect() as client:
        running = Exchange(client)
        server.signal(number)
        assert server.logged(f"{number.name}: calls that run may end")
        assert begins_nothing(server)
        assert server.is_running()
        running.say(1)
        running.finish()
        assert server.wait() == 0


def test_a_signal_ends_a_server_whose_clients_are_idle():
    with Server() as server, server.connect() as client:
        client.get("numbers")
        server.signal()
        assert server.wait(5) == 0


def test_a_second_signal_ends_what_runs_at_once():
    with Server() as server, server.connect() as client:
        running = Exchange(client)
        server.signal()
        assert server.logged("SIGTERM: calls that run may end")
        running.say(1)
        server.signal(signal.SIGINT)
        assert server.wait(5) == 0
        assert server.logged("SIGINT again: ending at once")
        with pytest.raises(flight.FlightUnavailableError):
            running.reader.read_chunk()


def test_calls_are_cut_when_their_grace_is_over():
    with Server("--grace", 100) as server, server.connect() as client:
        running = Exchange(client)
        server.signal()
        assert server.wait(5) == 0
        with pytest.raises(flight.FlightUnavailableError):
            running.reader.read_chunk()


def test_a_handler_may_shut_its_server_down_and_still_answer():
    with Server() as server, server.connect() as client:
        running = Exchange(client)
        with server.connect() as other:
            assert other.action("shutdown") == [b"shutting down"]
        running.say(1)
        running.finish()
        assert server.wait() == 0


def test_a_handler_may_end_its_server_at_once():
    with Server() as server, server.connect() as client:
        running = Exchange(client)
        with contextlib.suppress(flight.FlightError):
            client.action("abort", timeout=5)
        assert server.wait(5) == 0
        with pytest.raises(flight.FlightUnavailableError):
            running.reader.read_chunk()
