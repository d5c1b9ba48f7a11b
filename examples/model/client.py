"""A client of the model: sends the days of a year, month by month, and takes the forecasts while it still sends.

Run with `python examples/model/client.py [--location grpc://localhost:8815]`, beside a running model. It needs pyarrow alone.
"""

import argparse
import json
import pathlib

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.flight as flight

SEATTLE = pathlib.Path(__file__).parents[1] / "weather" / "data" / "seattle-weather.csv"
FORECAST = flight.FlightDescriptor.for_path("forecast")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--location", default="grpc://localhost:8815")
    with flight.connect(parser.parse_args().location) as client:
        days = pyarrow.csv.read_csv(SEATTLE)
        days = days.filter(pc.equal(pc.year(days["date"]), 2015))
        forecasts = forecast(client, days)

        # The forecast of a day is about the next one.
        actual = days["temp_max"][1:]
        print(f"the model is off by {off(forecasts[:-1], actual):.2f} °C")
        print(f"the guess that nothing changes by {off(days['temp_max'][:-1], actual):.2f} °C")

        months = days.drop(["date", "weather", "wind"]).to_batches()
        try:
            exchange(client, months)
        except pa.ArrowInvalid as error:
            print(str(error).split(". Detail:")[0].split(". gRPC client debug context")[0])


def forecast(client, days):
    """The forecasts of these days; what was scored so far is told with each month of them."""
    months = pc.month(days["date"])
    batches = [
        days.filter(pc.equal(months, month)).drop(["date", "weather"]).combine_chunks().to_batches()[0]
        for month in range(1, 13)
    ]
    return pa.chunked_array(
        [forecasts["temp_max_tomorrow"] for forecasts in exchange(client, batches)]
    )


def exchange(client, batches):
    """Sends a batch, takes the batch that comes back, and so on: neither side ever holds more."""
    writer, reader = client.do_exchange(FORECAST)
    answers = []
    with writer:
        writer.begin(batches[0].schema)
        for batch in batches:
            writer.write_batch(batch)
            answer = reader.read_chunk()
            scored = json.loads(answer.app_metadata.to_pybytes())["rows"]
            print(f"{batch.num_rows} days sent, {answer.data.num_rows} forecasts back, {scored} in all")
            answers.append(answer.data)
        writer.done_writing()
    return answers


def off(forecast, actual):
    """The root of the mean of squares."""
    error = pc.subtract(forecast, actual)
    return pc.sqrt(pc.mean(pc.multiply(error, error))).as_py()


if __name__ == "__main__":
    main()
