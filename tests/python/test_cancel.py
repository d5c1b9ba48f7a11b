"""A handler whose client is gone learns it at once."""

import time

import h2.errors
import pytest

from http2 import Connection
from raw import field, flight_data, path

# How the call is made, and the route or action that is called.
CALLS = {
    "a stream that runs": ("get", "endless/"),
    "a stream that stalls": ("get", "stalls/"),
    "a handler that waits": ("get", "waits/"),
    "a blocking handler that asks": ("get", "spins/"),
    "a task that awaits it": ("get", "spawns/"),
    "an action that waits": ("action", "wait-for-ever"),
    "an action that runs": ("action", "count-for-ever"),
}
# Busy cores may let one attempt down; a handler that is never told lets all of them down.
ATTEMPTS = 4
AT_ONCE = 0.1


def start(raw, call, name, **options):
    kind, what = CALLS[call]
    if kind == "get":
        return raw.get(what + name, **options)
    return raw.action(what, name, **options)


def quickest(attempt):
    """The shortest delay of a few attempts, in seconds."""
    delays = []
    while len(delays) < ATTEMPTS and (not delays or delays[-1] >= AT_ONCE):
        delays.append(attempt(len(delays)))
    return min(delays)


def noticed(client, name, leave):
    """How long after the client's leaving a handler that has begun learned it."""
    client.seen(f"{name} began")
    left = time.time()
    leave()
    return client.seen(name)["at"] - left


@pytest.mark.parametrize("call", CALLS)
def test_a_client_that_cancels_is_noticed(client, raw, name, call):
    def attempt(number):
        running = start(raw, call, f"{name}-{number}")
        return noticed(client, f"{name}-{number}", running.cancel)

    assert quickest(attempt) < AT_ONCE


@pytest.mark.parametrize("call", CALLS)
def test_a_deadline_that_passes_is_noticed(client, raw, name, call):
    def attempt(number):
        key, begun = f"{name}-{number}", time.time()
        running = start(raw, call, key, timeout=0.3)
        delay = client.seen(key)["at"] - begun - 0.3
        running.cancel()
        return delay

    assert -0.05 < quickest(attempt) < AT_ONCE


LEAVING = {
    "a reset": lambda connection: connection.reset(h2.errors.ErrorCodes.CANCEL),
    "an end of its connection": lambda connection: connection.close(),
    "a loss of its connection": lambda connection: connection.drop(),
}


@pytest.mark.parametrize("leaving", LEAVING)
@pytest.mark.parametrize("call", CALLS)
def test_a_client_that_is_gone_is_noticed(server, client, name, call, leaving):
    kind, what = CALLS[call]

    def attempt(number):
        key = f"{name}-{number}"
        with Connection(server.port, "DoGet" if kind == "get" else "DoAction") as connection:
            request = field(1, what + key) if kind == "get" else field(1, what) + field(2, key)
            connection.send(request, end=True)
            return noticed(client, key, lambda: LEAVING[leaving](connection))

    assert quickest(attempt) < AT_ONCE


@pytest.mark.parametrize("leaving", LEAVING)
@pytest.mark.parametrize(("method", "route"), [("DoPut", "watched"), ("DoExchange", "listens")])
def test_a_client_that_is_gone_while_it_uploads_is_noticed(
    server, client, name, method, route, leaving
):
    def attempt(number):
        key = f"{name}-{number}"
        with Connection(server.port, method) as connection:
            connection.send(flight_data(path(route, key)))
            return noticed(client, key, lambda: LEAVING[leaving](connection))

    assert quickest(attempt) < AT_ONCE


def test_after_all_that_the_server_serves(client):
    assert client.get("numbers?count=3").to_pydict() == {"n": [0, 1, 2]}
