//! The protos of health and of reflection itself.

use prost_types::FileDescriptorProto;
use prost_types::field_descriptor_proto::Type;

use super::descriptor::{Proto, bytes, choice, field, message, text};

#[rustfmt::skip]
pub(super) fn health() -> FileDescriptorProto {
    FileDescriptorProto::from(Proto {
        name: "grpc/health/v1/health.proto",
        package: "grpc.health.v1",
        imports: &[],
        messages: &[
            ("HealthCheckRequest", &[text(1, "service")], None),
            ("HealthCheckResponse", &[choice(1, "status", "HealthCheckResponse.ServingStatus")], Some((
                "ServingStatus",
                &[("UNKNOWN", 0), ("SERVING", 1), ("NOT_SERVING", 2), ("SERVICE_UNKNOWN", 3)],
            ))),
        ],
        enums: &[],
        service: Some(("Health", &[
            ("Check", "HealthCheckRequest", "HealthCheckResponse", false, false),
            ("Watch", "HealthCheckRequest", "HealthCheckResponse", false, true),
        ])),
    })
}

#[rustfmt::skip]
pub(super) fn reflection(package: &'static str, name: &'static str) -> FileDescriptorProto {
    FileDescriptorProto::from(Proto {
        name,
        package,
        imports: &[],
        messages: &[
            ("ServerReflectionRequest", &[
                text(1, "host"),
                text(3, "file_by_filename").one_of("message_request"),
                text(4, "file_containing_symbol").one_of("message_request"),
                message(5, "file_containing_extension", "ExtensionRequest").one_of("message_request"),
                text(6, "all_extension_numbers_of_type").one_of("message_request"),
                text(7, "list_services").one_of("message_request"),
            ], None),
            ("ExtensionRequest", &[text(1, "containing_type"), field(2, "extension_number", Type::Int32)], None),
            ("ServerReflectionResponse", &[
                text(1, "valid_host"),
                message(2, "original_request", "ServerReflectionRequest"),
                message(4, "file_descriptor_response", "FileDescriptorResponse").one_of("message_response"),
                message(5, "all_extension_numbers_response", "ExtensionNumberResponse").one_of("message_response"),
                message(6, "list_services_response", "ListServiceResponse").one_of("message_response"),
                message(7, "error_response", "ErrorResponse").one_of("message_response"),
            ], None),
            ("FileDescriptorResponse", &[bytes(1, "file_descriptor_proto").repeated()], None),
            ("ExtensionNumberResponse", &[
                text(1, "base_type_name"),
                field(2, "extension_number", Type::Int32).repeated(),
            ], None),
            ("ListServiceResponse", &[message(1, "service", "ServiceResponse").repeated()], None),
            ("ServiceResponse", &[text(1, "name")], None),
            ("ErrorResponse", &[field(1, "error_code", Type::Int32), text(2, "error_message")], None),
        ],
        enums: &[],
        service: Some(("ServerReflection", &[
            ("ServerReflectionInfo", "ServerReflectionRequest", "ServerReflectionResponse", true, true),
        ])),
    })
}
