//! The guest who asked for red pepper flakes in Rome finds them on the tray in Vienna, months later.
//!
//! `cargo run --example concierge` prints:
//!
//! ```text
//! Vienna, before anything ties the two: nothing is known of the guest.
//! Vienna, after the booking: red pepper flakes, noted by staff at rome on 2026-01-05: "please bring some"
//! Vienna, after a steward parts them: nothing is known of the guest.
//! Rome: red pepper flakes, noted by staff at rome on 2026-01-05: "please bring some"
//! Vienna, after the word is lifted: red pepper flakes, noted by staff at rome on 2026-01-05: "please bring some"
//! ```

use onefold::{
    Event, EventKind, NotedBy, Polarity, Policy, Preference, PreferenceQuery, ProfileId, Record, RecordKey, Resolver,
    Stated, Timestamp,
};
use std::io::Write;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let resolver = Resolver::in_memory(Policy::retail())?;
    let mut out = std::io::stdout().lock();

    // Each house has a file of its own guests: Rome knows a card, Vienna an address.
    let [rome, vienna] = [("rome", "guest-7"), ("vienna", "guest-19")].map(|(source, key)| RecordKey::new(source, key));
    let file =
        |key: &RecordKey, at: &str| Ok::<_, Failure>(Record::new(key.source.clone(), key.key.clone(), at.parse()?));
    resolver.add(file(&rome, "2026-01-04T15:00:00+01:00")?.identifier("loyalty_id", "GOLD-7"))?;
    resolver.add(file(&vienna, "2026-06-19T11:00:00+02:00")?.identifier("email", "guest@post.example.org"))?;

    // In January, in Rome: he orders a pizza, and whoever takes the call notes what he says.
    let flakes = Preference::new("topping", "red pepper flakes", Polarity::Like, NotedBy::Staff)
        .context("room service / pizza")
        .text("please bring some");
    let call = Event::new("rome", "call-1", "2026-01-05T20:10:00+01:00".parse()?, EventKind::Contact)
        .identifier("loyalty_id", "GOLD-7")
        .place("rome")
        .preference(flakes);
    resolver.add_event(call)?;

    // In June, in Vienna, a pizza is ordered to the room.
    assert!(tray(&resolver, &vienna, "vienna")?.is_none());
    writeln!(out, "Vienna, before anything ties the two: nothing is known of the guest.")?;

    // He books the next stay on the web, with the card and the address: the two guests are one.
    let booking = Event::new("web", "booking-3", "2026-06-20T09:00:00+02:00".parse()?, EventKind::Purchase)
        .identifier("loyalty_id", "GOLD-7")
        .identifier("email", "guest@post.example.org");
    resolver.add_event(booking)?;
    assert_eq!(guest(&resolver, &rome)?, guest(&resolver, &vienna)?);
    let recalled = tray(&resolver, &vienna, "vienna")?.ok_or("nothing is recalled")?;
    assert_eq!((recalled.place.as_deref(), recalled.noted_by), (Some("rome"), NotedBy::Staff));
    assert_eq!(recalled.because, RecordKey::new("rome", "call-1"), "every answer says why");
    writeln!(out, "Vienna, after the booking: {}", told(&recalled))?;

    // His wife had booked for both with his card: a steward parts them. Vienna forgets, Rome does not.
    resolver.separate(rome.clone(), vienna.clone(), "steward", "two guests")?;
    assert!(tray(&resolver, &vienna, "vienna")?.is_none());
    writeln!(out, "Vienna, after a steward parts them: nothing is known of the guest.")?;
    let kept = tray(&resolver, &rome, "rome")?.ok_or("nothing is recalled")?;
    assert_eq!(kept, recalled);
    writeln!(out, "Rome: {}", told(&kept))?;

    // It was he after all.
    resolver.lift(&rome, &vienna)?;
    let again = tray(&resolver, &vienna, "vienna")?.ok_or("nothing is recalled")?;
    assert_eq!(again, recalled);
    writeln!(out, "Vienna, after the word is lifted: {}", told(&again))?;
    Ok(())
}

/// What belongs on the tray with a pizza that a guest of a house orders.
fn tray(resolver: &Resolver, file: &RecordKey, house: &str) -> Result<Option<Stated>, Failure> {
    let now: Timestamp = "2026-06-20T19:30:00+02:00".parse()?;
    let query = PreferenceQuery::new().context("room service / pizza / margherita").property(house);
    let recalled = resolver.preferences(guest(resolver, file)?, &query, now)?.ok_or("nobody")?;
    Ok(recalled.like("topping", "red pepper flakes").cloned())
}

fn guest(resolver: &Resolver, file: &RecordKey) -> Result<ProfileId, Failure> {
    Ok(resolver.profile_of(file)?.ok_or("nobody")?)
}

/// Who said it, where and when.
fn told(stated: &Stated) -> String {
    let by = match stated.noted_by {
        NotedBy::Customer => "the guest",
        NotedBy::Staff => "staff",
        NotedBy::System => "a program",
    };
    let at = stated.said_at.to_string();
    let date = at.split_once('T').map_or(at.as_str(), |(date, _)| date);
    let (place, words) = (stated.place.as_deref().unwrap_or("?"), stated.text.as_deref().unwrap_or(""));
    format!("{}, noted by {by} at {place} on {date}: \"{words}\"", stated.value)
}
