"""Runs the jobs of the comparison, server by server in turns, and prints paired medians.

`benches/run` prepares what this needs and calls it. Each job is one client process and one server at a time; the servers
take turns within a round, in another order each time, so that whatever else the machine does meets all of them.
Ratios are taken within a round, and the median over the rounds is printed with the smallest and the largest.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import re
import select
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow
import trustme

import data

HERE = Path(__file__).parent
MIB = 1 << 20
GIB = 1 << 30
SERVERS = ("ours", "C++", "by hand")
PROGRAMS = {"arrow-flight": "bench-client", "our client": "bench-our-client"}
CLIENTS = ("pyarrow", *PROGRAMS)
# A job that takes longer has failed.
JOB_SECONDS = 120


class Failed(Exception):
    """A job without a result."""


@dataclass
class Job:
    name: str
    client: str
    kind: str
    set: str = "numeric"
    compression: str | None = None
    in_flight: int | None = None
    # Microseconds that a call takes its server.
    work: int | None = None
    # Seconds of the deadline that each call has.
    timeout: int | None = None
    tls: bool = False
    # HTTP/2's window, of a client that goes by where its server is.
    window: int | None = None
    # How much of the size of a job this one moves: what is slow moves less.
    share: float = 1.0
    rounds: list = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"{self.name} / {self.client}"


def jobs() -> list[Job]:
    found = []

    def each(name, kind, clients=CLIENTS, **options):
        found.extend(Job(name, client, kind, **options) for client in clients)

    each("DoGet numeric", "get")
    each("DoGet strings", "get", set="strings")
    each("DoGet dictionaries", "get", set="dictionaries", share=0.5)
    each("DoGet 1,000-row batches", "get", set="small")
    each("DoPut numeric", "put")
    each("DoPut strings", "put", set="strings")
    each("DoExchange echo, numeric", "exchange", share=0.5)
    for in_flight in (1, 8, 64):
        each(f"DoAction echo, {in_flight} in flight", "action", PROGRAMS, in_flight=in_flight)
    for in_flight in (1, 8):
        name = f"DoAction echo with a deadline, {in_flight} in flight"
        each(name, "action", PROGRAMS, in_flight=in_flight, timeout=30)
    for work in (1, 10, 50):
        each(f"DoAction of {work} µs, 8 in flight", "action", PROGRAMS, in_flight=8, work=work)
    # What a server holds for a client depends on the server: two kinds are enough.
    each("16 slow clients on 2 GiB", "slow", CLIENTS[:2])
    each("DoGet numeric, TLS", "get", tls=True)
    for codec in ("lz4", "zstd"):
        each(f"DoGet numeric, {codec} bodies", "get", CLIENTS[:1], compression=codec, share=0.25)
    return found


class Process:
    """A process that says one line of JSON at a time, and ends when its standard input closes."""

    def __init__(self, command):
        self.command = [str(part) for part in command]
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid
        self.rest = b""

    def line(self, seconds: float) -> dict:
        until = time.monotonic() + seconds
        output = self.process.stdout.fileno()
        while b"\n" not in self.rest:
            readable, _, _ = select.select([output], [], [], max(0, until - time.monotonic()))
            if not readable:
                raise Failed(f"nothing within {seconds:.0f} s from {' '.join(self.command)}")
            read = os.read(output, 65536)
            if not read:
                raise Failed(f"no result from {' '.join(self.command)}")
            self.rest += read
        line, _, self.rest = self.rest.partition(b"\n")
        return json.loads(line)

    def go(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads.

    The same sum as utime and stime of /proc/PID/stat, in nanoseconds instead of hundredths of a second: the CPU clock of
    another process, whose number is made as clock_getcpuclockid(3) makes it.
    """
    return time.clock_gettime((~pid << 3) | 2)


def cpu_split(pid: int) -> tuple[float, float]:
    """The same in hundredths of a second, to be added up over rounds: the process's own time, and the kernel's for it.

    Also of a process that has ended and was not waited for.
    """
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own, kernel = (int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:13])
    return own, kernel


