//! All records of the inputs at once, with what is known of who is who.

use crate::failure::{Failure, Outcome};
use crate::input::Input;
use indicatif::ProgressBar;
use onefold::{Assertion, Operation, Record, RecordKey, ScoredPair, SmolStr};
use std::collections::{HashMap, HashSet};
use std::io::Write;

/// How many lines that cannot be read are told one by one.
const TOLD_MAX: u64 = 10;

/// What stands in the inputs.
#[derive(Default)]
pub(crate) struct People {
    /// The records that were not removed, with all their versions.
    pub(crate) records: Vec<Record>,
    /// The words of stewards that stand at the end.
    pub(crate) assertions: Vec<Assertion>,
    /// The true person of records, where the input tells it.
    pub(crate) truth: HashMap<RecordKey, SmolStr>,
    /// Lines that could not be read.
    pub(crate) unreadable: u64,
    sent: Vec<Option<Record>>,
    places: HashMap<RecordKey, Vec<usize>>,
}

impl People {
    /// Reads everything. Lines that cannot be read are told on standard error, and counted.
    pub(crate) fn read(inputs: Vec<Input>) -> Outcome<Self> {
        let mut people = Self::default();
        // Draws nothing where standard error is no terminal.
        let bar = ProgressBar::new(inputs.iter().map(|input| input.bytes).sum());
        for input in inputs {
            for entry in input.entries {
                bar.inc(entry.bytes);
                people.truth.extend(entry.truth);
                match entry.operation {
                    Ok(operation) => people.take(operation),
                    Err(error) => {
                        people.unreadable += 1;
                        if people.unreadable <= TOLD_MAX {
                            let path = input.path.display();
                            let _ = writeln!(std::io::stderr(), "{path}:{}: {error}", entry.line);
                        }
                    }
                }
            }
        }
        bar.finish_and_clear();
        people.places = HashMap::new();
        people.records = std::mem::take(&mut people.sent).into_iter().flatten().collect();
        if people.records.len() < 2 {
            return Err(Failure::usage("--input", "holds fewer than two records"));
        }
        Ok(people)
    }

    /// Says of a pair whether it is one person; nothing where the truth of either is not told.
    pub(crate) fn is_one(&self, pair: &ScoredPair) -> Option<bool> {
        let person = |place: usize| self.truth.get(&self.records.get(place)?.key);
        Some(person(pair.a)? == person(pair.b)?)
    }

    /// All pairs of one person, as far as the truth is told.
    pub(crate) fn pairs_true(&self) -> u64 {
        let keys: HashSet<&RecordKey> = self.records.iter().map(|record| &record.key).collect();
        let mut sizes: HashMap<&SmolStr, u64> = HashMap::new();
        for person in keys.into_iter().filter_map(|key| self.truth.get(key)) {
            *sizes.entry(person).or_default() += 1;
        }
        sizes.values().map(|size| size * (size - 1) / 2).sum()
    }

    fn take(&mut self, operation: Operation) {
        match operation {
            Operation::Add(record) => {
                self.places.entry(record.key.clone()).or_default().push(self.sent.len());
                self.sent.push(Some(record));
            }
            Operation::Remove(key) => {
                for place in self.places.remove(&key).unwrap_or_default() {
                    self.sent.get_mut(place).into_iter().for_each(|record| *record = None);
                }
            }
            // Who is like whom is asked of records alone.
            Operation::Event(_) | Operation::RemoveEvent(_) | Operation::RemoveConsent(_) => {}
            // Who a person is only a resolver can say.
            Operation::Erase { .. } => {}
            Operation::Assert(word) => {
                self.assertions.retain(|known| (&known.a, &known.b) != (&word.a, &word.b));
                self.assertions.push(word);
            }
            Operation::Lift { a, b } => {
                self.assertions.retain(|known| ![(&known.a, &known.b), (&known.b, &known.a)].contains(&(&a, &b)));
            }
        }
    }
}
