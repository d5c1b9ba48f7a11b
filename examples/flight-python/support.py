from __future__ import annotations

import contextlib
import datetime
import itertools
import json
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.flight as flight


def _text(value: Any) -> str:
    """A value as the server reads it."""
    if value is None:
        raise TypeError("None stands for no value, and this argument must have one")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)


def _repeated(values: Any) -> list[Any]:
    """The values of an argument that may be there any number of times."""
    return [values] if isinstance(values, str) else list(values)


def _address(path: list[Any], query: list[tuple[str, list[Any]]] | None = None) -> bytes:
    """The text that is a ticket or a command: the segments of the path, then names and their values."""
    text = "/".join(quote(_text(segment), safe="") for segment in path)
    pairs = [
        f"{name}={quote(_text(value), safe='')}"
        for name, values in query or []
        for value in values
        if value is not None
    ]
    return (f"{text}?{'&'.join(pairs)}" if pairs else text).encode()


def _command(command: bytes) -> flight.FlightDescriptor:
    return flight.FlightDescriptor.for_command(command)


def _json(request: Any) -> bytes:
    """A body in JSON, in which dates are texts. None is an empty one, which the server takes for `{}` or `null`."""
    return b"" if request is None else json.dumps(request, default=_text).encode()


def _from_json(body: bytes) -> Any:
    return json.loads(body)


def _from_json_or_bytes(body: bytes) -> Any:
    """What a server acknowledges while it reads may be anything."""
    try:
        return json.loads(body)
    except ValueError:
        return body


def _from_text(body: bytes) -> str:
    return body.decode()


def _optional(bodies: list[Any]) -> Any:
    """The only one, or None."""
    if len(bodies) > 1:
        raise ValueError(f"the server answered {len(bodies)} messages, and at most one was expected")
    return bodies[0] if bodies else None


def _one(bodies: list[Any]) -> Any:
    if not bodies:
        raise ValueError("the server answered nothing, and one message was expected")
    return _optional(bodies)


def _reader(data: Any) -> pa.RecordBatchReader:
    """A table, a batch, a reader, a stream of another library or an iterable of batches, as batches of one schema."""
    if data is None:
        return pa.schema([]).empty_table().to_reader()
    if isinstance(data, pa.RecordBatchReader):
        return data
    if isinstance(data, flight.FlightStreamReader):
        return data.to_reader()
    if isinstance(data, pa.Table):
        return data.to_reader()
    if isinstance(data, pa.RecordBatch):
        return pa.RecordBatchReader.from_batches(data.schema, [data])
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data)
    batches = iter(data)
    first = next(batches, None)
    if first is None:
        raise ValueError("there is no batch that would say the schema: give a table or a reader")
    return pa.RecordBatchReader.from_batches(first.schema, itertools.chain([first], batches))


class _Service:
    """What the calls of all services have in common."""

    def __init__(self, client: flight.FlightClient, options: flight.FlightCallOptions | None = None):
        """Calls go through this client, each with these options, such as headers or a timeout."""
        self._client = client
        self._options = options or flight.FlightCallOptions()

    def _get(self, ticket: bytes) -> flight.FlightStreamReader:
        return self._client.do_get(flight.Ticket(ticket), self._options)

    def _put(self, descriptor: flight.FlightDescriptor, data: Any = None) -> list[bytes]:
        # All of it first: an upload that has begun cannot be taken back, and the server would keep half of it.
        table = _reader(data).read_all()
        writer, metadata = self._client.do_put(descriptor, table.schema, self._options)
        acknowledged = []

        def receive() -> None:
            # What goes wrong is said when the upload is closed.
            with contextlib.suppress(Exception):
                while (message := metadata.read()) is not None:
                    acknowledged.append(message.to_pybytes())

        # Beside the upload, which would wait for a server that waits to be listened to.
        receiver = threading.Thread(target=receive, daemon=True)
        receiver.start()
        with writer:
            for batch in table.to_batches():
                writer.write_batch(batch)
            writer.done_writing()
            receiver.join()
        return acknowledged

    def _exchange(self, descriptor: flight.FlightDescriptor, data: Any = None) -> Iterator[pa.RecordBatch]:
        batches = _reader(data)
        writer, reader = self._client.do_exchange(descriptor, self._options)
        failed = []

        def send() -> None:
            # When the server ends the call, the reader says why.
            with contextlib.suppress(Exception):
                writer.begin(batches.schema)
                while True:
                    try:
                        batch = batches.read_next_batch()
                    except StopIteration:
                        break
                    except BaseException as error:
                        failed.append(error)
                        reader.cancel()
                        return
                    writer.write_batch(batch)
                writer.done_writing()

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        try:
            for chunk in reader:
                if chunk.data is not None:
                    yield chunk.data
        except Exception as error:
            raise failed[0] if failed else error
        finally:
            reader.cancel()
            sender.join()
            with contextlib.suppress(Exception):
                writer.close()

    def _act(self, name: str, body: bytes = b"") -> Iterator[bytes]:
        for result in self._client.do_action(flight.Action(name, body), self._options):
            yield result.body.to_pybytes()
