"""gRPC's health checks beside Flight: for probes and load balancers."""

import signal
import time

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from raw import Channel, fields, field
from server import Server

FLIGHT = "arrow.flight.protocol.FlightService"
UNKNOWN, SERVING, NOT_SERVING, SERVICE_UNKNOWN = range(4)


def status(response):
    """`HealthCheckResponse.status`, of which nothing on the wire is zero."""
    return fields(response).get(1, [0])[0]


def request(service):
    return field(1, service) if service else b""


def check(channel, service="", **options):
    call = channel.channel.unary_unary("/grpc.health.v1.Health/Check")
    return status(call(request(service), timeout=10, **options))


def watch(channel, service="", **options):
    call = channel.channel.unary_stream("/grpc.health.v1.Health/Watch")
    return call(request(service), timeout=20, **options)


@pytest.fixture(scope="module")
def healthy():
    with Server("--health", "--reflection") as server:
        yield server


@pytest.fixture
def channel(healthy):
    with Channel(healthy.location) as channel:
        yield channel


@pytest.mark.parametrize("service", ["", FLIGHT])
def test_a_server_at_work_serves(channel, service):
    assert check(channel, service) == SERVING


def test_a_service_that_is_not_there_is_not_found_and_may_be_watched(channel):
    with pytest.raises(grpc.RpcError) as caught:
        check(channel, "no.such.Service")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    watching = watch(channel, "no.such.Service")
    assert status(next(watching)) == SERVICE_UNKNOWN
    watching.cancel()


def test_what_a_server_says_of_itself_changes_while_it_is_watched(healthy, channel):
    with healthy.connect() as client:
        watching = watch(channel)
        assert status(next(watching)) == SERVING
        client.action("set-serving", "false")
        assert status(next(watching)) == NOT_SERVING
        assert check(channel) == check(channel, FLIGHT) == NOT_SERVING
        # Calls are served all the same.
        client.action("set-serving", "true")
        assert status(next(watching)) == SERVING
        watching.cancel()


def test_the_end_of_a_server_is_not_serving_and_does_not_wait_for_those_who_watch():
    with Server("--health", "--grace", 10_000) as server, Channel(server.location) as channel:
        watching = [watch(channel), watch(channel, FLIGHT)]
        assert [status(next(each)) for each in watching] == [SERVING] * 2
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        assert [status(next(each)) for each in watching] == [NOT_SERVING] * 2
        for each in watching:
            assert list(each) == []
        assert server.wait() == 0
        assert time.monotonic() - began < 5


def test_without_health_there_is_none(own_server):
    with Channel(own_server.location) as channel, pytest.raises(grpc.RpcError) as caught:
        check(channel)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_health_and_reflection_ask_for_credentials():
    arguments = ("--services", "guarded", "--auth", "own", "--public", "ListActions")
    with Server(*arguments, "--health", "--reflection") as server, Channel(server.location) as channel:
        for call in (
            lambda **options: check(channel, **options),
            lambda **options: next(watch(channel, **options)),
            lambda **options: reflect(channel, field(7, ""), **options),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                call()
            assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
            call(metadata=[("x-user", "ada")])


def test_public_health_asks_nobody_and_all_else_does():
    with Server("--services", "guarded", "--auth", "own", "--public-health") as server:
        with Channel(server.location) as channel:
            assert check(channel) == SERVING
            with pytest.raises(grpc.RpcError) as caught:
                list(channel.get("anything"))
            assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("body", [b"\xff\xff", b"x" * (65 * 1024)])
def test_a_request_that_is_none_or_too_large_is_refused(channel, body):
    with pytest.raises(grpc.RpcError) as caught:
        channel.channel.unary_unary("/grpc.health.v1.Health/Check")(body, timeout=10)
    expected = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert caught.value.code() in expected


def reflect(channel, asked, version="v1", **options):
    """The answer to one reflection request."""
    path = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    call = channel.channel.stream_stream(path)
    [response] = call(iter([asked]), timeout=10, **options)
    return fields(response)


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_lists_services_and_gives_descriptors_that_load(channel, version):
    listed = fields(reflect(channel, field(7, ""), version)[6][0])[1]
    names = [fields(service)[1][0].decode() for service in listed]
    assert names[:2] == [FLIGHT, "grpc.health.v1.Health"]
    pool = descriptor_pool.DescriptorPool()

    def load(asked):
        [encoded] = fields(reflect(channel, asked, version)[4][0])[1]
        file = descriptor_pb2.FileDescriptorProto.FromString(encoded)
        for name in file.dependency:
            load(field(3, name))
        pool.Add(file)

    for name in names:
        load(field(4, name))
    service = pool.FindServiceByName(FLIGHT)
    methods = {method.name for method in service.methods}
    assert {"DoGet", "DoPut", "DoExchange", "PollFlightInfo"} <= methods and len(methods) == 10
    assert service.FindMethodByName("DoGet").input_type.full_name.endswith(".Ticket")
    info = pool.FindMessageTypeByName("arrow.flight.protocol.FlightInfo")
    assert info.fields_by_name["endpoint"].number == 3
    progress = pool.FindMessageTypeByName("arrow.flight.protocol.PollInfo").fields_by_name["progress"]
    assert progress.has_presence
    pool.FindServiceByName("grpc.health.v1.Health")


def test_reflection_says_what_is_not_there(channel):
    for asked in (field(3, "no.proto"), field(4, "no.Symbol"), field(5, b""), field(6, "no.Type"), b""):
        error = fields(reflect(channel, asked)[7][0])
        assert error[1][0] in (5, 3)
