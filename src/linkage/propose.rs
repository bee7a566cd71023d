//! Which blocking rules to use, and how many pairs each finds.

use super::block::{self, Blocked, Rule};
use super::linker::{Linker, PairScorer, built_in_model};
use super::table::{self, Table};
use super::train::{self, Evidence};
use crate::error::Result;
use crate::parallel::in_parallel;
use crate::policy::{BlockPolicy, Compare, LinkagePolicy, ModelSource, Policy, Role, Rules};
use crate::random::Random;
use crate::record::Record;
use ahash::AHashMap;

/// What a blocking rule finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockCount {
    /// The rule, its keys joined by ` & `.
    pub rule: String,
    /// The pairs that it finds and no earlier rule does.
    pub pairs: u64,
    /// The records of its largest block, generic ones included.
    pub largest: u64,
    /// Blocks over the policy's `max_block`, which find no pairs.
    pub generic: u64,
}

/// Rows that a proposal is made from at most; of more, a sample.
const SAMPLE_MAX: usize = 20_000;

/// The most rules of a proposal: each costs every record a posting.
const RULES_MAX: usize = 12;

/// The most pairs of a proposal, per record.
const PAIRS_PER_RECORD: f64 = 60.0;

/// Counts the pairs that the policy's blocking rules find, before anything runs. O(n log n + pairs) per rule.
///
/// # Errors
/// `Config` where the policy is wrong.
pub fn count_blocks(policy: &Policy, records: &[Record]) -> Result<Vec<BlockCount>> {
    let mut policy = policy.clone();
    policy.linkage.get_or_insert_with(LinkagePolicy::default);
    let rules = Rules::new(policy)?;
    let Some(linkage) = &rules.policy.linkage else { return Ok(Vec::new()) };
    let built_in = by_kind(&rules);
    let block = match &linkage.model {
        _ if !linkage.block.is_empty() => &linkage.block,
        Some(ModelSource::Model(model)) if !model.block.is_empty() => &model.block,
        _ => &built_in,
    };
    let compiled = block::compile(&rules, block)?;
    let evidence = Evidence::of(&rules, records, table::asked(&[], &compiled));
    Ok(count(&evidence.table, &compiled, linkage.max_block))
}

/// Counts the pairs that rules find.
pub(crate) fn count(table: &Table, compiled: &[Rule], max_block: u64) -> Vec<BlockCount> {
    let blocked = in_parallel(compiled, 1, |rule| Blocked::of(rule, table, max_block));
    let places: Vec<usize> = (0..blocked.len()).collect();
    let pairs = in_parallel(&places, 1, |&place| {
        let mut pairs = 0;
        let blocks = blocked.get(place).map_or(0, Blocked::len);
        block::pairs(table, &blocked, place, 0..blocks, &mut |_, _| pairs += 1);
        pairs
    });
    let count = |((rule, blocked), pairs): ((&Rule, &Blocked), u64)| BlockCount {
        rule: rule.text.clone(),
        pairs,
        largest: blocked.largest,
        generic: blocked.generic,
    };
    compiled.iter().zip(&blocked).zip(pairs).map(count).collect()
}

/// Proposes blocking rules for some records: few, cheap, and together missing few of the pairs that look like matches.
///
/// # Errors
/// `Config` where the policy is wrong.
pub fn propose_blocks(policy: &Policy, records: &[Record]) -> Result<Vec<BlockPolicy>> {
    let mut policy = policy.clone();
    policy.linkage.get_or_insert_with(LinkagePolicy::default);
    let rules = Rules::new(policy)?;
    let comparisons = train::compile(&rules, &train::beliefs_of(&rules))?;
    let evidence = Evidence::of(&rules, records, [asked(&rules), table::asked(&comparisons, &[])].concat());
    for_rows(&rules, &evidence.table)
}

/// The columns that a proposal may block by.
pub(crate) fn asked(rules: &Rules) -> Vec<u16> {
    columns(rules).iter().filter_map(|(name, _)| rules.column(name)).collect()
}

/// Key expressions of a column, most telling first.
fn atoms(compare: Compare, name: &str) -> Vec<String> {
    match compare {
        Compare::GivenName => vec![name.to_owned(), format!("{name}[:3]"), format!("{name}[:1]")],
        Compare::Surname => vec![name.to_owned(), format!("soundex({name})"), format!("{name}[:3]")],
        Compare::FullName => vec![name.to_owned(), format!("words({name})")],
        Compare::Date => vec![name.to_owned(), format!("year({name})")],
        Compare::Address => vec![name.to_owned(), format!("{name}[:8]")],
        Compare::Postcode => vec![name.to_owned(), format!("{name}[:3]")],
        Compare::Phone => vec![name.to_owned(), format!("{name}[-7:]")],
        Compare::Email => vec![name.to_owned(), format!("{name}[:6]")],
        Compare::Text => vec![name.to_owned(), format!("{name}[:5]")],
        Compare::Number | Compare::Exact => vec![name.to_owned()],
    }
}

