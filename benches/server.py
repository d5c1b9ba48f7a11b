"""The same server in pyarrow: Arrow's C++ implementation, with Python for the handlers alone.

Prints `{"port": N}` when it answers, and ends when its standard input closes.
"""

import argparse
import json
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs

import pyarrow as pa
import pyarrow.flight as flight


class Server(flight.FlightServerBase):
    def __init__(self, location, sets, **options):
        super().__init__(location, **options)
        self.sets = sets

    def do_get(self, context, ticket):
        name, _, query = ticket.ticket.decode().partition("?")
        query = parse_qs(query)
        repeat = int(query.get("repeat", ["1"])[0])
        options = pa.ipc.IpcWriteOptions(compression=query.get("compression", [None])[0])
        # No copy: the tables share their chunks. The stream is C++ from here on.
        table = pa.concat_tables([self.sets[name]] * repeat)
        return flight.RecordBatchStream(table, options=options)

    def do_put(self, context, descriptor, reader, writer):
        rows = 0
        for chunk in reader:
            rows += chunk.data.num_rows
        writer.write(str(rows).encode())

    def do_exchange(self, context, descriptor, reader, writer):
        writer.begin(reader.schema)
        for chunk in reader:
            writer.write_batch(chunk.data)

    def do_action(self, context, action):
        if action.type == "work":
            until = time.perf_counter_ns() + 1_000 * action.body.to_pybytes()[0]
            while time.perf_counter_ns() < until:
                pass
        elif action.type != "echo":
            raise KeyError(action.type)
        return [flight.Result(action.body)]


def read(path: Path) -> pa.Table:
    """The file in memory, not mapped: as the other servers have it."""
    with pa.OSFile(str(path)) as file:
        return pa.ipc.open_file(pa.BufferReader(file.read_buffer())).read_all()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", required=True)
    parser.add_argument("--tls-cert", type=Path)
    parser.add_argument("--tls-key", type=Path)
    arguments = parser.parse_args()
    sets = {name: read(arguments.data / f"{name}.arrow") for name in arguments.sets.split(",")}
    options = {}
    scheme = "grpc"
    if arguments.tls_cert:
        scheme = "grpc+tls"
        options["tls_certificates"] = [(arguments.tls_cert.read_bytes(), arguments.tls_key.read_bytes())]
    server = Server(f"{scheme}://127.0.0.1:0", sets, **options)
    print(json.dumps({"port": server.port}), flush=True)
    serving = threading.Thread(target=server.serve, daemon=True)
    serving.start()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
