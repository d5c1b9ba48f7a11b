"""A client of {{project-name}}, with nothing but pyarrow: lists the files, and reads columns and rows of the first of them.

Run with `python client.py [--location grpc://localhost:{{port}}]`, beside a running service. With `--add NAME FILE` it adds a CSV file before, under a
name such as 2024/planets.parquet; the service must be `--writable` then.
"""

import argparse
import json
from urllib.parse import quote

import pyarrow.csv
import pyarrow.flight as flight


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--location", default="grpc://localhost:{{port}}")
    parser.add_argument("--add", nargs=2, metavar=("NAME", "FILE"))
    arguments = parser.parse_args()
    with flight.connect(arguments.location) as client:
        client.wait_for_available(timeout=5)
        if arguments.add:
            add(client, *arguments.add)
        problems(client)
        infos = list_files(client)
        if infos:
            read_columns(client, infos[0])
            read_first_rows(client, infos[0])


def add(client, name, file):
    descriptor = flight.FlightDescriptor.for_path("files", *name.split("/"))
    with pyarrow.csv.open_csv(file) as rows:
        writer, replies = client.do_put(descriptor, rows.schema)
        with writer:
            for batch in rows:
                writer.write_batch(batch)
            # The file is there once the service has replied, and not at all when the upload breaks off.
            writer.done_writing()
            added = json.loads(replies.read().to_pybytes())
    print(f"do_put: {added['path']}, {added['rows']} rows")


def problems(client):
    [result] = client.do_action(flight.Action("problems", b""))
    for problem in json.loads(result.body.to_pybytes()):
        print("problems:", problem["reason"])


def list_files(client):
    infos = list(client.list_flights())
    for info in infos:
        rows = f"{info.total_records} rows" if info.total_records >= 0 else "rows not counted"
        columns = ", ".join(f"{field.name} {field.type}" for field in info.schema)
        print(f"list_flights: {text(info)}, {rows}: {columns}")
    return infos


def read_columns(client, info):
    # The service reads these columns alone, and sends them in this order.
    last, first = info.schema.names[-1], info.schema.names[0]
    show(client, f"{text(info)}?column={quote(last)}&column={quote(first)}")


def read_first_rows(client, info):
    # The service stops to read behind them.
    show(client, f"{text(info)}?limit=3")


def show(client, ticket):
    print("do_get:", ticket)
    table = client.do_get(flight.Ticket(ticket.encode())).read_all()
    for row in table.slice(0, 10).to_pylist():
        print("   ", *row.values())


def text(info):
    """The ticket of all of a file, which is a text that a person can write."""
    return info.endpoints[0].ticket.ticket.decode()


if __name__ == "__main__":
    main()
