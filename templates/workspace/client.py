"""A client of the inventory, with nothing but pyarrow: lists, reads, stocks, sums up, and fails.

Run with `python client.py [--location grpc://localhost:{{port}}]`, beside a running service.
"""

import argparse
import json

import pyarrow as pa
import pyarrow.flight as flight


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--location", default="grpc://localhost:{{port}}")
    location = parser.parse_args().location
    with flight.connect(location) as client:
        client.wait_for_available(timeout=5)
        list_warehouses(client)
        read(client)
        stock(client)
        sum_up(client)
        fail(client)


def list_warehouses(client):
    print("Warehouses: list_flights\n")
    for info in client.list_flights():
        print(f"    {info.descriptor.path[1].decode()}: {', '.join(info.schema.names)}")


def read(client):
    print("\nItems: do_get of warehouses/north?limit=2\n")
    table = client.do_get(flight.Ticket(b"warehouses/north?limit=2")).read_all()
    for row in table.to_pylist():
        print("   ", *row.values())


def stock(client):
    print("\nAn upload: do_put to warehouses/east\n")
    items = pa.table(
        {
            "article": ["a-100", "d-100"],
            "name": ["kettle", "saucer"],
            "quantity": pa.array([2, 48], pa.uint32()),
            "price": [24.9, 2.2],
        }
    )
    writer, answers = client.do_put(flight.FlightDescriptor.for_path("warehouses", "east"), items.schema)
    with writer:
        writer.write_table(items)
        writer.done_writing()
        print("   ", json.loads(answers.read().to_pybytes()))


def sum_up(client):
    print("\nAn action: summary\n")
    for request in [{"warehouse": "east"}, {}]:
        [result] = client.do_action(flight.Action("summary", json.dumps(request).encode()))
        print("   ", request, json.loads(result.body.to_pybytes()))


def fail(client):
    print("\nAn error: do_get of warehouses/west\n")
    try:
        client.do_get(flight.Ticket(b"warehouses/west")).read_all()
    except pa.ArrowKeyError as error:
        print("   ", str(error).split(". Detail:")[0].split(". gRPC client debug context")[0])
    else:
        raise SystemExit("the service did not mind a warehouse that is not there")


if __name__ == "__main__":
    main()