def memory(pid: int, key: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    raise Failed(f"no {key} of process {pid}")


class Bench:
    def __init__(self, options):
        self.options = options
        self.work = options.work
        self.work.mkdir(parents=True, exist_ok=True)
        self.folder = self.work / "data"
        self.sets = data.make(self.folder)
        self.running = {}
        self.certificates()

    def certificates(self):
        ca = trustme.CA()
        issued = ca.issue_cert("localhost", "127.0.0.1")
        self.ca, self.cert, self.key = (self.work / name for name in ("ca.pem", "cert.pem", "key.pem"))
        ca.cert_pem.write_to_path(str(self.ca))
        issued.private_key_pem.write_to_path(str(self.key))
        self.cert.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))

    def program(self, server: str) -> list:
        return {
            "ours": [self.options.bin / "bench-ours", *(["--in", "tonic"] if self.options.in_tonic else [])],
            "by hand": [self.options.bin / "bench-by-hand"],
            "C++": [sys.executable, HERE / "server.py"],
        }[server]

    def start(self, server: str, sets, tls: bool) -> tuple[Process, int]:
        command = [*self.program(server), "--data", self.folder, "--sets", ",".join(sets)]
        if tls:
            command += ["--tls-cert", self.cert, "--tls-key", self.key]
        process = Process(command)
        try:
            return process, process.line(60)["port"]
        except BaseException:
            process.end()
            raise

    def server(self, server: str, tls: bool) -> tuple[Process, int]:
        """The server of that name, started when it is first asked for."""
        key = (server, tls)
        if key not in self.running:
            self.running[key] = self.start(server, ["numeric"] if tls else list(self.sets), tls)
        return self.running[key]

    def end(self):
        for process, _ in self.running.values():
            process.end()

    def repeat(self, job: Job) -> int:
        if job.kind == "slow":
            return max(1, round(2 * GIB / 16 / self.sets[job.set]["bytes"]))
        return max(1, round(job.share * self.options.size * MIB / self.sets[job.set]["bytes"]))

    def client(self, job: Job, port: int) -> Process:
        if job.client in PROGRAMS:
            program = [self.options.bin / PROGRAMS[job.client]]
        else:
            program = [sys.executable, HERE / "client.py"]
        command = [*program, "--port", port, "--job", job.kind]
        if job.tls:
            command += ["--ca", self.ca]
        if job.kind == "action":
            command += ["--in-flight", job.in_flight, "--milliseconds", self.options.milliseconds]
            if job.work:
                command += ["--work", job.work]
            if job.timeout:
                command += ["--timeout", job.timeout]
            return Process(command)
        command += ["--set", job.set, "--repeat", self.repeat(job)]
        if job.window:
            command += ["--window", job.window]
        if job.compression:
            command += ["--compression", job.compression]
        if job.kind in ("put", "exchange"):
            command += ["--data", self.folder]
        if job.kind == "slow":
            command += ["--clients", 16, "--pause", self.options.pause]
        return Process(command)

    def measure(self, job: Job, server: str) -> dict:
        if job.kind == "slow":
            # Memory that a process once had is not growth any more, so each time is the first.
            process, port = self.start(server, [job.set], tls=False)
            try:
                return self.once(job, process.pid, port)
            finally:
                process.end()
        process, port = self.server(server, job.tls)
        return self.once(job, process.pid, port)

    def once(self, job: Job, pid: int, port: int) -> dict:
        client = self.client(job, port)
        try:
            client.line(JOB_SECONDS)
            # The peak starts from what there is now.
            Path(f"/proc/{pid}/clear_refs").write_text("5")
            resident = memory(pid, "VmRSS")
            cpu, (_, kernel), busy = cpu_seconds(pid), cpu_split(pid), sum(cpu_split(client.pid))
            client.go()
            result = client.line(JOB_SECONDS)
            result["cpu"] = cpu_seconds(pid) - cpu
            result["kernel"] = cpu_split(pid)[1] - kernel
            result["busy"] = sum(cpu_split(client.pid)) - busy
            result["growth"] = max(0, memory(pid, "VmHWM") - resident)
        finally:
            client.end()
        if job.kind == "action":
            return result
        times = self.repeat(job) * (16 if job.kind == "slow" else 1)
        expected = self.sets[job.set]["rows"] * times
        if result["rows"] != expected:
            raise Failed(f"{job.title}: {result['rows']} rows, expected {expected}")
        result["bytes"] = self.sets[job.set]["bytes"] * times
        return result

    def run(self, selected: list[Job]):
        for number in range(self.options.rounds):
            for index, job in enumerate(selected):
                # Memory needs patience and no statistics: what a queue holds does not depend on the weather.
                if job.kind == "slow" and number >= self.options.slow_rounds:
                    continue
                turn = (number + index) % len(SERVERS)
                results = {}
                for server in SERVERS[turn:] + SERVERS[:turn]:
                    try:
                        results[server] = self.measure(job, server)
                    except Failed as error:
                        print(f"{server}: {error}", file=sys.stderr)
                print(f"round {number + 1}/{self.options.rounds}, {job.title}: {brief(job, results)}", file=sys.stderr)
                job.rounds.append(results)


def rate(job: Job, result: dict) -> float:
    """Calls or MiB in a second."""
    return (result["calls"] if job.kind == "action" else result["bytes"] / MIB) / result["seconds"]


def cost(job: Job, result: dict) -> float:
    """Microseconds of the server's CPU for a call, or seconds for a GiB."""
    if job.kind == "action":
        return result["cpu"] * 1e6 / result["calls"]
    return result["cpu"] * GIB / result["bytes"]


def growth(_: Job, result: dict) -> float:
    # Half a MiB is the noise of a process that does nothing.
    return max(result["growth"] / MIB, 0.5)


def brief(job: Job, results: dict) -> str:
    value, unit = (growth, "MiB more") if job.kind == "slow" else (rate, "a second")
    return ", ".join(f"{server} {value(job, result):,.0f} {unit}" for server, result in results.items())


def median(job: Job, server: str, value) -> float | None:
    found = [value(job, results[server]) for results in job.rounds if server in results]
    return statistics.median(found) if found else None


