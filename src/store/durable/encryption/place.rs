//! Which rows are sealed, and under which key: it follows from the key of the row alone.

use crate::error::Result;
use crate::store::durable::keys::Table;

/// What a row is sealed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cover {
    /// Nothing: it holds numbers, times, counts and keyed hashes.
    Plain,
    /// The tenant's key: what is one row of a tenant, names two records, or is derived and so of many.
    Tenant(u32),
    /// The key of one version of a record, which is as old as the row.
    Record(KeyPlace),
    /// The key of a trail, of its events and its deeds.
    Trail(KeyPlace),
}

/// The key of the row that holds a data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct KeyPlace(pub(super) [u8; 14]);

const TENANT: u8 = b'T';
const RECORD: u8 = b'r';
const TRAIL: u8 = b't';

impl KeyPlace {
    fn new(tenant: u32, what: u8, number: u64) -> Self {
        let mut key = [Table::DataKey as u8, 0, 0, 0, 0, what, 0, 0, 0, 0, 0, 0, 0, 0];
        let (head, tail) = key.split_at_mut(6);
        head.iter_mut().skip(1).zip(tenant.to_be_bytes()).for_each(|(to, byte)| *to = byte);
        tail.copy_from_slice(&number.to_be_bytes());
        Self(key)
    }

    /// The place of a key of a tenant's: the number of its latest is the largest.
    pub(super) fn of_tenant(tenant: u32, number: u64) -> Self {
        Self::new(tenant, TENANT, number)
    }

    pub(super) fn read(key: &[u8]) -> Result<Self> {
        key.try_into().map(Self).map_err(|_| Table::DataKey.damaged())
    }

    pub(super) fn is_tenants(&self) -> bool {
        matches!(self.0, [_, _, _, _, _, TENANT, ..])
    }

    /// The number of a key of a tenant's.
    pub(super) fn number(&self) -> u64 {
        self.0.last_chunk().map(|bytes| u64::from_be_bytes(*bytes)).unwrap_or_default()
    }

    /// The first key of a row of the trail in another table.
    pub(super) fn in_table(&self, table: Table) -> Vec<u8> {
        let [_, a, b, c, d, _, number @ ..] = self.0;
        [&[table as u8, a, b, c, d], &number[..]].concat()
    }
}

/// What the row of a key is sealed under.
pub(super) fn cover(key: &[u8]) -> Result<Cover> {
    let Some(table) = key.first().and_then(|&byte| Table::of(byte)) else { return Ok(Cover::Plain) };
    let tenant = || -> Result<u32> {
        let bytes = key.get(1..5).and_then(|bytes| bytes.first_chunk());
        bytes.map(|bytes| u32::from_be_bytes(*bytes)).ok_or_else(|| table.damaged())
    };
    let number = || -> Result<u64> {
        let bytes = key.get(5..13).and_then(|bytes| bytes.first_chunk());
        bytes.map(|bytes| u64::from_be_bytes(*bytes)).ok_or_else(|| table.damaged())
    };
    Ok(match table {
        Table::State | Table::Policy | Table::Assertion | Table::Node | Table::Cluster => Cover::Tenant(tenant()?),
        Table::Record => Cover::Record(KeyPlace::new(tenant()?, RECORD, number()?)),
        Table::Trail | Table::Event | Table::Deeds => Cover::Trail(KeyPlace::new(tenant()?, TRAIL, number()?)),
        Table::Tenant
        | Table::Number
        | Table::Asserted
        | Table::Tombstone
        | Table::Anchor
        | Table::Feed
        | Table::Place
        | Table::Topic
        | Table::Posting
        | Table::Carrier
        | Table::Member
        | Table::Withheld
        | Table::StoreKey
        | Table::DataKey
        | Table::Mark => Cover::Plain,
    })
}

/// The tables whose rows are sealed under a tenant's key.
pub(super) const OF_TENANTS: [Table; 5] = [Table::State, Table::Policy, Table::Assertion, Table::Node, Table::Cluster];
