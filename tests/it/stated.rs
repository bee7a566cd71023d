//! What was said: recalled where it holds, the narrower before the wider, and nothing lost in any order.

use onefold::{
    Event, EventKind, LeftOutReason, NotedBy, Polarity, Preference, PreferenceQuery, Preferences, RecordKey,
    Sensitivity, Timestamp, recall,
};
use proptest::prelude::*;
use std::sync::Arc;

fn day(day: i64) -> Timestamp {
    Timestamp::from_milliseconds(day * 86_400_000).unwrap()
}

fn like(value: &str) -> Preference {
    Preference::new("topping", value, Polarity::Like, NotedBy::Customer)
}

fn never(value: &str) -> Preference {
    Preference { polarity: Polarity::Never, ..like(value) }
}

fn dislike(value: &str) -> Preference {
    Preference { polarity: Polarity::Dislike, ..like(value) }
}

fn said(key: &str, on: i64, preference: Preference) -> Arc<Event> {
    Arc::new(Event::new("desk", key, day(on), EventKind::Preference).preference(preference))
}

fn key(key: &str) -> RecordKey {
    RecordKey::new("desk", key)
}

/// Checks what stands, as `key`, or `(key)` where it is narrower than asked, and what is left out.
fn check(
    query: &PreferenceQuery,
    said: &[Arc<Event>],
    standing: &[&str],
    left_out: &[(&str, LeftOutReason)],
) -> Preferences {
    let found = recall(said, query, day(100));
    let mut turned = said.to_vec();
    turned.reverse();
    turned.extend(said.iter().cloned());
    assert_eq!(recall(&turned, query, day(100)), found, "another order, and twice");
    let shown = |stated: &onefold::Stated| {
        if stated.narrower { format!("({})", stated.because.key) } else { stated.because.key.to_string() }
    };
    assert_eq!(found.stated.iter().map(shown).collect::<Vec<_>>(), standing, "{query:?}");
    let out: Vec<_> = found.left_out.iter().map(|out| (out.key.key.as_str(), out.reason)).collect();
    assert_eq!(out, left_out, "{query:?}");
    found
}

fn anywhere() -> PreferenceQuery {
    PreferenceQuery::new()
}

#[test]
fn flakes_noted_in_rome_are_on_the_tray_in_vienna() {
    let flakes = like("red pepper flakes").context("room service / pizza").text("please bring some");
    let noted = Event::new("rome", "p-1", day(3), EventKind::Contact).place("rome").channel("phone");
    let events = [Arc::new(noted.preference(Preference { noted_by: NotedBy::Staff, ..flakes }))];
    let vienna = anywhere().property("vienna");
    for context in
        ["room service / pizza", "ROOM SERVICE/Pizza", "room service / pizza / margherita", " /room service//pizza/"]
    {
        let found = recall(&events, &vienna.clone().context(context), day(100));
        let flakes = found.like("Topping", " Red Pepper FLAKES").unwrap();
        assert_eq!((flakes.place.as_deref(), flakes.noted_by, flakes.narrower), (Some("rome"), NotedBy::Staff, false));
        assert_eq!(
            (flakes.text.as_deref(), flakes.said_at, flakes.recorded_at),
            (Some("please bring some"), day(3), day(3))
        );
        assert!(found.never("topping", "red pepper flakes").is_none() && found.left_out.is_empty());
    }
    assert!(recall(&events, &vienna.clone().context("room service"), day(100)).stated[0].narrower);
    assert!(recall(&events, &vienna, day(100)).stated[0].narrower, "nothing is said of when");
    let elsewhere = recall(&events, &vienna.context("spa"), day(100));
    assert!(elsewhere.stated.is_empty());
    assert_eq!(elsewhere.left_out[0].reason, LeftOutReason::Context);
}

