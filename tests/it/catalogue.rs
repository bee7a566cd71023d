//! What is shown to whom: owned things, before and after the merge that reveals them; refusals, ranges and wishes; and the
//! order of the rest.

use crate::signals::{any_event, at, event, noon, shared};
use onefold::{
    ATTENTION_DAYS, Asked, Deeds, Event, EventKind, Exposure, Facet, Ground, Item, LearnOptions, Line, Observed,
    Polarity, Population, RankRequest, Ranking, RecordKey, Seed, Shopper, SignalWeights, Slot, SmolStr, Suppressed,
    Timestamp, Wish, rank, suppress, tallies,
};
use proptest::prelude::*;
use std::sync::Arc;

/// The day of 2026 of a time.
fn day(at: Timestamp) -> i64 {
    at.microseconds().div_euclid(86_400_000_000) - 20_454
}

fn nobody() -> Population {
    Population::learn(&[], &LearnOptions::until(noon(0))).unwrap()
}

/// What is said of an item, in a word and the days and names that it rests on.
fn verdict(shopper: &Shopper, item: &Item, request: &RankRequest<'_>) -> String {
    let why = suppress(shopper, item, request).unwrap();
    let key = |key: &RecordKey| key.key.to_string();
    match why {
        None => "shown".into(),
        Some(Suppressed::Owned(owned)) => {
            let keys: Vec<String> = owned.because.iter().map(key).collect();
            format!("owned since {} by {}", day(owned.since), keys.join(" "))
        }
        Some(Suppressed::NotDue { next, owned }) => {
            format!("not due until {} by {}", day(next), key(&owned.because[0]))
        }
        Some(Suppressed::Rejected { at, because }) => format!("rejected on {} by {}", day(at), key(&because)),
        Some(Suppressed::Never(wish)) => {
            format!("never {}={} by {}", wish.attribute, wish.value, key(&wish.because))
        }

        Some(Suppressed::OutOfRange { facet }) => format!("out of range of {facet}"),
        Some(Suppressed::Uninteresting { facet, seen, .. }) => {
            format!("uninteresting {}={} {seen}", facet.name, facet.value)
        }
        Some(other) => format!("{other:?}"),
    }
}

