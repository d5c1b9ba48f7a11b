"""Errors: code, text and extra_info reach the client; what `?` swept up does not."""

import json

import grpc
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from server import Server, error_id, said

# gRPC code: what pyarrow raises without extra_info, and with it. Only Flight's own errors can carry it.
CLASSES = {
    1: (flight.FlightCancelledError, flight.FlightCancelledError),
    2: (flight.FlightServerError, flight.FlightServerError),
    3: (pa.ArrowInvalid, flight.FlightInternalError),
    4: (flight.FlightTimedOutError, flight.FlightTimedOutError),
    5: (pa.ArrowKeyError, flight.FlightInternalError),
    6: (pa.ArrowException, flight.FlightInternalError),
    7: (flight.FlightUnauthorizedError, flight.FlightUnauthorizedError),
    8: (pa.ArrowInvalid, flight.FlightInternalError),
    9: (pa.ArrowInvalid, flight.FlightInternalError),
    10: (flight.FlightInternalError, flight.FlightInternalError),
    11: (pa.ArrowInvalid, flight.FlightInternalError),
    12: (pa.ArrowNotImplementedError, flight.FlightInternalError),
    13: (flight.FlightInternalError, flight.FlightInternalError),
    14: (flight.FlightUnavailableError, flight.FlightUnavailableError),
    15: (flight.FlightInternalError, flight.FlightInternalError),
    16: (flight.FlightUnauthenticatedError, flight.FlightUnauthenticatedError),
}


def failed(raw, action, body=b"", **options):
    """How an action fails, as gRPC has it."""
    body = json.dumps(body).encode() if isinstance(body, dict) else body
    with pytest.raises(grpc.RpcError) as caught:
        list(raw.action(action, body, **options))
    return caught.value


def trailers(error):
    found = {}
    for key, value in error.trailing_metadata():
        found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("code", CLASSES)
def test_every_code_reaches_python_as_its_class(client, code):
    with pytest.raises(CLASSES[code][0]) as caught:
        client.ask("fail", {"code": code, "message": "the message"})
    assert type(caught.value) is CLASSES[code][0]
    assert said(caught) == "the message"


@pytest.mark.parametrize("code", CLASSES)
def test_extra_info_reaches_python_whatever_the_code(client, code):
    with pytest.raises(CLASSES[code][1]) as caught:
        client.ask("fail", {"code": code, "message": "the message", "extra_info": "für dich"})
    assert type(caught.value) is CLASSES[code][1]
    assert said(caught) == "the message"
    assert caught.value.extra_info == "für dich".encode()


@pytest.mark.parametrize("code", CLASSES)
def test_code_and_text_are_on_the_wire_as_they_were_made(raw, code):
    error = failed(raw, "fail", {"code": code, "message": "50 % of größe\nlost", "extra_info": "x"})
    assert (error.code().value[0], error.details()) == (code, "50 % of größe\nlost")
    assert trailers(error)["grpc-status-details-bin"] == [b"x"]
    assert trailers(error)["x-arrow-status-message-bin"] == ["50 % of größe\nlost".encode()]


ARROW_STATUS = {3: "4", 5: "2", 6: "45", 9: "4", 11: "4", 12: "10", 13: "5", 14: "5", 16: "5"}


@pytest.mark.parametrize(("code", "status"), ARROW_STATUS.items())
def test_arrows_own_status_stands_beside_extra_info(raw, code, status):
    error = failed(raw, "fail", {"code": code, "message": "m", "extra_info": "x"})
    assert trailers(error)["x-arrow-status"] == [status]


def test_without_extra_info_no_trailer_of_arrow_is_sent(raw):
    names = trailers(failed(raw, "fail", {"code": 16, "message": "who are you?"}))
    assert not [name for name in names if name.startswith("x-arrow") or "details" in name]


@pytest.mark.parametrize("letter", ["x", "ü", "\n", "😀"])
def test_a_huge_text_is_cut_between_characters_and_keeps_its_code(client, raw, letter):
    wanted = {"code": 5, "message": letter, "repeat": 50_000}
    with pytest.raises(pa.ArrowKeyError) as caught:
        client.ask("fail", wanted)
    assert said(caught).startswith(letter * 100)
    error = failed(raw, "fail", wanted)
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert len(error.details().encode()) <= 1024
    assert error.details() == letter * (len(error.details()) - 1) + "…"
    assert len(error.details().encode()) > 1024 - 4


def test_extra_info_that_no_client_would_take_is_left_out_and_said_so(client, raw):
    wanted = {"code": 5, "message": "m", "extra_info": "x", "repeat": 20_000}
    with pytest.raises(pa.ArrowKeyError, match="extra_info of 20000 bytes left out"):
        client.ask("fail", wanted)
    assert "grpc-status-details-bin" not in trailers(failed(raw, "fail", wanted))


def test_as_much_extra_info_as_is_promised_arrives(client):
    wanted = {"code": 14, "message": "m", "extra_info": "x", "repeat": 3 * 1024}
    with pytest.raises(flight.FlightUnavailableError) as caught:
        client.ask("fail", wanted)
    assert caught.value.extra_info == b"x" * 3 * 1024