#[test]
fn every_statement_that_is_left_out_has_its_reason() {
    use LeftOutReason as Out;
    let all = [
        said("attribute", 1, Preference { attribute: "pillow".into(), ..like("soft") }),
        said("blank", 1, like(" ")),
        said("brand", 1, like("olives").brand("grand")),
        said("channel", 1, like("olives").channel("app")),
        said("context", 1, like("olives").context("spa")),
        said("delicate", 1, like("olives").sensitivity(Sensitivity::Special)),
        said("expired", 1, like("olives").expires(day(100))),
        said("later", 101, like("olives")),
        said("property", 1, like("olives").property("Rome")),
        said("purpose", 1, like("olives").purpose("marketing")),
        Arc::new(Event::new("desk", "silent", day(1), EventKind::Preference)),
        said("stands", 1, like("olives").purpose("Service").sensitivity(Sensitivity::Personal).expires(day(101))),
    ];
    let query = anywhere().context("bar").brand("budget").property("vienna").channel("desk").attribute("Topping");
    let query = query.purpose("service").sensitivity_max(Sensitivity::Personal);
    let out = [
        ("attribute", Out::Attribute),
        ("blank", Out::Blank),
        ("brand", Out::Elsewhere),
        ("channel", Out::Elsewhere),
        ("context", Out::Context),
        ("delicate", Out::Sensitivity),
        ("expired", Out::Expired),
        ("later", Out::NotYet),
        ("property", Out::Elsewhere),
        ("purpose", Out::Purpose),
    ];
    check(&query, &all, &["stands"], &out);
    // Who names no purpose sees what may be used for anything.
    let marketing = [said("m", 1, like("olives").purpose("marketing"))];
    check(&anywhere(), &marketing, &[], &[("m", Out::Purpose)]);
}

#[test]
fn the_narrower_precedes_then_the_newer() {
    let asked = || anywhere().property("rome").brand("grand").channel("app").context("dinner / pizza");
    let row = |first: Preference, second: Preference, standing: &str| {
        let found = check(&asked(), &[said("1", 1, first), said("2", 2, second)], &[standing], &[]);
        assert_eq!(found.stated[0].conflicts.len(), 1);
    };
    // The same place: the newer one.
    row(like("x"), dislike("x"), "2");
    row(like("x").property("rome"), dislike("X").property("ROME"), "2");
    // More parts, then property before brand before channel, however old.
    row(like("x").property("rome"), dislike("x"), "1");
    row(like("x").channel("app").brand("grand"), dislike("x").property("rome"), "1");
    row(like("x").property("rome"), dislike("x").brand("grand"), "1");
    row(like("x").brand("grand"), dislike("x").channel("app"), "1");
    // Then the deeper context.
    row(like("x").context("dinner / pizza"), dislike("x").context("dinner"), "1");
    row(like("x").context("dinner"), dislike("x"), "1");
    row(like("x").context("dinner / pizza"), dislike("x").channel("app"), "2");
    // At one instant the customer, then staff; then the larger key.
    let by = |noted_by, preference: Preference| Preference { noted_by, ..preference };
    let two = |a, b| [said("1", 1, a), said("2", 1, b)];
    check(&asked(), &two(like("x"), by(NotedBy::Staff, dislike("x"))), &["1"], &[]);
    check(&asked(), &two(by(NotedBy::System, like("x")), by(NotedBy::Staff, dislike("x"))), &["2"], &[]);
    check(&asked(), &two(like("x"), dislike("x")), &["2"], &[]);
}

#[test]
fn never_is_lifted_by_a_newer_like_that_lies_within_it_alone() {
    let asked = || anywhere().property("rome").brand("grand").channel("app").context("dinner / pizza");
    let row = |never: Preference, other: Preference, standing: &str| {
        let found = check(&asked(), &[said("1", 5, never), said("2", 9, other)], &[standing], &[]);
        let stated = &found.stated[0];
        assert_eq!(found.never("topping", "nuts").is_some(), stated.polarity == Polarity::Never);
        let conflict = stated.conflicts.iter().map(|conflict| &conflict.because);
        assert_eq!(stated.agrees.iter().chain(conflict).count(), 1, "the other one is shown");
    };
    row(never("nuts"), like("nuts"), "2");
    row(never("nuts"), like("nuts").property("rome"), "2");
    row(never("nuts").context("dinner"), like("nuts").context("dinner / pizza"), "2");
    // A wider one, however new.
    row(never("nuts").property("rome"), like("nuts"), "1");
    row(never("nuts").context("dinner / pizza"), like("nuts").context("dinner"), "1");
    row(never("nuts").channel("app"), like("nuts").property("rome"), "1");
    row(never("nuts").context("dinner"), like("nuts").property("rome"), "1");
    // To dislike is no contrary.
    row(never("nuts"), dislike("nuts"), "1");
    // An older one, and one of the same instant.
    check(&asked(), &[said("1", 5, never("nuts")), said("2", 4, like("nuts").property("rome"))], &["1"], &[]);
    check(&asked(), &[said("1", 5, never("nuts")), said("2", 5, like("nuts").property("rome"))], &["1"], &[]);
    // Said again, it stands again.
    let again = [said("1", 1, never("nuts")), said("2", 2, like("nuts")), said("3", 3, never("nuts"))];
    let found = check(&asked(), &again, &["3"], &[]);
    assert_eq!((&found.stated[0].agrees, found.stated[0].conflicts.len()), (&vec![key("1")], 1));
}

