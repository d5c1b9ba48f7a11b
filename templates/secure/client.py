"""A client of {{project-name}}, with nothing but pyarrow: logs in, adds, reads, cancels, and is refused.

Run with `python client.py --user mona --ca certificates/ca.crt [--location grpc+tls://localhost:{{port}}]`, beside a running service. The
password comes from the variable FLIGHT_PASSWORD, or is asked for. The user needs the roles reader, clerk and manager.
"""

import argparse
import datetime
import getpass
import os
import pathlib

import pyarrow as pa
import pyarrow.flight as flight


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--location", default="grpc+tls://localhost:{{port}}")
    parser.add_argument("--ca", type=pathlib.Path, required=True)
    parser.add_argument("--user", required=True)
    arguments = parser.parse_args()
    password = os.environ.get("FLIGHT_PASSWORD") or getpass.getpass()
    with flight.connect(arguments.location, tls_root_certs=arguments.ca.read_bytes()) as client:
        refused(client)
        token = client.authenticate_basic_token(arguments.user, password)
        user = flight.FlightCallOptions(headers=[token])
        add(client, user)
        read(client, user)
        print("cancel:", act(client, user, "cancel", "1"))
        print("cancel:", act(client, user, "cancel", "2"))
        print("log-out:", act(client, user, "log-out"))


def refused(client):
    try:
        client.do_get(flight.Ticket(b"orders")).read_all()
    except flight.FlightUnauthenticatedError:
        print("without a token: refused")
    else:
        raise SystemExit("the service answers everybody")


def add(client, user):
    orders = pa.table(
        {
            "id": pa.array([1, 2], pa.uint64()),
            "customer": ["Ada", "Grace"],
            "day": [datetime.date(2025, 6, 1), datetime.date(2025, 6, 2)],
            "amount": [9.5, 120.0],
        }
    )
    writer, replies = client.do_put(flight.FlightDescriptor.for_path("orders"), orders.schema, user)
    with writer:
        writer.write_table(orders)
        writer.done_writing()
        print("do_put:", replies.read().to_pybytes().decode())


def read(client, user):
    # A ticket is a text that a person can write.
    table = client.do_get(flight.Ticket(b"orders?since=2025-06-02"), user).read_all()
    for row in table.to_pylist():
        print("do_get:", *row.values())


def act(client, user, name, body=""):
    [result] = client.do_action(flight.Action(name, body.encode()), user)
    return result.body.to_pybytes().decode()


if __name__ == "__main__":
    main()
