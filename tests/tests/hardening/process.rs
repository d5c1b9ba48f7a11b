//! The service under test as a process, and what the kernel says of it.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use flight_runtime::prelude::*;
use flight_runtime::{FlightClient, Location};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// A running service, killed when it is dropped.
pub(crate) struct Service {
    pub(crate) child: Child,
    pub(crate) port: u16,
    pub(crate) location: Location,
    pid: u32,
    /// The service ends with it, and tokio closes it to wait for a child.
    _stdin: Option<ChildStdin>,
}

/// What a call of `counted` said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) tasks: u64,
    pub(crate) calls: u64,
    pub(crate) begun: u64,
    pub(crate) alive: u64,
    pub(crate) committed: u64,
}

impl Service {
    pub(crate) async fn start(options: &[&str]) -> Self {
        Self::start_with(options, None, Stdio::null()).await
    }

    /// With so many file descriptors, and a log.
    pub(crate) async fn start_with(options: &[&str], files: Option<usize>, log: Stdio) -> Self {
        let service = env!("CARGO_BIN_EXE_service");
        let mut command = match files {
            None => Command::new(service),
            Some(files) => {
                let mut shell = Command::new("sh");
                let limited = format!("ulimit -n {files} && exec \"$0\" \"$@\"");
                shell.args(["-c", &limited, service]);
                shell
            }
        };
        let mut child = command
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line());
        let line = line.await.expect("it listens soon").unwrap().unwrap();
        let location: Value = serde_json::from_str(&line).unwrap();
        let location = location["location"].as_str().unwrap().to_owned();
        let port = location.rsplit(':').next().unwrap().parse().unwrap();
        let pid = child.id().unwrap();
        Self {
            child,
            port,
            location: Location::from(location),
            pid,
            _stdin: stdin,
        }
    }

    pub(crate) async fn client(&self) -> FlightClient {
        FlightClient::connect(self.location.clone()).await.unwrap()
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.pid)).unwrap()
    }

    fn memory(&self, name: &str) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kilobytes = line.split_whitespace().nth(1).unwrap();
        kilobytes.parse::<u64>().unwrap() * 1024
    }

    /// Memory that is resident now, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most that ever was.
    pub(crate) fn peak(&self) -> u64 {
        self.memory("VmHWM:")
    }

    pub(crate) fn descriptors(&self) -> usize {
        self.descriptors_below(usize::MAX)
    }

    /// Those that a limit of so many counts: what was inherited may have a higher number.
    pub(crate) fn descriptors_below(&self, limit: usize) -> usize {
        let open = fs::read_dir(format!("/proc/{}/fd", self.pid)).unwrap();
        let numbers = open.map(|open| open.unwrap().file_name().into_string().unwrap());
        numbers
            .filter(|number| number.parse::<usize>().unwrap() < limit)
            .count()
    }

    /// Processor time that was taken so far.
    pub(crate) fn processor(&self) -> Duration {
        processor(&self.proc("stat"))
    }

    pub(crate) async fn counted(&self, client: &FlightClient) -> Counted {
        let mut results = client.do_action(Action::new("counted", "")).await.unwrap();
        let result = results.try_next().await.unwrap().unwrap();
        let counted: Value = serde_json::from_slice(&result.body).unwrap();
        let of = |name: &str| counted[name].as_u64().unwrap();
        Counted {
            tasks: of("tasks"),
            calls: of("calls"),
            begun: of("begun"),
            alive: of("alive"),
            committed: of("committed"),
        }
    }

    /// Waits until tasks, calls, handlers and descriptors are no more than they were at the beginning, when some may not have ended yet.
    pub(crate) async fn is_as_before(&self, client: &FlightClient, before: Before) {
        let began = Instant::now();
        loop {
            let now = Before::of(self, client).await;
            if now.is_no_more_than(before) {
                return;
            }
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "something is left: {now:?}, before {before:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// SIGTERM.
    pub(crate) async fn terminate(&self) {
        let pid = self.pid.to_string();
        let killed = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(killed.unwrap().success());
    }
}

/// What there is before an ordeal, and no more of it behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    tasks: u64,
    calls: u64,
    alive: u64,
    descriptors: usize,
}

impl Before {
    pub(crate) async fn of(service: &Service, client: &FlightClient) -> Self {
        let counted = service.counted(client).await;
        Self {
            tasks: counted.tasks,
            calls: counted.calls,
            alive: counted.alive,
            descriptors: service.descriptors(),
        }
    }

    fn is_no_more_than(self, other: Self) -> bool {
        self.tasks <= other.tasks
            && self.calls <= other.calls
            && self.alive <= other.alive
            && self.descriptors <= other.descriptors
    }
}

/// User and system time, in hundredths of a second on every Linux.
fn processor(stat: &str) -> Duration {
    // The name of the program, in parentheses, may have spaces.
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}
