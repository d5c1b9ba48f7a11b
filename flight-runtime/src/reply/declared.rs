//! `schema = …` on an attribute: a value, a function, or the name of a row type.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

#[cfg(feature = "rows")]
use crate::rows::Row;

/// A schema as `schema = …` on an attribute gives it: a value, or a function that makes one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a schema",
    label = "expected a `Schema`, a `SchemaRef`, or a function that returns one",
    note = "where the schema depends on the service or on the route, leave `schema = ..` out: it is that of what the method returns"
)]
pub trait IntoSchema<M> {
    #[doc(hidden)]
    fn into_schema(self) -> SchemaRef;
}

impl IntoSchema<Schema> for Schema {
    fn into_schema(self) -> SchemaRef {
        Arc::new(self)
    }
}

impl IntoSchema<SchemaRef> for SchemaRef {
    fn into_schema(self) -> SchemaRef {
        self
    }
}

/// What a function that makes a schema returns. A function that makes such a function is none: the compiler would look for it without end.
#[doc(hidden)]
pub trait SchemaValue: IntoSchema<Self> + Sized {}
impl SchemaValue for Schema {}
impl SchemaValue for SchemaRef {}

#[diagnostic::do_not_recommend]
impl<F: FnOnce() -> S, S: SchemaValue> IntoSchema<fn() -> S> for F {
    fn into_schema(self) -> SchemaRef {
        self().into_schema()
    }
}

#[doc(hidden)]
pub fn declared_schema<S: IntoSchema<M>, M>(schema: S) -> SchemaRef {
    schema.into_schema()
}

/// What a single name means that is no type, or no value.
///
/// A type and a value are named apart, and the macro cannot see which of them a name is. So it imports the name as
/// `Named`, over these two, and asks for both.
pub mod named {
    #![allow(non_upper_case_globals)]

    /// The name of no type.
    #[derive(Debug)]
    pub struct Named {}

    /// The name of no value.
    #[derive(Debug)]
    pub struct NoValue;

    #[doc(hidden)]
    pub const Named: NoValue = NoValue;
}

/// A name's type and value, of which one is a schema. `M` is inferred.
#[diagnostic::on_unimplemented(
    message = "`{T}` is not a schema",
    label = "neither a row type nor a value or function that gives a schema",
    note = "`schema = …` is a row type, a struct with `#[derive(Row)]`; or a `Schema`, a `SchemaRef`, or a function that returns one"
)]
pub trait SchemaOf<T, M> {
    #[doc(hidden)]
    fn schema_of(self) -> SchemaRef;
}

/// Marks a name of a row type.
#[cfg(feature = "rows")]
#[derive(Debug)]
pub struct OfType;
/// Marks a name of a value.
#[derive(Debug)]
pub struct OfValue<M>(std::marker::PhantomData<M>);

#[cfg(feature = "rows")]
#[diagnostic::do_not_recommend]
impl<T: Row> SchemaOf<T, OfType> for named::NoValue {
    fn schema_of(self) -> SchemaRef {
        T::schema()
    }
}

/// A name of nothing, of which the compiler has told already.
#[derive(Debug)]
pub struct OfNothing;

#[diagnostic::do_not_recommend]
impl SchemaOf<named::Named, OfNothing> for named::NoValue {
    fn schema_of(self) -> SchemaRef {
        Arc::new(Schema::empty())
    }
}

#[diagnostic::do_not_recommend]
impl<T, V: IntoSchema<M>, M> SchemaOf<T, OfValue<M>> for V {
    fn schema_of(self) -> SchemaRef {
        self.into_schema()
    }
}

/// The schema that a name stands for.
pub fn named_schema<T, V: SchemaOf<T, M>, M>(value: V) -> SchemaRef {
    value.schema_of()
}
