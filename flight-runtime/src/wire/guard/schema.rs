//! Checks of a schema message, before Arrow's conversion sees it.
//!
//! `fb_to_schema` panics on every type that lacks a parameter, has one it does not
//! know, or has the wrong number of children (arrow-ipc 59, `convert.rs`). The checks
//! mirror it, type by type, and say which field is at fault.

use arrow_ipc::{
    DateUnit, Endianness, Field, IntervalUnit, Precision, Schema, TimeUnit, Type, UnionMode,
};

use super::GuardLimits;
use crate::wire::error::{WireError, shown};

/// Checks all of `schema`.
///
/// # Errors
///
/// [`WireError::Invalid`] naming the first field that cannot be read.
pub(crate) fn check_schema(schema: Schema<'_>, limits: &GuardLimits) -> Result<(), WireError> {
    if schema.endianness() != Endianness::Little {
        // Arrow would read the values in the wrong order without a word.
        return Err(WireError::invalid(
            "the schema is big-endian, expected little-endian",
        ));
    }
    let Some(fields) = schema.fields() else {
        return Err(WireError::invalid("the schema has no list of fields"));
    };
    let mut walk = Walk { limits, fields: 0 };
    for field in fields {
        walk.field(field, 1)?;
    }
    Ok(())
}

pub(super) fn too_deep(limits: &GuardLimits) -> WireError {
    let limit = limits.nesting;
    WireError::Limit {
        what: format!("the fields of the schema are nested more than {limit} deep"),
        option: "max_schema_nesting",
        limit: limit.to_string(),
        slow: false,
    }
}

struct Walk<'l> {
    limits: &'l GuardLimits,
    /// How many fields were seen.
    fields: usize,
}

impl Walk<'_> {
    fn field(&mut self, field: Field<'_>, depth: usize) -> Result<(), WireError> {
        self.fields += 1;
        if self.fields > self.limits.fields {
            let limit = self.limits.fields;
            return Err(WireError::Limit {
                what: format!("the schema has more than {limit} fields, nested ones included"),
                option: "max_schema_fields",
                limit: limit.to_string(),
                slow: false,
            });
        }
        if depth > self.limits.nesting {
            return Err(too_deep(self.limits));
        }
        if let Some(fault) = fault(field) {
            return Err(WireError::invalid(format!(
                "field `{}` of the schema: {fault}",
                shown(field.name().unwrap_or_default())
            )));
        }
        for child in field.children().into_iter().flatten() {
            self.field(child, depth + 1)?;
        }
        Ok(())
    }
}

/// What is wrong with the field itself, its children aside.
fn fault(field: Field<'_>) -> Option<String> {
    if let Some(dictionary) = field.dictionary() {
        let Some(index) = dictionary.indexType() else {
            return Some("its dictionary has no type of index".to_owned());
        };
        if !matches!(index.bitWidth(), 8 | 16 | 32 | 64) {
            return Some(format!(
                "its dictionary has an index of {} bits, expected 8, 16, 32 or 64",
                index.bitWidth()
            ));
        }
    }
    parameter_fault(field)
        .unwrap_or_else(|| Some("its type lacks the parameters".to_owned()))
        .or_else(|| child_fault(field))
}

/// What is wrong with the parameters of the type. The outer `None` says that the type
/// has parameters in the format, and that they are missing here.
fn parameter_fault(field: Field<'_>) -> Option<Option<String>> {
    let kind = field.type_type();
    let fault = match kind {
        Type::Null
        | Type::Bool
        | Type::Binary
        | Type::BinaryView
        | Type::LargeBinary
        | Type::Utf8
        | Type::Utf8View
        | Type::LargeUtf8
        | Type::List
        | Type::LargeList
        | Type::ListView
        | Type::LargeListView
        | Type::Struct_
        | Type::RunEndEncoded => None,
        Type::Int => {
            let bits = field.type_as_int()?.bitWidth();
            (!matches!(bits, 8 | 16 | 32 | 64))
                .then(|| format!("an integer of {bits} bits, expected 8, 16, 32 or 64"))
        }
        Type::FloatingPoint => {
            let precision = field.type_as_floating_point()?.precision();
            let known = [Precision::HALF, Precision::SINGLE, Precision::DOUBLE];
            unknown(known.contains(&precision), "precision", precision.0)
        }
        Type::FixedSizeBinary => negative(
            "width",
            i64::from(field.type_as_fixed_size_binary()?.byteWidth()),
        ),
        Type::FixedSizeList => negative(
            "list size",
            i64::from(field.type_as_fixed_size_list()?.listSize()),
        ),
        Type::Date => {
            let unit = field.type_as_date()?.unit();
            let known = [DateUnit::DAY, DateUnit::MILLISECOND];
            unknown(known.contains(&unit), "date unit", unit.0)
        }
        Type::Time => {
            let time = field.type_as_time()?;
            let (bits, unit) = (time.bitWidth(), time.unit());
            let known = matches!(
                (bits, unit),
                (32, TimeUnit::SECOND | TimeUnit::MILLISECOND)
                    | (64, TimeUnit::MICROSECOND | TimeUnit::NANOSECOND)
            );
            (!known).then(|| format!("a time of {bits} bits in unit {}", unit.0))
        }
        Type::Timestamp => time_unit(field.type_as_timestamp()?.unit()),
        Type::Duration => time_unit(field.type_as_duration()?.unit()),
        Type::Interval => {
            let unit = field.type_as_interval()?.unit();
            let known = [
                IntervalUnit::YEAR_MONTH,
                IntervalUnit::DAY_TIME,
                IntervalUnit::MONTH_DAY_NANO,
            ];
            unknown(known.contains(&unit), "interval unit", unit.0)
        }
        Type::Decimal => {
            let decimal = field.type_as_decimal()?;
            decimal_fault(decimal.bitWidth(), decimal.precision(), decimal.scale())
        }
        Type::Map => {
            field.type_as_map()?;
            None
        }
        Type::Union => union_fault(field)?,
        other => Some(format!(
            "its type, {}, is not known here",
            other
                .variant_name()
                .map_or_else(|| other.0.to_string(), str::to_owned)
        )),
    };
    Some(fault)
}

