//! She agreed to messages under her phone number, and refused them under her e-mail address: may the shop write to her?
//!
//! `cargo run --example consent` prints:
//!
//! ```text
//! Before anything is said: no, nothing was said, and it needs a yes
//! Agreed, by the phone number: yes, it was granted (pos/c-1)
//! One with the e-mail address, which refused: no, it was refused (web/c-2)
//!   email is left out: it was refused (web/c-2)
//!   sms is left out: it was refused (web/c-2)
//! Logged in and agreed: yes, it was granted (app/c-3), over web/c-2
//! Logged in and withdrew: no, it was refused (web/c-2)
//! Apart again, by the phone number: no, it was refused (app/c-4)
//! Apart again, by the e-mail address: no, it was refused (web/c-2)
//! By the signals of her browser, tcf:3: yes, it was granted (site/visit-7/tcf:3)
//! By the signals of her browser, tcf:4: no, it was refused (site/visit-7/tcf:4)
//! By the signals of her browser, sale: no, it was refused (site/visit-7/sale)
//! ```

use onefold::{
    ChannelLeftOutReason, ChannelRule, Consent, ConsentQuery, ConsentStatus, ContactRequest, ContactRules, Event,
    Permission, PermissionReason, Policy, ProfileId, PurposePolicy, Record, RecordKey, Resolver, TcString, Timestamp,
    basis_of, gpc_consents,
};
use std::io::Write;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    let policy = Policy { purpose: vec![PurposePolicy::new("marketing")], ..Policy::retail() };
    let resolver = Resolver::in_memory(policy.clone())?;

    // In the shop she leaves a number, on the web an address. Nothing ties the two.
    let [till, web] = [("pos", "t-1"), ("web", "guest-9")].map(|(source, key)| RecordKey::new(source, key));
    let at = |day: &str| format!("2026-01-{day}T10:00:00Z").parse::<Timestamp>();
    let file =
        |key: &RecordKey, day| Ok::<_, onefold::Error>(Record::new(key.source.clone(), key.key.clone(), at(day)?));
    resolver.add(file(&till, "04")?.identifier("phone", "+44 20 7946 0018"))?;
    resolver.add(file(&web, "05")?.identifier("email", "ann@post.example.org"))?;
    tell(&mut out, "Before anything is said", &may(&resolver, &till, "05")?)?;

    // At the till she agrees to text messages. On the web she wants nothing of the kind.
    let phone = |event: Event| event.identifier("phone", "+44 20 7946 0018");
    let yes = Consent::new("marketing", ConsentStatus::Granted).channel("sms").notice("privacy 2026-01");
    resolver.add_event(phone(Event::of_consent("pos", "c-1", at("06")?, yes.clone())))?;
    let granted = may(&resolver, &till, "06")?;
    assert_eq!((granted.allowed, granted.reason), (true, PermissionReason::Granted));
    tell(&mut out, "Agreed, by the phone number", &granted)?;
    let no = Consent::new("marketing", ConsentStatus::Denied);
    let no = Event::of_consent("web", "c-2", at("07")?, no).identifier("email", "ann@post.example.org");
    resolver.add_event(no)?;
    assert!(may(&resolver, &till, "07")?.allowed, "nobody knows that they are one");

    // A steward finds that they are one person. The merge does not launder the refusal.
    resolver.join(till.clone(), web.clone(), "steward", "she says so")?;
    assert_eq!(person(&resolver, &till)?, person(&resolver, &web)?);
    let merged = may(&resolver, &till, "08")?;
    assert_eq!(
        (merged.reason, &merged.consent.because),
        (PermissionReason::Refused, &vec![RecordKey::new("web", "c-2")])
    );
    tell(&mut out, "One with the e-mail address, which refused", &merged)?;
    let plan =
        resolver.contact_plan(person(&resolver, &till)?, &channels(), &ContactRequest::new("marketing", at("08")?))?;
    let plan = plan.ok_or("nobody")?;
    for left_out in &plan.left_out {
        let ChannelLeftOutReason::NotPermitted { reason, because } = &left_out.reason else {
            return Err("no consent".into());
        };
        writeln!(out, "  {} is left out: {}", left_out.channel, why(*reason, because))?;
    }
    assert!(plan.choices.is_empty() && plan.left_out.len() == 2);

    // She logs in, and agrees: the word of somebody who is recognised, and newer than the refusal.
    let known = |event: Event| phone(event).identifier("customer_id", "C42");
    resolver.add_event(known(Event::of_consent("app", "c-3", at("09")?, yes.clone())))?;
    let known_yes = may(&resolver, &till, "09")?;
    assert!(known_yes.allowed && known_yes.consent.overruled == [RecordKey::new("web", "c-2")]);
    tell(&mut out, "Logged in and agreed", &known_yes)?;

    // And takes it back: what the yes had overruled stands again.
    let back = Consent { status: ConsentStatus::Withdrawn, ..yes };
    resolver.add_event(known(Event::of_consent("app", "c-4", at("10")?, back)))?;
    let withdrawn = may(&resolver, &till, "10")?;
    assert!(!withdrawn.allowed && withdrawn.consent.because == [RecordKey::new("web", "c-2")]);
    tell(&mut out, "Logged in and withdrew", &withdrawn)?;

    // It was her sister, after all: each has what was said under her own identifiers, and nothing was lost.
    resolver.lift(&till, &web)?;
    let [shop, sister] = [may(&resolver, &till, "11")?, may(&resolver, &web, "11")?];
    assert_eq!(shop.consent.because, [RecordKey::new("app", "c-4")]);
    assert_eq!(sister.consent.because, [RecordKey::new("web", "c-2")]);
    tell(&mut out, "Apart again, by the phone number", &shop)?;
    tell(&mut out, "Apart again, by the e-mail address", &sister)?;

    // What consent platforms and browsers send are consents too.
    let cookies: TcString = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA".parse()?;
    let signals =
        cookies.consents(None, |purpose| basis_of(&policy, purpose)).into_iter().chain(gpc_consents(Some("1")));
    for consent in signals {
        let event = Event::of_consent("site", format!("visit-7/{}", consent.purpose), at("12")?, consent);
        resolver.add_event(event.identifier("email", "ann@post.example.org"))?;
    }
    for (purpose, allowed) in [("tcf:3", true), ("tcf:4", false), ("sale", false)] {
        let query = ConsentQuery::new(purpose);
        let found = resolver.permission(person(&resolver, &web)?, &query, at("12")?)?.ok_or("nobody")?;
        assert_eq!(found.allowed, allowed);
        tell(&mut out, &format!("By the signals of her browser, {purpose}"), &found)?;
    }
    Ok(())
}

