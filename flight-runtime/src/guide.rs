//! The guide and the README, whose blocks of Rust are tests: they compile, and run unless they say `no_run`.

/// Pages as documentation of structs that nobody sees.
macro_rules! pages {
    ($($name:ident: $path:literal,)*) => { $(
        #[doc = include_str!(concat!("../../", $path))]
        struct $name;
    )* };
}

pages! {
    Readme: "README.md",
    FirstService: "docs/src/first-service.md",
    Routes: "docs/src/routes.md",
    Downloads: "docs/src/downloads.md",
    Schemas: "docs/src/schemas.md",
    Uploads: "docs/src/uploads.md",
    Exchange: "docs/src/exchange.md",
    Actions: "docs/src/actions.md",
    Errors: "docs/src/errors.md",
    CompileErrors: "docs/src/compile-errors.md",
    Security: "docs/src/security.md",
    Tls: "docs/src/tls.md",
    Middleware: "docs/src/middleware.md",
    Limits: "docs/src/limits.md",
    CommandLine: "docs/src/command-line.md",
    Operations: "docs/src/operations.md",
    Deploying: "docs/src/deploying.md",
    Performance: "docs/src/performance.md",
    Client: "docs/src/client.md",
    Testing: "docs/src/testing.md",
    Languages: "docs/src/languages.md",
    FromPyarrow: "docs/src/from-pyarrow.md",
    FromArrowFlight: "docs/src/from-arrow-flight.md",
    Definition: "docs/src/definition.md",
}
