//! A line with a delay, on one machine: what comes is handed on so much later, each way, and nothing is lost or slowed down.
//!
//! `bench-delay --to PORT --milliseconds 25` prints `{"port": N}`, hands every connection to N on to PORT, and ends when its standard input
//! closes. With 25 milliseconds each way a round trip takes 50. It shows what windows cost; loss and slow start of a real line are not in it.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use flight_benches::{Failure, serving};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

/// What is under way at most: more than any window.
const UNDER_WAY: usize = 256 << 20;

fn number(name: &str) -> Result<u64, Failure> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    let value = arguments
        .nth(1)
        .ok_or_else(|| format!("{name} is missing"))?;
    Ok(value.parse()?)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let to = u16::try_from(number("--to")?)?;
    let delay = Duration::from_millis(number("--milliseconds")?);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let closed = serving(listener.local_addr()?.port());
    let accept = async {
        loop {
            let (here, _) = listener.accept().await?;
            let there = TcpStream::connect(("127.0.0.1", to)).await?;
            here.set_nodelay(true)?;
            there.set_nodelay(true)?;
            let ((here_read, here_write), (there_read, there_write)) =
                (here.into_split(), there.into_split());
            tokio::spawn(line(here_read, there_write, delay));
            tokio::spawn(line(there_read, here_write, delay));
        }
    };
    tokio::select! {
        ended = accept => ended,
        _ = closed => Ok(()),
    }
}

/// One way of a connection.
async fn line(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) -> io::Result<()> {
    let mut queue: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let mut under_way = 0;
    let mut buffer = vec![0; 1 << 20];
    let mut open = true;
    while open || !queue.is_empty() {
        let due = queue.front().map(|(due, _)| *due);
        tokio::select! {
            read = from.read(&mut buffer), if open && under_way < UNDER_WAY => {
                let read = read?;
                open = read > 0;
                under_way += read;
                let bytes = buffer.get(..read).unwrap_or_default().to_vec();
                queue.push_back((Instant::now() + delay, bytes));
            }
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                if let Some((_, bytes)) = queue.pop_front() {
                    under_way -= bytes.len();
                    match bytes.is_empty() {
                        true => to.shutdown().await?,
                        false => to.write_all(&bytes).await?,
                    }
                }
            }
        }
    }
    Ok(())
}
