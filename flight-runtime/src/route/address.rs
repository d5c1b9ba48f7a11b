//! [`Address`]: the readable text that is a ticket, a command and, split, a path.

use std::fmt;
use std::ops::Deref;

use arrow_flight::{FlightDescriptor, FlightEndpoint, FlightInfo, Ticket};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{QueryValue, shorten};
use crate::Error;

/// Everything but RFC 3986's unreserved characters is percent-encoded in a segment or a value.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The address of a flight on this server: `stations/seattle?since=2015-01-01`.
///
/// One text is the ticket of DoGet and the command of a descriptor; a path descriptor holds its segments
/// unencoded. Segments and values are percent-encoded (RFC 3986), nothing else: a `+` is a plus.
///
/// Made by the constructors that `#[flight_server]` generates beside every routed method, so that an endpoint cannot name
/// what no handler accepts:
///
/// ```
/// use flight_runtime::prelude::*;
///
/// struct Weather;
///
/// #[flight_server]
/// impl Weather {
///     #[do_get("stations/{station}?{limit}")]
///     fn observations(&self, station: String, limit: Option<usize>) -> Vec<RecordBatch> {
///         Vec::new()
///     }
/// }
///
/// let address = Weather::observations_route("são paulo".into(), Some(5));
/// assert_eq!(address.as_str(), "stations/s%C3%A3o%20paulo?limit=5");
/// assert_eq!(address.ticket(), Ticket::new("stations/s%C3%A3o%20paulo?limit=5"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    text: String,
}

impl Address {
    #[doc(hidden)]
    pub fn build() -> AddressBuilder {
        AddressBuilder {
            text: String::new(),
            first: true,
            in_query: false,
        }
    }

    /// The address that a path descriptor's segments name.
    pub(crate) fn from_segments(segments: &[String]) -> Self {
        let mut address = Self::build();
        for segment in segments {
            address.arg(segment);
        }
        address.finish()
    }

    /// The address in the bytes of a ticket or of a command; `None` when they are not UTF-8.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().map(|text| Self {
            text: text.to_owned(),
        })
    }

    /// The address that a descriptor names: a path's segments or a command's text.
    pub(crate) fn from_descriptor(descriptor: &FlightDescriptor) -> Option<Self> {
        // An old or careless client may leave the type out: what is filled in says what is meant.
        if !descriptor.path.is_empty() {
            Some(Self::from_segments(&descriptor.path))
        } else {
            Self::from_bytes(&descriptor.cmd)
        }
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the `?`.
    pub(crate) fn path(&self) -> &str {
        self.text
            .split_once('?')
            .map_or(&self.text, |(path, _)| path)
    }

    /// The decoded names and values behind the `?`.
    pub(crate) fn query(&self) -> impl Iterator<Item = Result<(String, String), Error>> {
        let query = self.text.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
    }

    /// The ticket that DoGet takes.
    pub fn ticket(&self) -> Ticket {
        Ticket::new(self.text.clone())
    }

    /// The descriptor that names the same: a path when there are no query arguments, else a command.
    pub fn descriptor(&self) -> FlightDescriptor {
        let segments: Result<Vec<String>, Error> = self.text.split('/').map(decode).collect();
        match segments {
            Ok(segments) if !self.text.contains('?') => FlightDescriptor::new_path(segments),
            _ => FlightDescriptor::new_cmd(self.text.clone()),
        }
    }

    /// An endpoint on this very server: this ticket, no location.
    pub fn endpoint(&self) -> FlightEndpoint {
        FlightEndpoint::new().with_ticket(self.ticket())
    }

    /// A FlightInfo with this descriptor and this endpoint, totals unknown (−1).
    ///
    /// A `#[get_flight_info]` handler may return it as it is: an empty schema is filled in from the route's `#[do_get]`.
    pub fn flight_info(&self) -> FlightInfo {
        FlightInfo::new()
            .with_descriptor(self.descriptor())
            .with_endpoint(self.endpoint())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Address> for Ticket {
    fn from(address: Address) -> Self {
        Ticket::new(address.text)
    }
}

impl From<Address> for FlightDescriptor {
    fn from(address: Address) -> Self {
        address.descriptor()
    }
}

/// Percent-decodes a segment or a value.
pub(crate) fn decode(text: &str) -> Result<String, Error> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(Error::invalid_argument(format!(
            "`{}` is not UTF-8 after percent-decoding",
            shorten(text)
        ))),
    }
}

/// What the generated constructors fill.
#[doc(hidden)]
#[derive(Debug)]
pub struct AddressBuilder {
    text: String,
    /// Whether no segment is there yet, not even an empty one.
    first: bool,
    in_query: bool,
}

