"""PollFlightInfo, which pyarrow does not have: over grpcio."""

import grpc
import pytest

from raw import Channel, command, double, fields, path


def poll(raw, descriptor):
    answer, _ = raw.unary("PollFlightInfo", descriptor)
    return fields(answer)


def endpoints(found):
    info = fields(found[1][0])
    return [fields(fields(endpoint)[1][0])[1][0] for endpoint in info.get(3, [])]


def test_a_do_get_alone_is_complete_at_once(raw):
    found = poll(raw, path("numbers"))
    assert endpoints(found) == [b"numbers"]
    assert 2 not in found
    assert [double(value) for value in found[3]] == [1.0]
    info, _ = raw.unary("GetFlightInfo", path("numbers"))
    assert found[1] == [info]


def test_a_handler_of_ones_own_is_asked_again_with_the_descriptor_that_it_gave(raw):
    descriptor, progress, grown = path("jobs", "nightly", "0"), [], []
    while descriptor:
        found = poll(raw, descriptor)
        progress += [double(value) for value in found[3]]
        grown.append(endpoints(found))
        [descriptor] = found.get(2, [None])
    assert progress == [0.0, 0.5, 1.0]
    assert grown == [[], [b"shards/0"], [b"shards/0", b"shards/1"]]


def test_the_descriptor_to_ask_again_with_is_the_handlers(raw):
    found = poll(raw, path("jobs", "nightly", "0"))
    assert found[2] == [command("jobs/nightly/1")]


def test_a_flight_info_is_a_query_that_is_complete(raw):
    found = poll(raw, path("quick"))
    assert endpoints(found) == [b"shards/0"]
    assert 2 not in found and double(found[3][0]) == 1.0


def test_a_flight_info_handler_answers_polls_too(raw):
    assert endpoints(poll(raw, path("sharded", "2"))) == [b"shards/0", b"shards/1"]


def test_a_catch_all_answers_what_no_route_took(catch_all_server):
    with Channel(catch_all_server.location) as raw:
        found = poll(raw, command("anything"))
        assert fields(found[1][0])[7] == [b"anything"]


def test_errors_are_those_of_flight_info(raw):
    for descriptor, code, text in [
        (path("stations", "burnt-down"), grpc.StatusCode.NOT_FOUND, "no station `burnt-down`"),
        (path("sharded", "0"), grpc.StatusCode.OUT_OF_RANGE, "at least one shard"),
        (path("jobs", "x", "300"), grpc.StatusCode.INVALID_ARGUMENT, "argument `step`: cannot read"),
        (path("nowhere"), grpc.StatusCode.NOT_FOUND, "route takes `nowhere`; there are `"),
    ]:
        with pytest.raises(grpc.RpcError) as caught:
            poll(raw, descriptor)
        assert caught.value.code() is code
        assert text in caught.value.details()
