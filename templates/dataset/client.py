"""A client of the dataset service, with nothing but pyarrow: lists the files, and reads of the first of them a projection, and with a limit.

Run with `python client.py [--location grpc://localhost:{{port}}] [--add NAME FILE]`, beside a running service.
"""

import argparse
import json

import pyarrow as pa
import pyarrow.csv
import pyarrow.flight as flight
from urllib.parse import quote


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--location", default="grpc://localhost:{{port}}")
    parser.add_argument("--add", nargs=2, metavar=("NAME", "FILE"), help="add a CSV file under this name, such as 2024/sales.parquet")
    arguments = parser.parse_args()
    with flight.connect(arguments.location) as client:
        client.wait_for_available(timeout=5)
        if arguments.add:
            add(client, *arguments.add)
        infos = list_files(client)
        for problem in problems(client):
            print(f"{problem['reason']}")
        if infos:
            read_columns(client, infos[0])
            read_first(client, infos[0])


def list_files(client):
    print("Files: list_flights\n")
    infos = list(client.list_flights())
    for info in infos:
        rows = f"{info.total_records} rows" if info.total_records >= 0 else "rows not counted"
        print(f"    {name(info)}: {rows}; {', '.join(f'{field.name} {field.type}' for field in info.schema)}")
    return infos


def problems(client):
    """The files that cannot be read, each with its `path` and `reason`."""
    [result] = client.do_action(flight.Action("problems", b""))
    return json.loads(result.body.to_pybytes())


def read_columns(client, info):
    """A projection: the server reads these columns alone, and sends them in this order."""
    columns = info.schema.names[:2][::-1]
    show(client, f"{path(info)}?{'&'.join(f'column={quote(column)}' for column in columns)}")


def read_first(client, info):
    """The first rows: the server stops to read behind them."""
    show(client, f"{path(info)}?limit=3")


def show(client, ticket):
    print(f"\nRows: do_get of {ticket}\n")
    table = client.do_get(flight.Ticket(ticket.encode())).read_all()
    print("   ", *table.column_names, sep="  ")
    for row in table.slice(0, 10).to_pylist():
        print("   ", *row.values(), sep="  ")
    if table.num_rows > 10:
        print(f"    and {table.num_rows - 10} more")


def add(client, file, source):
    """Sends rows batch by batch; the file is there when all of them are."""
    with pa.csv.open_csv(source) as rows:
        writer, answers = client.do_put(flight.FlightDescriptor.for_path("files", *file.split("/")), rows.schema)
        with writer:
            for batch in rows:
                writer.write_batch(batch)
            writer.done_writing()
            added = json.loads(answers.read().to_pybytes())
    print(f"Added {added['path']}: {added['rows']} rows\n")


def name(info):
    return "/".join(part.decode() for part in info.descriptor.path[1:])


def path(info):
    """The ticket's text for all of a file."""
    return info.endpoints[0].ticket.ticket.decode()


if __name__ == "__main__":
    main()
