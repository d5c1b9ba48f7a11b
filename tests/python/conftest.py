"""Servers to talk to, each started once, in the framework's own server and in tonic's."""

import os
import uuid

# A proxy of the environment has no say in calls to this machine.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1,::1"

import pyarrow as pa
import pytest

from raw import Channel
from server import Server


@pytest.fixture(scope="session")
def own_server():
    """The framework's server, with its defaults."""
    with Server() as server:
        yield server


@pytest.fixture(scope="session")
def tonic_server():
    """The same services, mounted in a tonic server."""
    with Server("--tonic") as server:
        yield server


@pytest.fixture(scope="session")
def catch_all_server():
    """Handlers without a route."""
    with Server("--services", "catch-all") as server:
        yield server


@pytest.fixture(scope="module", params=["own", "tonic"])
def server(request):
    """Whichever server: what a test promises holds in both."""
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture
def client(server):
    with server.connect() as client:
        yield client


@pytest.fixture
def raw(server):
    """Calls in bytes, through grpcio."""
    with Channel(server.location) as channel:
        yield channel


@pytest.fixture
def name():
    """A name that no other test uses."""
    return uuid.uuid4().hex


@pytest.fixture
def tens():
    """Batches of ten numbers each, counting on."""

    def batches(count):
        return [
            pa.record_batch({"n": pa.array(range(n * 10, n * 10 + 10), pa.int64())})
            for n in range(count)
        ]

    return batches
