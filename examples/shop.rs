//! What does the shop show her? A ranking with its reasons, before and after her guest orders are known to be hers.
//!
//! `cargo run --example shop` prints:
//!
//! ```text
//! 200 invented shoppers with 2000 purchases; and her
//!
//! by her card, with the book in her cart:
//!   blazer    1.38  Armani 1.7x, grey 1.9x, women 1.2x
//!   coffee    1.37  Illy 1.8x, white 1.0x, food 2.3x
//!   bag       0.71  Ferragamo 1.4x, black 1.2x, women 1.2x
//!   boots     0.71  Ferragamo 1.4x, black 1.2x, women 1.2x
//!   jeans    -0.67  women 1.2x
//!   dress    -0.67  women 1.2x
//!   book     -1.09  white 1.0x
//!   cream    -1.09  white 1.0x
//!   romper   -1.57  never chosen
//!   scarf   hidden  hers since 2026-02-14
//!
//! and with her guest orders:
//!   bag       1.14  Ferragamo 1.5x, black 1.8x, women 1.1x
//!   boots     1.14  Ferragamo 1.5x, black 1.8x, women 1.1x
//!   blazer    0.96  Armani 1.7x, grey 1.4x, women 1.1x
//!   coffee    0.87  Illy 1.3x, white 1.2x, food 1.5x
//!   jeans    -1.37  women 1.1x
//!   dress    -1.37  women 1.1x
//!   romper   -2.64  never chosen
//!   book    hidden  hers since 2026-03-03
//!   cream   hidden  not due until 2026-07-24
//!   scarf   hidden  hers since 2026-02-14
//!   before she pays: you bought this book on 2026-03-03
//!
//! after they are separated: both as before
//! ```

use onefold::{
    Deeds, Event, EventKind, Ground, Identifier, Ingest, Item, LearnOptions, Line, Policy, Population, PreferenceQuery,
    ProfileId, RankRequest, Ranking, Record, RecordKey, Resolver, SignalWeights, Suppressed, Timestamp,
};
use std::collections::BTreeSet;
use std::io::Write;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// What is on offer: product, maker, colour, department, and in how many days it is used up.
const OFFER: [(&str, &str, &str, &str, Option<u32>); 10] = [
    ("romper", "Benetton", "yellow", "children", None),
    ("dress", "Desigual", "red", "women", None),
    ("jeans", "Levi's", "blue", "women", None),
    ("book", "Einaudi", "white", "books", None),
    ("coffee", "Illy", "white", "food", Some(21)),
    ("cream", "Nuxe", "white", "beauty", Some(60)),
    ("blazer", "Armani", "grey", "women", None),
    ("boots", "Ferragamo", "black", "women", None),
    ("scarf", "Ferragamo", "grey", "women", None),
    ("bag", "Ferragamo", "black", "women", None),
];

