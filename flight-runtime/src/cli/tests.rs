//! What the flags are, what they say of themselves, and what they do to a builder.

use std::time::Duration;

use clap::{Arg, CommandFactory, Parser};

use super::{LogFormat, ServerArgs};
use crate::prelude::*;
use crate::{FlightServerBuilder, Limits};

// The arguments of a program without a word of its own, which a doc comment would be.
#[derive(Parser, Debug)]
#[command(name = "server")]
struct Program {
    #[command(flatten)]
    server: ServerArgs,
}

struct Nothing;

#[flight_server(crate = crate)]
impl Nothing {
    #[action("nothing")]
    async fn nothing(&self) {}
}

fn parse(flags: &[&str]) -> Result<ServerArgs, String> {
    match Program::try_parse_from([&["server"], flags].concat()) {
        Ok(program) => Ok(program.server),
        Err(error) => Err(error.to_string()),
    }
}

fn configured(flags: &[&str], server: FlightServerBuilder) -> Result<FlightServerBuilder, Error> {
    parse(flags).unwrap().configure(server)
}

fn plain() -> FlightServerBuilder {
    FlightServer::builder(Nothing)
}

fn location(server: &FlightServerBuilder) -> String {
    server.place().unwrap().to_string()
}

/// All flags but `--help`.
fn flags() -> Vec<Arg> {
    let mut command = Program::command();
    command.build();
    let flags = command
        .get_arguments()
        .filter(|flag| flag.get_id() != "help");
    flags.cloned().collect()
}

fn long(flag: &Arg) -> &str {
    flag.get_long().unwrap()
}

/// What the help says of a flag, apart from its default.
fn help(flag: &Arg) -> (String, String) {
    let help = flag.get_help().unwrap().to_string();
    match help.split_once(" [default: ") {
        Some((what, default)) => (what.to_owned(), default.trim_end_matches(']').to_owned()),
        None => match flag.get_default_values() {
            [default] => (help, default.to_str().unwrap().to_owned()),
            _ => (help, "no".to_owned()),
        },
    }
}

#[test]
fn a_program_without_arguments_of_its_own_needs_no_struct() {
    let parsed = ServerArgs::try_parse_from(["tables", "--location", "grpc://localhost:0"]);
    let server = parsed.unwrap().configure(plain()).unwrap();
    assert_eq!(location(&server), "grpc://localhost:0");
    let wrong = ServerArgs::try_parse_from(["tables", "--lokation", "x"]).unwrap_err();
    assert!(wrong.to_string().contains("Usage: tables "), "{wrong}");
}

#[test]
fn every_flag_is_a_variable_of_the_same_name() {
    for flag in flags() {
        let variable = format!("FLIGHT_{}", long(&flag).replace('-', "_").to_uppercase());
        assert_eq!(flag.get_env().unwrap(), variable.as_str());
    }
}

#[test]
fn nothing_given_leaves_what_the_program_has_set() {
    let limits = Limits::default().max_calls(7).upload_idle(None);
    let server = plain()
        .location("grpc://127.0.0.1:1")
        .advertise("grpc://a:1")
        .limits(limits)
        .max_message_size(9)
        .shutdown_grace(Duration::from_secs(1));
    let before = format!("{server:?}");
    assert_eq!(format!("{:?}", configured(&[], server).unwrap()), before);
}

#[test]
fn a_server_without_a_location_gets_the_port_of_flight() {
    assert_eq!(
        location(&configured(&[], plain()).unwrap()),
        "grpc://localhost:8815"
    );
    let given = configured(&["--location", "grpc://[::]:0"], plain()).unwrap();
    assert_eq!(location(&given), "grpc://[::]:0");
}

#[test]
fn a_socket_of_the_program_stays_until_a_location_is_given() {
    let bound = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = bound();
    let own = format!("grpc://{}", listener.local_addr().unwrap());
    let server = configured(&[], plain().listener(listener)).unwrap();
    assert_eq!(location(&server), own);
    let flags = ["--location", "grpc://[::]:0"];
    let server = configured(&flags, plain().listener(bound())).unwrap();
    assert_eq!(location(&server), "grpc://[::]:0");
}

