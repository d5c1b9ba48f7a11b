"""A client of {{project-name}}, with nothing but pyarrow: adds, lists, reads and forgets.

Run with `python client.py [--location grpc://localhost:{{port}}]`, beside a running service.
"""

import argparse
import datetime

import pyarrow as pa
import pyarrow.flight as flight

DESCRIPTOR = flight.FlightDescriptor.for_path("sensors", "kitchen")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--location", default="grpc://localhost:{{port}}")
    with flight.connect(parser.parse_args().location) as client:
        client.wait_for_available(timeout=5)
        add(client)
        read(client)
        forget(client)


def add(client):
    noon = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)
    times = [noon + datetime.timedelta(minutes=5 * n) for n in range(3)]
    table = pa.table(
        {
            "at": pa.array(times, pa.timestamp("us", tz="UTC")),
            "value": [21.5, 21.7, 22.1],
            "note": [None, "window closed", None],
        }
    )
    writer, replies = client.do_put(DESCRIPTOR, table.schema)
    with writer:
        writer.write_table(table)
        writer.done_writing()
        print("do_put:", replies.read().to_pybytes().decode())


def read(client):
    print("list_flights:", [info.descriptor.path for info in client.list_flights()])
    # A ticket is a text that a person can write.
    table = client.do_get(flight.Ticket(b"sensors/kitchen?limit=2")).read_all()
    for row in table.to_pylist():
        print("do_get:", row["at"].isoformat(), row["value"], row["note"])


def forget(client):
    [result] = client.do_action(flight.Action("forget", b"kitchen"))
    print("forget:", result.body.to_pybytes().decode())
    try:
        client.do_get(flight.Ticket(b"sensors/kitchen")).read_all()
    except pa.ArrowKeyError as error:
        # What the service said, without what pyarrow and gRPC put around it.
        said = str(error).split("with message: ")[-1]
        print("do_get:", said.split(". Detail:")[0].split(". gRPC client debug context")[0])
    else:
        raise SystemExit("what is forgotten can still be read")


if __name__ == "__main__":
    main()
