//! Descriptors, written down in short.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MethodDescriptorProto, OneofDescriptorProto, ServiceDescriptorProto,
};

/// A field of a message. Names of types are those of the file's package, or full ones that begin with a dot.
#[derive(Clone, Copy)]
pub(super) struct Field {
    number: i32,
    name: &'static str,
    kind: Type,
    of: &'static str,
    repeated: bool,
    /// The oneof that it belongs to.
    one_of: Option<&'static str>,
    optional: bool,
}

pub(super) const fn field(number: i32, name: &'static str, kind: Type) -> Field {
    Field {
        number,
        name,
        kind,
        of: "",
        repeated: false,
        one_of: None,
        optional: false,
    }
}

pub(super) const fn bytes(number: i32, name: &'static str) -> Field {
    field(number, name, Type::Bytes)
}

pub(super) const fn text(number: i32, name: &'static str) -> Field {
    field(number, name, Type::String)
}

pub(super) const fn message(number: i32, name: &'static str, of: &'static str) -> Field {
    let mut field = field(number, name, Type::Message);
    field.of = of;
    field
}

pub(super) const fn choice(number: i32, name: &'static str, of: &'static str) -> Field {
    let mut field = field(number, name, Type::Enum);
    field.of = of;
    field
}

impl Field {
    pub(super) const fn repeated(mut self) -> Self {
        self.repeated = true;
        self
    }

    pub(super) const fn one_of(mut self, name: &'static str) -> Self {
        self.one_of = Some(name);
        self
    }

    /// `optional` of proto3, which is a oneof of one.
    pub(super) const fn optional(mut self, one_of: &'static str) -> Self {
        self.optional = true;
        self.one_of(one_of)
    }
}

pub(super) type Values<'a> = &'a [(&'a str, i32)];

/// A message and the enum inside of it.
pub(super) type Msg<'a> = (&'a str, &'a [Field], Option<(&'a str, Values<'a>)>);

/// Name, request, response, and which of them are streams.
pub(super) type Rpc<'a> = (&'a str, &'a str, &'a str, bool, bool);

/// A file of one service.
pub(super) struct Proto<'a> {
    pub(super) name: &'a str,
    pub(super) package: &'a str,
    pub(super) imports: &'a [&'a str],
    pub(super) messages: &'a [Msg<'a>],
    pub(super) enums: &'a [(&'a str, Values<'a>)],
    pub(super) service: Option<(&'a str, &'a [Rpc<'a>])>,
}

impl From<Proto<'_>> for FileDescriptorProto {
    fn from(proto: Proto<'_>) -> Self {
        let full = |name: &str| match name.starts_with('.') {
            true => name.to_owned(),
            false => format!(".{}.{name}", proto.package),
        };
        let message = |(name, fields, inner): &Msg<'_>| {
            let mut one_ofs: Vec<&str> = Vec::new();
            for name in fields.iter().filter_map(|field| field.one_of) {
                if !one_ofs.contains(&name) {
                    one_ofs.push(name);
                }
            }
            let field = |field: &Field| FieldDescriptorProto {
                name: Some(field.name.to_owned()),
                number: Some(field.number),
                label: Some(match field.repeated {
                    true => Label::Repeated.into(),
                    false => Label::Optional.into(),
                }),
                r#type: Some(field.kind.into()),
                type_name: (!field.of.is_empty()).then(|| full(field.of)),
                oneof_index: field.one_of.and_then(|name| {
                    let index = one_ofs.iter().position(|of| *of == name)?;
                    i32::try_from(index).ok()
                }),
                proto3_optional: field.optional.then_some(true),
                ..FieldDescriptorProto::default()
            };
            DescriptorProto {
                name: Some((*name).to_owned()),
                field: fields.iter().map(field).collect(),
                enum_type: inner
                    .iter()
                    .map(|(name, values)| choices(name, values))
                    .collect(),
                oneof_decl: one_ofs
                    .iter()
                    .map(|name| OneofDescriptorProto {
                        name: Some((*name).to_owned()),
                        options: None,
                    })
                    .collect(),
                ..DescriptorProto::default()
            }
        };
        let service = |(name, rpcs): (&str, &[Rpc<'_>])| ServiceDescriptorProto {
            name: Some(name.to_owned()),
            method: rpcs
                .iter()
                .map(
                    |&(name, request, response, in_stream, out_stream)| MethodDescriptorProto {
                        name: Some(name.to_owned()),
                        input_type: Some(full(request)),
                        output_type: Some(full(response)),
                        client_streaming: in_stream.then_some(true),
                        server_streaming: out_stream.then_some(true),
                        options: None,
                    },
                )
                .collect(),
            options: None,
        };
        Self {
            name: Some(proto.name.to_owned()),
            package: Some(proto.package.to_owned()),
            dependency: proto.imports.iter().map(|&name| name.to_owned()).collect(),
            message_type: proto.messages.iter().map(message).collect(),
            enum_type: proto
                .enums
                .iter()
                .map(|(name, values)| choices(name, values))
                .collect(),
            service: proto.service.into_iter().map(service).collect(),
            syntax: Some("proto3".to_owned()),
            ..Self::default()
        }
    }
}

fn choices(name: &str, values: Values<'_>) -> EnumDescriptorProto {
    EnumDescriptorProto {
        name: Some(name.to_owned()),
        value: values
            .iter()
            .map(|(name, number)| EnumValueDescriptorProto {
                name: Some((*name).to_owned()),
                number: Some(*number),
                options: None,
            })
            .collect(),
        ..EnumDescriptorProto::default()
    }
}

/// The full names of what a client may ask for.
pub(super) fn symbols(file: &FileDescriptorProto) -> Vec<String> {
    let mut found = Vec::new();
    let package = file.package();
    for service in &file.service {
        found.push(format!("{package}.{}", service.name()));
        for method in &service.method {
            found.push(format!("{package}.{}.{}", service.name(), method.name()));
        }
    }
    for message in &file.message_type {
        found.push(format!("{package}.{}", message.name()));
        for inner in &message.enum_type {
            found.push(format!("{package}.{}.{}", message.name(), inner.name()));
        }
    }
    for choices in &file.enum_type {
        found.push(format!("{package}.{}", choices.name()));
    }
    found
}