impl AddressBuilder {
    fn separator(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.text.push('/');
        }
    }

    /// A literal segment, which the macro has checked to be unreserved characters.
    pub fn segment(&mut self, literal: &str) -> &mut Self {
        self.separator();
        self.text.push_str(literal);
        self
    }

    /// One encoded segment.
    pub fn arg(&mut self, value: &dyn fmt::Display) -> &mut Self {
        self.separator();
        self.text
            .extend(utf8_percent_encode(&value.to_string(), RESERVED));
        self
    }

    /// The segments of a `{*rest}`: its slashes separate, the rest is encoded.
    pub fn rest(&mut self, value: &dyn fmt::Display) -> &mut Self {
        for segment in value.to_string().split('/') {
            self.arg(&segment);
        }
        self
    }

    /// A query argument: nothing, one pair, or one for each value.
    pub fn query<T: QueryValue<M>, M>(&mut self, name: &str, value: &T) -> &mut Self {
        value.texts(&mut |text| {
            self.text.push(if self.in_query { '&' } else { '?' });
            self.in_query = true;
            self.text.push_str(name);
            self.text.push('=');
            self.text
                .extend(utf8_percent_encode(&text.to_string(), RESERVED));
        });
        self
    }

    /// The finished address.
    pub fn finish(&mut self) -> Address {
        Address {
            text: std::mem::take(&mut self.text),
        }
    }
}

/// An argument of a generated constructor.
///
/// One that cannot stand in a route adds nothing: the entry of the same handler in the table is refused for it, and says why. Bounds here would
/// say it again, in other words.
#[doc(hidden)]
#[derive(Debug)]
pub struct Filled<'a, T>(&'a T, Refused);

/// An argument that cannot stand in a route.
#[doc(hidden)]
#[derive(Debug)]
pub struct Refused;

/// This argument, of which method resolution finds out what it can be.
#[doc(hidden)]
pub fn filled<T>(value: &T) -> Filled<'_, T> {
    Filled(value, Refused)
}

impl<T: fmt::Display> Filled<'_, T> {
    /// One encoded segment.
    pub fn arg(&self, address: &mut AddressBuilder) {
        address.arg(self.0);
    }

    /// The segments of a `{*rest}`.
    pub fn rest(&self, address: &mut AddressBuilder) {
        address.rest(self.0);
    }
}

/// A query argument of a generated constructor.
#[doc(hidden)]
pub trait FilledQuery<M> {
    /// Adds its values.
    fn query(&self, address: &mut AddressBuilder, name: &str);
}

impl<T: QueryValue<M>, M> FilledQuery<M> for Filled<'_, T> {
    fn query(&self, address: &mut AddressBuilder, name: &str) {
        address.query(name, self.0);
    }
}

impl<T> Deref for Filled<'_, T> {
    type Target = Refused;

    fn deref(&self) -> &Refused {
        &self.1
    }
}

impl Refused {
    /// Nothing.
    pub fn arg(&self, _: &mut AddressBuilder) {}

    /// Nothing.
    pub fn rest(&self, _: &mut AddressBuilder) {}

    /// Nothing.
    pub fn query(&self, _: &mut AddressBuilder, _: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address {
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_path_descriptor_and_a_command_of_the_same_name_are_one_address() {
        let path = FlightDescriptor::new_path(vec!["a/b".into(), "ü".into()]);
        let command = FlightDescriptor::new_cmd("a%2Fb/%C3%BC");
        assert_eq!(
            Address::from_descriptor(&path),
            Address::from_descriptor(&command)
        );
        assert_eq!(address("a%2Fb/%C3%BC").descriptor(), path);
        assert_eq!(
            address("a?b=1").descriptor(),
            FlightDescriptor::new_cmd("a?b=1")
        );
    }

    #[test]
    fn query_arguments_are_decoded_and_a_plus_is_a_plus() {
        let query = |text| address(text).query().collect::<Result<Vec<_>, _>>();
        let expected = [("x", "1&2"), ("y", ""), ("z", "a+b")];
        assert_eq!(
            query("a?x=1%262&y&z=a+b&&").unwrap(),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert!(query("a?x=%FF").is_err());
    }

    #[test]
    fn an_empty_segment_stays_where_it_is() {
        let built = |values: &[&str]| {
            let mut build = Address::build();
            for value in values {
                build.arg(value);
            }
            build.finish()
        };
        for (values, text) in [
            (vec![], ""),
            (vec![""], ""),
            (vec!["", "orders"], "/orders"),
            (vec!["", "", "a"], "//a"),
            (vec!["a", ""], "a/"),
            (vec!["a", "", "b"], "a//b"),
        ] {
            let address = built(&values);
            assert_eq!(address.as_str(), text, "{values:?}");
            // The same address by its path, by its command and by its ticket.
            let command = FlightDescriptor::new_cmd(text);
            for descriptor in [address.descriptor(), command] {
                assert_eq!(Address::from_descriptor(&descriptor), Some(address.clone()));
            }
        }
        let path = FlightDescriptor::new_path(vec![String::new(), "orders".into()]);
        let address = Address::from_descriptor(&path).unwrap();
        assert_eq!(address.as_str(), "/orders");
        let mut build = Address::build();
        assert_eq!(build.rest(&"/a").segment("b").finish().as_str(), "/a/b");
    }

    #[test]
    fn the_builder_encodes_what_must_be_and_nothing_else() {
        let mut build = Address::build();
        build
            .segment("s")
            .arg(&"a b/ü")
            .rest(&"x/y z")
            .query("q", &Some(5))
            .query("n", &None::<i32>);
        build.query("v", &vec!["1".to_owned(), "&".to_owned()]);
        assert_eq!(
            build.finish().as_str(),
            "s/a%20b%2F%C3%BC/x/y%20z?q=5&v=1&v=%26"
        );
    }
}
