//! What one likes more than others do: exact in any order, by the formula, and, read as a host reads it, better than
//! guessing on real baskets.

use crate::cases::shared;
use onefold::{
    Deeds, Event, EventKind, IdentifierRow, Ingest, LearnOptions, Line, PROFILES_MIN, Policy, Population, Resolver,
    SignalWeights, SmolStr, Tally, Timestamp, View, jeffreys, wilson,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

fn day(day: i64) -> Timestamp {
    Timestamp::from_milliseconds(day * 86_400_000 + 3_600_000).unwrap()
}

/// Facet, value, day, count.
type Deed = (u8, u8, i64, u64);

fn tally(deeds: &[Deed]) -> Tally {
    let mut tally = Tally::new();
    for &(facet, value, on, count) in deeds {
        tally.add(format!("f{facet}"), format!("v{value}"), day(on), count);
    }
    tally
}

fn deed() -> impl Strategy<Value = Deed> {
    (0..2_u8, 0..5_u8, 0..900_i64, 0..4_u64)
}

fn options(until: i64) -> LearnOptions {
    LearnOptions::until(day(until))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tally_is_the_sum_of_its_parts_in_any_order(
        mut parts in prop::collection::vec(prop::collection::vec(deed(), 0..6), 0..6),
    ) {
        let all: Vec<Deed> = parts.iter().flatten().copied().collect();
        parts.reverse();
        let mut sum = Tally::new();
        parts.iter_mut().for_each(|part| {
            part.reverse();
            sum.merge(&tally(part));
        });
        prop_assert_eq!(sum, tally(&all));
    }

    /// By the definition, deed by deed.
    #[test]
    fn an_affinity_is_what_its_formula_says(
        people in prop::collection::vec(prop::collection::vec(deed(), 1..12), 1..8),
        now in 0..1_000_i64,
    ) {
        let tallies: Vec<Tally> = people.iter().map(|deeds| tally(deeds)).collect();
        // So many alike that a value on two of them is named.
        let everybody = vec![tallies.clone(); 10].concat();
        let population = Population::learn(&everybody, &options(600)).unwrap();
        let mut turned = everybody;
        turned.reverse();
        let again = Population::learn(&turned, &options(600)).unwrap();
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&population).unwrap());
        for (deeds, tally) in people.iter().zip(&tallies) {
            for facet in 0..2 {
                let name = format!("f{facet}");
                let Some(prior) = population.facet(&name) else {
                    prop_assert!(population.affinities(&name, tally, day(now)).is_empty());
                    continue;
                };
                let named: f64 = prior.shares.iter().map(|(_, share)| share).sum();
                prop_assert!((named + prior.other - 1.0).abs() < 1e-12);
                let past = || deeds.iter().filter(|deed| deed.0 == facet && deed.2 <= now);
                let left = |deed: &Deed| {
                    let days = (now - deed.2) as f64;
                    deed.3 as f64 * prior.half_life_days.map_or(1.0, |life| 0.5_f64.powf(days / f64::from(life)))
                };
                let all: f64 = past().map(left).sum();
                for value in 0..6 {
                    let own: f64 = past().filter(|deed| deed.1 == value).map(left).sum();
                    let name_of_value = format!("v{value}");
                    let share = prior.share(&name_of_value);
                    let found = population.affinity(&name, &name_of_value, tally, day(now)).unwrap();
                    let score = (own + prior.strength * share) / (all + prior.strength);
                    prop_assert!((found.score - score).abs() < 1e-12 && (found.effective_n - all).abs() < 1e-9);
                    prop_assert!((found.lift - score / share).abs() < 1e-9 * found.lift);
                    prop_assert!(0.0 <= found.lower && found.lower <= found.upper && found.upper <= 1.0);
                    prop_assert_eq!(
                        found.count,
                        past().filter(|deed| deed.1 == value).map(|deed| deed.3).sum::<u64>()
                    );
                }
                let listed = population.affinities(&name, tally, day(now));
                prop_assert!(listed.windows(2).all(|pair| pair[0].score >= pair[1].score));
                prop_assert!(listed.iter().all(|affinity| affinity.count > 0));
            }
        }
    }
}

