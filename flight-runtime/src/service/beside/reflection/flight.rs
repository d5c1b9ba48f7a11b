//! Flight.proto, without its comments.

use prost_types::FileDescriptorProto;
use prost_types::field_descriptor_proto::Type;

use super::descriptor::{Msg, Proto, Rpc, Values, bytes, choice, field, message, text};

const TIMESTAMP: &str = ".google.protobuf.Timestamp";

pub(super) fn timestamp() -> FileDescriptorProto {
    FileDescriptorProto::from(Proto {
        name: "google/protobuf/timestamp.proto",
        package: "google.protobuf",
        imports: &[],
        messages: &[(
            "Timestamp",
            &[
                field(1, "seconds", Type::Int64),
                field(2, "nanos", Type::Int32),
            ],
            None,
        )],
        enums: &[],
        service: None,
    })
}

pub(super) fn flight() -> FileDescriptorProto {
    FileDescriptorProto::from(Proto {
        name: "Flight.proto",
        package: "arrow.flight.protocol",
        imports: &["google/protobuf/timestamp.proto"],
        messages: MESSAGES,
        enums: &[("CancelStatus", CANCEL_STATUS)],
        service: Some(("FlightService", RPCS)),
    })
}

#[rustfmt::skip]
const RPCS: &[Rpc<'_>] = &[
    ("Handshake", "HandshakeRequest", "HandshakeResponse", true, true),
    ("ListFlights", "Criteria", "FlightInfo", false, true),
    ("GetFlightInfo", "FlightDescriptor", "FlightInfo", false, false),
    ("PollFlightInfo", "FlightDescriptor", "PollInfo", false, false),
    ("GetSchema", "FlightDescriptor", "SchemaResult", false, false),
    ("DoGet", "Ticket", "FlightData", false, true),
    ("DoPut", "FlightData", "PutResult", true, true),
    ("DoExchange", "FlightData", "FlightData", true, true),
    ("DoAction", "Action", "Result", false, true),
    ("ListActions", "Empty", "ActionType", false, true),
];

const CANCEL_STATUS: Values<'_> = &[
    ("CANCEL_STATUS_UNSPECIFIED", 0),
    ("CANCEL_STATUS_CANCELLED", 1),
    ("CANCEL_STATUS_CANCELLING", 2),
    ("CANCEL_STATUS_NOT_CANCELLABLE", 3),
];

const DESCRIPTOR_TYPE: Values<'_> = &[("UNKNOWN", 0), ("PATH", 1), ("CMD", 2)];

#[rustfmt::skip]
const MESSAGES: &[Msg<'_>] = &[
    ("HandshakeRequest", &[field(1, "protocol_version", Type::Uint64), bytes(2, "payload")], None),
    ("HandshakeResponse", &[field(1, "protocol_version", Type::Uint64), bytes(2, "payload")], None),
    ("BasicAuth", &[text(2, "username"), text(3, "password")], None),
    ("Empty", &[], None),
    ("ActionType", &[text(1, "type"), text(2, "description")], None),
    ("Criteria", &[bytes(1, "expression")], None),
    ("Action", &[text(1, "type"), bytes(2, "body")], None),
    ("CancelFlightInfoRequest", &[message(1, "info", "FlightInfo")], None),
    ("RenewFlightEndpointRequest", &[message(1, "endpoint", "FlightEndpoint")], None),
    ("Result", &[bytes(1, "body")], None),
    ("CancelFlightInfoResult", &[choice(1, "status", "CancelStatus")], None),
    ("SchemaResult", &[bytes(1, "schema")], None),
    ("FlightDescriptor", &[
        choice(1, "type", "FlightDescriptor.DescriptorType"),
        bytes(2, "cmd"),
        text(3, "path").repeated(),
    ], Some(("DescriptorType", DESCRIPTOR_TYPE))),
    ("FlightInfo", &[
        bytes(1, "schema"),
        message(2, "flight_descriptor", "FlightDescriptor"),
        message(3, "endpoint", "FlightEndpoint").repeated(),
        field(4, "total_records", Type::Int64),
        field(5, "total_bytes", Type::Int64),
        field(6, "ordered", Type::Bool),
        bytes(7, "app_metadata"),
    ], None),
    ("PollInfo", &[
        message(1, "info", "FlightInfo"),
        message(2, "flight_descriptor", "FlightDescriptor"),
        field(3, "progress", Type::Double).optional("_progress"),
        message(4, "expiration_time", TIMESTAMP),
    ], None),
    ("FlightEndpoint", &[
        message(1, "ticket", "Ticket"),
        message(2, "location", "Location").repeated(),
        message(3, "expiration_time", TIMESTAMP),
        bytes(4, "app_metadata"),
    ], None),
    ("Location", &[text(1, "uri")], None),
    ("Ticket", &[bytes(1, "ticket")], None),
    ("FlightData", &[
        message(1, "flight_descriptor", "FlightDescriptor"),
        bytes(2, "data_header"),
        bytes(3, "app_metadata"),
        bytes(1000, "data_body"),
    ], None),
    ("PutResult", &[bytes(1, "app_metadata")], None),
];
