"""What the attributes cost the compiler: a service of N handlers, type-checked or built with and without them.

Run with `python3 tests/check_time/measure.py [--handlers 40] [--runs 7] [--command build]` from the workspace's root.

Writes three crates under target/check_time: `annotated`, with every attribute, `client`, with the typed client as well and each of its methods called
once, and `plain`, the same impl block with the attributes removed and each method called once by hand, in a boxed future that is `Send`, as every server
must call it. Compiles them in turn (dependencies built before, only the crate itself made stale) and prints the medians and the ratios of the pairs.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Handlers of the kind that examples/weather has: attribute, signature, body, and the call by hand.
KINDS = [
    ('#[do_get("get{n}/{{station}}?{{since}}&{{limit}}")]',
     "async fn handler{n}(&self, station: String, since: Option<i64>, limit: Option<usize>) -> Result<BatchStream, Error>",
     """
        let batches = self.scan(&station).await?;
        let mut left = limit.unwrap_or(usize::MAX);
        let mut found = Vec::new();
        for batch in &batches {
            let days = batch.column(0).as_primitive_opt::<Int64Type>();
            let days = days.ok_or_else(|| Error::failed_precondition(format!("`{station}` has no column of days")))?;
            let first = since.map_or(0, |since| days.values().partition_point(|day| *day < since));
            let rows = left.min(batch.num_rows() - first);
            if rows > 0 {
                found.push(batch.slice(first, rows));
                left -= rows;
            }
        }
        tracing::debug!(station, batches = found.len(), "scanned");
        Ok(BatchStream::from_batches(self.schema.clone(), found))""",
     "service.handler{n}(String::new(), None, Some({n})).await?;",
     "client.handler{n}(\"a\", None, Some({n})).await?;"),
    ('#[do_put("put{n}/{{station}}")]',
     "async fn handler{n}(&self, station: String, mut rows: BatchStream, acks: MetadataWriter) -> Result<Json<Vec<usize>>, Error>",
     """
        let schema = rows.schema().await?;
        if let Some(extra) = schema.fields().iter().find(|field| self.schema.field_with_name(field.name()).is_err()) {
            return Err(Error::invalid_argument(format!("column `{}` is not one of `{station}`", extra.name())));
        }
        let mut counts = Vec::new();
        while let Some(batch) = rows.try_next().await? {
            counts.push(batch.num_rows());
            acks.write(format!("{} rows", batch.num_rows())).await?;
            self.tables.write().await.entry(station.clone()).or_default().push(batch);
        }
        Ok(Json(counts))""",
     "service.handler{n}(String::new(), rows(), acks()).await?;",
     "client.handler{n}(\"a\", rows()).await?;"),
    ('#[do_exchange("exchange{n}")]',
     "async fn handler{n}(&self, mut rows: BatchStream, ctx: CallContext) -> Result<BatchStream, Error>",
     """
        let schema = rows.schema().await?;
        let wanted = schema.index_of("score").map_err(|_| Error::invalid_argument("column `score` is missing"))?;
        ctx.add_header("x-columns", schema.fields().len().to_string())?;
        let projected = SchemaRef::new(schema.project(&[wanted])?);
        Ok(rows.map_batches(projected, move |batch| {
            if batch.num_rows() > 1_000_000 {
                return Err(Error::resource_exhausted("too many rows in one batch"));
            }
            Ok(batch.project(&[wanted])?)
        }))""",
     "service.handler{n}(rows(), ctx()).await?;",
     "client.handler{n}(rows()).await?;"),
    ('#[action("action{n}")]',
     "async fn handler{n}(&self, Json(request): Json<BTreeMap<String, usize>>) -> Result<Json<BTreeMap<String, usize>>, Error>",
     """
        let tables = self.tables.read().await;
        let mut answer = BTreeMap::new();
        for (name, limit) in request {
            let Some(batches) = tables.get(&name) else {
                return Err(Error::not_found(format!("no station `{name}`")));
            };
            let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
            answer.insert(name, rows.min(limit));
        }
        Ok(Json(answer))""",
     "service.handler{n}(Json(BTreeMap::new())).await?;",
     "client.handler{n}(&BTreeMap::new()).await?;"),
]

HEAD = """//! {title}
#![allow(dead_code)]
use std::collections::BTreeMap;

