"""What the attributes cost the compiler: a service of N handlers, type-checked with and without them.

Run with `python3 tests/check_time/measure.py [--handlers 40] [--runs 7]` from the workspace's root.

Writes two crates under target/check_time: `annotated`, with every attribute, and `plain`, the same impl block with the
attributes removed and each method called once by hand. Checks them in turn (`cargo check`, dependencies built before, only the
crate itself made stale) and prints the medians and the ratio of the pairs.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

KINDS = [
    ('#[do_get("get{n}/{{station}}?{{since}}&{{limit}}")]',
     "async fn handler{n}(&self, station: String, since: Option<i64>, limit: Option<usize>) -> Result<BatchStream, Error>",
     'let schema = self.schema(); let _ = (station, since, limit); Ok(BatchStream::empty(schema))',
     'service.handler{n}(String::new(), None, Some({n})).await?;'),
    ('#[do_put("put{n}/{{station}}")]',
     "async fn handler{n}(&self, station: String, rows: BatchStream, ctx: CallContext) -> Result<PutResult, Error>",
     'let _ = (station, rows, ctx); Ok(PutResult::default())',
     'service.handler{n}(String::new(), rows(), ctx()).await?;'),
    ('#[do_exchange("exchange{n}")]',
     "async fn handler{n}(&self, rows: BatchStream) -> Result<BatchStream, Error>",
     'Ok(rows)',
     'service.handler{n}(rows()).await?;'),
    ('#[action("action{n}")]',
     "async fn handler{n}(&self, Json(request): Json<Vec<u32>>) -> Result<Json<Vec<u32>>, Error>",
     'Ok(Json(request))',
     'service.handler{n}(Json(vec![{n}])).await?;'),
]

HEAD = """//! {title}
#![allow(dead_code)]
use std::sync::Arc;
use flight_runtime::prelude::*;

/// A service.
pub struct Service;

fn rows() -> BatchStream {{ BatchStream::empty(Arc::new(Schema::empty())) }}
fn ctx() -> CallContext {{ std::process::abort() }}
"""


def source(handlers, annotated):
    lines = [HEAD.format(title="annotated" if annotated else "plain")]
    if annotated:
        lines.append("#[flight_server]")
    lines.append("impl Service {")
    for n in range(handlers):
        attribute, signature, body, _ = KINDS[n % len(KINDS)]
        lines.append(f"    /// Handler number {n}.")
        if annotated:
            lines.append("    " + attribute.format(n=n))
        lines.append("    " + signature.format(n=n) + " {")
        lines.append("        " + body.format(n=n))
        lines.append("    }")
    if not annotated:
        lines.append("    fn schema(&self) -> SchemaRef { Arc::new(Schema::empty()) }")
        lines.append("}\n\n/// By hand.\npub async fn call(service: &Service) -> Result<(), Error> {")
        lines += ["    " + KINDS[n % len(KINDS)][3].format(n=n) for n in range(handlers)]
        lines.append("    Ok(())")
        lines.append("}")
    else:
        lines.append("    fn schema(&self) -> SchemaRef { Arc::new(Schema::empty()) }")
        lines.append("}\n\n/// The builder.\npub fn builder() -> flight_runtime::FlightServerBuilder { FlightServer::builder(Service) }")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--handlers", type=int, default=40)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    base = ROOT / "target" / "check_time"
    names = ["annotated", "plain"]
    for name in names:
        crate = base / name
        (crate / "src").mkdir(parents=True, exist_ok=True)
        (crate / "src" / "lib.rs").write_text(source(options.handlers, name == "annotated"))
        (crate / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "0.0.0"\nedition = "2024"\n'
            f'[dependencies]\nflight-runtime = {{ path = "{ROOT / "flight-runtime"}" }}\n[workspace]\n'
        )
        (crate / "Cargo.lock").write_text((ROOT / "Cargo.lock").read_text())
    environment = dict(os.environ, CARGO_TARGET_DIR=str(base / "target"), CARGO_INCREMENTAL="0")

    def check(name):
        os.utime(base / name / "src" / "lib.rs")
        started = time.perf_counter()
        subprocess.run(["cargo", "check", "--quiet"], cwd=base / name, env=environment, check=True)
        return time.perf_counter() - started

    for name in names:
        check(name)
    times = {name: [] for name in names}
    for _ in range(options.runs):
        for name in names:
            times[name].append(check(name))
    for name in names:
        print(f"{name:>10}: median {statistics.median(times[name]):.2f} s, least {min(times[name]):.2f} s")
    ratios = [a / b for a, b in zip(times["annotated"], times["plain"])]
    print(f"     ratio: median {statistics.median(ratios):.2f} of {options.runs} pairs, {options.handlers} handlers")


if __name__ == "__main__":
    main()
