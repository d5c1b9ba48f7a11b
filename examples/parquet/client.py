"""A client of the Parquet service, with nothing but pyarrow: lists, reads columns and rows, and fails.

Run with `python examples/parquet/client.py [--location grpc://localhost:8815]`, beside a running service.
"""

import argparse

import pyarrow as pa
import pyarrow.flight as flight


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--location", default="grpc://localhost:8815")
    location = parser.parse_args().location
    with flight.connect(location) as client:
        client.wait_for_available(timeout=5)
        infos = list_files(client)
        read(client, infos[-1])
        fail(client, infos[-1])


def list_files(client):
    print("The files that are there, by their footers: list_flights\n")
    infos = list(client.list_flights())
    for info in infos:
        columns = ", ".join(f"{field.name} {field.type}" for field in info.schema)
        print(f"    {name(info)}: {info.total_records} rows of {columns}")
    return infos


def read(client, info):
    table = client.do_get(info.endpoints[0].ticket).read_all()
    print(f"\nAll of {name(info)}, by its ticket: {table.num_rows} rows, {table.nbytes} bytes")

    columns = table.column_names[:2]
    ticket = f"{name(info)}?{'&'.join(f'column={column}' for column in columns)}&limit=3"
    print(f"\nTwo columns of three rows, by a ticket that a person wrote: {ticket}\n")
    for row in get(client, ticket).to_pylist():
        print("   ", *row.values())


def fail(client, info):
    print("\nErrors say what to do about them\n")
    attempts = [
        ("a column is not there", f"{name(info)}?column=height"),
        ("a file is not there", "files/atlantis.parquet"),
        ("a name leads out of the directory", "files/../secret.parquet"),
        ("a limit is no number", f"{name(info)}?limit=few"),
    ]
    for what, ticket in attempts:
        try:
            get(client, ticket)
        except (pa.ArrowException, flight.FlightError) as error:
            # gRPC adds where the text came from; a reader wants the text.
            text = str(error).split(". Detail:")[0].split(". gRPC client debug context")[0]
            print(f"    {what}: {text}")
        else:
            raise SystemExit(f"{what}, and the service did not mind")


def get(client, ticket):
    return client.do_get(flight.Ticket(ticket.encode())).read_all()


def name(info):
    return "/".join(part.decode() for part in info.descriptor.path)


if __name__ == "__main__":
    main()
