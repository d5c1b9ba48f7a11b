//! `grpc.reflection`, v1 and v1alpha, whose messages are the same: what is served here, for clients that have no proto files.

mod descriptor;
mod flight;
mod others;

use std::sync::LazyLock;

use prost::Message;
use prost_types::FileDescriptorProto;

use super::{Beside, BesideCall, MAX_MESSAGE};
use crate::Code;
use crate::Error;
use crate::reply::{Rest, Running};
use crate::rpc::SERVICE_NAME;
use crate::service::dispatch::{Incoming, messages};
use crate::service::frames::Messages;
use crate::wire::grpc::MessageReader;

use descriptor::symbols;

/// Of both versions.
const SERVICES: [&str; 2] = [
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

pub(super) fn calls() -> impl Iterator<Item = (BesideCall, &'static str)> {
    let paths = [
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ];
    paths.map(|path| (BesideCall::Reflection, path)).into_iter()
}

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(string, tag = "1")]
    host: String,
    #[prost(oneof = "Asked", tags = "3, 4, 5, 6, 7")]
    asked: Option<Asked>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Asked {
    #[prost(string, tag = "3")]
    FileByFilename(String),
    #[prost(string, tag = "4")]
    FileContainingSymbol(String),
    #[prost(message, tag = "5")]
    FileContainingExtension(Extension),
    #[prost(string, tag = "6")]
    AllExtensionNumbersOfType(String),
    #[prost(string, tag = "7")]
    ListServices(String),
}

#[derive(Clone, PartialEq, Message)]
struct Extension {
    #[prost(string, tag = "1")]
    containing_type: String,
    #[prost(int32, tag = "2")]
    extension_number: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(string, tag = "1")]
    valid_host: String,
    #[prost(message, optional, tag = "2")]
    original_request: Option<Request>,
    #[prost(oneof = "Answer", tags = "4, 5, 6, 7")]
    answer: Option<Answer>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Answer {
    #[prost(message, tag = "4")]
    Files(Files),
    #[prost(message, tag = "5")]
    ExtensionNumbers(ExtensionNumbers),
    #[prost(message, tag = "6")]
    Services(Services),
    #[prost(message, tag = "7")]
    Error(ErrorResponse),
}

#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "vec", repeated, tag = "1")]
    file_descriptor_proto: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct ExtensionNumbers {
    #[prost(string, tag = "1")]
    base_type_name: String,
    #[prost(int32, repeated, tag = "2")]
    extension_number: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct Services {
    #[prost(message, repeated, tag = "1")]
    service: Vec<Named>,
}

#[derive(Clone, PartialEq, Message)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct ErrorResponse {
    #[prost(int32, tag = "1")]
    error_code: i32,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// A file, encoded, and the full names that are in it.
struct File {
    name: String,
    symbols: Vec<String>,
    encoded: Vec<u8>,
}

impl From<FileDescriptorProto> for File {
    fn from(file: FileDescriptorProto) -> Self {
        Self {
            name: file.name().to_owned(),
            symbols: symbols(&file),
            encoded: file.encode_to_vec(),
        }
    }
}

/// Encoded once.
static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let files = [
        flight::timestamp(),
        flight::flight(),
        others::health(),
        others::reflection("grpc.reflection.v1", "grpc/reflection/v1/reflection.proto"),
        others::reflection(
            "grpc.reflection.v1alpha",
            "grpc/reflection/v1alpha/reflection.proto",
        ),
    ];
    files.map(File::from).into_iter().collect()
});

pub(super) fn answer(beside: &Beside, incoming: Incoming) -> Messages {
    let mut services = vec![SERVICE_NAME.to_owned()];
    if beside.health {
        services.push("grpc.health.v1.Health".to_owned());
    }
    services.extend(SERVICES.map(str::to_owned));
    messages(Running::start(|sink| {
        Box::pin(async move {
            let Incoming { body, encoding, .. } = incoming;
            let mut requests = MessageReader::new(body, encoding, MAX_MESSAGE);
            while let Some(request) = requests.next().await? {
                let request = Request::decode(request).map_err(|error| {
                    Error::invalid_argument(format!("the request does not decode: {error}"))
                })?;
                let answer = reply(&services, request.asked.as_ref());
                sink.send(Response {
                    valid_host: request.host.clone(),
                    original_request: Some(request),
                    answer: Some(answer),
                })
                .await?;
            }
            Ok(Rest::none())
        })
    }))
}

fn reply(services: &[String], asked: Option<&Asked>) -> Answer {
    let file = |is_it: &dyn Fn(&File) -> bool| match FILES.iter().find(|file| is_it(file)) {
        Some(file) => Answer::Files(Files {
            file_descriptor_proto: vec![file.encoded.clone()],
        }),
        None => none("there is none of that name here"),
    };
    match asked {
        Some(Asked::FileByFilename(name)) => file(&|file| file.name == *name),
        Some(Asked::FileContainingSymbol(symbol)) => {
            file(&|file| file.symbols.iter().any(|of| of == symbol))
        }
        Some(Asked::FileContainingExtension(_)) => none("there are no extensions here"),
        Some(Asked::AllExtensionNumbersOfType(name)) => {
            match FILES.iter().any(|file| file.symbols.contains(name)) {
                true => Answer::ExtensionNumbers(ExtensionNumbers {
                    base_type_name: name.clone(),
                    extension_number: Vec::new(),
                }),
                false => none("there is no type of that name here"),
            }
        }
        Some(Asked::ListServices(_)) => Answer::Services(Services {
            service: services
                .iter()
                .map(|name| Named { name: name.clone() })
                .collect(),
        }),
        None => Answer::Error(ErrorResponse {
            error_code: Code::InvalidArgument.into(),
            error_message: "the request asks for nothing".to_owned(),
        }),
    }
}

fn none(message: &str) -> Answer {
    Answer::Error(ErrorResponse {
        error_code: Code::NotFound.into(),
        error_message: message.to_owned(),
    })
}
