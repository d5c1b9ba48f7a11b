"""gRPC's own compression: what a client sends in gzip is read as what it sends plain; answers are never in it."""

import gzip
import json
import struct
import urllib.parse

import grpc
import pyarrow as pa
import pytest

from http2 import Connection
from raw import Channel, field, fields, flight_data, ipc_messages, path
from server import Server, acks

MIB = 1 << 20
GZIP = grpc.Compression.Gzip
ACCEPTED = ("grpc-accept-encoding", "identity,gzip")
SCHEMA = pa.schema([("n", pa.int64())])


def message(data, flag=1):
    """A gRPC message as it travels."""
    return struct.pack(">BI", flag, len(data)) + data


def answer(server, method, sent, *encoding):
    """How a call ends whose request is these bytes: headers and trailers."""
    headers = [("grpc-encoding", value) for value in encoding]
    with Connection(server.port, method, headers) as connection:
        for at in range(0, len(sent), 16_384):
            connection.send_bytes(sent[at : at + 16_384])
        connection.finish()
        found = connection.wait_for_end()
    found["grpc-message"] = urllib.parse.unquote(found.get("grpc-message", ""))
    return found


def raw_action(body):
    return field(1, "raw") + field(2, body)


@pytest.mark.parametrize("compression", [None, GZIP])
@pytest.mark.parametrize("size", [0, 1, 10_000, 5_000_000])
def test_an_action_is_the_same_in_gzip_and_plain(raw, size, compression):
    call = raw.action("raw", b"x" * size, compression=compression)
    assert [fields(result).get(1, [b""])[0] for result in call] == [b"x" * size]
    headers = dict(call.initial_metadata())
    assert headers.get("grpc-encoding", "identity") == "identity"


@pytest.mark.parametrize("method", ["GetFlightInfo", "GetSchema", "PollFlightInfo"])
def test_unary_calls_are_read(raw, method):
    descriptor = field(1, 2) + field(2, "numbers?count=" + "0" * 5000 + "3")
    plain, _ = raw.unary(method, descriptor)
    compressed, _ = raw.unary(method, descriptor, compression=GZIP)
    assert compressed == plain


@pytest.mark.parametrize("method", ["ListFlights", "ListActions"])
def test_lists_are_read(raw, method):
    request = field(1, b"s" * 5000) if method == "ListFlights" else b""
    assert list(raw.stream(method, request, compression=GZIP)) == list(raw.stream(method, request))


def test_a_download_is_asked_for(raw):
    ticket = "numbers?count=" + "0" * 5000 + "3"
    assert list(raw.get(ticket, compression=GZIP)) == list(raw.get(ticket))


def upload(route, batches):
    messages = ipc_messages(batches)
    yield flight_data(route, header=messages[0][0])
    for header, body in messages[1:]:
        yield flight_data(header=header, body=body)


def test_an_upload_is_read_to_its_clean_end(raw, client, tens, name):
    batches = [pa.concat_batches(tens(count)) for count in (1, 1000, 20_000)]
    list(raw.streams("DoPut", upload(path("uploads", name), batches), compression=GZIP))
    seen = client.seen(name)
    assert (seen["end"], seen["rows"]) == ("clean", 210_010)


def test_an_exchange_goes_both_ways(raw, tens):
    batches = [pa.concat_batches(tens(count)) for count in (1, 1000)]
    plain = list(raw.streams("DoExchange", upload(path("double"), batches)))
    compressed = list(raw.streams("DoExchange", upload(path("double"), batches), compression=GZIP))
    assert compressed == plain and len(plain) == 3


def test_a_handshake_is_read():
    with Server("--services", "guarded", "--auth", "basic") as server:
        login = field(2, "ada") + field(3, "ada's")
        sent = message(gzip.compress(field(2, login)))
        found = answer(server, "Handshake", sent, "gzip")
        assert found["grpc-status"] == "0", found
        wrong = message(gzip.compress(field(2, field(2, "ada") + field(3, "bob's"))))
        assert answer(server, "Handshake", wrong, "gzip")["grpc-status"] == "16"
        bomb = message(gzip.compress(field(2, b"x" * MIB)))
        found = answer(server, "Handshake", bomb, "gzip")
        assert (found["grpc-status"], "65536" in found["grpc-message"]) == ("8", True)


@pytest.fixture
def pyarrow_gzip(server):
    """pyarrow, whose channel compresses: it has no option for a call."""
    options = [("grpc.default_compression_algorithm", 2)]
    with server.connect(generic_options=options) as client:
        yield client


def test_pyarrow_uploads_and_downloads(pyarrow_gzip, tens, name):
    batch = pa.concat_batches(tens(10_000))
    writer, reader = pyarrow_gzip.put("uploads", name, schema=SCHEMA)
    with writer:
        writer.write_batch(batch)
        writer.write_with_metadata(tens(1)[0], b"beside")
        writer.done_writing()
        [ack] = acks(reader)
    assert (json.loads(ack)["rows"], pyarrow_gzip.seen(name)["end"]) == (100_010, "clean")
    assert pyarrow_gzip.get("numbers?count=" + "0" * 1000 + "3").num_rows == 3
    assert pyarrow_gzip.action("raw", b"x" * 100_000) == [b"x" * 100_000]


