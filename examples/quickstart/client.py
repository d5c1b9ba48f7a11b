"""A client of the quickstart, with nothing but pyarrow: what the README shows, and an exchange.

Run with `python examples/quickstart/client.py [--location grpc://localhost:8815]`, beside a running quickstart.
"""

import argparse

import pyarrow as pa
import pyarrow.flight as flight

parser = argparse.ArgumentParser()
parser.add_argument("--location", default="grpc://localhost:8815")
client = flight.connect(parser.parse_args().location)

# An upload, to an address of the service's own.
cities = flight.FlightDescriptor.for_path("tables", "cities")
table = pa.table({"city": ["Oslo", "Lima", "Pune"], "height": [23, 154, 560]})
writer, _ = client.do_put(cities, table.schema)
with writer:
    writer.write_table(table)

# By descriptor, with all that is known of it; and by a ticket that a person can write.
info = client.get_flight_info(cities)
print(info.schema.names, info.total_records, info.endpoints[0].ticket)
print(client.do_get(info.endpoints[0].ticket).read_all().to_pylist())
print(client.do_get(flight.Ticket(b"tables/cities?limit=2")).read_all().to_pylist())
print([info.descriptor.path for info in client.list_flights()])

# Rows there and back.
writer, reader = client.do_exchange(flight.FlightDescriptor.for_path("head", "1"))
with writer:
    writer.begin(table.schema)
    writer.write_table(table)
    writer.done_writing()
    print(reader.read_all().to_pylist())

# Mistakes are named.
for ticket in [b"tables/cities?limit=two", b"table/cities"]:
    try:
        client.do_get(flight.Ticket(ticket))
    except pa.ArrowException as error:
        print(str(error).split(". Detail:")[0].split(". gRPC client debug context")[0])

print([(action.type, action.description) for action in client.list_actions()])
list(client.do_action(flight.Action("forget", b"cities")))
print(list(client.list_flights()))
client.close()
