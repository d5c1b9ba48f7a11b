"""One measured job of a pyarrow client, in a process of its own.

Takes the jobs `get`, `put`, `exchange` and `slow` with the arguments of `bench-client`, and speaks as it does: prints
`{"ready": true}` when it is connected and warm, waits for a line, does the job, prints what it measured as one line.
"""

import argparse
import itertools
import json
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.flight as flight


def connect(arguments):
    if arguments.ca:
        return flight.FlightClient(
            f"grpc+tls://localhost:{arguments.port}", tls_root_certs=arguments.ca.read_bytes()
        )
    # Clients of one process share a connection unless they are told otherwise.
    options = [("grpc.use_local_subchannel_pool", 1)]
    return flight.FlightClient(f"grpc://127.0.0.1:{arguments.port}", generic_options=options)


def get(client, arguments, repeat, pause=0.0):
    compression = f"&compression={arguments.compression}" if arguments.compression else ""
    reader = client.do_get(flight.Ticket(f"{arguments.set}?repeat={repeat}{compression}".encode()))
    rows = 0
    for chunk in reader:
        rows += chunk.data.num_rows
        if pause:
            time.sleep(pause)
    return rows


def slow(arguments):
    rows = []

    def read():
        with connect(arguments) as client:
            rows.append(get(client, arguments, arguments.repeat, arguments.pause / 1000))

    threads = [threading.Thread(target=read) for _ in range(arguments.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(rows)


def put(client, table, repeat):
    writer, metadata = client.do_put(flight.FlightDescriptor.for_path("drain"), table.schema)
    for batch in itertools.chain.from_iterable(itertools.repeat(table.to_batches(), repeat)):
        writer.write_batch(batch)
    writer.done_writing()
    rows = int(metadata.read().to_pybytes())
    writer.close()
    return rows


def exchange(client, table, repeat):
    writer, reader = client.do_exchange(flight.FlightDescriptor.for_path("echo"))

    def write():
        writer.begin(table.schema)
        for batch in itertools.chain.from_iterable(itertools.repeat(table.to_batches(), repeat)):
            writer.write_batch(batch)
        writer.done_writing()

    thread = threading.Thread(target=write)
    thread.start()
    rows = 0
    for chunk in reader:
        rows += chunk.data.num_rows
    thread.join()
    writer.close()
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", type=Path)
    parser.add_argument("--job", choices=["get", "put", "exchange", "slow"], required=True)
    parser.add_argument("--set", required=True)
    parser.add_argument("--repeat", type=int, required=True)
    parser.add_argument("--compression")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--clients", type=int)
    parser.add_argument("--pause", type=int, help="milliseconds after each batch")
    arguments = parser.parse_args()

    client = connect(arguments)
    if arguments.job == "get":
        job = lambda repeat: get(client, arguments, repeat)  # noqa: E731
    elif arguments.job == "slow":
        job = lambda repeat: slow(arguments)  # noqa: E731
    else:
        with pa.OSFile(str(arguments.data / f"{arguments.set}.arrow")) as file:
            table = pa.ipc.open_file(pa.BufferReader(file.read_buffer())).read_all()
        send = put if arguments.job == "put" else exchange
        job = lambda repeat: send(client, table, repeat)  # noqa: E731

    if arguments.job == "slow":
        get(client, arguments, 1)
    else:
        job(1)
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    rows = job(arguments.repeat)
    print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows}), flush=True)
    client.close()


if __name__ == "__main__":
    main()