#[test]
fn what_is_given_takes_the_place_of_what_the_program_has_set() {
    let limits = Limits::default().max_calls(7).max_calls_per_address(3);
    let server = plain()
        .location("grpc://127.0.0.1:1")
        .advertise("grpc://a:1")
        .limits(limits);
    let flags = [
        "--location",
        "grpc://0.0.0.0:2",
        "--max-calls",
        "8",
        "--max-message-size",
        "64MiB",
    ];
    let server = configured(
        &[
            &flags[..],
            &["--advertise=grpc://b:1,arrow-flight-reuse-connection://?"],
        ]
        .concat(),
        server,
    )
    .unwrap();
    assert_eq!(location(&server), "grpc://0.0.0.0:2");
    assert_eq!(server.limits_given().calls, 8);
    assert_eq!(server.limits_given().calls_per_address, Some(3));
    let shown = format!("{server:?}");
    assert!(
        shown.contains(r#"advertise: ["grpc://b:1", "arrow-flight-reuse-connection://?"]"#),
        "{shown}"
    );
    assert!(shown.contains("max_message_size: 67108864"), "{shown}");
}

/// Each default that the help names, given as a flag, is what a builder has of itself.
#[test]
fn defaults_are_what_the_help_says() {
    let limits: Vec<_> = flags()
        .into_iter()
        .filter(|flag| flag.get_help_heading() == Some("Limits"))
        .collect();
    assert_eq!(limits.len(), 18);
    let with = |value: &dyn Fn(&Arg) -> String, server| {
        let values: Vec<_> = limits
            .iter()
            .map(|flag| format!("--{}={}", long(flag), value(flag)))
            .collect();
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        configured(&values, server).unwrap()
    };
    let unit = |flag: &Arg| {
        let unit = flag.get_value_names().unwrap()[0].as_str();
        if unit.starts_with("TIME") {
            "77s"
        } else {
            "77"
        }
        .to_owned()
    };
    let fresh = || plain().location("grpc://localhost:1");
    let other = with(&unit, fresh());
    assert_eq!(format!("{other:?}").matches("77").count(), 17, "{other:?}");
    assert_eq!(other.grace(), Duration::from_secs(77));
    let back = with(&|flag| help(flag).1, other);
    assert_eq!(format!("{back:?}"), format!("{:?}", fresh()));
    assert_eq!(back.grace(), fresh().grace());
}

#[test]
fn a_wrong_value_is_told_what_was_expected() {
    for (flags, expected) in [
        (
            ["--max-calls", "many"],
            "expected a whole number, 1 or more",
        ),
        (["--max-calls", "0"], "expected a whole number, 1 or more"),
        (
            ["--max-calls-per-identity", "0"],
            "1 or more; `none` is without a limit",
        ),
        (
            ["--upload-idle", "30"],
            "expected a time, such as `500ms`, `30s` or `1h 30m`",
        ),
        (
            ["--max-message-size", "64 apples"],
            "expected a size, such as `64MiB`",
        ),
        (
            ["--location", "localhost:8815"],
            "a scheme is missing, such as `grpc://localhost:8815`",
        ),
        (
            ["--advertise", "localhost:8815"],
            "a scheme is missing, such as `grpc://localhost:8815`",
        ),
        (
            ["--advertise", "grpc+ssl://localhost:8815"],
            "scheme `grpc+ssl` is none of",
        ),
        (
            ["--log", "flight_runtime=loud"],
            "expected a level, or levels of targets",
        ),
        (["--log-format", "xml"], "[possible values: text, json]"),
    ] {
        let error = parse(&flags).unwrap_err();
        assert!(error.contains(expected), "{flags:?}: {error}");
        assert!(error.contains(flags[0]), "{flags:?}: {error}");
    }
}

#[test]
fn a_limit_may_be_none() {
    let server = configured(&["--download-idle", "none"], plain()).unwrap();
    assert_eq!(server.limits_given().download_idle, None);
    let twice = configured(&["--max-call-duration", "1m 30s"], plain()).unwrap();
    assert_eq!(
        twice.limits_given().call_duration,
        Some(Duration::from_secs(90))
    );
}

#[test]
fn the_log_is_text_unless_told_otherwise() {
    assert_eq!(parse(&[]).unwrap().logs.log_format, LogFormat::Text);
    let logs = parse(&["--log", "warn,a::b=debug", "--log-format", "json"])
        .unwrap()
        .logs;
    assert_eq!(
        (logs.log.as_deref(), logs.log_format),
        (Some("warn,a::b=debug"), LogFormat::Json)
    );
}

#[test]
fn a_program_without_words_is_not_described_by_ours() {
    assert!(Program::command().get_about().is_none());
}

#[cfg(all(
    feature = "prometheus",
    any(feature = "tls-ring", feature = "tls-aws-lc")
))]
mod with_all_flags {
    use clap::ArgAction;

    use super::*;

    #[test]
    fn the_help_is_for_people() {
        let help = parse(&["--help"]).unwrap_err();
        assert_eq!(help, include_str!("help.txt"), "the help is now:\n{help}");
        for line in help.lines() {
            assert!(line.chars().count() <= 180, "{line}");
        }
    }

