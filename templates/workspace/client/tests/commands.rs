//! The commands against the real server, in memory.

use client::Command;
use contract::InventoryClient;
use flight_runtime::cli::clap::{self, Parser};
use flight_runtime::prelude::*;
use flight_runtime::{Code, testing};
use server::server;

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

struct Shell(InventoryClient);

impl Shell {
    fn new() -> Self {
        Self(InventoryClient::new(testing::connect(server()).unwrap()))
    }

    /// What a command prints.
    async fn run(&self, line: &str) -> Result<String, Error> {
        let words = std::iter::once("client").chain(line.split(' '));
        let mut out = Vec::new();
        let command = Line::try_parse_from(words)?.command;
        command.run(&self.0, &mut out).await?;
        Ok(String::from_utf8(out)?)
    }
}

#[tokio::test]
async fn list_has_the_warehouses() {
    assert_eq!(Shell::new().run("list").await.unwrap(), "north\nsouth\n");
}

#[tokio::test]
async fn items_are_printed_in_columns() {
    let printed = Shell::new().run("items north --limit 2").await.unwrap();
    let lines: Vec<Vec<&str>> = printed
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines,
        [
            ["a-100", "kettle", "12", "24.50", "€"],
            ["a-200", "teapot", "5", "39.00", "€"]
        ]
    );
}

#[tokio::test]
async fn what_is_stocked_is_summed_up() {
    let shell = Shell::new();
    assert_eq!(
        shell.run("stock east a-100 kettle 2 30.5").await.unwrap(),
        "1 new, 0 changed\n"
    );
    assert_eq!(
        shell.run("stock east a-100 kettle 4 30").await.unwrap(),
        "0 new, 1 changed\n"
    );
    assert_eq!(
        shell.run("summary east").await.unwrap(),
        "1 articles, 4 pieces, 120.00 €\n"
    );
    assert_eq!(shell.run("list").await.unwrap(), "east\nnorth\nsouth\n");
}

#[tokio::test]
async fn an_error_of_the_server_is_that_of_the_command() {
    let error = Shell::new().run("items west").await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            Code::NotFound,
            "no warehouse `west`; there are `north`, `south`"
        )
    );
}
