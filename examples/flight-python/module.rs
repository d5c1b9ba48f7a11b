//! A definition as a module: what all services share, then a class for each.

use flight_runtime::rpc::Method;
use flight_runtime::{Definition, ServiceDefinition};

use crate::handler;
use crate::text::{Names, docstring};

/// The part that is the same in all modules.
const SUPPORT: &str = include_str!("support.py");

/// Names of the module that no class may take.
const TAKEN: &[&str] = &[
    "annotations",
    "contextlib",
    "datetime",
    "itertools",
    "json",
    "threading",
    "Iterator",
    "Sequence",
    "Any",
    "quote",
    "pa",
    "flight",
];

/// The module. The same definition always gives the same text.
pub(crate) fn python(definition: &Definition) -> String {
    let mut names = Names::without(TAKEN);
    let classes: Vec<(String, &ServiceDefinition)> = definition
        .services
        .iter()
        .map(|service| (names.class(&service.name), service))
        .collect();
    let mut doc = format!(
        "Client generated from a service's definition: {}, version {}.\n\n\
         Not to be edited: flight-python writes it anew. It needs pyarrow alone.\n",
        Definition::FORMAT,
        Definition::VERSION,
    );
    for (class, service) in &classes {
        doc.push_str(&format!("\n{class}: the service `{}`", service.name));
    }
    let mut module = docstring(&doc, "");
    module.push('\n');
    module.push_str(SUPPORT);
    for (name, service) in &classes {
        module.push_str("\n\n");
        module.push_str(&class(name, service));
    }
    module
}

fn class(name: &str, service: &ServiceDefinition) -> String {
    let mut class = format!("class {name}(_Service):\n");
    let mut doc = if service.doc.is_empty() {
        format!("The service `{}`.", service.name)
    } else {
        service.doc.clone()
    };
    // pyarrow does not have this call.
    let (missing, handlers): (Vec<_>, Vec<_>) = service
        .handlers
        .iter()
        .partition(|handler| handler.call == Method::PollFlightInfo);
    if !missing.is_empty() {
        let missing: Vec<&str> = missing
            .iter()
            .map(|handler| handler.method.as_str())
            .collect();
        doc.push_str(&format!(
            "\n\nWithout what pyarrow cannot call, PollFlightInfo: {}.",
            missing.join(", ")
        ));
    }
    class.push_str(&docstring(&doc, "    "));
    let mut names = Names::default();
    for handler in handlers {
        class.push('\n');
        class.push_str(&handler::method(handler, &mut names));
    }
    class
}

#[cfg(test)]
mod tests {
    use flight_runtime::definition::ServiceDefinition;
    use flight_runtime::prelude::*;

    use super::*;

    struct Tricky;

    /// Ends """
    /// import os \
    #[flight_server(name = "tricky\"\"\"\nimport os")]
    impl Tricky {
        /// "
        #[do_get("rows/{class}/{*rest}?{self_}&{body}")]
        fn import(
            &self,
            class: u8,
            rest: String,
            self_: Vec<f32>,
            body: Option<bool>,
        ) -> BatchStream {
            let _ = (class, rest, self_, body);
            unreachable!()
        }

        #[action("a\"]); import os #")]
        fn __init__(&self, body: String) -> String {
            body
        }

        #[poll_flight_info]
        fn poll(&self) -> PollInfo {
            PollInfo::default()
        }
    }

    #[test]
    fn a_module_is_written_the_same_each_time_and_holds_the_handlers() {
        let definition: ServiceDefinition = Tricky::definition();
        let module = python(&definition.clone().into());
        assert_eq!(module, python(&definition.into()));
        for expected in [
            "class TrickyImportOs(_Service):\n    \"\"\"Ends \\\"\\\"\"\n    import os \\\\\n\n",
            "    def import_(\n        self,\n        class_: int,\n        rest: str,\n        *,\n        self_: Sequence[float] = (),\n",
            "        body: bool | None = None,\n    ) -> flight.FlightStreamReader:\n        \"\"\"\"\n\n",
            "_address([\"rows\", class_, *_text(rest).split(\"/\")], [(\"self_\", _repeated(self_)), (\"body\", [body])])",
            "    def init__(self, text: str) -> str:",
            "self._act(\"a\\\"]); import os #\", text.encode())",
            "PollFlightInfo: poll.",
        ] {
            assert!(module.contains(expected), "{expected}\n{module}");
        }
    }
}