    /// The rows of the table, as clap knows them.
    fn table() -> String {
        let mut heading = "";
        let mut table = String::new();
        let flags = flags();
        for flag in &flags {
            let group = flag.get_help_heading().unwrap();
            if group != heading {
                heading = group;
                table += &format!(
                    "\n## {heading}\n\n| flag | variable | default | |\n|---|---|---|---|\n"
                );
            }
            let value = match flag.get_action() {
                ArgAction::SetTrue => String::new(),
                _ => format!(" {}", flag.get_value_names().unwrap()[0]),
            };
            let (what, default) = help(flag);
            let variable = flag.get_env().unwrap().to_str().unwrap();
            let flag = format!("--{}{value}", long(flag)).replace('|', "\\|");
            table += &format!("| `{flag}` | `{variable}` | {default} | {what} |\n");
        }
        table
    }

    #[test]
    fn the_guide_has_all_flags() {
        let page = include_str!("../../../docs/src/command-line.md");
        let table = table();
        for group in table.split("\n## ").skip(1) {
            assert!(
                page.contains(group),
                "the guide lacks a part of:\n{table}\n---"
            );
        }
        assert_eq!(
            page.matches("| `--").count(),
            flags().len(),
            "the guide has flags that are none"
        );
    }

    fn files(server: &FlightServerBuilder) -> String {
        let shown = format!("{server:?}");
        let (_, shown) = shown.split_once("tls: ").unwrap();
        shown.split(", http2").next().unwrap().to_owned()
    }

    const FILES: [&str; 4] = ["--tls-cert", "a.crt", "--tls-key", "a.key"];

    #[test]
    fn a_certificate_makes_the_location_one_of_tls_and_replaces_the_programs() {
        let server = configured(&FILES, plain().tls_certificate("b.crt", "b.key")).unwrap();
        assert_eq!(location(&server), "grpc+tls://localhost:8815");
        assert_eq!(
            files(&server),
            "TlsSettings { certificates: [(Pem(a.crt), Pem(a.key))], roots: [], verify_client: false, client_certificate_optional: false }"
        );
        let own = configured(&[], plain().tls_certificate("b.crt", "b.key")).unwrap();
        assert_eq!(location(&own), "grpc+tls://localhost:8815");
    }

    #[test]
    fn half_a_certificate_is_a_mistake() {
        for (half, other) in [(&FILES[..2], "--tls-key"), (&FILES[2..], "--tls-cert")] {
            let error = parse(half).unwrap_err();
            assert!(
                error.contains("required arguments were not provided"),
                "{error}"
            );
            assert!(error.contains(other), "{error}");
        }
    }

    #[test]
    fn clients_are_asked_where_authorities_are_given() {
        let ask =
            |more: &[&str], server| files(&configured(&[&FILES, more].concat(), server).unwrap());
        let required = ask(&["--client-ca", "ca.crt"], plain());
        assert!(
            required.contains("roots: [Pem(ca.crt)], verify_client: true"),
            "{required}"
        );
        let optional = ask(
            &["--client-ca", "ca.crt", "--client-certificate-optional"],
            plain(),
        );
        assert!(
            optional.contains("verify_client: false, client_certificate_optional: true"),
            "{optional}"
        );
        let of_the_program = ask(
            &["--client-ca", "ca.crt"],
            plain().client_certificate_optional(),
        );
        assert_eq!(of_the_program, optional);
    }

    #[test]
    fn flags_that_do_not_fit_together_are_a_mistake() {
        for (flags, expected) in [
            (
                &["--location", "grpc+tls://localhost:0"][..],
                "`grpc+tls://localhost:0` needs a certificate: `--tls-cert` and `--tls-key`",
            ),
            (
                &[&FILES[..], &["--location", "grpc://localhost:0"]].concat(),
                "`--tls-cert` has no effect at `grpc://localhost:0`, which is in plain text: listen on `--location grpc+tls://host:port`",
            ),
            (
                &["--client-ca", "ca.crt"],
                "`--client-ca` has no effect at `grpc://localhost:8815`",
            ),
            (
                &[&FILES[..], &["--client-certificate-optional"]].concat(),
                "needs the authorities that vouch for clients: `--client-ca`",
            ),
        ] {
            let error = configured(flags, plain()).unwrap_err();
            assert!(error.message().contains(expected), "{flags:?}: {error}");
        }
    }

    #[test]
    fn metrics_are_at_an_address() {
        let error = parse(&["--metrics", "9090"]).unwrap_err();
        assert!(error.contains("such as `127.0.0.1:9090`"), "{error}");
        let given = parse(&["--metrics", "[::]:9090"]).unwrap().address.metrics;
        assert_eq!(given.unwrap().port(), 9090);
    }
}
