"""What a line with a delay makes of downloads and uploads: prints MiB/s by server and client.

`benches/run line [--milliseconds 25] [--rounds 3]` prepares what this needs and calls it. Every connection goes through `bench-delay`, which hands on what
comes so many milliseconds later, each way; loss and slow start of a real line are not in it. Since the line is on this machine, our server
and our client would take each other for local: they are started with the windows that peers elsewhere have by default.
"""

import argparse
import statistics
from pathlib import Path

from compare import MIB, Bench, Failed, Job, Process

# The defaults of `initial_stream_window_size` for what is not on this machine.
SERVER_WINDOW, CLIENT_WINDOW = 16 * MIB, 16 * MIB


class Line(Bench):
    def program(self, server):
        program = super().program(server)
        return [*program, "--window", SERVER_WINDOW] if server == "ours" else program


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--milliseconds", type=int, default=25, help="each way")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.size, options.pause, options.in_tonic = 64, 0, False
    bench = Line(options)
    found = {}
    try:
        for server in ("ours", "by hand", "C++"):
            _, port = bench.server(server, tls=False)
            delay = Process([options.bin / "bench-delay", "--to", port, "--milliseconds", options.milliseconds])
            try:
                port = delay.line(10)["port"]
                for client in ("pyarrow", "arrow-flight", "our client"):
                    for kind in ("get", "put"):
                        window = CLIENT_WINDOW if client == "our client" else None
                        job = Job(f"{kind} numeric", client, kind, window=window)
                        found[server, job.title] = [rate(bench, job, port) for _ in range(options.rounds)]
            finally:
                delay.end()
    finally:
        bench.end()
    for (server, title), rates in found.items():
        print(f"{server:>8}  {title:<28} {statistics.median(rates):7.1f} MiB/s")


def rate(bench, job, port):
    client = bench.client(job, port)
    try:
        client.line(120)
        client.go()
        seconds = client.line(120)["seconds"]
    finally:
        client.end()
    return bench.repeat(job) * bench.sets[job.set]["bytes"] / MIB / seconds


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        raise SystemExit(f"benches/run line: {failed}")
