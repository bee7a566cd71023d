//! Every store keeps the contract.

use onefold::Memory;
use onefold::store::conformance;
use std::sync::Arc;

#[test]
fn memory_keeps_the_contract() {
    conformance::check(&|| Arc::new(Memory::new()));
}

#[test]
#[cfg(feature = "durable")]
fn durable_keeps_the_contract() {
    use onefold::{Durability, Durable};
    let place = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    conformance::check(&|| {
        count.set(count.get() + 1);
        let path = place.path().join(count.get().to_string());
        Arc::new(Durable::options(path).durability(Durability::System).open().unwrap())
    });
}
