//! What is done to a resolver, as data: JSON Lines, one object a line, for import, export, tests and examples.

mod fields;
mod json;
mod read;
mod read_event;
mod write;
mod write_event;

use crate::event::Event;
use crate::record::{Assertion, Identifier, Record, RecordKey};
use smol_str::SmolStr;

/// One command to a resolver: bring a record or an event, take one away, or a steward's word.
///
/// The file format is JSON Lines. `op` is `add` where it is left out; `at` is RFC 3339 or Unix milliseconds; the value
/// of an identifier is text, a whole number (taken as its exact digits) or a list of these; the value of an attribute
/// is any scalar or a list. `null` is the same as leaving a field out.
///
/// An event has a `kind` ([`EventKind`](crate::EventKind)) and any of the fields of [`Event`]. Facets are written as
/// identifiers are; a quantity, an amount, a sentiment and the value of a facet is text or a number (of at most 15
/// digits: one with more is refused, since a number of JSON may lose some). `{"op":"remove","what":"event",..}` takes
/// an event away.
///
/// `{"op":"erase","identifier":["email","ann@example.org"],"request":"dsr-17"}` erases whoever the identifier leads to
/// ([`Resolver::erase`](crate::Resolver::erase)).
///
/// `{"op":"consent",..}` is an event of the kind `consent`: the parts of its [`Consent`](crate::Consent) stand in the line
/// itself, `channel` is the one that it is about, and `through` the one that it came by.
///
/// # Examples
/// ```
/// use onefold::Operation;
/// let line = br#"{"source":"crm","key":"42","at":1767607200000,"identifiers":{"email":["ann@example.org"]}}"#;
/// let operation = Operation::from_json(line, None)?;
/// assert_eq!(
///     operation.to_json(),
///     r#"{"at":"2026-01-05T10:00:00Z","identifiers":{"email":"ann@example.org"},"key":"42","op":"add","source":"crm"}"#,
/// );
/// let wrong = Operation::from_json(br#"{"op":"remove","source":"crm","kee":"42"}"#, None);
/// assert_eq!(wrong.unwrap_err().to_string(), "field `key`: is missing");
/// # Ok::<(), onefold::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Brings a record, or a later version of one.
    Add(Record),
    /// Takes a record away.
    Remove(RecordKey),
    /// Brings an event, or a later version of one.
    Event(Box<Event>),
    /// Takes an event away. Events have keys of their own: the record of the same source and key stays.
    RemoveEvent(RecordKey),
    /// Takes a consent away, as if it had never been told. Who changes their mind withdraws it, by another.
    RemoveConsent(RecordKey),
    /// Says that two records are, or are not, one person.
    Assert(Assertion),
    /// Takes back what was said of a pair of records.
    Lift {
        /// One record.
        a: RecordKey,
        /// The other.
        b: RecordKey,
    },
    /// Erases all evidence of a person, for good.
    Erase {
        /// What the person is found by.
        identifier: Identifier,
        /// The id of the request.
        request: SmolStr,
    },
}