/// Each row: events of profile A, of profile B, an item; what is said of it to A, to the two as one person, and to A again.
#[test]
fn what_is_owned_is_known_after_the_merge_and_forgotten_after_the_split() {
    use EventKind::{Purchase, Return};
    let bought = |key: &str, day: i64, line: Line| event(key, day, Purchase).line(line);
    let book = || Line::new("book");
    let coffee = || Line::new("coffee");
    let pod = |key: &str, day: i64| bought(key, day, coffee());
    type Row = (&'static str, Vec<Event>, Vec<Event>, Item, &'static str, &'static str);
    let rows: Vec<Row> = vec![
        (
            "bought online by the cookie, looked at by the member",
            vec![event("v", 9, EventKind::View).line(book())],
            vec![bought("o", 3, book()).order("O-1")],
            Item::new("book"),
            "shown",
            "owned since 3 by o",
        ),
        (
            "bought online, given back in the shop under the loyalty card",
            vec![bought("o", 3, book().line("1")).order("O-1")],
            vec![event("r", 5, Return).order("O-1").line(Line::default().line("1"))],
            Item::new("book"),
            "owned since 3 by o",
            "shown",
        ),
        (
            "given back without the order",
            vec![bought("o", 3, book())],
            vec![event("r", 5, Return).line(book())],
            Item::new("book"),
            "owned since 3 by o",
            "shown",
        ),
        (
            "bought again by the partner on the shared device",
            vec![bought("o", 3, book()).order("O-1"), event("r", 5, Return).order("O-1")],
            vec![bought("p", 8, book()).order("O-2")],
            Item::new("book"),
            "shown",
            "owned since 8 by p",
        ),
        (
            "each has one, and one goes back",
            vec![bought("o", 3, book()).order("O-1")],
            vec![bought("p", 8, book()).order("O-2"), event("r", 9, Return).order("O-2").line(book())],
            Item::new("book"),
            "owned since 3 by o",
            "owned since 3 by o",
        ),
        (
            "a gift",
            vec![event("v", 9, EventKind::View).line(book())],
            vec![bought("o", 3, book().gift())],
            Item::new("book"),
            "shown",
            "shown",
        ),
        (
            "a gift, and one for herself",
            vec![bought("o", 3, book().gift())],
            vec![bought("p", 4, book())],
            Item::new("book"),
            "shown",
            "owned since 4 by p",
        ),
        (
            "a consumable by her own gaps of ten days, once all purchases are hers",
            vec![pod("1", 60), pod("2", 80)],
            vec![pod("3", 70), pod("4", 95)],
            Item::new("coffee").gap_days(30),
            "not due until 110 by 2",
            "not due until 105 by 4",
        ),
        (
            "a consumable that is due",
            vec![pod("1", 60), pod("2", 70), pod("3", 80)],
            vec![],
            Item::new("coffee").gap_days(90),
            "shown",
            "shown",
        ),
        (
            "a consumable that the other bought just now",
            vec![pod("1", 60)],
            vec![pod("2", 99)],
            Item::new("coffee").gap_days(14),
            "shown",
            "not due until 113 by 2",
        ),
        (
            "a consumable of which nobody knows the gap",
            vec![pod("1", 98)],
            vec![pod("2", 99)],
            Item::new("coffee").consumable(),
            "shown",
            "shown",
        ),
        (
            "a consumable whose gap she has shown",
            vec![pod("1", 39), pod("2", 69)],
            vec![pod("3", 99), pod("3b", 99)],
            Item::new("coffee").consumable(),
            "shown",
            "not due until 129 by 3b",
        ),
        (
            "two of a consumable at once are one purchase",
            vec![pod("1", 69), pod("1b", 69)],
            vec![pod("2", 99)],
            Item::new("coffee").consumable(),
            "shown",
            "shown",
        ),
        (
            "another variant",
            vec![bought("o", 3, Line::new("shirt").variant("m"))],
            vec![bought("p", 4, Line::new("shirt").variant("l"))],
            Item::new("shirt").variant("l"),
            "shown",
            "owned since 4 by p",
        ),
        (
            "no variant was told",
            vec![event("v", 9, EventKind::View).line(Line::new("shirt"))],
            vec![bought("p", 4, Line::new("shirt"))],
            Item::new("shirt").variant("l"),
            "shown",
            "owned since 4 by p",
        ),
        (
            "any variant",
            vec![],
            vec![bought("o", 3, Line::new("shirt").variant("m")), bought("p", 4, Line::new("shirt").variant("l"))],
            Item::new("shirt"),
            "shown",
            "owned since 3 by p o",
        ),
        (
            "a guest order that is claimed by a loyalty card later",
            vec![event("card", 20, EventKind::Custom("enrolled".into()))],
            vec![bought("guest", 3, book()).order("O-9")],
            Item::new("book"),
            "shown",
            "owned since 3 by guest",
        ),
        (
            "the order and its till receipt",
            vec![bought("web", 3, book()).order("O-1")],
            vec![bought("till", 4, book()).order("O-1")],
            Item::new("book"),
            "owned since 3 by web",
            "owned since 3 by web",
        ),
        (
            "refused by the cookie",
            vec![],
            vec![event("no", 50, EventKind::Rejected).line(book())],
            Item::new("book"),
            "shown",
            "rejected on 50 by no",
        ),
        (
            "refused, and carted under the card since",
            vec![event("no", 50, EventKind::Rejected).line(book())],
            vec![event("yes", 51, EventKind::Cart).line(book())],
            Item::new("book"),
            "rejected on 50 by no",
            "shown",
        ),
        (
            "bought, and searched for since: shown, with a warning",
            vec![bought("o", 3, book())],
            vec![event("s", 90, EventKind::Search).text("a book").line(book())],
            Item::new("book"),
            "owned since 3 by o",
            "shown",
        ),
        (
            "searched for, and bought",
            vec![event("s", 90, EventKind::Search).line(book())],
            vec![bought("o", 91, book())],
            Item::new("book"),
            "shown",
            "owned since 91 by o",
        ),
    ];
    let population = nobody();
    let request = RankRequest::new(&population);
    let now = noon(100);
    for (name, one, other, item, before, after) in rows {
        let (one, other) = (shared(one), shared(other));
        let of = |events: &[Arc<Event>]| verdict(&Shopper::fold(events, now), &item, &request);
        assert_eq!(of(&one), before, "{name}: before");
        let union: Vec<_> = one.iter().chain(&other).cloned().collect();
        assert_eq!(of(&union), after, "{name}: after");
        let mut merged = Shopper::fold(&other, now);
        merged.merge(&Shopper::fold(&one, now));
        assert_eq!(verdict(&merged, &item, &request), after, "{name}: merged");
        let split: Vec<_> = union.into_iter().filter(|event| one.contains(event)).collect();
        assert_eq!(of(&split), before, "{name}: after the split");
    }
}

fn wish(attribute: &str, value: &str, polarity: Polarity, day: i64) -> Wish {
    Wish::new(attribute, value, polarity, RecordKey::new("desk", format!("w{day}")), noon(day))
}

#[test]
fn what_was_said_refused_and_declared_is_heard() {
    let population = nobody();
    let plain = || RankRequest::new(&population);
    let scarf = || Item::new("scarf").facet("Colour", "Grey").facet("size", "m").facet("size", "l");
    let refuse = |item: &Item| item.product != "scarf";
    let rejected = |day: i64| vec![event("r", day, EventKind::Rejected).line(Line::new("scarf"))];
    let searched = |day: i64| event("s", day, EventKind::Search).facet("COLOUR", "grey").facet("colour", "Black");
    let with = |mut events: Vec<Event>, more: Event| {
        events.push(more);
        events
    };
    let never = || wish("colour", "GREY", Polarity::Never, 5);
    let rows: Vec<(&str, Vec<Event>, RankRequest<'_>, &str)> = vec![
        ("nothing", vec![], plain(), "shown"),
        ("never", vec![], plain().wish(never()), "never colour=GREY by w5"),
        (
            "never, though she likes it since",
            vec![],
            plain().wish(never()).wish(wish("colour", "grey", Polarity::Like, 9)),
            "never colour=GREY by w5",
        ),
        ("never, though it was searched for", vec![searched(99)], plain().wish(never()), "never colour=GREY by w5"),
        (
            "never this product",
            vec![],
            plain().wish(wish("product", "Scarf", Polarity::Never, 5)),
            "never product=Scarf by w5",
        ),
        ("never another", vec![], plain().wish(wish("colour", "red", Polarity::Never, 5)), "shown"),
        ("disliked only", vec![], plain().wish(wish("colour", "grey", Polarity::Dislike, 5)), "shown"),
        ("no consent", vec![searched(99)], plain().allowed(&refuse), "NotAllowed"),
        ("refused", rejected(50), plain(), "rejected on 50 by r"),
        ("refused for ten days", rejected(50), plain().rejected_days(10), "shown"),
        ("refused long ago", rejected(9), plain(), "shown"),
        ("refused, and searched for since", with(rejected(90), searched(91)), plain(), "shown"),
        ("searched for, and refused", with(rejected(90), searched(89)), plain(), "rejected on 90 by r"),
        ("in range", vec![], plain().range("size", ["l", "xl"]), "shown"),
        ("in one of two ranges", vec![], plain().range("size", ["s"]).range("size", ["L"]), "shown"),
        ("out of range", vec![], plain().range("season", ["winter"]).range("size", ["s"]), "out of range of size"),
        ("out of range, and searched for", vec![searched(71)], plain().range("size", ["s"]), "shown"),
        (
            "out of range, and searched for long ago",
            vec![searched(70)],
            plain().range("size", ["s"]),
            "out of range of size",
        ),
        ("to be searched for tomorrow", vec![searched(101)], plain().range("size", ["s"]), "out of range of size"),
    ];
    assert_eq!(ATTENTION_DAYS, 30);
    for (name, events, request, expected) in rows {
        let shopper = Shopper::fold(&shared(events), noon(100));
        assert_eq!(verdict(&shopper, &scarf(), &request), expected, "{name}");
    }
    let variant = |line: &str, item: &str| {
        let events = [event("r", 50, EventKind::Rejected).line(Line::new("shirt").variant(line))];
        verdict(&Shopper::fold(&shared(events), noon(100)), &Item::new("shirt").variant(item), &plain())
    };
    assert_eq!((variant("m", "m").as_str(), variant("m", "l").as_str()), ("rejected on 50 by r", "shown"));
}

/// Which of these items a search finds.
#[test]
fn searches_are_matched_by_facets_words_and_products() {
    let items = [
        Item::new("p1").facet("colour", "Grey").facet("category", "scarves"),
        Item::new("p2").facet("colour", "black").facet("category", "scarves"),
        Item::new("p3").facet("colour", "grey").facet("category", "Coats & Jackets"),
        Item::new("Grey-Goose"),
    ];
    let search = || event("s", 99, EventKind::Search);
    let rows = [
        (search().facet("colour", "grey"), vec![0, 2]),
        (search().facet("colour", "grey").facet("colour", "black"), vec![0, 1, 2]),
        (search().facet("colour", "grey").facet("category", "scarves").text("whatever"), vec![0]),
        (search().facet("brand", "x"), vec![]),
        (search().text("GREY jackets"), vec![2]),
        (search().text("grey"), vec![0, 2, 3]),
        (search().text("grey  goose!"), vec![3]),
        (search().text("grey unicorn"), vec![]),
        (search().text(" - "), vec![]),
        (search(), vec![]),
        (search().line(Line::new("p2")).line(Line::new("p3")), vec![1, 2]),
        (search().line(Line::new("p2")).facet("colour", "grey"), vec![0, 1, 2]),
        (search().line(Line::default().facet("colour", "grey")), vec![0, 2]),
    ];
    let population = nobody();
    for (search, expected) in rows {
        let shopper = Shopper::fold(&shared([search.clone()]), noon(100));
        let ranking = rank(&shopper, &items, &RankRequest::new(&population)).unwrap();
        let found = ranking.shown.iter().filter(|ranked| ranked.slot == Slot::Searched).map(|ranked| ranked.item);
        let mut found: Vec<usize> = found.collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{:?} {:?} {}", search.text, search.facets, search.lines.len());
    }
    // More conditions than are told apart: the newest searches are looked at, and the rest is counted.
    let many = (0..200).map(|n| event(&n.to_string(), 99, EventKind::Search).facet("colour", format!("c{n}")));
    let ranking = rank(&Shopper::fold(&shared(many), noon(100)), &items, &RankRequest::new(&population)).unwrap();
    assert_eq!(ranking.searches_left_out, 72);
    let same = (0..200).map(|n| event(&n.to_string(), 99, EventKind::Search).facet("colour", "grey"));
    let ranking = rank(&Shopper::fold(&shared(same), noon(100)), &items, &RankRequest::new(&population)).unwrap();
    assert_eq!(ranking.searches_left_out, 0);
}

#[test]
fn she_is_told_that_she_has_it() {
    let population = nobody();
    let book = || Line::new("book");
    let items = [Item::new("pen"), Item::new("book"), Item::new("coffee").consumable()];
    let bought = || event("o", 60, EventKind::Purchase).order("O-1").line(book()).line(Line::new("coffee"));
    let warned = |more: Vec<Event>| {
        let events = shared(std::iter::once(bought()).chain(more));
        let ranking = rank(&Shopper::fold(&events, noon(100)), &items, &RankRequest::new(&population)).unwrap();
        let told = |warning: &onefold::Warning| {
            assert_eq!((warning.item, warning.owned.order.as_deref(), day(warning.owned.since)), (1, Some("O-1"), 60));
            (warning.asked, day(warning.at), warning.because.key.clone())
        };
        ranking.warnings.iter().map(told).collect::<Vec<_>>()
    };
    let cart = |day: i64| event("c", day, EventKind::Cart).line(book()).line(Line::new("coffee"));
    let search = |day: i64| event("s", day, EventKind::Search).line(book());
    assert_eq!(warned(vec![]), []);
    assert_eq!(warned(vec![cart(59)]), []);
    assert_eq!(warned(vec![cart(65)]), [], "that cart is long gone");
    assert_eq!(warned(vec![cart(90)]), [(Asked::InCart, 90, "c".into())]);
    assert_eq!(warned(vec![search(95)]), [(Asked::Searched, 95, "s".into())]);
    assert_eq!(warned(vec![search(95), cart(90)]), [(Asked::InCart, 90, "c".into())]);
    assert_eq!(warned(vec![cart(90), event("r", 95, EventKind::Return).order("O-1")]), []);
}

/// Events on a colour: bought, or shown.
fn done(source: &str, kind: &EventKind, colour: &str, count: i64) -> Vec<Event> {
    let one = |n: i64| {
        Event::new(source, format!("{kind}-{colour}-{n}"), noon(n % 90), kind.clone())
            .line(Line::new(format!("{colour}-{n}")).facet("colour", colour))
    };
    (0..count).map(one).collect()
}

/// Grey and black are loved by one in two; red by the other.
fn world() -> Population {
    let people: Vec<Deeds> = (0..40)
        .map(|person| {
            let colours = if person % 2 == 0 { ["grey", "black"] } else { ["red", "blue"] };
            let mut events: Vec<Event> =
                colours.iter().flat_map(|colour| done("web", &EventKind::Purchase, colour, 5)).collect();
            events.extend(done("web", &EventKind::Exposure, colours[0], 10));
            tallies(&shared(events))
        })
        .collect();
    let options = LearnOptions::until(noon(90));
    Population::learn_deeds(&people, &SignalWeights::default(), &options).unwrap()
}

fn places(ranking: &Ranking) -> Vec<usize> {
    ranking.shown.iter().map(|ranked| ranked.item).collect()
}

#[test]
fn the_best_come_first_and_absence_hides_nothing() {
    let population = world();
    let events = shared(done("web", &EventKind::Purchase, "grey", 6));
    let shopper = Shopper::fold(&events, noon(91));
    let items = [
        Item::new("x1").facet("colour", "red"),
        Item::new("x2").facet("colour", "mauve"),
        Item::new("x3").facet("colour", "grey"),
        Item::new("x4").facet("scent", "rose"),
        Item::new("x5").facet("colour", "grey").facet("colour", "red"),
    ];
    let ranking = rank(&shopper, &items, &RankRequest::new(&population)).unwrap();
    // Grey, then what nobody knows (by product), then half of what others choose and she does not, then all of it.
    assert_eq!(places(&ranking), [2, 1, 3, 4, 0]);
    assert!(ranking.hidden.is_empty() && ranking.shown.iter().all(|ranked| ranked.slot == Slot::Best));
    let score = |place: usize| ranking.shown[place].score;
    assert!((score(3) - (score(0) + score(4)) / 2.0).abs() < 1e-12);
    // By the affinity, to the last bit.
    let tally = tallies(&events).tally(&SignalWeights::default());
    let lift = population.affinity("colour", "grey", &tally, noon(91)).unwrap().lift;
    assert_eq!(ranking.shown[0].score.to_bits(), lift.ln().to_bits());
    let grey = Observed { facet: Facet::new("colour", "grey"), lift, count: 6, points: lift.ln() };
    assert_eq!(ranking.shown[0].because.iter().collect::<Vec<_>>(), [Ground::Observed(Arc::new(grey))]);
    assert!(ranking.shown[1].score == 0.0 && ranking.shown[1].because.is_empty());
    // What counts nothing does not rank.
    let ranking = rank(&shopper, &items, &RankRequest::new(&population).weight("colour", 0.0)).unwrap();
    assert_eq!(places(&ranking), [0, 1, 2, 3, 4]);
}

#[test]
fn what_was_said_beats_what_was_done() {
    let population = world();
    let shopper = Shopper::fold(&shared(done("web", &EventKind::Purchase, "grey", 9)), noon(91));
    let items = [Item::new("x1").facet("colour", "grey"), Item::new("x2").facet("colour", "red"), Item::new("x3")];
    let request = RankRequest::new(&population)
        .wish(wish("colour", "Grey", Polarity::Dislike, 5))
        .wish(wish("colour", "red", Polarity::Dislike, 5))
        .wish(wish("colour", "red", Polarity::Like, 6))
        .wish(wish("product", "x3", Polarity::Like, 6));
    let ranking = rank(&shopper, &items, &request).unwrap();
    assert_eq!(places(&ranking), [1, 2, 0]);
    let scores: Vec<f64> = ranking.shown.iter().map(|ranked| ranked.score).collect();
    assert_eq!(scores, [4.0_f64.ln(), 4.0_f64.ln(), -4.0_f64.ln()]);
    let stated = Ground::Stated(Arc::new(wish("colour", "Grey", Polarity::Dislike, 5)));
    assert_eq!(ranking.shown[2].because.iter().collect::<Vec<_>>(), [stated]);
}

#[test]
fn only_what_was_shown_often_and_left_is_uninteresting() {
    let mut population = world();
    let colour = population.facets.iter_mut().find(|prior| prior.facet == "colour").unwrap();
    colour.exposure = Some(Exposure { shown: 1_000, taken_up: 400, values: vec![("red".into(), 500, 5)] });
    let request = RankRequest::new(&population);
    let toy = |colour: &str| Item::new("toy").facet("colour", colour);
    let shown = |colour: &str, shown: i64, viewed: i64, more: Vec<Event>| {
        let mut events = done("web", &EventKind::Exposure, colour, shown);
        events.extend(done("app", &EventKind::View, colour, viewed));
        events.extend(more);
        verdict(&Shopper::fold(&shared(events), noon(91)), &toy(colour), &request)
    };
    assert_eq!(shown("grey", 30, 0, vec![]), "uninteresting colour=grey 30");
    assert_eq!(shown("grey", 29, 0, vec![]), "shown");
    assert_eq!(shown("grey", 30, 3, vec![]), "shown", "3 of 30 may be a tenth");
    assert_eq!(shown("grey", 200, 3, vec![]), "uninteresting colour=grey 200");
    assert_eq!(shown("grey", 200, 40, vec![]), "shown");
    // Hardly anybody takes up red.
    assert_eq!(shown("red", 200, 0, vec![]), "shown");
    let search = event("s", 80, EventKind::Search).facet("colour", "grey");
    assert_eq!(shown("grey", 200, 0, vec![search]), "shown");
    let ignored = Shopper::fold(&shared(done("web", &EventKind::Exposure, "grey", 90)), noon(91));
    assert_eq!(verdict(&ignored, &toy("grey"), &RankRequest::new(&population).weight("colour", 0.0)), "shown");
    let liked = RankRequest::new(&population).wish(wish("colour", "grey", Polarity::Like, 5));
    assert_eq!(verdict(&ignored, &toy("grey"), &liked), "shown");
    // A year later she is asked anew.
    let later = Shopper::fold(&shared(done("web", &EventKind::Exposure, "grey", 90)), noon(455));
    assert_eq!(verdict(&later, &toy("grey"), &RankRequest::new(&population)), "shown");
    // Where nobody looked at exposures nothing is known of them.
    population.facets.iter_mut().for_each(|prior| prior.exposure = None);
    assert_eq!(verdict(&ignored, &toy("grey"), &RankRequest::new(&population)), "shown");
}

#[test]
fn a_share_of_the_slots_explores() {
    let population = world();
    let shopper = Shopper::fold(&shared(done("web", &EventKind::Purchase, "grey", 6)), noon(91));
    let items: Vec<Item> = (0..20)
        .map(|n| Item::new(format!("n{n:02}")).facet("colour", ["grey", "red", "mauve", "blue"][n % 4]))
        .collect();
    let request = RankRequest::new(&population);
    let ask = |request: &RankRequest<'_>| rank(&shopper, &items, request).unwrap();
    let slots = |ranking: &Ranking| -> Vec<usize> {
        let explored = ranking.shown.iter().enumerate().filter(|(_, ranked)| ranked.slot == Slot::Explored);
        explored.map(|(place, _)| place + 1).collect()
    };
    assert!(slots(&ask(&request)).is_empty());
    assert_eq!(slots(&ask(&request.clone().explore_share(0.2))), [5, 10, 15, 20]);
    assert_eq!(slots(&ask(&request.clone().explore_share(0.3))), [4, 8, 12, 16, 20]);
    assert_eq!(slots(&ask(&request.clone().explore_share(1.0))).len(), 20);
    // Mauve, of which nobody knows, may be liked most: it is explored, one after another, by chance that can be repeated.
    let explored = |seed: u128| {
        let ranking = ask(&request.clone().explore_share(0.25).seed(Seed::new(seed)));
        let explored = ranking.shown.iter().filter(|ranked| ranked.slot == Slot::Explored);
        let explored: Vec<usize> = explored.map(|ranked| ranked.item).collect();
        assert!(explored[..2].iter().all(|item| item % 4 == 2), "{explored:?}");
        explored
    };
    assert_eq!(explored(1), explored(1));
    assert!((2..9).any(|seed| explored(seed) != explored(1)));
    // Every item is shown once.
    let mut all = places(&ask(&request.clone().explore_share(0.3)));
    all.sort_unstable();
    assert_eq!(all, (0..20).collect::<Vec<_>>());
    for wrong in [-0.1, 1.1, f64::NAN] {
        assert!(rank(&shopper, &items, &request.clone().explore_share(wrong)).is_err());
        assert!(rank(&shopper, &items, &request.clone().weight("colour", wrong - 2.0)).is_err());
    }
    let many = (0..65).fold(request, |request, n| request.range(n.to_string(), ["x"]));
    assert!(suppress(&shopper, &items[0], &many).is_err());
}

#[test]
fn the_price_is_a_facet() {
    let events = (0..9)
        .map(|n| event(&n.to_string(), n, EventKind::Purchase).line(Line::new(format!("p{n}")).amount("60", "EUR")));
    let events = shared(events);
    let options = LearnOptions::until(noon(20));
    let others = shared([event("o", 1, EventKind::Purchase).line(Line::new("p").amount("700", "EUR"))]);
    let deeds = vec![[tallies(&events), tallies(&others)]; 20].concat();
    let population = Population::learn_deeds(&deeds, &SignalWeights::default(), &options).unwrap();
    let shopper = Shopper::fold(&events, noon(20));
    let item = |name: &str, price: &str| Item::new(name).price(price.parse().unwrap(), "eur");
    let items = [item("a", "650"), item("b", "55"), item("c", "99.99"), Item::new("d"), item("e", "100")];
    let ranking = rank(&shopper, &items, &RankRequest::new(&population)).unwrap();
    assert_eq!(places(&ranking), [1, 2, 3, 4, 0]);
    let Some(Ground::Observed(observed)) = ranking.shown[0].because.iter().next() else { panic!("{ranking:?}") };
    assert_eq!(observed.facet, Facet::new("price", "EUR 50-100"));
    let request = RankRequest::new(&population).range("price", ["EUR 50-100"]);
    assert_eq!(verdict(&shopper, &items[4], &request), "out of range of price");
}

fn item() -> impl Strategy<Value = Item> {
    let name = |names: &'static [&'static str]| prop::option::of(prop::sample::select(names));
    let product = prop::sample::select(vec!["a", "b", "c", " ", "n/a"]);
    (product, name(&["m", "l"]), name(&["grey", "black", "red", " grey", ""]), 0..3_u8, name(&["5", "70", "-1"]))
        .prop_map(|(product, variant, colour, consumable, price)| {
            let mut item = Item::new(product);
            item.variant = variant.map(Into::into);
            item = colour.into_iter().fold(item, |item, colour| item.facet("colour", colour).facet("fit", colour));
            item = price.into_iter().fold(item, |item, price| item.price(price.parse().unwrap(), "EUR"));
            match consumable {
                0 => item,
                1 => item.consumable(),
                _ => item.gap_days(u32::MAX - 7),
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_ranking_is_a_function_of_what_happened(
        events in prop::collection::vec(any_event(), 0..30),
        items in prop::collection::vec(item(), 0..12),
        turn in 0..30_usize,
        now in 0..300_i64,
        share in 0..4_u8,
    ) {
        let population = world();
        let request = RankRequest::new(&population)
            .explore_share(f64::from(share) / 4.0)
            .wish(wish("colour", "red", Polarity::Never, 3))
            .wish(wish("colour", "black", Polarity::Like, 3));
        let now = noon(now);
        let mut events = shared(events);
        let shopper = Shopper::fold(&events, now);
        let ranking = rank(&shopper, &items, &request).unwrap();

        events.extend(events.clone());
        events.reverse();
        let turn = turn % events.len().max(1);
        events.rotate_left(turn);
        let again = Shopper::fold(&events, now);
        prop_assert_eq!(&again, &shopper);
        prop_assert_eq!(&rank(&again, &items, &request).unwrap(), &ranking);

        let (left, right): (Vec<_>, Vec<_>) =
            events.iter().cloned().partition(|event| event.key.key.parse::<usize>().unwrap() % 2 == 0);
        let mut merged = Shopper::fold(&left, now);
        merged.merge(&Shopper::fold(&right, now));
        prop_assert_eq!(&merged, &shopper);
        prop_assert_eq!(&rank(&merged, &items, &request).unwrap(), &ranking);

        // Each item is shown or hidden, once; hidden for the reason that it has by itself; scores are what they rest on.
        let mut all: Vec<usize> = places(&ranking).into_iter().chain(ranking.hidden.iter().map(|(item, _)| *item)).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..items.len()).collect::<Vec<_>>());
        for (item, why) in &ranking.hidden {
            let alone = suppress(&shopper, &items[*item], &request).unwrap();
            prop_assert_eq!(alone.as_ref(), Some(why));
        }
        for ranked in &ranking.shown {
            prop_assert_eq!(suppress(&shopper, &items[ranked.item], &request).unwrap(), None);
            let sum: f64 = ranked.because.iter().map(|ground| ground.points()).sum();
            prop_assert!((sum - ranked.score).abs() < 1e-12, "{ranked:?}");
        }
        let best: Vec<f64> =
            ranking.shown.iter().filter(|ranked| ranked.slot != Slot::Explored).map(|ranked| ranked.score).collect();
        prop_assert!(best.windows(2).all(|pair| pair[0] >= pair[1]));
        // Ownership, by the definition.
        for item in &items {
            let owned = shopper.owned(item);
            prop_assert_eq!(owned.is_some(), owned.as_ref().is_some_and(|owned| !owned.because.is_empty()));
        }
    }

    /// Whatever a population's numbers and an item's texts, nothing breaks.
    #[test]
    fn nothing_panics(
        shares in prop::collection::vec(prop::num::f64::ANY, 3),
        strength in prop::num::f64::ANY,
        half_life in prop::option::of(0..3_u32),
        times in prop::collection::vec(prop::num::i64::ANY, 1..6),
        text in ".{0,12}",
    ) {
        let mut population = world();
        for prior in &mut population.facets {
            (prior.strength, prior.other, prior.half_life_days) = (strength, shares[0], half_life);
            prior.shares.iter_mut().zip(&shares).for_each(|((_, share), any)| *share = *any);
        }
        let times: Vec<Timestamp> = times.into_iter().filter_map(|at| Timestamp::from_microseconds(at).ok()).collect();
        let events = times.iter().enumerate().map(|(key, at)| {
            let kind = [EventKind::Purchase, EventKind::Search, EventKind::Exposure][key % 3].clone();
            let line = Line::new("p").facet(text.clone(), "grey").facet("colour", text.clone()).quantity(text.clone());
            Event::new("web", key.to_string(), *at, kind).text(text.clone()).line(line)
        });
        let events = shared(events);
        let items = [
            Item::new("p").gap_days(u32::MAX).facet("colour", text.clone()),
            Item::new(text.clone()).facet("colour", "grey").facet(text.clone(), "grey"),
        ];
        for now in times.into_iter().chain([noon(1), at("9999-12-30T00:00:00Z"), Timestamp::from_microseconds(-377_705_023_201_000_000).unwrap()]) {
            let shopper = Shopper::fold(&events, now);
            let request = RankRequest::new(&population)
                .explore_share(0.5)
                .range(text.clone(), [text.clone()])
                .wish(wish(&text, &text, Polarity::Like, 1));
            let ranking = rank(&shopper, &items, &request).unwrap();
            prop_assert_eq!(ranking.shown.len() + ranking.hidden.len(), 2);
            prop_assert!(ranking.shown.iter().all(|ranked| !ranked.score.is_nan()));
        }
    }
}

#[test]
fn debug_shows_no_value() {
    let population = world();
    let secret = || Line::new("secret").variant("secret").facet("secret", "secret");
    let kinds = [EventKind::Purchase, EventKind::Search, EventKind::Cart, EventKind::Rejected];
    let events = kinds.iter().enumerate().map(|(day, kind)| {
        event(&format!("secret{day}"), day as i64, kind.clone()).text("secret").order("secret").line(secret())
    });
    let shopper = Shopper::fold(&shared(events), noon(9));
    let items = [
        Item::new("secret").variant("secret").facet("secret", "secret"),
        Item::new("other").facet("secret", "secret"),
        Item::new("third").facet("size", "secret"),
    ];
    let request = RankRequest::new(&population).wish(wish("secret", "secret", Polarity::Like, 1)).wish(wish(
        "size",
        "secret",
        Polarity::Never,
        1,
    ));
    let ranking = rank(&shopper, &items, &request).unwrap();
    assert!(!ranking.hidden.is_empty() && !ranking.warnings.is_empty());
    let shown =
        format!("{shopper:?} {items:?} {ranking:?} {request:?} {:?} {:?}", request.wishes, shopper.owned(&items[0]));
    assert!(!shown.contains("secret"), "{shown}");
    assert_eq!(SmolStr::from("secret"), items[0].product);
}
