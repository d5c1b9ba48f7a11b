"""The service under test as a process: started once it listens, ended by its own handle."""

import contextlib
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

import pyarrow.flight as flight

BINARY = os.environ.get("FLIGHT_TESTS_SERVICE")
ROOT = pathlib.Path(__file__).resolve().parents[2]


def binary():
    """The program, which `tests/run` builds and names."""
    if BINARY:
        return BINARY
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = target / "debug" / "service"
    assert path.exists(), f"{path} is missing: tests/run builds it"
    return str(path)


@contextlib.contextmanager
def example(name, *options, log=subprocess.DEVNULL):
    """An example as a process, which logs to this file. Where it listens: the line that it prints for a person says so."""
    program = pathlib.Path(binary()).with_name(name)
    assert program.exists(), f"{program} is missing: tests/run builds it"
    process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        ready, _, _ = select.select([process.stdout], [], [], 20)
        line = process.stdout.readline() if ready else ""
        assert line.startswith("listening on grpc"), line
        yield line.removeprefix("listening on ").split(";")[0].strip()
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def example_client(name, location, *options, **environment):
    """What the client beside an example prints, which runs to its end."""
    command = [sys.executable, ROOT / "examples" / name / "client.py", "--location", location, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def methods():
    """The names of all calls of the Flight protocol, as the framework knows them."""
    return json.loads(subprocess.run([binary(), "--methods"], capture_output=True, check=True).stdout)


class Server:
    """A running service, or another program beside it that behaves like it. `location` is where it listens."""

    def __init__(self, *options, wait=True, program="service"):
        self._log = tempfile.NamedTemporaryFile(prefix="flight-tests-", suffix=".log")
        self.process = subprocess.Popen(
            [pathlib.Path(binary()).with_name(program), *map(str, options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self.location = None
        if wait:
            line = self._first_line(20)
            assert line, f"the service did not start: {self.log()}"
            self.location = json.loads(line)["location"]

    def _first_line(self, seconds):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        return self.process.stdout.readline() if ready else b""

    @property
    def port(self):
        return int(self.location.rsplit(":", 1)[1])

    def log(self):
        """What it has written to its log so far."""
        return pathlib.Path(self._log.name).read_text()

    def logged(self, text, seconds=5):
        """The lines of the log with this text, once there are any."""
        deadline = time.monotonic() + seconds
        while True:
            lines = [line for line in self.log().splitlines() if text in line]
            if lines or time.monotonic() > deadline:
                return lines
            time.sleep(0.005)

    def connect(self, **options):
        if self.location.startswith("grpc+unix:"):
            # Its default is the socket's path, which is no authority.
            options.setdefault("generic_options", [("grpc.default_authority", "localhost")])
        return Client(self.location, **options)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=10):
        """Its exit status."""
        return self.process.wait(seconds)

    def is_running(self):
        return self.process.poll() is None

    def close(self):
        """Ends it the gentle way, then the hard one."""
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        self.process.stdout.close()
        if not self.process.stdin.closed:
            self.process.stdin.close()
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Client(flight.FlightClient):
    """pyarrow's client, with the calls of these tests in short."""

    def get(self, ticket, **options):
        """The whole table of a ticket."""
        return self.reader(ticket, **options).read_all()

    def reader(self, ticket, **options):
        ticket = ticket.encode() if isinstance(ticket, str) else ticket
        return self.do_get(flight.Ticket(ticket), flight.FlightCallOptions(**options))

    def action(self, name, body=b"", **options):
        """The bodies of an action's results."""
        body = body.encode() if isinstance(body, str) else body
        options = flight.FlightCallOptions(**options)
        results = self.do_action(flight.Action(name, body), options)
        return [result.body.to_pybytes() for result in results]

    def ask(self, name, value=None, **options):
        """The only result of an action, in JSON both ways."""
        body = b"" if value is None else json.dumps(value).encode()
        [result] = self.action(name, body, **options)
        return json.loads(result)

    def seen(self, name):
        """What a handler wrote down under this name."""
        [result] = self.action("seen", name, timeout=10)
        return json.loads(result)

    def put(self, *path, schema=None, **options):
        descriptor = flight.FlightDescriptor.for_path(*path)
        return self.do_put(descriptor, schema, flight.FlightCallOptions(**options))

    def exchange(self, *path, **options):
        descriptor = flight.FlightDescriptor.for_path(*path)
        return self.do_exchange(descriptor, flight.FlightCallOptions(**options))

    def info(self, *path):
        return self.get_flight_info(flight.FlightDescriptor.for_path(*path))

    def info_of(self, command):
        return self.get_flight_info(flight.FlightDescriptor.for_command(command))


def acks(reader):
    """The acknowledgements of an upload that has ended."""
    found = []
    while (ack := reader.read()) is not None:
        found.append(ack.to_pybytes())
    return found


ERROR_ID = re.compile(r"error id ([0-9a-f]{16})")


def error_id(text):
    """The id that stands in place of an error's text."""
    found = ERROR_ID.search(text)
    assert found, text
    return found.group(1)


def said(caught):
    """What the server said, without what pyarrow wraps around it."""
    text = str(caught.value)
    text = re.sub(r"^[^:]*(?:: [^:]*)?,? with message: ", "", text, count=1)
    return re.split(r"\. (?:gRPC client debug context|Client context|Detail): ", text)[0]
