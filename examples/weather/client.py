"""A client of the weather service, with nothing but pyarrow: lists, reads, uploads, exchanges, acts, and fails.

Run with `python examples/weather/client.py [--location grpc://localhost:8815]`, beside a running weather service.
"""

import argparse
import datetime
import json
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.flight as flight


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--location", default="grpc://localhost:8815")
    location = parser.parse_args().location
    with flight.connect(location) as client:
        client.wait_for_available(timeout=5)
        list_everything(client)
        read(client)
        upload(client)
        exchange(client)
        act(client)
        fail(client)


def list_everything(client):
    title("The flights that are there: list_flights")
    show(
        {
            "flight": "/".join(part.decode() for part in info.descriptor.path),
            "rows": info.total_records if info.total_records >= 0 else "not said",
            "columns": ", ".join(info.schema.names),
        }
        for info in client.list_flights()
    )
    title("The actions that are there: list_actions")
    show({"action": action.type, "description": action.description} for action in client.list_actions())


def read(client):
    title("By descriptor: get_flight_info, then do_get with the ticket of its endpoint")
    info = client.get_flight_info(flight.FlightDescriptor.for_path("stations"))
    show(client.do_get(info.endpoints[0].ticket).read_all())

    title("By a ticket that a person wrote: stations/seattle?since=2015-12-25&limit=4")
    show(get(client, "stations/seattle?since=2015-12-25&limit=4"))

    title("The schema alone: get_schema of stations/seattle")
    schema = client.get_schema(flight.FlightDescriptor.for_path("stations", "seattle")).schema
    show({"column": field.name, "type": str(field.type)} for field in schema)

    title("A typed argument, and one that repeats: normals?month=7&station=seattle&station=san-francisco")
    normals = get(client, "normals?month=7&station=seattle&station=san-francisco")
    hours, stations = pc.hour(normals["hour"]), normals["station"].cast(pa.string())

    def mean(station, hour):
        here_and_then = pc.and_(pc.equal(stations, station), pc.equal(hours, hour))
        return pc.mean(normals["temp_f"].filter(here_and_then))

    show(
        {
            "hour in July": f"{hour:02}:00",
            "Seattle, °F": mean("seattle", hour),
            "San Francisco, °F": mean("san-francisco", hour),
        }
        for hour in range(0, 24, 4)
    )


def upload(client):
    title("An upload, acknowledged batch by batch: do_put to stations/seattle")
    last = pc.max(get(client, "stations/seattle")["date"]).as_py()
    print(f"Seattle ends on {last}; six made-up days follow, in two batches.\n")
    days = [last + datetime.timedelta(days=day) for day in range(1, 7)]
    table = pa.table(
        {
            "date": pa.array(days, pa.date32()),
            "precipitation": [0.0, 2.5, 11.2, 0.3, 0.0, 0.0],
            "temp_max": [6.1, 7.2, 8.9, 7.8, 6.7, 5.0],
            "temp_min": [-1.0, 2.2, 4.4, 3.3, 0.6, -2.2],
            "wind": [2.1, 3.4, 6.2, 4.0, 1.9, 1.5],
            "weather": ["sun", "rain", "rain", "drizzle", "fog", "sun"],
        }
    )
    writer, acks = client.do_put(descriptor("stations/seattle"), table.schema)
    with writer:
        for batch in table.to_batches(max_chunksize=3):
            writer.write_batch(batch)
            print("server:", acks.read().to_pybytes().decode())
        writer.done_writing()
        print("server:", acks.read().to_pybytes().decode(), "\n")
    show(get(client, f"stations/seattle?since={last}"))


def exchange(client):
    title("Rows there and back: do_exchange with score; the five best days of 2015 to be outdoors")
    year = get(client, "stations/seattle?since=2015-01-01&until=2015-12-31")
    writer, reader = client.do_exchange(descriptor("score"))
    scored = []
    with writer:
        writer.begin(year.schema)
        for batch in year.to_batches():
            writer.write_batch(batch)
            scored.append(reader.read_chunk().data)
        writer.done_writing()
    scored = pa.Table.from_batches(scored)
    show(scored.sort_by([("score", "descending"), ("date", "ascending")]).slice(0, 5))


def act(client):
    title("An action in JSON: summary of the winters")
    winters = [(f"{year}-12-01", f"{year + 1}-02-28") for year in (2012, 2013, 2014)]
    show(action(client, "summary", station="seattle", since=since, until=until) for since, until in winters)
    title("Another: compact")
    show([action(client, "compact", station="seattle")])


def fail(client):
    title("Errors say what to do about them")
    no_wind = get(client, "stations/seattle?limit=1").drop(["wind"])
    wordy = get(client, "stations/seattle?limit=1")
    wordy = wordy.set_column(4, "wind", pa.array(["a breeze"]))
    attempts = [
        ("a required argument is missing", lambda: get(client, "normals?station=seattle")),
        ("an argument is not a date", lambda: get(client, "stations/seattle?since=yesterday")),
        ("an argument is no month, a type of the service's own", lambda: get(client, "normals?month=13")),
        ("there is no such argument", lambda: get(client, "stations/seattle?from=2015-01-01")),
        ("there is no such route", lambda: get(client, "airports/seattle")),
        ("there is no such station", lambda: get(client, "stations/sea")),
        ("an upload lacks a column", lambda: put(client, "stations/seattle", no_wind)),
        ("a column has another type", lambda: put(client, "stations/seattle", wordy)),
        ("an upload goes back in time", lambda: put(client, "stations/seattle", wordy.set_column(4, "wind", [[1.0]]))),
        ("there is no such action", lambda: action(client, "destroy")),
    ]
    for what, attempt in attempts:
        try:
            attempt()
        except (pa.ArrowException, flight.FlightError) as error:
            # gRPC adds where the text came from; a reader wants the text.
            text = str(error).split(". Detail:")[0].split(". gRPC client debug context")[0]
            print(f"{what}\n    {type(error).__name__}: {text}")
        else:
            raise SystemExit(f"{what}, and the service did not mind")


def descriptor(text):
    return flight.FlightDescriptor.for_command(text)


def get(client, ticket):
    return client.do_get(flight.Ticket(ticket.encode())).read_all()


def put(client, address, table):
    writer, _ = client.do_put(descriptor(address), table.schema)
    with writer:
        writer.write_table(table)


def action(client, name, **request):
    results = client.do_action(flight.Action(name, json.dumps(request).encode()))
    return json.loads(next(iter(results)).body.to_pybytes())


def title(text):
    print(f"\n\033[1m{text}\033[0m\n" if sys.stdout.isatty() else f"\n{text}\n{'-' * len(text)}")


def show(rows):
    """Prints a table, or dicts, in columns: text to the left, numbers to the right."""
    rows = rows.to_pylist() if isinstance(rows, pa.Table) else list(rows)
    names = list(rows[0])
    cells = [names] + [[text(row[name]) for name in names] for row in rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(names))]
    right = [is_number(rows[0][name]) for name in names]
    for number, row in enumerate(cells):
        line = (cell.rjust(width) if to_right else cell.ljust(width) for cell, width, to_right in zip(row, widths, right))
        print("  ".join(line).rstrip())
        if number == 0:
            print("  ".join("─" * width for width in widths))


def is_number(value):
    return isinstance(value, (int, float)) or isinstance(value, pa.Scalar)


def text(value):
    value = value.as_py() if isinstance(value, pa.Scalar) else value
    return f"{value:.1f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