fn time_unit(unit: TimeUnit) -> Option<String> {
    let known = [
        TimeUnit::SECOND,
        TimeUnit::MILLISECOND,
        TimeUnit::MICROSECOND,
        TimeUnit::NANOSECOND,
    ];
    unknown(known.contains(&unit), "time unit", unit.0)
}

fn unknown(known: bool, what: &str, value: i16) -> Option<String> {
    (!known).then(|| format!("its {what}, {value}, is not known here"))
}

fn negative(what: &str, value: i64) -> Option<String> {
    (value < 0).then(|| format!("its {what} is {value}"))
}

/// Precisions are those of the format; Arrow panics above 255 and overflows below that.
fn decimal_fault(bits: i32, precision: i32, scale: i32) -> Option<String> {
    let most = match bits {
        32 => 9,
        64 => 18,
        128 => 38,
        256 => 76,
        _ => {
            return Some(format!(
                "a decimal of {bits} bits, expected 32, 64, 128 or 256"
            ));
        }
    };
    let fits = (1..=most).contains(&precision) && i8::try_from(scale).is_ok();
    (!fits).then(|| {
        format!(
            "a decimal of {bits} bits with precision {precision} and scale {scale}, \
             expected a precision of 1 to {most} and a scale of -128 to 127"
        )
    })
}

/// As [`parameter_fault`].
fn union_fault(field: Field<'_>) -> Option<Option<String>> {
    let union = field.type_as_union()?;
    if !matches!(union.mode(), UnionMode::Dense | UnionMode::Sparse) {
        return Some(unknown(false, "union mode", union.mode().0));
    }
    let children = field.children().map_or(0, |children| children.len());
    if children > 128 {
        return Some(Some(format!("a union of {children} types, at most 128")));
    }
    let Some(ids) = union.typeIds() else {
        return Some(None);
    };
    if ids.len() != children {
        return Some(Some(format!(
            "a union of {children} types with {} type ids",
            ids.len()
        )));
    }
    let mut seen = [false; 128];
    for id in ids {
        match usize::try_from(id).ok().and_then(|id| seen.get_mut(id)) {
            Some(seen) if !*seen => *seen = true,
            _ => {
                return Some(Some(format!(
                    "the union type id {id} is out of 0 to 127, or there twice"
                )));
            }
        }
    }
    Some(None)
}

/// What is wrong with the number and type of the children.
fn child_fault(field: Field<'_>) -> Option<String> {
    let count = field.children().map_or(0, |children| children.len());
    let child = |index: usize| {
        field
            .children()
            .and_then(|children| (index < count).then(|| children.get(index)))
    };
    let expected = match field.type_type() {
        Type::List | Type::LargeList | Type::ListView | Type::LargeListView => 1,
        Type::FixedSizeList | Type::Map => 1,
        Type::RunEndEncoded => 2,
        _ => return None,
    };
    if count != expected {
        return Some(format!("it has {count} children, expected {expected}"));
    }
    match field.type_type() {
        Type::Map => {
            let entries = child(0)?;
            let pairs = entries.type_type() == Type::Struct_
                && entries.dictionary().is_none()
                && entries.children().is_some_and(|entry| entry.len() == 2);
            (!pairs).then(|| "its child is not a struct of key and value".to_owned())
        }
        Type::RunEndEncoded => {
            let ends = child(0)?;
            let signed = ends.dictionary().is_none()
                && ends
                    .type_as_int()
                    .is_some_and(|int| int.is_signed() && int.bitWidth() != 8);
            (!signed)
                .then(|| "its run ends are not signed integers of 16, 32 or 64 bits".to_owned())
        }
        _ => None,
    }
}
