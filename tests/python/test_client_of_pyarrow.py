"""Our client against Arrow's C++ server, here in pyarrow."""

import base64
import contextlib
import json
import os
import pathlib
import subprocess

import pyarrow as pa
import pyarrow.flight as flight
import pytest
import trustme

from server import binary

# What the program uploads.
ROWS = 30_000_000
SUM = str(ROWS * (ROWS - 1) // 2)
WORDS = pa.array(["red", None, "green", "red"]).dictionary_encode()


class Authentication(flight.ServerMiddlewareFactory):
    """`Basic` for a token, and the token from then on."""

    def start_call(self, info, headers):
        [said] = headers.get("authorization", [""])
        if said == "Basic " + base64.b64encode(b"ada:secret").decode():
            return Token()
        if said != "Bearer of ada":
            raise flight.FlightUnauthenticatedError("nobody knows you")
        return None


class Token(flight.ServerMiddleware):
    def sending_headers(self):
        return {"authorization": "Bearer of ada"}


class AnyToken(flight.ServerAuthHandler):
    """Without a handler there is no handshake; the middleware does the work."""

    def authenticate(self, outgoing, incoming):
        pass

    def is_valid(self, token):
        return b""


class Foreign(flight.FlightServerBase):
    def do_get(self, context, ticket):
        if ticket.ticket == b"missing":
            raise flight.FlightServerError("not there", extra_info=b"why")
        if ticket.ticket == b"numbers":
            column = pa.array(range(1000), pa.int64())
            batches = [pa.record_batch({"n": column})] * 2000
            return flight.GeneratorStream(batches[0].schema, iter(batches))
        table = pa.table({"n": pa.array([1, 2, 3, 4], pa.int64()), "word": WORDS, "list": [[1], [], None, [2, 3]]})
        options = pa.ipc.IpcWriteOptions(compression=ticket.ticket.decode() or None)
        return flight.RecordBatchStream(table, options=options)

    def do_put(self, context, descriptor, reader, writer):
        rows = 0
        for chunk in reader:
            rows += chunk.data.num_rows
        writer.write(f"{rows} rows for {descriptor.path[0].decode()}".encode())

    def do_exchange(self, context, descriptor, reader, writer):
        writer.begin(reader.schema)
        for chunk in reader:
            writer.write_batch(chunk.data)

    def do_action(self, context, action):
        if action.type == "fail":
            raise flight.FlightUnavailableError("not now")
        yield action.type.encode()
        yield action.body

    def list_actions(self, context):
        return [("one", "first"), ("two", "second")]

    def list_flights(self, context, criteria):
        yield self.info(criteria)
        yield self.info(b"second")

    def get_flight_info(self, context, descriptor):
        return self.info(descriptor.command)

    def get_schema(self, context, descriptor):
        return flight.SchemaResult(pa.schema([("n", pa.int64()), ("m", pa.utf8())]))

    def info(self, command):
        here = f"grpc://localhost:{self.port}"
        nobody = "grpc://127.0.0.1:1"
        endpoints = [flight.FlightEndpoint(b"numbers", [nobody, here]), flight.FlightEndpoint(b"numbers", [])]
        schema = pa.schema([("n", pa.int64())])
        return flight.FlightInfo(schema, flight.FlightDescriptor.for_command(command), endpoints, -1, -1)


def ask(location, *arguments, **environment):
    """What the program says."""
    program = pathlib.Path(binary()).with_name("client")
    assert program.exists(), f"{program} is missing: tests/run builds it"
    done = subprocess.run(
        [program, location, *arguments], env=os.environ | environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextlib.contextmanager
def serving(location="grpc://127.0.0.1:0", **options):
    with Foreign(location, **options) as server:
        yield server


@pytest.fixture(scope="module")
def foreign():
    """Where it listens."""
    with serving() as server:
        yield f"grpc://127.0.0.1:{server.port}"


def test_downloads_arrive(foreign):
    said = ask(foreign, "get", "numbers")["ok"]
    assert (said["batches"], said["rows"], said["sum"]) == (2000, 2_000_000, str(2000 * 499_500))


@pytest.mark.parametrize("codec", ["", "lz4", "zstd"])
def test_dictionaries_lists_and_compressed_bodies_are_read(foreign, codec):
    said = ask(foreign, "get", codec)["ok"]
    assert (said["rows"], said["sum"]) == (4, "10")
    assert said["types"][1].startswith("Dictionary"), said


def test_a_flight_is_read_from_the_locations_that_answer(foreign):
    assert ask(foreign, "read", "anything")["ok"]["rows"] == 4_000_000


def test_an_upload_of_240_megabytes_arrives(foreign):
    assert ask(foreign, "put", "there") == {"ok": [f"{ROWS} rows for there"]}


def test_an_exchange_of_240_megabytes_comes_back(foreign):
    said = ask(foreign, "exchange", "there")["ok"]
    assert (said["rows"], said["sum"]) == (ROWS, SUM)


def test_small_calls_answer(foreign):
    assert ask(foreign, "action", "greet") == {"ok": ["greet", "body"]}
    assert ask(foreign, "flights", "first") == {"ok": ["first", "second"]}
    assert ask(foreign, "actions") == {"ok": ["one", "two"]}
    assert ask(foreign, "schema", "x") == {"ok": ["n", "m"]}


def test_errors_have_their_codes(foreign):
    said = ask(foreign, "action", "fail")
    assert said["code"] == "Unavailable" and "not now" in said["message"], said
    said = ask(foreign, "get", "missing")
    assert said["code"] == "Unknown" and "not there" in said["message"], said
    assert said["extra"] == "why"


def test_tls_of_a_private_authority(tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    key = issued.private_key_pem.bytes()
    chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with serving("grpc+tls://localhost:0", tls_certificates=[(chain, key)]) as server:
        location = f"grpc+tls://localhost:{server.port}"
        said = ask(location, "action", "greet", FLIGHT_CA=str(tmp_path / "ca.pem"))
        assert said == {"ok": ["greet", "body"]}
        said = ask(location, "action", "greet", FLIGHT_CA=str(tmp_path / "other.pem"))
        assert said["code"] == "Unavailable" and "certificate" in said["message"], said


def test_a_login_gives_a_token_that_is_sent():
    with serving(middleware={"authentication": Authentication()}, auth_handler=AnyToken()) as server:
        location = f"grpc://127.0.0.1:{server.port}"
        said = ask(location, "action", "greet", FLIGHT_LOGIN="ada:secret")
        assert said == {"ok": ["greet", "body"]}
        said = ask(location, "action", "greet", FLIGHT_LOGIN="ada:wrong")
        assert said["code"] == "Unauthenticated" and "nobody knows you" in said["message"], said
        said = ask(location, "action", "greet")
        assert said["code"] == "Unauthenticated", said