/// Whoever does what everybody does is worth little own evidence, whoever differs much.
#[test]
fn the_strength_of_the_prior_is_learned() {
    let people = |differ: bool| -> Vec<Tally> {
        (0..60_u8)
            .map(|person| {
                let liked = |turn: u8| if differ { person % 3 } else { (person + turn) % 3 };
                tally(&(0..12).map(|turn| (0, liked(turn), i64::from(turn), 1)).collect::<Vec<_>>())
            })
            .collect()
    };
    let strength = |people: &[Tally]| Population::learn(people, &options(20)).unwrap().facets[0].strength;
    let (alike, apart) = (strength(&people(false)), strength(&people(true)));
    assert!(alike > 1_000.0 && apart < 1.0, "{alike} {apart}");
}

#[test]
fn a_value_on_few_profiles_is_not_named() {
    let mut tallies: Vec<Tally> = (0..30).map(|_| tally(&[(0, 0, 5, 2)])).collect();
    tallies.push(tally(&[(0, 9, 5, 50)]));
    let population = Population::learn(&tallies, &LearnOptions::until(day(10))).unwrap();
    let text = serde_json::to_string(&population).unwrap();
    assert!(text.contains("v0") && !text.contains("v9"), "{text}");
    assert_eq!(serde_json::from_str::<Population>(&text).unwrap(), population);
    assert!(population.facet("f0").unwrap().share("v9") > 0.1);
    let few = |profiles_min| LearnOptions { profiles_min, ..LearnOptions::until(day(1)) };
    let refused = "input `profiles_min`: is below 20: what so few people chose could tell who they are";
    for learned in
        [Population::learn(&tallies, &few(19)), Population::learn_deeds(&[], &SignalWeights::default(), &few(0))]
    {
        assert!(learned.unwrap_err().to_string().ends_with(&refused["input `profiles_min`: ".len()..]));
    }
    // On exactly so many it is named, on one fewer not.
    for (people, named) in [(PROFILES_MIN, true), (PROFILES_MIN - 1, false)] {
        let tallies = vec![tally(&[(0, 9, 1, 3)]); people as usize];
        let population = Population::learn(&tallies, &LearnOptions::until(day(10))).unwrap();
        assert_eq!(serde_json::to_string(&population).unwrap().contains("v9"), named, "{people}");
    }
    for half_lives in [vec![], vec![None, Some(0)]] {
        assert!(Population::learn(&tallies, &LearnOptions { half_lives, ..LearnOptions::until(day(1)) }).is_err());
    }
}

/// The reference bounds: by statsmodels (Wilson) and scipy (Jeffreys).
#[test]
fn bounds_of_shares_are_those_of_the_reference() {
    let rows: Vec<(u64, u64, [f64; 4])> = vec![
        (0, 1, [0.0, 0.793_450_685_622_762_6, 0.000_385_580_980_755_901_1, 0.853_253_683_690_424_8]),
        (1, 1, [0.206_549_314_377_237_45, 1.0, 0.146_746_316_307_952_75, 0.999_614_419_019_244_1]),
    ];
    let near = |found: f64, expected: f64| (found - expected).abs() <= 1e-10;
    let check = |k: u64, n: u64, [lo, hi, low, high]: [f64; 4]| {
        let (score, prior) = (wilson(k, n, 0.95).unwrap(), jeffreys(k, n, 0.95).unwrap());
        assert!(near(score.lower, lo) && near(score.upper, hi), "Wilson {k} of {n}: {score:?}");
        assert!(near(prior.lower, low) && near(prior.upper, high), "Jeffreys {k} of {n}: {prior:?}");
    };
    rows.into_iter().for_each(|(k, n, bounds)| check(k, n, bounds));
    assert!(wilson(1, 0, 0.95).is_err() && jeffreys(2, 1, 0.95).is_err() && wilson(1, 2, 1.0).is_err());
    let Some(shared) = shared().map(|shared| shared.join("data/vectors/reference_vectors.json")) else { return };
    let Ok(text) = std::fs::read_to_string(shared) else { return };
    let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
    for row in vectors["wilson95"].as_array().unwrap() {
        let number = |value: &serde_json::Value| value.as_f64().unwrap();
        let bounds = [&row["lo"], &row["hi"], &row["jeffreys"][0], &row["jeffreys"][1]].map(number);
        check(row["k"].as_u64().unwrap(), row["n"].as_u64().unwrap(), bounds);
    }
}

