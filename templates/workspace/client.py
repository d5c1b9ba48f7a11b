"""A client of {{project-name}}, with nothing but pyarrow: stocks, lists, reads, sums up, and fails.

Run with `python client.py [--location grpc://localhost:{{port}}]`, beside a running service.
"""

import argparse
import json

import pyarrow as pa
import pyarrow.flight as flight


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--location", default="grpc://localhost:{{port}}")
    with flight.connect(parser.parse_args().location) as client:
        client.wait_for_available(timeout=5)
        stock(client)
        read(client)
        sum_up(client)
        fail(client)


def stock(client):
    items = pa.table(
        {
            "article": ["a-100", "d-100"],
            "name": ["kettle", "saucer"],
            "quantity": pa.array([2, 48], pa.uint32()),
            "price": [24.5, 2.25],
        }
    )
    writer, replies = client.do_put(flight.FlightDescriptor.for_path("warehouses", "east"), items.schema)
    with writer:
        writer.write_table(items)
        writer.done_writing()
        print("do_put:", replies.read().to_pybytes().decode())


def read(client):
    print("list_flights:", [info.descriptor.path for info in client.list_flights()])
    # A ticket is a text that a person can write.
    table = client.do_get(flight.Ticket(b"warehouses/north?limit=2")).read_all()
    for row in table.to_pylist():
        print("do_get:", *row.values())


def sum_up(client):
    for request in [{"warehouse": "east"}, {}]:
        [result] = client.do_action(flight.Action("summary", json.dumps(request).encode()))
        print("summary:", result.body.to_pybytes().decode())


def fail(client):
    try:
        client.do_get(flight.Ticket(b"warehouses/west")).read_all()
    except pa.ArrowKeyError as error:
        # gRPC adds where the text came from; a reader wants the text.
        text = str(error).split("with message: ")[-1]
        print("do_get:", text.split(". Detail:")[0].split(". gRPC client debug context")[0])
    else:
        raise SystemExit("a warehouse that is not there can be read")


if __name__ == "__main__":
    main()