def test_an_error_behind_a_result_comes_with_everything(client):
    results = client.do_action(flight.Action("fail-late", b""))
    assert next(results).body.to_pybytes() == b"first"
    with pytest.raises(flight.FlightInternalError) as caught:
        next(results)
    assert (said(caught), caught.value.extra_info) == ("the rest is gone", b"rest")


def test_an_error_in_the_middle_of_a_download_comes_behind_what_was_sent(client):
    reader = client.reader("fails/2")
    assert [reader.read_chunk().data.num_rows for _ in range(2)] == [10, 10]
    with pytest.raises(flight.FlightUnavailableError) as caught:
        reader.read_chunk()
    assert (said(caught), caught.value.extra_info) == ("the tape is torn", b"tape 7")


def test_a_download_that_fails_at_once_has_the_error_and_not_an_empty_table(client):
    with pytest.raises(flight.FlightUnavailableError) as caught:
        client.reader("fails/0").read_all()
    assert said(caught) == "the tape is torn"


def hidden(server, raise_it, secret):
    """The client sees an id, under which the log has the text."""
    with pytest.raises(flight.FlightInternalError) as caught:
        raise_it()
    assert secret not in str(caught.value)
    text = said(caught)
    id = error_id(text)
    assert text == f"internal error; its details are in the server's log under error id {id}"
    [line] = server.logged(id)
    assert secret in line
    return id


@pytest.mark.parametrize(
    ("action", "body", "secret"),
    [
        ("swept-up", "x", "secret: invalid digit found in string"),
        ("arrow-error", "", "secret of the kernel"),
        ("panic", "", "secret of the handler"),
        ("panic-blocking", "", "secret of the thread"),
        ("panic-with-a-value", "", "panicked"),
    ],
)
def test_what_was_swept_up_and_what_panicked_is_an_id_and_stands_in_the_log(
    own_server, action, body, secret
):
    with own_server.connect() as client:
        hidden(own_server, lambda: client.action(action, body), secret)
        assert client.ask("sum", {"left": 1}) == {"sum": 1}


def test_every_error_has_an_id_of_its_own(own_server):
    with own_server.connect() as client:
        ids = {hidden(own_server, lambda: client.action("swept-up", "x"), "secret") for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("ticket", "secret"),
    [
        ("breaks/0", "tape7"),
        ("breaks/1", "tape7"),
        ("panics/0", "secret of the stream"),
        ("panics/2", "secret of the stream"),
        ("iterator-panics/2", "secret of the iterator"),
    ],
)
def test_a_stream_that_breaks_or_panics_is_internal_and_harms_no_sibling(own_server, ticket, secret):
    with own_server.connect() as client:
        sibling = client.reader("stream")
        hidden(own_server, lambda: client.get(ticket), secret)
        assert sibling.read_all().num_rows == 30


def test_results_that_panic_are_internal_behind_what_was_sent(client):
    results = client.do_action(flight.Action("panic-late", b""))
    assert next(results).body.to_pybytes() == b"first"
    with pytest.raises(flight.FlightInternalError, match="error id [0-9a-f]{16}"):
        next(results)


def test_a_destructor_that_panics_is_internal_and_harms_nobody(client):
    reader = client.reader("panics-at-drop/1")
    assert reader.read_chunk().data.num_rows == 10
    with pytest.raises(flight.FlightInternalError, match="error id [0-9a-f]{16}"):
        reader.read_chunk()
    assert client.get("numbers?count=1").num_rows == 1


def test_a_status_keeps_its_code_its_text_and_its_details(raw):
    error = failed(raw, "status")
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "from a status")
    assert trailers(error)["grpc-status-details-bin"] == [b"status details"]


def test_a_status_inside_another_error_is_still_a_status(raw):
    error = failed(raw, "status-swept-up")
    assert (error.code(), error.details()) == (grpc.StatusCode.UNAVAILABLE, "from upstream")


def test_an_error_type_of_ones_own_chooses_its_code(raw):
    error = failed(raw, "own-error")
    assert (error.code(), error.details()) == (grpc.StatusCode.ABORTED, "table `people` is locked")
    assert trailers(error)["grpc-status-details-bin"] == [b"people"]


def test_the_source_of_an_error_stays_inside(raw):
    error = failed(raw, "sourced")
    assert (error.code(), error.details()) == (grpc.StatusCode.UNAVAILABLE, "the store is down")


def test_a_server_that_exposes_internal_errors_sends_their_text_and_the_id():
    with Server("--expose") as server, server.connect() as client:
        for action, text in [
            ("swept-up", "secret: invalid digit found in string"),
            ("panic", "the handler panicked: secret of the handler"),
        ]:
            with pytest.raises(flight.FlightInternalError) as caught:
                client.action(action, "x")
            assert said(caught) == f"{text} (error id {error_id(str(caught.value))})"


def test_a_method_that_is_none_is_unimplemented(raw):
    with pytest.raises(grpc.RpcError) as caught:
        raw.unary("DoNothing", b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "DoNothing" in caught.value.details()


def test_a_handshake_without_a_handler_is_unimplemented(raw):
    with pytest.raises(grpc.RpcError) as caught:
        list(raw.streams("Handshake", [b""]))
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details() == "this server has no handshake: no auth_handler is set"


def test_a_request_that_is_no_protobuf_is_invalid(raw):
    with pytest.raises(grpc.RpcError) as caught:
        list(raw.stream("DoGet", b"\xff"))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details().startswith("the request does not decode: ")
