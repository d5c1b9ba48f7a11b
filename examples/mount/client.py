"""Speaks Flight and plain HTTP with one port.

Run with `python examples/mount/client.py [--location grpc://localhost:8815]`, beside a running mount example.
"""

import argparse
import json
import urllib.request

import pyarrow.flight as flight


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--location", default="grpc://localhost:8815")
    location = parser.parse_args().location
    with flight.connect(location) as client:
        table = client.do_get(flight.Ticket(b"days?limit=3")).read_all()
        print(f"Flight: {table.num_rows} days of {', '.join(table.column_names)}")
        [peer] = client.do_action(flight.Action("peer", b""))
        print(f"Flight knows its caller: {peer.body.to_pybytes().decode()}")
    # Proxies of the environment have no say in calls to this machine.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(location.replace("grpc://", "http://") + "/summary", timeout=10) as answer:
        print("JSON:", json.load(answer))


if __name__ == "__main__":
    main()
