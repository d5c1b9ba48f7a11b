//! Schemas in JSON: fields that a person can read, and the IPC message that any Arrow library can.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::decode::read_schema;

#[derive(Serialize)]
struct Written<'a> {
    fields: Vec<Field<'a>>,
    ipc: String,
}

#[derive(Serialize)]
struct Field<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    ty: String,
    nullable: bool,
}

/// The message has all that there is to a schema, so the fields need not be read.
#[derive(Deserialize)]
struct Read {
    ipc: String,
}

pub(super) fn serialize<S: Serializer>(
    schema: &Option<SchemaRef>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let written = schema.as_ref().map(|schema| {
        let message = crate::reply::schema_result(schema).map_err(S::Error::custom)?;
        let fields = schema.fields().iter().map(|field| Field {
            name: field.name(),
            ty: field.data_type().to_string(),
            nullable: field.is_nullable(),
        });
        Ok(Written {
            fields: fields.collect(),
            ipc: STANDARD.encode(message.schema),
        })
    });
    written.transpose()?.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SchemaRef>, D::Error> {
    let Some(Read { ipc }) = Option::<Read>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let message = STANDARD
        .decode(ipc)
        .map_err(|error| D::Error::custom(format!("`ipc` is not base64: {error}")))?;
    let schema = read_schema(&message)
        .map_err(|error| D::Error::custom(format!("`ipc` is not a schema: {error}")))?;
    Ok(Some(Arc::new(schema)))
}