#[test]
fn who_does_not_say_where_sees_each_with_its_place() {
    let all = [
        said("rome", 1, like("nuts").property("rome")),
        said("vienna", 2, never("nuts").property("vienna")),
        said("wide", 3, dislike("nuts")),
    ];
    let found = check(&anywhere(), &all, &["wide", "(vienna)", "(rome)"], &[]);
    assert_eq!(found.never("topping", "nuts").unwrap().scope.property.as_deref(), Some("vienna"));
    assert_eq!(found.stated[0].conflicts.len(), 1, "the like in Rome");
    assert_eq!(found.stated[1].agrees, [key("wide")], "and not what is said in Rome");
    check(&anywhere().property("rome"), &all, &["rome"], &[("vienna", LeftOutReason::Elsewhere)]);
    check(
        &anywhere().property("paris"),
        &all,
        &["wide"],
        &[("rome", LeftOutReason::Elsewhere), ("vienna", LeftOutReason::Elsewhere)],
    );
    // What is said of everywhere and settles it there too is answered once.
    let settled = [said("rome", 1, like("nuts").property("rome")), said("wide", 2, never("nuts"))];
    let found = check(&anywhere(), &settled, &["wide"], &[]);
    assert_eq!(found.stated[0].conflicts[0].scope.property.as_deref(), Some("rome"));
    // A context below the asked one comes after.
    let below =
        [said("below", 2, like("nuts").context("dinner / pizza")), said("here", 1, dislike("nuts").context("dinner"))];
    check(&anywhere().context("dinner"), &below, &["here", "(below)"], &[]);
}

#[test]
fn a_later_version_is_what_was_said() {
    let both = [said("1", 1, like("nuts")), said("1", 2, dislike("nuts"))];
    let found = check(&anywhere(), &both, &["1"], &[]);
    assert!(found.dislike("topping", "nuts").is_some() && found.stated[0].conflicts.is_empty());
}

#[test]
fn debug_shows_no_wish() {
    let events = [said("1", 1, never("nuts").property("rome")), said("2", 1, like("nuts").text("oh nuts"))];
    let query = anywhere().context("dinner").attribute("topping");
    let found = recall(&events, &query, day(100));
    let shown = format!("{query:?} {found:?} {:?}", found.stated[0].conflicts);
    assert!(!["nuts", "topping", "rome", "dinner"].iter().any(|word| shown.contains(word)), "{shown}");
    assert!(serde_json::to_string(&found).unwrap().contains("nuts"));
}

const WORDS: [&str; 2] = ["a", "b"];

/// A part of a scope: none, or one of two words.
fn part() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![2 => Just(None), 1 => (0..2_usize).prop_map(Some)]
}

fn context() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..2_usize, 0..3)
}

type Row = (usize, usize, usize, i64, [Option<usize>; 3], Vec<usize>);

fn row() -> impl Strategy<Value = Row> {
    (0..2_usize, 0..3_usize, 0..3_usize, 0..6_i64, [part(), part(), part()], context())
}

fn path(parts: &[usize]) -> String {
    parts.iter().map(|part| WORDS[*part]).collect::<Vec<_>>().join(" / ")
}

fn event(place: usize, (value, polarity, by, on, scope, context): &Row) -> Arc<Event> {
    let polarity = [Polarity::Like, Polarity::Dislike, Polarity::Never][*polarity];
    let noted_by = [NotedBy::Customer, NotedBy::Staff, NotedBy::System][*by];
    let mut preference = Preference::new("x", WORDS[*value], polarity, noted_by).context(path(context));
    let word = |part: Option<usize>| part.map(|part| WORDS[part].into());
    preference.scope = onefold::Scope { brand: word(scope[1]), property: word(scope[0]), channel: word(scope[2]) };
    said(&place.to_string(), *on, preference)
}

