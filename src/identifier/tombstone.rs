//! What is left of what was erased: keyed hashes, of forms that depend on no policy and no tenant.

use super::Secret;
use crate::id::{Seed, TombstoneHash, ValueHash};
use crate::normalise::folded;
use crate::record::{Identifier, RecordKey, What};
use crate::value::Value;

const IDENTIFIER: u8 = 1;
const RECORD: u8 = 2;
const EVENT: u8 = 3;
const CONSENT: u8 = 4;
const REQUEST: u8 = 5;
const WRONG_IDENTIFIER: u8 = 6;
const WRONG_VALUE: u8 = 7;

/// Among the domains of the seed.
const IDLE: u8 = 23;

/// Hashes the key of what was erased.
pub(crate) fn hash_erased(secret: &Secret, what: What, key: &RecordKey) -> TombstoneHash {
    let domain = match what {
        What::Record => RECORD,
        What::Event => EVENT,
        What::Consent => CONSENT,
    };
    secret.hash(domain, &[key.source.as_bytes(), key.key.as_bytes()])
}

/// Hashes an identifier of who was erased; none for one without a letter or digit.
pub(crate) fn hash_erased_identifier(secret: &Secret, identifier: &Identifier) -> Option<TombstoneHash> {
    let form = form(&identifier.value);
    (!form.is_empty()).then(|| secret.hash(IDENTIFIER, &[identifier.kind.as_bytes(), form.as_bytes()]))
}

/// Hashes an identifier by which something is found that takes no part, in the form that is erased; none for one without
/// a letter or digit. It has nothing to do with those that link.
pub(crate) fn hash_idle(seed: Seed, identifier: &Identifier) -> Option<ValueHash> {
    let form = form(&identifier.value);
    (!form.is_empty()).then(|| ValueHash(seed.hash_parts(IDLE, &[identifier.kind.as_bytes(), form.as_bytes()])))
}

/// Hashes that a request to erase was carried out for an identifier.
pub(crate) fn hash_request(secret: &Secret, request: &str, identifier: &Identifier) -> TombstoneHash {
    let form = form(&identifier.value);
    secret.hash(REQUEST, &[request.as_bytes(), identifier.kind.as_bytes(), form.as_bytes()])
}

/// Hashes that an identifier of a record is wrong, as it is sent.
pub(crate) fn hash_wrong_identifier(secret: &Secret, key: &RecordKey, sent: &Identifier) -> TombstoneHash {
    let parts = [&key.source, &key.key, &sent.kind, &sent.value];
    secret.hash(WRONG_IDENTIFIER, &parts.map(|part| part.as_bytes()))
}

/// Hashes that what a record tells of an attribute is wrong, as it is sent.
pub(crate) fn hash_wrong_value(secret: &Secret, key: &RecordKey, attribute: &str, value: &Value) -> TombstoneHash {
    // Every value can be written.
    let value = serde_json::to_string(value).unwrap_or_default();
    let parts = [key.source.as_str(), key.key.as_str(), attribute, value.as_str()];
    secret.hash(WRONG_VALUE, &parts.map(str::as_bytes))
}

/// The letters and digits of a value, folded: `+43 660 1` is `+43-6601`. An address keeps what is between them, which
/// tells `ann.b@..` from `annb@..`.
fn form(value: &str) -> String {
    let folded = folded(value);
    if folded.contains('@') { folded.into_owned() } else { folded.chars().filter(|c| c.is_alphanumeric()).collect() }
}

#[cfg(test)]
mod tests {
    use super::form;

    #[test]
    fn forms() {
        for (value, expected) in [
            (" +43 660 1", "436601"),
            ("+43-6601", "436601"),
            ("C-42", "c42"),
            ("\u{ff23}42", "c42"),
            (" Ann.B@Example.ORG ", "ann.b@example.org"),
            ("annb@example.org", "annb@example.org"),
            ("--", ""),
        ] {
            assert_eq!(form(value), expected, "{value}");
        }
    }
}
