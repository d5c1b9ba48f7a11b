"""A client that sends an id and its version with every call, and shows which headers come back.

Run with `python examples/middleware/client.py [--location grpc://localhost:8815]`, beside a running middleware service.
"""

import argparse

import pyarrow as pa
import pyarrow.flight as flight


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--location", default="grpc://localhost:8815")
    with flight.connect(parser.parse_args().location, middleware=[Shown()]) as client:
        print("symbol:", symbol(client, "carbon"))
        print("symbol:", symbol(client, "oxygen", ("x-request-id", "breath-1"), ("x-client-version", "2")))
        for name, *headers in [("helium", ("x-request-id", "too-long")), ("iodine", ("x-client-version", "1"))]:
            try:
                symbol(client, name, *headers)
            except (pa.ArrowException, flight.FlightError) as error:
                text = str(error).split(". Detail:")[0].split(". gRPC client debug context")[0]
                print(f"{type(error).__name__}: {text}")


def symbol(client, name, *headers):
    options = flight.FlightCallOptions(headers=[(key.encode(), value.encode()) for key, value in headers])
    [result] = client.do_action(flight.Action("symbol", name.encode()), options)
    return result.body.to_pybytes().decode()


class Shown(flight.ClientMiddlewareFactory):
    """Middleware of the client's: it sees headers first, trailers behind the last message."""

    def start_call(self, info):
        return ShownCall()


class ShownCall(flight.ClientMiddleware):
    def received_headers(self, headers):
        for key, values in headers.items():
            if key.lower() in ("x-request-id", "server", "server-timing"):
                print(f"    {key.lower()}: {values[0]}")


if __name__ == "__main__":
    main()