@pytest.fixture(scope="module", params=[[], ["--tonic"]])
def small(request):
    """A server that takes messages of at most a mebibyte."""
    with Server("--max-message-size", MIB, *request.param) as server:
        yield server


def test_a_bomb_is_refused_by_name(small, tens, name):
    bomb = gzip.compress(raw_action(bytes(50 * MIB)))
    assert len(bomb) < 1 << 16
    found = answer(small, "DoAction", message(bomb), "gzip")
    assert found["grpc-status"] == "8"
    assert "1048576" in found["grpc-message"]
    with Channel(small.location) as raw, small.connect() as client:
        [first, _] = upload(path("uploads", name), tens(1))
        requests = [first, flight_data(body=bytes(8 * MIB))]
        list(raw.streams("DoPut", requests, compression=GZIP))
        end = client.seen(name)["end"]
        assert end.startswith("ResourceExhausted: ") and "1048576" in end
        assert client.get("numbers?count=1").num_rows == 1


def test_a_message_of_the_limit_passes(small):
    body = bytes(MIB - 100)
    with Channel(small.location) as raw:
        [result] = raw.action("raw", body, compression=GZIP)
    assert fields(result)[1] == [body]


def test_a_bomb_costs_no_more_memory_than_the_limit():
    with Server("--max-message-size", MIB) as server:
        with server.connect() as client:
            client.action("raw", b"warm")

        def resident():
            with open(f"/proc/{server.process.pid}/status") as status:
                [line] = [line for line in status if line.startswith("VmHWM")]
            return int(line.split()[1]) << 10

        before = resident()
        bomb = gzip.compress(raw_action(bytes(50 * MIB)))
        for _ in range(3):
            assert answer(server, "DoAction", message(bomb), "gzip")["grpc-status"] == "8"
        assert resident() - before < 8 * MIB


def test_plain_messages_under_an_encoding_are_plain(server):
    sent = message(raw_action(b"plain"), flag=0)
    for encoding in ("gzip", "identity"):
        found = answer(server, "DoAction", sent, encoding)
        assert found["grpc-status"] == "0", found
        assert "grpc-encoding" not in found
        assert ACCEPTED in found.items()


@pytest.mark.parametrize("method", ["DoAction", "DoGet", "DoPut", "DoExchange", "GetFlightInfo", "Handshake"])
def test_an_unknown_encoding_is_unimplemented_and_the_answer_says_which_are_known(server, method):
    found = answer(server, method, message(b"whatever"), "snappy")
    assert found["grpc-status"] == "12"
    assert "`snappy`" in found["grpc-message"] and "identity,gzip" in found["grpc-message"]
    assert ACCEPTED in found.items()


def test_an_encoding_is_shown_escaped_and_cut(server):
    found = answer(server, "DoAction", message(b"x"), 'a\\"\tb' + "y" * 2000)
    assert found["grpc-status"] == "12"
    assert "\t" not in found["grpc-message"] and r"\tb" in found["grpc-message"]
    assert len(found["grpc-message"]) < 400


def test_what_grpcio_calls_deflate_is_unimplemented(raw):
    with pytest.raises(grpc.RpcError) as caught:
        list(raw.action("raw", b"x" * 10_000, compression=grpc.Compression.Deflate))
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "identity,gzip" in caught.value.details()


@pytest.mark.parametrize("encoding", [[], ["identity"]])
@pytest.mark.parametrize("method", ["DoAction", "DoPut"])
def test_a_flag_without_an_encoding_is_internal_as_grpc_has_it(server, method, encoding):
    found = answer(server, method, message(gzip.compress(raw_action(b"x"))), *encoding)
    assert found["grpc-status"] == "13"
    assert "marked as compressed" in found["grpc-message"]


@pytest.mark.parametrize(
    "sent",
    [
        b"not gzip at all",
        b"",
        gzip.compress(raw_action(b"x" * 1000))[:-3],
        gzip.compress(raw_action(b"x" * 1000))[:-8] + bytes(8),
        gzip.compress(raw_action(b"x" * 1000)) + b"and more",
    ],
    ids=["text", "nothing", "cut short", "checksum", "something behind"],
)
@pytest.mark.parametrize("method", ["DoAction", "DoPut"])
def test_what_is_not_sound_gzip_is_invalid(server, method, sent):
    found = answer(server, method, message(sent), "gzip")
    assert found["grpc-status"] == "3"
    assert "not whole and sound gzip" in found["grpc-message"]


def test_a_request_that_ends_inside_a_compressed_message_is_invalid(server):
    sent = message(gzip.compress(raw_action(b"x" * 1000)))[:-3]
    found = answer(server, "DoAction", sent, "gzip")
    assert (found["grpc-status"], found["grpc-message"]) == ("3", "the request ends inside a message")


def test_an_upload_of_compressed_messages_that_breaks_off_is_no_end(own_server, tens, name):
    first, second = upload(path("uploads", name), tens(1))
    with Connection(own_server.port, "DoPut", [("grpc-encoding", "gzip")]) as connection:
        connection.send_bytes(message(gzip.compress(first)))
        connection.send_bytes(message(gzip.compress(second)))
        connection.send_bytes(message(gzip.compress(second))[:-3])
        connection.reset(8)
        with own_server.connect() as client:
            assert client.seen(name)["end"].startswith("Aborted: ")
