"""Flight without a Flight library: protobuf by hand, over grpcio."""

import struct

import grpc

SERVICE = "arrow.flight.protocol.FlightService"


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    """A field of a message: an int as varint, anything else by its length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(message):
    """The fields of a message: number to list of values."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = number()
        kind = key & 7
        if kind == 0:
            value = number()
        elif kind == 1:
            value = message[at : at + 8]
            at += 8
        elif kind == 2:
            length = number()
            value = message[at : at + length]
            assert len(value) == length, "the message ends within a field"
            at += length
        else:
            value = message[at : at + 4]
            at += 4
        found.setdefault(key >> 3, []).append(value)
    return found


def text(message, number):
    """A field of text, empty when it is absent."""
    return fields(message).get(number, [b""])[0].decode()


def double(value):
    return struct.unpack("<d", value)[0]


def path(*segments):
    """A FlightDescriptor of a path."""
    return field(1, 1) + b"".join(field(3, segment) for segment in segments)


def command(cmd):
    """A FlightDescriptor of a command."""
    return field(1, 2) + field(2, cmd)


def flight_data(descriptor=None, header=None, metadata=None, body=None):
    out = b""
    if descriptor is not None:
        out += field(1, descriptor)
    if header is not None:
        out += field(2, header)
    if metadata is not None:
        out += field(3, metadata)
    if body is not None:
        out += field(1000, body)
    return out


def ipc_messages(batches, schema=None, options=None):
    """What pyarrow writes for these batches, as `(data_header, data_body)` each."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    schema = schema or batches[0].schema
    with pa.ipc.new_stream(sink, schema, options=options) as writer:
        for batch in batches:
            writer.write(batch)
    found = []
    for message in pa.ipc.MessageReader.open_stream(sink.getvalue()):
        body = message.body.to_pybytes() if message.body is not None else b""
        found.append((message.metadata.to_pybytes(), body))
    return found


class Channel:
    """A grpcio channel whose messages are bytes."""

    def __init__(self, location, credentials=None):
        target = location.split("://", 1)[1]
        if location.startswith("grpc+unix://"):
            target = "unix:" + target
        size = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        if credentials:
            self.channel = grpc.secure_channel(target, credentials, options=size)
        else:
            self.channel = grpc.insecure_channel(target, options=size)

    def _method(self, kind, name):
        return getattr(self.channel, kind)(f"/{SERVICE}/{name}")

    def unary(self, name, request, timeout=20, **options):
        """The one message of the answer, and the call that has the metadata."""
        return self._method("unary_unary", name).with_call(request, timeout=timeout, **options)

    def stream(self, name, request, timeout=20, **options):
        return self._method("unary_stream", name)(request, timeout=timeout, **options)

    def streams(self, name, requests, timeout=20, **options):
        return self._method("stream_stream", name)(iter(requests), timeout=timeout, **options)

    def action(self, name, body=b"", **options):
        return self.stream("DoAction", field(1, name) + field(2, body), **options)

    def get(self, ticket, **options):
        return self.stream("DoGet", field(1, ticket), **options)

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
