"""What an operator sets by flags and by environment holds for the server that runs."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import urllib.request

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from server import binary, example

FREE = "grpc://localhost:0"


def weather(*options, **variables):
    """The program with these flags and variables, run to its end."""
    program = pathlib.Path(binary()).with_name("weather")
    environment = os.environ | {f"FLIGHT_{name}": value for name, value in variables.items()}
    return subprocess.run([program, *options], env=environment, capture_output=True, text=True, timeout=20)


def upload_of(rows, location):
    """How the example takes an upload of so many rows."""
    with flight.connect(location) as client:
        stored = client.do_get(flight.Ticket(f"stations/seattle?limit={rows}".encode())).read_all()
        writer, _ = client.do_put(flight.FlightDescriptor.for_path("stations", f"copy of {rows}"), stored.schema)
        with writer:
            writer.write_table(stored)


def test_a_variable_holds(monkeypatch):
    monkeypatch.setenv("FLIGHT_LOCATION", FREE)
    monkeypatch.setenv("FLIGHT_MAX_UPLOAD_ROWS", "2")
    with example("weather") as location:
        upload_of(2, location)
        with pytest.raises(pa.ArrowException, match=r"Limits::max_upload_rows\(2\)"):
            upload_of(3, location)


def test_a_flag_counts_more_than_its_variable(monkeypatch):
    monkeypatch.setenv("FLIGHT_MAX_UPLOAD_ROWS", "2")
    monkeypatch.setenv("FLIGHT_LOCATION", "grpc+unix:///nowhere/at/all")
    with example("weather", "--location", FREE, "--max-upload-rows", "4") as location:
        upload_of(3, location)
        with pytest.raises(pa.ArrowException, match=r"Limits::max_upload_rows\(4\)"):
            upload_of(5, location)


def test_metrics_are_served_where_asked(tmp_path):
    path = tmp_path / "log"
    with path.open("w") as log, example("weather", "--location", FREE, "--metrics", "127.0.0.1:0", log=log) as location:
        [address] = re.findall(r"serving metrics address=(\S+)", path.read_text())
        upload_of(1, location)
        metrics = urllib.request.urlopen(f"http://{address}/metrics", timeout=10).read().decode()
    assert address.startswith("127.0.0.1:")
    assert 'flight_server_calls_total{method="DoPut",route="stations/{station}",code="OK"} 1' in metrics
    assert "# HELP flight_server_calls_total Calls that have ended." in metrics


def test_a_server_that_does_not_start_serves_no_metrics():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = weather("--location", f"grpc://127.0.0.1:{taken.getsockname()[1]}", "--metrics", "127.0.0.1:0")
    assert done.returncode == 1
    assert "another process listens there" in done.stderr
    assert "serving metrics" not in done.stderr


@pytest.mark.parametrize(
    ("options", "variables", "said"),
    [
        (["--max-calls", "0"], {}, "invalid value '0' for '--max-calls <N>': expected a whole number, 1 or more"),
        ([], {"MAX_CALLS": "few"}, "invalid value 'few' for '--max-calls <N>': expected a whole number, 1 or more"),
        (["--max-cals", "1"], {}, "a similar argument exists: '--max-calls'"),
        (["--tls-cert", "a.crt"], {}, "--tls-key <FILE>"),
        ([], {"TLS_KEY": "a.key"}, "--tls-cert <FILE>"),
        (["--log", "flight_runtime=loud"], {}, "expected a level, or levels of targets"),
    ],
)
def test_a_mistake_ends_the_program_and_is_explained(options, variables, said):
    done = weather("--location", FREE, *options, **variables)
    assert done.returncode == 2
    assert said in done.stderr


def test_flags_that_do_not_fit_together_are_explained_in_their_own_words():
    done = weather("--location", FREE, "--tls-cert", "a.crt", "--tls-key", "a.key")
    assert done.returncode != 0
    assert "`--tls-cert` has no effect at `grpc://localhost:0`" in done.stderr


@contextlib.contextmanager
def logging(**variables):
    """The program as it runs, and its log from then on."""
    program = pathlib.Path(binary()).with_name("weather")
    environment = {name: value for name, value in os.environ.items() if name not in ("RUST_LOG", "FLIGHT_LOG")}
    environment |= variables
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([program, "--location", FREE], env=environment, **pipes)
    lines = []
    try:
        assert process.stdout.readline().startswith("listening on")
        yield lines
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=10)
        lines += log.splitlines()


def test_the_log_is_lines_of_json_where_asked():
    with logging(FLIGHT_LOG_FORMAT="json") as log:
        pass
    first = json.loads(log[0])
    assert first["message"] == "serving Arrow Flight"
    assert first["level"] == "INFO"
    assert first["location"].startswith("grpc://localhost:")


def test_the_log_is_filtered_by_its_variable_and_else_by_rusts():
    for variables in [{"RUST_LOG": "warn"}, {"RUST_LOG": "info", "FLIGHT_LOG": "warn"}]:
        with logging(**variables) as log:
            pass
        assert log == [], variables
    with logging() as log:
        pass
    assert "serving Arrow Flight" in log[0]