fn main() -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    let resolver = Resolver::in_memory(Policy::retail())?;
    let crowd = crowd(200)?;
    writeln!(out, "200 invented shoppers with {} purchases; and her", crowd.len())?;
    resolver.add_events(crowd, Ingest::default())?;

    // With her card she buys in the shop, and as a guest on the web: two profiles.
    let (card, guest) = (Identifier::new("loyalty_id", "LC-7"), Identifier::new("email", "ann@post.example.org"));
    let [file, checkout] = [("crm", "42"), ("web", "guest-9")].map(|(source, key)| RecordKey::new(source, key));
    let record = |key: &RecordKey, on: &str, identifier: &Identifier| -> Outcome<Record> {
        let record = Record::new(key.source.clone(), key.key.clone(), noon(on)?);
        Ok(record.identifier(identifier.kind.clone(), identifier.value.clone()))
    };
    resolver.add(record(&file, "2025-09-01", &card)?)?;
    resolver.add(record(&checkout, "2026-01-20", &guest)?)?;
    resolver.add_events(hers(&card, &guest)?, Ingest::default())?;

    let now = noon("2026-06-01")?;
    let population = learn(&resolver, now)?;
    let shop = Shop { resolver: &resolver, request: RankRequest::new(&population), items: OFFER.map(item), now };
    let who = |key| -> Outcome<ProfileId> { Ok(resolver.profile_of(key)?.ok_or("nobody")?) };
    assert_ne!(who(&file)?, who(&checkout)?);
    let (before, as_guest) = (shop.rank(who(&file)?)?, shop.rank(who(&checkout)?)?);
    writeln!(out, "\nby her card, with the book in her cart:")?;
    shop.tell(&mut out, &before)?;
    assert_eq!(shop.hidden(&before), ["scarf"]);
    assert_eq!(shop.hidden(&as_guest), ["book", "cream", "bag"]);
    assert!(before.warnings.is_empty());

    // She gives her address at the desk: the guest orders are hers.
    resolver.add(record(&file, "2026-05-31", &card)?.identifier(guest.kind.clone(), guest.value.clone()))?;
    assert_eq!(who(&file)?, who(&checkout)?);
    let after = shop.rank(who(&file)?)?;
    writeln!(out, "\nand with her guest orders:")?;
    shop.tell(&mut out, &after)?;
    let shown = shop.shown(&after);
    assert!(shown.starts_with(&["bag", "boots", "blazer"]), "grey and black first, what she gave back too");
    assert_eq!(shown.last(), Some(&"romper"), "children's wear comes last, and is not hidden");
    assert!(shown.contains(&"coffee"), "it is used up by now");
    assert_eq!(shop.hidden(&after), ["book", "cream", "scarf"]);
    let warning = after.warnings.first().ok_or("no warning")?;
    assert_eq!((warning.owned.bought_at, warning.owned.order.as_deref()), (noon("2026-03-03")?, Some("W-77")));

    // It was her mother's address: what was folded is folded again, to the last bit.
    resolver.separate(file.clone(), checkout.clone(), "desk", "her mother's address")?;
    assert_eq!((shop.rank(who(&file)?)?, shop.rank(who(&checkout)?)?), (before, as_guest));
    writeln!(out, "\nafter they are separated: both as before")?;
    Ok(())
}

/// The shop window.
struct Shop<'a> {
    resolver: &'a Resolver,
    request: RankRequest<'a>,
    items: [Item; OFFER.len()],
    now: Timestamp,
}

impl Shop<'_> {
    fn rank(&self, id: ProfileId) -> Outcome<Ranking> {
        let ranking = self.resolver.rank(id, &self.items, &self.request, &PreferenceQuery::new(), self.now)?;
        Ok(ranking.ok_or("nobody")?)
    }

    fn product(&self, place: usize) -> &str {
        self.items.get(place).map_or("", |item| &item.product)
    }

    fn shown(&self, ranking: &Ranking) -> Vec<&str> {
        ranking.shown.iter().map(|ranked| self.product(ranked.item)).collect()
    }

    fn hidden(&self, ranking: &Ranking) -> Vec<&str> {
        ranking.hidden.iter().map(|(item, _)| self.product(*item)).collect()
    }

    fn tell(&self, out: &mut impl Write, ranking: &Ranking) -> Outcome<()> {
        for ranked in &ranking.shown {
            let reason = |ground| match ground {
                Ground::Observed(of) if of.count > 0 => Some(format!("{} {:.1}x", of.facet.value, of.lift)),
                _ => None,
            };
            let reasons: Vec<String> = ranked.because.iter().filter_map(reason).collect();
            let reasons = if reasons.is_empty() { "never chosen".into() } else { reasons.join(", ") };
            writeln!(out, "  {:<8}{:>6.2}  {reasons}", self.product(ranked.item), ranked.score)?;
        }
        for (item, why) in &ranking.hidden {
            let why = match why {
                Suppressed::Owned(owned) => format!("hers since {}", day(owned.since)),
                Suppressed::NotDue { next, .. } => format!("not due until {}", day(*next)),
                other => format!("{other:?}"),
            };
            writeln!(out, "  {:<8}hidden  {why}", self.product(*item))?;
        }
        for warning in &ranking.warnings {
            let (product, bought) = (self.product(warning.item), day(warning.owned.bought_at));
            writeln!(out, "  before she pays: you bought this {product} on {bought}")?;
        }
        Ok(())
    }
}