/// The columns that keys may be made of.
fn columns(rules: &Rules) -> Vec<(String, Compare)> {
    let attributes = rules.attributes.iter().map(|attribute| (attribute.name.to_string(), attribute.compare));
    let kinds = rules.kinds.iter().filter(|kind| kind.role.makes_known());
    let of_kind = |kind: &crate::policy::KindRule| {
        let column = rules.column(&kind.name).unwrap_or_default();
        (kind.name.to_string(), rules.column_compare(column))
    };
    attributes.chain(kinds.map(of_kind)).collect()
}

fn rule(keys: &[&str]) -> BlockPolicy {
    BlockPolicy { keys: keys.iter().map(|key| (*key).into()).collect() }
}

/// The rules of a policy that names none, for no data: by what kinds of attribute say of people.
pub(crate) fn by_kind(rules: &Rules) -> Vec<BlockPolicy> {
    let columns = columns(rules);
    let named = |wanted: Compare| columns.iter().filter(move |(_, compare)| *compare == wanted).map(|(name, _)| name);
    let first = |wanted: Compare| named(wanted).next().map(String::as_str);
    let mut found: Vec<BlockPolicy> = Vec::new();
    for alone in [Compare::Email, Compare::Phone, Compare::Number, Compare::FullName, Compare::Address] {
        found.extend(named(alone).map(|name| rule(&[name])));
    }
    for kind in rules.kinds.iter().filter(|kind| kind.role == Role::Person) {
        found.push(rule(&[&kind.name]));
    }
    let (given, family, date) = (first(Compare::GivenName), first(Compare::Surname), first(Compare::Date));
    let (full, postcode) = (first(Compare::FullName), first(Compare::Postcode));
    let year = date.map(|date| format!("year({date})"));
    let words = full.map(|full| format!("words({full})"));
    let sound = family.map(|family| format!("soundex({family})"));
    let initial = given.map(|given| format!("{given}[:1]"));
    let sounds = full.map(|full| format!("sounds({full})"));
    let house = first(Compare::Address).map(|address| format!("numbers({address})"));
    found.extend(date.map(|date| rule(&[date])));
    for pair in [
        (given, family),
        (family, date),
        (given, date),
        (sound.as_deref(), year.as_deref()),
        (words.as_deref(), date),
        (words.as_deref(), year.as_deref()),
        (words.as_deref(), postcode),
        (sound.as_deref(), postcode),
        (given, postcode),
        (sound.as_deref(), initial.as_deref()),
        (sounds.as_deref(), house.as_deref()),
        (sound.as_deref(), house.as_deref()),
    ] {
        if let (Some(one), Some(other)) = pair {
            found.push(rule(&[one, other]));
        }
    }
    found.extend(words.as_deref().map(|words| rule(&[words])));
    found.extend(named(Compare::Phone).map(|name| rule(&[&format!("{name}[-7:]")])));
    found.extend(named(Compare::Address).map(|name| rule(&[&format!("{name}[:10]")])));
    if found.is_empty() {
        found.extend(columns.iter().map(|(name, _)| rule(&[name])));
    }
    found
}

/// Proposes rules for some rows. The table holds the columns that are asked for, and those that are compared.
///
/// All single keys and pairs of keys of two columns are tried. Pairs of rows that the built-in model and rare agreements
/// find likely are to be found twice over if that is cheap; rules are taken one by one by what they add for their pairs.
pub(crate) fn for_rows(rules: &Rules, table: &Table) -> Result<Vec<BlockPolicy>> {
    let sampled: Table;
    let (table, scale) = if table.len() > SAMPLE_MAX {
        let mut random = Random(7);
        let mut chosen: Vec<u32> = (0..SAMPLE_MAX).map(|_| random.below(table.len() as u64) as u32).collect();
        chosen.sort_unstable();
        chosen.dedup();
        sampled = table.sample(&chosen);
        (&sampled, table.len() as f64 / sampled.len().max(1) as f64)
    } else {
        (table, 1.0)
    };
    let mut single: Vec<(usize, String)> = Vec::new();
    for (place, (name, compare)) in columns(rules).iter().enumerate() {
        single.extend(atoms(*compare, name).into_iter().map(|atom| (place, atom)));
    }
    let mut candidates: Vec<BlockPolicy> = single.iter().map(|(_, atom)| rule(&[atom])).collect();
    for (place, (column, one)) in single.iter().enumerate() {
        let others = single.iter().skip(place + 1).filter(|(other, _)| other != column);
        candidates.extend(others.map(|(_, other)| rule(&[one, other])));
    }
    // A sample has smaller blocks than the whole, and fewer pairs.
    let budget = table.len() as f64 * PAIRS_PER_RECORD / scale;
    let max_block = rules.policy.linkage.as_ref().map_or(200, |linkage| linkage.max_block);
    let max_in_sample = ((max_block as f64 / scale) as u64).max(2);
    let compiled = block::compile(rules, &candidates)?;
    let found = in_parallel(&compiled, 1, |rule| {
        let blocked = Blocked::of(rule, table, max_in_sample);
        let pairs = blocked.pairs() as f64;
        (pairs > 0.0 && pairs <= budget / 3.0).then_some((blocked, pairs))
    });
    let mut usable: Vec<(BlockPolicy, Blocked, f64)> = Vec::new();
    for (candidate, found) in candidates.into_iter().zip(found) {
        usable.extend(found.map(|(blocked, pairs)| (candidate, blocked, pairs)));
    }
    usable.sort_by(|a, b| a.2.total_cmp(&b.2).then_with(|| a.0.keys.cmp(&b.0.keys)));
    let likely = likely_pairs(rules, table, &usable, budget)?;
    Ok(choose(usable, &likely, budget, rules))
}