/// E-mail and text messages.
fn channels() -> ContactRules {
    let channel = |name: &str, kind: &str| ChannelRule { name: name.into(), kind: Some(kind.into()), silent: false };
    ContactRules { channel: vec![channel("email", "email"), channel("sms", "phone")], ..ContactRules::default() }
}

fn person(resolver: &Resolver, file: &RecordKey) -> Outcome<ProfileId> {
    Ok(resolver.profile_of(file)?.ok_or("nobody")?)
}

/// Whether the one of a file may be sent text messages for marketing, at noon of a day.
fn may(resolver: &Resolver, file: &RecordKey, day: &str) -> Outcome<Permission> {
    let noon = format!("2026-01-{day}T12:00:00Z").parse()?;
    Ok(resolver.may(person(resolver, file)?, "marketing", "sms", noon)?.ok_or("nobody")?)
}

fn tell(out: &mut impl Write, when: &str, found: &Permission) -> Outcome<()> {
    let verdict = if found.allowed { "yes" } else { "no" };
    let overruled: Vec<String> = found.consent.overruled.iter().map(name).collect();
    let over = if overruled.is_empty() { String::new() } else { format!(", over {}", overruled.join(" and ")) };
    writeln!(out, "{when}: {verdict}, {}{over}", why(found.reason, &found.consent.because))?;
    Ok(())
}

fn why(reason: PermissionReason, because: &[RecordKey]) -> String {
    let said = match reason {
        PermissionReason::Granted => "it was granted",
        PermissionReason::Refused => "it was refused",
        PermissionReason::Expired => "the time of the yes is over",
        PermissionReason::Unknown => "nothing was said, and it needs a yes",
        _ => "it needs no yes",
    };
    let keys: Vec<String> = because.iter().map(name).collect();
    if keys.is_empty() { said.to_owned() } else { format!("{said} ({})", keys.join(" and ")) }
}

fn name(key: &RecordKey) -> String {
    format!("{}/{}", key.source, key.key)
}