/// By the definition, statement by statement: the place in the list of what stands of a value where it is asked for.
fn naive(rows: &[Row], value: usize, asked: &[Option<usize>; 3], asked_context: &[usize]) -> Option<usize> {
    let holds = |row: &Row| {
        row.0 == value
            && row.4.iter().zip(asked).all(|(own, asked)| own.is_none() || own == asked)
            && asked_context.starts_with(&row.5)
    };
    let within = |inner: &Row, outer: &Row| {
        outer.4.iter().zip(&inner.4).all(|(outer, inner)| outer.is_none() || outer == inner)
            && inner.5.starts_with(&outer.5)
    };
    let rank = |place: &usize| {
        let row = &rows[*place];
        let set = row.4.map(|part| part.is_some());
        (set.iter().filter(|set| **set).count(), set, row.5.len(), row.3, 2 - row.2, place.to_string())
    };
    let there: Vec<usize> = (0..rows.len()).filter(|place| holds(&rows[*place])).collect();
    let lifted =
        |never: &Row| there.iter().any(|one| rows[*one].1 == 0 && rows[*one].3 > never.3 && within(&rows[*one], never));
    let hard = there.iter().filter(|one| rows[**one].1 == 2 && !lifted(&rows[**one])).max_by_key(|one| rank(one));
    let soft = there.iter().filter(|one| rows[**one].1 != 2).max_by_key(|one| rank(one));
    hard.or(soft).copied()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Asked for at one place, all said: what stands is what the definition says.
    #[test]
    fn what_stands_is_what_the_definition_says(
        rows in prop::collection::vec(row(), 0..9),
        asked in [0..2_usize, 0..2_usize, 0..2_usize],
        depth in prop::collection::vec(0..2_usize, 2),
    ) {
        let events: Vec<_> = rows.iter().enumerate().map(|(place, row)| event(place, row)).collect();
        let query = anywhere().property(WORDS[asked[0]]).brand(WORDS[asked[1]]).channel(WORDS[asked[2]]);
        let found = recall(&events, &query.context(path(&depth)), day(100));
        for (value, word) in WORDS.iter().enumerate() {
            let expected = naive(&rows, value, &asked.map(Some), &depth).map(|place| place.to_string());
            let standing = found.stated.iter().filter(|stated| stated.value == *word).collect::<Vec<_>>();
            prop_assert!(standing.len() <= 1 && standing.iter().all(|stated| !stated.narrower));
            prop_assert_eq!(standing.first().map(|stated| stated.because.key.to_string()), expected);
        }
    }

    /// Whatever is left open: nothing is lost, no order shows, and what stands is what stands there.
    #[test]
    fn every_statement_is_somewhere_and_no_order_shows(
        rows in prop::collection::vec(row(), 0..9),
        asked in [part(), part(), part()],
        depth in context(),
    ) {
        let events: Vec<_> = rows.iter().enumerate().map(|(place, row)| event(place, row)).collect();
        let word = |part: Option<usize>| part.map(|part| WORDS[part].into());
        let scope = onefold::Scope { brand: word(asked[1]), property: word(asked[0]), channel: word(asked[2]) };
        let query = PreferenceQuery { scope, ..anywhere().context(path(&depth)) };
        let found = recall(&events, &query, day(100));
        let mut twice = events.clone();
        twice.extend(events.iter().rev().cloned());
        twice.rotate_left(rows.len() / 2);
        prop_assert_eq!(&recall(&twice, &query, day(100)), &found);

        let mut told: Vec<&RecordKey> = found.left_out.iter().map(|out| &out.key).collect();
        for stated in &found.stated {
            let conflicts = stated.conflicts.iter().map(|conflict| &conflict.because);
            told.extend(stated.agrees.iter().chain(conflicts).chain([&stated.because]));
            // As if it were asked for at its own place.
            let own = &rows[stated.because.key.parse::<usize>().unwrap()];
            let there = [0, 1, 2].map(|part| asked[part].or(own.4[part]));
            let deep = if own.5.len() > depth.len() { &own.5 } else { &depth };
            let value = WORDS.iter().position(|word| stated.value == *word).unwrap();
            prop_assert_eq!(naive(&rows, value, &there, deep).map(|place| place.to_string()), Some(stated.because.key.to_string()));
            prop_assert_eq!(stated.narrower, there != asked || *deep != depth);
        }
        told.sort();
        told.dedup();
        prop_assert_eq!(told.len(), rows.len());
        prop_assert!(found.stated.is_sorted_by_key(|stated| stated.narrower));
    }
}
