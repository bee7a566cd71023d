//! Every store keeps the contract.

use onefold::Memory;
use onefold::store::conformance;
use std::sync::Arc;

#[test]
fn memory_keeps_the_contract() {
    conformance::check(&|| Arc::new(Memory::new()));
}
