"""A client that waits with a progress bar, and one that does not wait for the end.

Run with `python examples/progress/client.py [--location grpc://localhost:8815]`, beside a running progress service.
"""

import argparse
import json
import time

import pyarrow.flight as flight


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--location", default="grpc://localhost:8815")
    with flight.connect(parser.parse_args().location) as client:
        for progress in bootstrap(client, steps=20):
            bar = "█" * progress["step"] + "░" * (progress["of"] - progress["step"])
            print(f"{bar} {progress['mean']:.2f} ± {progress['standard_error']:.2f} °C")

        print("\nThis would take long; the third result is enough.")
        results = bootstrap(client, steps=100_000)
        for _ in range(3):
            print(next(results))
        # The end of the generator cancels the call, and the server its work.
        results.close()
        deadline = time.monotonic() + 10
        while (running := ask(client, "running")) and time.monotonic() < deadline:
            time.sleep(0.05)
        print(f"{running} at work on the server")


def bootstrap(client, steps):
    for result in client.do_action(flight.Action("bootstrap", json.dumps({"steps": steps}).encode())):
        yield json.loads(result.body.to_pybytes())


def ask(client, action):
    [result] = client.do_action(flight.Action(action, b""))
    return json.loads(result.body.to_pybytes())


if __name__ == "__main__":
    main()
