"""Makes a Python client of the weather service, and calls the service with it.

Run with `python examples/flight-python/client.py [--location grpc://localhost:8815]`, beside a running weather service.
"""

import argparse
import datetime
import os
import subprocess

import pyarrow.flight as flight


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--location", default="grpc://localhost:8815")
    location = parser.parse_args().location
    program = os.environ.get("FLIGHT_PYTHON", "cargo run -q -p examples --bin flight-python --").split()
    source = subprocess.run([*program, "--from", location], check=True, capture_output=True, text=True).stdout
    print(f"a module of {source.count(chr(10))} lines; a program would keep it in a file and import it")
    module = {}
    exec(compile(source, "weather_client.py", "exec"), module)
    with flight.connect(location) as connection:
        weather = module["Weather"](connection)
        christmas = datetime.date(2015, 12, 25)
        for day in weather.observations("seattle", since=christmas, limit=3).read_all().to_pylist():
            print(day["date"], day["temp_max"], day["weather"])
        print(weather.summary({"station": "seattle", "since": christmas}))


if __name__ == "__main__":
    main()
