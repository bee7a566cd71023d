//! Rows with the commit that wrote them, and the older versions that live snapshots still need.

use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::ops::Range;

/// A value and the revision that wrote it.
#[derive(Debug)]
pub(super) struct Row<V> {
    pub(super) written: u64,
    pub(super) value: V,
}

/// The commit that is being applied, and the newest snapshot that is alive beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    pub(super) now: u64,
    pub(super) newest: Option<u64>,
}

/// The revisions of the snapshots that are alive, counted.
#[derive(Debug, Default)]
pub(super) struct Live(BTreeMap<u64, usize>);

impl Live {
    pub(super) fn add(&mut self, revision: u64) {
        *self.0.entry(revision).or_default() += 1;
    }

    pub(super) fn remove(&mut self, revision: u64) {
        if let Some(count) = self.0.get_mut(&revision) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&revision);
            }
        }
    }

    pub(super) fn newest(&self) -> Option<u64> {
        self.0.last_key_value().map(|(&revision, _)| revision)
    }

    /// The oldest one after `revision`.
    pub(super) fn after(&self, revision: u64) -> Option<u64> {
        self.0.range(revision.saturating_add(1)..).next().map(|(&next, _)| next)
    }

    fn sees(&self, revisions: Range<u64>) -> bool {
        self.0.range(revisions).next().is_some()
    }
}

// Invariant: the versions of a key ascend, do not overlap, and each is seen by a snapshot that is alive or about to be
// pruned; `by_commit` names each of them once, under the commit that replaced it.
#[derive(Debug)]
pub(super) struct History<K, V> {
    versions: BTreeMap<K, SmallVec<[Version<V>; 1]>>,
    by_commit: BTreeMap<u64, Vec<K>>,
}

#[derive(Debug)]
struct Version<V> {
    written: u64,
    replaced: u64,
    value: V,
}

impl<K, V> Default for History<K, V> {
    fn default() -> Self {
        Self { versions: BTreeMap::new(), by_commit: BTreeMap::new() }
    }
}

impl<K: Ord + Copy, V> History<K, V> {
    /// Keeps a row that this commit replaces, if a snapshot sees it.
    pub(super) fn keep(&mut self, key: K, old: Option<Row<V>>, stamp: Stamp) {
        let Some(old) = old else { return };
        if stamp.newest.is_none_or(|newest| newest < old.written) {
            return;
        }
        let version = Version { written: old.written, replaced: stamp.now, value: old.value };
        self.versions.entry(key).or_default().push(version);
        self.by_commit.entry(stamp.now).or_default().push(key);
    }

    /// The version that was current at a revision.
    pub(super) fn get(&self, key: &K, at: u64) -> Option<&V> {
        let versions = self.versions.get(key)?;
        let version = versions.get(versions.partition_point(|version| version.replaced <= at))?;
        (version.written <= at).then_some(&version.value)
    }

    /// The keys that have older versions, ascending.
    pub(super) fn keys_from(&self, from: K) -> impl Iterator<Item = K> {
        self.versions.range(from..).map(|(&key, _)| key)
    }

    /// Lets go of what no snapshot sees any more, among the versions that the given commits replaced.
    pub(super) fn prune(&mut self, commits: Range<u64>, live: &Live) {
        let Self { versions, by_commit } = self;
        let found: SmallVec<[u64; 8]> = by_commit.range(commits).map(|(&commit, _)| commit).collect();
        for commit in found {
            let Some(keys) = by_commit.get_mut(&commit) else { continue };
            keys.retain(|key| {
                let Some(list) = versions.get_mut(key) else { return false };
                let Ok(place) = list.binary_search_by_key(&commit, |version| version.replaced) else { return false };
                if list.get(place).is_some_and(|version| live.sees(version.written..version.replaced)) {
                    return true;
                }
                list.remove(place);
                if list.is_empty() {
                    versions.remove(key);
                }
                false
            });
            if keys.is_empty() {
                by_commit.remove(&commit);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.by_commit.is_empty()
    }
}
