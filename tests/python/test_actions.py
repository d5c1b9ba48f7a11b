"""DoAction and ListActions."""

import json

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import fields
from server import Server, said


def test_json_goes_both_ways(client):
    assert client.ask("sum", {"left": 2, "right": 40}) == {"sum": 42}


def test_a_field_with_a_default_may_be_left_out(client):
    assert client.ask("sum", {"left": 2}) == {"sum": 2}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{", "the action's body is not the expected JSON: EOF while parsing an object at line 1 column 1"),
        (
            '{"left": "x"}',
            "the action's body is not the expected JSON: invalid type: string \"x\", expected i64 "
            "at line 1 column 12",
        ),
        ("", "the action's body is empty: expected JSON (missing field `left` at line 1 column 2)"),
    ],
)
def test_a_body_that_is_not_the_json_is_invalid_and_says_where(client, body, text):
    with pytest.raises(pa.ArrowInvalid) as caught:
        client.action("sum", body)
    assert said(caught) == text


def test_protobuf_goes_both_ways(client):
    command = flight.FlightDescriptor.for_command(b"a command").serialize()
    [ticket] = client.action("proto", command)
    assert flight.Ticket.deserialize(ticket).ticket == b"a command"


def test_a_body_that_is_not_the_protobuf_is_invalid(client):
    with pytest.raises(pa.ArrowInvalid) as caught:
        client.action("proto", b"\xff")
    assert said(caught).startswith("the action's body is not the expected protobuf message: ")


def test_bytes_go_both_ways(client):
    assert client.action("bytes", b"\x00\x01\xff") == [b"\xff\x01\x00"]


def test_text_goes_both_ways(client):
    assert client.action("text", "größe") == ["GRÖSSE".encode()]


def test_a_body_that_is_not_text_is_invalid(client):
    with pytest.raises(pa.ArrowInvalid) as caught:
        client.action("text", b"\xff")
    assert said(caught) == (
        "the action's body is not UTF-8: invalid utf-8 sequence of 1 bytes from index 0"
    )


def test_the_raw_action_is_an_argument_and_the_raw_result_a_reply(client):
    assert client.action("raw", b"as it came") == [b"as it came"]


def test_an_action_may_have_no_result(client):
    assert client.action("nothing") == []


def test_an_action_may_have_a_result_or_none(client):
    assert client.action("maybe", "true") == [b"yes"]
    assert client.action("maybe", "false") == []


@pytest.mark.parametrize("to", [0, 1, 1000])
def test_results_are_a_stream(client, to):
    assert client.action("count", str(to)) == [str(n).encode() for n in range(1, to + 1)]


def test_results_may_be_a_vec_or_an_iterator(client):
    assert client.action("several") == [b"1", b"2"]
    assert client.action("iterate") == [b"a", b"b"]


def test_results_come_one_by_one(client, name):
    results = client.do_action(flight.Action("count-for-ever", name.encode()))
    assert [next(results).body.to_pybytes() for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]
    results.close() if hasattr(results, "close") else None


def test_an_unknown_action_is_not_found_and_lists_what_there_is(client):
    with pytest.raises(pa.ArrowKeyError) as caught:
        client.action("smu")
    assert said(caught).startswith("no action `smu`; there are `abort`, ")
    assert "`sum`" in said(caught)


def test_actions_are_listed_with_their_doc_comments(client):
    listed = {action.type: action.description for action in client.list_actions()}
    assert listed["sum"] == "Adds two numbers."
    assert listed["count"] == "Results one by one.\n\nAs many as the body says."
    assert listed["several"] == ""
    assert list(listed) == sorted(listed)
    assert {"seen", "panic", "who", "shutdown"} <= set(listed)


def test_a_list_actions_handler_adds_its_own(catch_all_server):
    with catch_all_server.connect() as client:
        listed = [(action.type, action.description) for action in client.list_actions()]
    assert listed == [("anything", "Takes any name."), ("else", "")]


def test_a_do_action_handler_takes_what_no_name_took(catch_all_server):
    with catch_all_server.connect() as client:
        assert client.action("whatever", b"12345") == [b"whatever of 5 bytes"]


def test_a_list_of_actions_holds_the_doc_comment_whole():
    with Server("--services", "actions-alone") as server, server.connect() as client:
        [action] = client.list_actions()
        assert (action.type, action.description) == (
            "only",
            "The only thing to do.\n\nIt has a second paragraph.",
        )


def test_an_action_without_a_handler_is_unimplemented_by_name():
    with Server("--services", "downloads-alone") as server, server.connect() as client:
        with pytest.raises(pa.ArrowNotImplementedError) as caught:
            client.action("x")
        assert said(caught) == (
            "DoAction is not implemented by this server: no method has #[action]"
        )
        assert list(client.list_actions()) == []


def test_an_empty_result_is_a_result(raw):
    [result] = raw.action("raw")
    assert fields(result) == {}


def test_unicode_in_json_arrives(client):
    assert json.loads(client.action("raw", json.dumps("ü😀"))[0]) == "ü😀"
