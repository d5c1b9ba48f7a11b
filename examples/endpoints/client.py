"""Reads a flight of several endpoints with a thread for each, from wherever the endpoints are.

Run with `python examples/endpoints/client.py [--location grpc://localhost:8815]`, beside a running endpoints service.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.flight as flight


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--location", default="grpc://localhost:8815")
    location = parser.parse_args().location
    with flight.connect(location) as client:
        info = client.get_flight_info(flight.FlightDescriptor.for_path("seattle"))
    with ThreadPoolExecutor(len(info.endpoints)) as threads:
        # The flight is ordered: its tables belong together in the order of its endpoints, which `map` keeps.
        tables = list(threads.map(lambda endpoint: read(endpoint, location), info.endpoints))
    for endpoint, table in zip(info.endpoints, tables):
        print(f"{endpoint.ticket.ticket.decode()}: {table.num_rows} days from {endpoint.locations[0].uri.decode()}")
    table = pa.concat_tables(tables)
    assert table.num_rows == info.total_records
    assert table["date"].to_pylist() == sorted(table["date"].to_pylist())
    print(f"{table.num_rows} days in all, {table['date'][0]} to {table['date'][-1]}")


def read(endpoint, asked):
    """A table, from the first location; from the server that was asked, where none is said."""
    location = endpoint.locations[0] if endpoint.locations else asked
    with flight.connect(location) as client:
        return client.do_get(endpoint.ticket).read_all()


if __name__ == "__main__":
    main()