/// What she did, by whom she said she was.
fn hers(card: &Identifier, guest: &Identifier) -> Outcome<Vec<Event>> {
    use EventKind::{Cart, Purchase, Return};
    let line = |product: &str, brand: &str, colour: &str, department: &str| {
        Line::new(product).facet("brand", brand).facet("colour", colour).facet("department", department)
    };
    let told = |who: &Identifier, source: &str, on: &str, kind, line| -> Outcome<Event> {
        let event = Event::new(source, format!("ann-{on}"), noon(on)?, kind);
        Ok(event.identifier(who.kind.clone(), who.value.clone()).line(line))
    };
    let by_card = |on, kind, line| told(card, "pos", on, kind, line);
    let as_guest = |on, line| told(guest, "web", on, Purchase, line);
    let bag = || line("bag", "Ferragamo", "black", "women");
    Ok(vec![
        by_card("2025-10-04", Purchase, line("coat", "Armani", "grey", "women"))?,
        by_card("2025-12-11", Purchase, line("shirt", "Armani", "black", "women"))?,
        by_card("2026-02-14", Purchase, line("scarf", "Ferragamo", "grey", "women"))?,
        by_card("2026-05-01", Purchase, line("coffee", "Illy", "white", "food"))?,
        as_guest("2026-01-20", line("pumps", "Ferragamo", "black", "women"))?,
        as_guest("2026-03-03", line("book", "Einaudi", "white", "books"))?.order("W-77"),
        as_guest("2026-04-09", line("trousers", "Armani", "black", "women"))?,
        as_guest("2026-05-25", line("cream", "Nuxe", "white", "beauty"))?,
        // Bought on the web, and given back in the shop.
        as_guest("2026-05-02", bag())?.order("W-80"),
        by_card("2026-05-08", Return, Line::new("bag"))?.order("W-80"),
        by_card("2026-05-31", Cart, Line::new("book"))?,
    ])
}

/// Purchases of invented shoppers: each has a colour and a maker that she likes, and one in four has children.
fn crowd(shoppers: u64) -> Outcome<Vec<Event>> {
    let (makers, colours) =
        (["Armani", "Ferragamo", "Benetton", "Desigual", "Levi's"], ["grey", "black", "red", "blue", "yellow"]);
    let mut dice = Dice(7);
    let mut events = Vec::new();
    for shopper in 0..shoppers {
        let likes = (dice.pick(&makers), dice.pick(&colours));
        let wardrobe = if dice.below(4) == 0 { "children" } else { "women" };
        for month in 1..=10 {
            let (brand, colour, department) = match dice.below(10) {
                0 => ("Einaudi", "white", "books"),
                1 => ("Illy", "white", "food"),
                2 => ("Nuxe", "white", "beauty"),
                3..7 => (likes.0, likes.1, wardrobe),
                _ => (dice.pick(&makers), dice.pick(&colours), wardrobe),
            };
            let line = Line::default().facet("brand", brand).facet("colour", colour).facet("department", department);
            let at = noon(&format!("2025-{month:02}-{:02}", 1 + dice.below(28)))?;
            let event = Event::new("pos", format!("{shopper}-{month}"), at, EventKind::Purchase);
            events.push(event.identifier("loyalty_id", format!("P{shopper}")).line(line));
        }
    }
    Ok(events)
}

/// What everybody does: learned from what is kept counted of all profiles.
fn learn(resolver: &Resolver, now: Timestamp) -> Outcome<Population> {
    let view = resolver.view()?;
    let mut people = BTreeSet::new();
    view.live_events(&mut |_, id| people.extend([id]))?;
    let deeds: onefold::Result<Vec<Option<Deeds>>> = people.into_iter().map(|id| view.deeds(id, now)).collect();
    let deeds: Vec<Deeds> = deeds?.into_iter().flatten().collect();
    Ok(Population::learn_deeds(&deeds, &SignalWeights::default(), &LearnOptions::until(now))?)
}

fn item((product, brand, colour, department, days): (&str, &str, &str, &str, Option<u32>)) -> Item {
    let item = Item::new(product).facet("brand", brand).facet("colour", colour).facet("department", department);
    days.into_iter().fold(item, Item::gap_days)
}

fn noon(day: &str) -> onefold::Result<Timestamp> {
    format!("{day}T12:00:00Z").parse()
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// Chance that comes out the same every time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let place = self.below(of.len() as u64) as usize;
        of.get(place).copied().unwrap_or_default()
    }
}