/// A line of a basket, as the shop tells of it.
#[derive(serde::Deserialize)]
struct Bought {
    household_id: SmolStr,
    store_id: SmolStr,
    basket_id: SmolStr,
    product_id: SmolStr,
    quantity: SmolStr,
    sales_value: SmolStr,
    transaction_timestamp: String,
}

const FACETS: [&str; 3] = ["department", "product_category", "manufacturer_id"];

/// Three quarters of a year teach what the last quarter asks.
const CUT: &str = "2017-10-01T00:00:00Z";

/// The baskets of a year and what is asked of the last quarter of it.
#[derive(Default)]
struct Grocery {
    baskets: Vec<Event>,
    /// Until the cut: how often a household chose a value of a facet, and anything of the facet.
    counts: BTreeMap<(SmolStr, &'static str, SmolStr), u64>,
    totals: BTreeMap<(SmolStr, &'static str), u64>,
    /// After it, in order: household, facet, value.
    asked: Vec<(SmolStr, &'static str, SmolStr)>,
}

fn table<T: serde::de::DeserializeOwned>(folder: &Path, name: &str) -> Vec<T> {
    let file = std::fs::File::open(folder.join(name)).unwrap();
    csv::Reader::from_reader(flate2::read::GzDecoder::new(file)).deserialize().map(Result::unwrap).collect()
}

/// All households. Lines of nothing (416 of 75,000) and of products that are not told (222) are left out.
#[expect(clippy::print_stderr, reason = "a skipped check is said aloud")]
fn grocery() -> Option<Grocery> {
    let found = shared().map(|shared| shared.join("data/grocery")).filter(|folder| folder.is_dir());
    let Some(folder) = found else {
        eprintln!("skipped: data/grocery is not here");
        return None;
    };
    let products: Vec<BTreeMap<String, SmolStr>> = table(&folder, "products.csv.gz");
    let products: BTreeMap<SmolStr, _> = products.into_iter().map(|row| (row["product_id"].clone(), row)).collect();
    let mut baskets: BTreeMap<SmolStr, Event> = BTreeMap::new();
    let mut grocery = Grocery::default();
    let cut: Timestamp = CUT.parse().unwrap();
    for row in table::<Bought>(&folder, "transactions_sample.csv.gz") {
        let is_of_something = row.quantity.parse::<f64>().unwrap() > 0.0;
        let Some(product) = products.get(&row.product_id).filter(|_| is_of_something) else { continue };
        let at: Timestamp = format!("{}Z", row.transaction_timestamp.replace(' ', "T")).parse().unwrap();
        let mut line = Line::new(row.product_id).quantity(row.quantity).amount(row.sales_value, "USD");
        for facet in FACETS {
            let value = product[facet].clone();
            if value.is_empty() {
                continue;
            }
            line = line.facet(facet, value.clone());
            let household = row.household_id.clone();
            if at < cut {
                *grocery.totals.entry((household.clone(), facet)).or_default() += 1;
                *grocery.counts.entry((household, facet, value)).or_default() += 1;
            } else {
                grocery.asked.push((household, facet, value));
            }
        }
        let basket = baskets.entry(row.basket_id.clone()).or_insert_with(|| {
            Event::new("grocery", row.basket_id.clone(), at, EventKind::Purchase)
                .identifier("customer_id", row.household_id)
                .place(row.store_id)
                .order(row.basket_id)
        });
        basket.lines.push(line);
    }
    grocery.baskets = baskets.into_values().collect();
    Some(grocery)
}

/// What each household did until some time, as the resolver knows it.
fn deeds_by_household(view: &View, until: Timestamp) -> BTreeMap<SmolStr, Deeds> {
    let mut held = Vec::new();
    let mut visit = |row: IdentifierRow<'_>| held.push((SmolStr::from(row.value), row.profile.unwrap()));
    view.identifiers(&mut visit).unwrap();
    held.into_iter().map(|(household, id)| (household, view.deeds(id, until).unwrap().unwrap())).collect()
}

/// Purchases go in as events, everybody's deeds come out of the view and are learned from, and the affinities of a
/// household on the last day that is known say what it will buy.
#[test]
#[expect(clippy::print_stdout, reason = "the scores are to be read")]
fn baskets_are_foretold_better_than_by_popularity_or_by_habit_alone() {
    let Some(Grocery { baskets, counts, totals, asked }) = grocery() else { return };
    let until = Timestamp::from_microseconds(CUT.parse::<Timestamp>().unwrap().microseconds() - 1).unwrap();
    let resolver = Resolver::in_memory(Policy::retail()).unwrap();
    resolver.add_events(baskets, Ingest::default()).unwrap();
    let (households, deeds): (Vec<_>, Vec<_>) =
        deeds_by_household(&resolver.view().unwrap(), until).into_iter().unzip();
    let weights = SignalWeights::default();
    let population = Population::learn_deeds(&deeds, &weights, &LearnOptions::until(until)).unwrap();
    let tallies = households.iter().zip(deeds.iter().map(|deeds| deeds.tally(&weights)));
    let tallies: BTreeMap<&SmolStr, Tally> = tallies.collect();
    for facet in FACETS {
        let prior = population.facet(facet).unwrap();
        let values = prior.shares.len() as f64 + prior.other_values as f64 + 1.0;
        // By household: lines, and what they cost by affinity, popularity, and frequency.
        let mut costs: BTreeMap<&SmolStr, [f64; 4]> = BTreeMap::new();
        let mut known_costs: BTreeMap<(&SmolStr, &SmolStr), [f64; 3]> = BTreeMap::new();
        for question @ (household, _, value) in asked.iter().filter(|asked| asked.1 == facet) {
            let cost = known_costs.entry((household, value)).or_insert_with(|| {
                let own = population.affinity(facet, value, &tallies[household], until).unwrap();
                assert_eq!(own.count, counts.get(question).copied().unwrap_or_default(), "{facet}");
                let total = totals.get(&(household.clone(), facet)).map_or(0.0, |total| *total as f64);
                let habit = (own.count as f64 + 0.5) / (total + 0.5 * values);
                [own.score, prior.share(value), habit].map(|probability| -probability.ln())
            });
            let sums = costs.entry(household).or_default();
            sums[0] += 1.0;
            sums.iter_mut().skip(1).zip(cost).for_each(|(sum, cost)| *sum += *cost);
        }
        let sum = |place: usize| costs.values().map(|costs| costs[place]).sum::<f64>();
        let [affinity, popularity, habit] = [1, 2, 3].map(|place| sum(place) / sum(0));
        println!(
            "{facet}: {} lines of {} households, strength {:.1}, half-life {:?}; nats a line: affinity {affinity:.4}, \
             popularity {popularity:.4}, frequency {habit:.4}",
            sum(0),
            costs.len(),
            prior.strength,
            prior.half_life_days
        );
        assert!(affinity < popularity && affinity < habit, "{facet}");
        let households: Vec<[f64; 4]> = costs.into_values().collect();
        for rival in [2, 3] {
            let (low, high) = bootstrap(&households, rival);
            println!("  against {}: {low:.4} to {high:.4}", ["popularity", "frequency"][rival - 2]);
            assert!(facet != "department" || low > 0.0, "{facet}: {low} to {high}");
        }
    }
}

/// The middle 95 % of what a rival costs more a line, over households drawn anew.
fn bootstrap(households: &[[f64; 4]], rival: usize) -> (f64, f64) {
    let mut state = 7_u64;
    let mut draw = || {
        // Numerical Recipes' generator: good enough to draw households.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        &households[(state >> 33) as usize % households.len()]
    };
    let mut means: Vec<f64> = (0..1_000)
        .map(|_| {
            let (more, lines) = (0..households.len()).fold((0.0, 0.0), |(more, lines), _| {
                let costs = draw();
                (more + costs[rival] - costs[1], lines + costs[0])
            });
            more / lines
        })
        .collect();
    means.sort_by(f64::total_cmp);
    (means[25], means[974])
}

/// Never which.
#[test]
fn debug_shows_no_value() {
    let tallies = [tally(&[(0, 3, 1, 2)])];
    let population = Population::learn(&tallies, &options(5)).unwrap();
    let affinity = population.affinities("f0", &tallies[0], day(3));
    let shown = format!("{tallies:?} {population:?} {:?} {affinity:?}", population.facets);
    assert!(!shown.contains("v3") && shown.contains("Tally(1 facets, 1 values)"), "{shown}");
    assert_eq!(SmolStr::from("v3"), affinity[0].value);
}