/// Pairs that look like matches, each with the rules that find it.
fn likely_pairs(
    rules: &Rules,
    table: &Table,
    usable: &[(BlockPolicy, Blocked, f64)],
    budget: f64,
) -> Result<Vec<Vec<u16>>> {
    let linkage = LinkagePolicy { review_probability: 0.5, ..rules.policy.linkage.clone().unwrap_or_default() };
    let model = crate::policy::Model { prior: 1.0 / table.len().max(2) as f64, ..built_in_model(rules) };
    let linker = Linker::with_model(rules, &linkage, &model)?;
    let rarities = linker.rarities(table);
    let mut within = Vec::new();
    let mut sum = 0.0;
    for (place, (_, blocked, pairs)) in (0_u16..).zip(usable) {
        sum += pairs;
        if sum > budget * 6.0 {
            break;
        }
        within.push((place, blocked));
    }
    let found = in_parallel(&within, 1, |(place, blocked)| {
        let mut scorer = PairScorer::new(&linker, table, &rarities);
        let mut found = Vec::new();
        block::pairs(table, std::slice::from_ref(blocked), 0, 0..blocked.len(), &mut |a, b| {
            if scorer.weigh(a, b).is_some() {
                found.push((a, b, *place));
            }
        });
        found
    });
    let mut likely: AHashMap<(u32, u32), Vec<u16>> = AHashMap::new();
    found.into_iter().flatten().for_each(|(a, b, place)| likely.entry((a, b)).or_default().push(place));
    let mut lists: Vec<((u32, u32), Vec<u16>)> = likely.into_iter().collect();
    lists.sort_unstable();
    Ok(lists.into_iter().map(|(_, list)| list).collect())
}

/// Takes rules one by one by what they add for their pairs.
fn choose(
    usable: Vec<(BlockPolicy, Blocked, f64)>,
    likely: &[Vec<u16>],
    budget: f64,
    rules: &Rules,
) -> Vec<BlockPolicy> {
    let mut covered = vec![0_u8; likely.len()];
    let mut taken: Vec<usize> = Vec::new();
    let mut spent = 0.0;
    while taken.len() < RULES_MAX {
        let mut gains = vec![0.0_f64; usable.len()];
        for (list, &times) in likely.iter().zip(&covered) {
            let gain = match times {
                0 => 1.0,
                1 => 0.3,
                2 => 0.1,
                _ => continue,
            };
            for &place in list {
                gains.get_mut(usize::from(place)).into_iter().for_each(|sum| *sum += gain);
            }
        }
        let price = |place: usize| usable.get(place).map_or(f64::MAX, |(_, _, pairs)| *pairs);
        let best = (0..usable.len())
            .filter(|place| !taken.contains(place) && spent + price(*place) <= budget)
            .map(|place| {
                let gain = gains.get(place).copied().unwrap_or(0.0);
                (gain / (price(place) + likely.len() as f64), gain, place)
            })
            .filter(|(_, gain, _)| *gain > likely.len() as f64 * 5e-4)
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.2.cmp(&a.2)));
        let Some((_, _, place)) = best else { break };
        spent += price(place);
        taken.push(place);
        for (list, times) in likely.iter().zip(&mut covered) {
            if list.contains(&(place as u16)) {
                *times = times.saturating_add(1);
            }
        }
    }
    let mut chosen: Vec<(f64, BlockPolicy)> = (0..)
        .zip(usable)
        .filter(|(place, _)| taken.contains(place))
        .map(|(_, (rule, _, pairs))| (pairs, rule))
        .collect();
    // Cheap rules first: a pair belongs to the first that finds it.
    chosen.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.keys.cmp(&b.1.keys)));
    if chosen.is_empty() { by_kind(rules) } else { chosen.into_iter().map(|(_, rule)| rule).collect() }
}
