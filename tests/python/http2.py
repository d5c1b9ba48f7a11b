"""HTTP/2 frame by frame: clients that break off, as no gRPC library would let them."""

import socket
import struct
import time

import h2.config
import h2.connection
import h2.events

from raw import SERVICE


class Connection:
    """One connection with one call on it."""

    def __init__(self, port, method, headers=(), timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.h2.initiate_connection()
        self.stream = self.h2.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", f"/{SERVICE}/{method}"),
            (":authority", "localhost"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            *headers,
        ]
        self.h2.send_headers(self.stream, headers)
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def send(self, message, end=False):
        """A gRPC message, or the part of one that is given as it is."""
        self.send_bytes(struct.pack(">BI", 0, len(message)) + message, end)

    def send_bytes(self, data, end=False):
        self.h2.send_data(self.stream, data, end_stream=end)
        self.flush()

    def finish(self):
        self.h2.end_stream(self.stream)
        self.flush()

    def reset(self, code):
        self.h2.reset_stream(self.stream, code)
        self.flush()

    def go_away(self):
        """Says that it leaves, and leaves."""
        self.h2.close_connection()
        self.flush()
        self.close()

    def close(self):
        """FIN."""
        self.socket.close()

    def drop(self):
        """RST, as when the machine is gone and comes back."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_for_data(self):
        """Until the first message of the answer, which is returned."""
        data = b""
        while len(data) < 5 or len(data) < 5 + struct.unpack(">I", data[1:5])[0]:
            received = self.socket.recv(65536)
            assert received, "the server closed the connection"
            for event in self.h2.receive_data(received):
                if isinstance(event, h2.events.DataReceived):
                    data += event.data
                assert not isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)), event
            self.flush()
        return data[5:]

    def wait_for_end(self, seconds=5):
        """Until the answer has ended: its headers and trailers in one."""
        found, limit = {}, time.monotonic() + seconds
        while time.monotonic() < limit:
            received = self.socket.recv(65536)
            assert received, "the server closed the connection"
            for event in self.h2.receive_data(received):
                if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                    found.update(event.headers)
                if isinstance(event, h2.events.DataReceived):
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if isinstance(event, h2.events.StreamEnded):
                    return {key.decode(): value.decode() for key, value in found.items()}
                assert not isinstance(event, h2.events.StreamReset), event
            self.flush()
        raise TimeoutError(f"the answer goes on after {seconds} s")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