use flight_runtime::arrow::array::AsArray;
use flight_runtime::arrow::datatypes::Int64Type;
use flight_runtime::futures::future::BoxFuture;
use flight_runtime::prelude::*;
use tokio::sync::RwLock;

/// A service.
pub struct Service {{
    schema: SchemaRef,
    tables: RwLock<BTreeMap<String, Vec<RecordBatch>>>,
}}

impl Service {{
    async fn scan(&self, station: &str) -> Result<Vec<RecordBatch>, Error> {{
        self.tables.read().await.get(station).cloned().ok_or_else(|| Error::not_found("no such station"))
    }}
}}

fn rows() -> BatchStream {{ std::process::abort() }}
fn ctx() -> CallContext {{ std::process::abort() }}
fn acks() -> MetadataWriter {{ std::process::abort() }}
"""


def source(handlers, name):
    annotated = name != "plain"
    lines = [HEAD.format(title=name)]
    if annotated:
        lines.append("#[flight_server(client = ServiceClient)]" if name == "client" else "#[flight_server]")
    lines.append("impl Service {")
    for n in range(handlers):
        attribute, signature, body, _, _ = KINDS[n % len(KINDS)]
        lines.append(f"    /// Handler number {n}.")
        if annotated:
            lines.append("    " + attribute.format(n=n))
        lines.append("    " + signature.format(n=n) + " {")
        lines.append("        " + body.strip())
        lines.append("    }")
    lines.append("}")
    calls = {"plain": ("service: &Service", 3), "client": ("client: &ServiceClient", 4)}
    if name in calls:
        parameter, column = calls[name]
        for n in range(handlers):
            call = KINDS[n % len(KINDS)][column].format(n=n)
            lines.append(f"/// A call by hand: boxed, and `Send`.\n"
                         f"pub fn call{n}({parameter}) -> BoxFuture<'_, Result<(), Error>> {{\n"
                         f"    Box::pin(async move {{ {call} Ok(()) }})\n}}")
    if annotated:
        lines.append("/// The builder.\npub fn builder(service: Service) -> flight_runtime::FlightServerBuilder { FlightServer::builder(service) }")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--handlers", type=int, default=40)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--command", choices=["check", "build"], default="check")
    options = parser.parse_args()
    base = ROOT / "target" / "check_time"
    names = ["annotated", "client", "plain"]
    for name in names:
        crate = base / name
        (crate / "src").mkdir(parents=True, exist_ok=True)
        (crate / "src" / "lib.rs").write_text(source(options.handlers, name))
        (crate / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "0.0.0"\nedition = "2024"\n'
            f'[dependencies]\nflight-runtime = {{ path = "{ROOT / "flight-runtime"}" }}\n'
            'tokio = { version = "1", features = ["sync"] }\ntracing = "0.1"\n[workspace]\n'
        )
        (crate / "Cargo.lock").write_text((ROOT / "Cargo.lock").read_text())
    environment = dict(os.environ, CARGO_TARGET_DIR=str(base / "target"), CARGO_INCREMENTAL="0")

    def compile(name):
        """Seconds by the clock, and of processor time."""
        os.utime(base / name / "src" / "lib.rs")
        before, started = os.times(), time.perf_counter()
        subprocess.run(["cargo", options.command, "--quiet"], cwd=base / name, env=environment, check=True)
        after = os.times()
        used = after.children_user - before.children_user + after.children_system - before.children_system
        return time.perf_counter() - started, used

    for name in names:
        compile(name)
    times = {name: [] for name in names}
    for _ in range(options.runs):
        for name in names:
            times[name].append(compile(name))
    for name in names:
        clock, used = zip(*times[name])
        print(f"{name:>10}: median {statistics.median(clock):.2f} s, least {min(clock):.2f} s; "
              f"processor time {statistics.median(used):.2f} s, least {min(used):.2f} s")
    for name in names[:2]:
        ratios = [a[1] / b[1] for a, b in zip(times[name], times["plain"])]
        print(f"{name:>10} / plain: median {statistics.median(ratios):.2f} in processor time "
              f"of {options.runs} pairs, {options.handlers} handlers, cargo {options.command}")


if __name__ == "__main__":
    main()