def share(job: Job, part: str, whole: str) -> str:
    """One figure of our server's rounds in percent of another."""
    found = [results["ours"] for results in job.rounds if "ours" in results]
    total = sum(result[whole] for result in found)
    return f"{sum(result[part] for result in found) / total:.0%}" if total else "–"


def number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def ratio(job: Job, to: str, value) -> str:
    found = [
        value(job, results["ours"]) / value(job, results[to])
        for results in job.rounds
        if "ours" in results and to in results
    ]
    if not found:
        return "–"
    return f"**{statistics.median(found):.2f}** ({min(found):.2f}–{max(found):.2f})"


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def tables(selected: list[Job]) -> str:
    parts = []
    bulk = [job for job in selected if job.kind not in ("action", "slow")]
    if bulk:
        head = ["work / client", "MiB/s: ours", "C++", "by hand", "ratio to C++", "to by hand"]
        head += ["CPU s/GiB: ours", "C++", "by hand", "ratio to C++", "to by hand", "kernel", "client"]
        parts.append(table(head, [
            [job.title]
            + [number(median(job, server, rate)) for server in SERVERS]
            + [ratio(job, to, rate) for to in SERVERS[1:]]
            + [number(median(job, server, cost), 2) for server in SERVERS]
            + [ratio(job, to, cost) for to in SERVERS[1:]]
            + [share(job, "kernel", "cpu"), share(job, "busy", "seconds")]
            for job in bulk
        ]))
    calls = [job for job in selected if job.kind == "action"]
    if calls:
        head = ["calls / client", "calls/s: ours", "C++", "by hand", "ratio to C++", "to by hand"]
        head += ["p50 / p99 in µs: ours", "C++", "by hand", "CPU µs/call: ours", "C++", "by hand", "kernel", "client"]
        rows = []
        for job in calls:
            latency = [
                " / ".join(number(median(job, server, lambda _, result, key=key: result[key] * 1e6)) for key in ("p50", "p99"))
                for server in SERVERS
            ]
            rows.append(
                [job.title]
                + [number(median(job, server, rate)) for server in SERVERS]
                + [ratio(job, to, rate) for to in SERVERS[1:]]
                + latency
                + [number(median(job, server, cost), 1) for server in SERVERS]
                + [share(job, "kernel", "cpu"), share(job, "busy", "seconds")]
            )
        parts.append(table(head, rows))
    slow = [job for job in selected if job.kind == "slow"]
    if slow:
        head = ["memory / client", "growth in MiB: ours", "C++", "by hand", "ratio to C++", "to by hand"]
        parts.append(table(head, [
            [job.title]
            + [number(median(job, server, growth), 1) for server in SERVERS]
            + [ratio(job, to, growth) for to in SERVERS[1:]]
            for job in slow
        ]))
    return "\n\n".join(parts)


def machine(options) -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    name = model.group(1) if model else platform.machine()
    return (
        f"{datetime.date.today()}, {os.cpu_count()} cores of {name}, Linux {platform.release()}, loopback; "
        f"pyarrow {pyarrow.__version__}; {options.rounds} rounds of {options.size} MiB; "
        f"load at the start {os.getloadavg()[0]:.1f}."
    )


def main():
    parser = argparse.ArgumentParser(prog="benches/run", description=__doc__.partition("\n")[0])
    parser.add_argument("--bin", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, help="how often each job runs on each server (default: 5)")
    parser.add_argument("--size", type=int, help="MiB that a job moves (default: 640)")
    parser.add_argument("--milliseconds", type=int, help="how long actions are called (default: 1500)")
    parser.add_argument("--only", default="", help="a regular expression; the jobs whose names it finds")
    parser.add_argument("--quick", action="store_true", help="two rounds of less: about three minutes")
    parser.add_argument("--in-tonic", action="store_true", help="our service in tonic's server (`into_service`), without TLS")
    parser.add_argument("--list", action="store_true", help="print the names of the jobs")
    options = parser.parse_args()
    rounds, size, milliseconds = (2, 96, 300) if options.quick else (5, 640, 1500)
    options.slow_rounds, options.pause = (1, 50) if options.quick else (2, 100)
    options.rounds = options.rounds or rounds
    options.size = options.size or size
    options.milliseconds = options.milliseconds or milliseconds

    selected = [job for job in jobs() if re.search(options.only, job.title, re.IGNORECASE)]
    selected = [job for job in selected if not (job.tls and options.in_tonic)]
    if options.list or not selected:
        print("\n".join(job.title for job in selected or jobs()))
        sys.exit(0 if options.list else "no job of that name; these are all")
    heading = machine(options)
    bench = Bench(options)
    try:
        bench.run(selected)
    finally:
        bench.end()
    raw = options.work / "results.json"
    raw.write_text(json.dumps([{"job": job.title, "rounds": job.rounds} for job in selected], indent=1))
    print(f"{heading}\n\n{tables(selected)}\n\nAll figures: {raw}", flush=True)
    if any(len(results) < len(SERVERS) for job in selected for results in job.rounds):
        sys.exit("some jobs failed")


if __name__ == "__main__":
    main()
