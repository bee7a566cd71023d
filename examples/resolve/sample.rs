//! An invented retailer: shop till, web, app, mail and call centre, a few hundred people, and what goes wrong there.
//!
//! The same on every machine. No name, number or address is anybody's: the domains are `example`, the phone numbers
//! are those that the British regulator keeps for films.

use crate::sample_names::{CITIES, FAMILIES, GIVEN, STREETS};
use onefold::{Assertion, Limit, Operation, Policy, Record, RecordKey, Result, SmolStr, Timestamp, Verdict};
use std::collections::HashMap;

/// The till's own address, typed in for every customer who wants no receipt by mail.
pub(crate) const TILL_EMAIL: &str = "receipts@till.example.org";
const KIOSK: &str = "kiosk-tablet-7";
const HOUSEHOLDS: u64 = 165;
const START: i64 = 1_704_103_200; // 2024-01-01T10:00:00Z
const DAYS: u64 = 700;

/// The retailer's year.
pub(crate) struct Sample {
    /// The built-in retail policy, with the limits of a shop of this size.
    pub(crate) policy: Policy,
    /// What arrives, in the order of arrival, which is nobody's idea of order.
    pub(crate) operations: Vec<Operation>,
    /// Who each record really is.
    pub(crate) truth: HashMap<RecordKey, SmolStr>,
    /// When the run takes place.
    pub(crate) now: Timestamp,
    /// Ada's record in the customer file: the profile that is shown.
    pub(crate) ada: RecordKey,
    /// An order that she placed as a guest, before she registered.
    pub(crate) guest_order: RecordKey,
    /// Her husband's record. They share a mailbox, a landline and an address.
    pub(crate) ben: RecordKey,
    /// A receipt on his second card, which no number ties to him: a steward did.
    pub(crate) second_card: RecordKey,
}

/// Makes the sample.
pub(crate) fn sample() -> Result<Sample> {
    let mut shop = Shop { chance: Chance(21), records: Vec::new(), truth: HashMap::new(), people: 0, serial: 0 };
    let (ada, guest_order, ben) = shop.marlows()?;
    for _ in 0..HOUSEHOLDS {
        shop.household()?;
    }
    shop.impossible_record()?;
    let mut operations: Vec<Operation> = shop.records.into_iter().map(Operation::Add).collect();
    shop.chance.shuffle(&mut operations);
    // Ben lost his card and got a second one. No number ties the two, so a steward says it.
    let (by, why) = ("steward", "lost card, replaced at the desk");
    let second_card = RecordKey::new("pos", "ben-second-card");
    operations.push(Operation::Assert(Assertion::new(Verdict::Join, ben.clone(), second_card.clone(), by, why)?));
    Ok(Sample { policy: policy(), operations, truth: shop.truth, now: at(731, 0)?, ada, guest_order, ben, second_card })
}

fn policy() -> Policy {
    let mut policy = Policy { default_region: Some("GB".into()), ..Policy::retail() };
    for kind in policy.identifier.iter_mut().filter(|kind| kind.kind == "email" || kind.kind == "device_id") {
        kind.max_records = Some(Limit::AtMost(60));
    }
    policy
}

/// A person of the shop.
#[derive(Clone)]
struct Person {
    name: SmolStr,
    given: &'static str,
    nickname: &'static str,
    surname: &'static str,
    birth_date: String,
    email: String,
    mobile: String,
    landline: String,
    home: Home,
    customer: Option<String>,
    card: Option<String>,
    cookie: String,
    install: String,
}

#[derive(Clone)]
struct Home {
    street: String,
    postcode: String,
    city: &'static str,
}

struct Shop {
    chance: Chance,
    records: Vec<Record>,
    truth: HashMap<RecordKey, SmolStr>,
    people: u64,
    serial: u64,
}

impl Shop {
    /// One household: people of one address and landline, and at times of one mailbox.
    fn household(&mut self) -> Result<()> {
        let (home, surname, landline) = (self.home(), *self.chance.pick(FAMILIES), self.phone("0117 496 0"));
        let size = *self.chance.pick(&[1, 1, 2, 2, 2, 3]);
        let mailbox =
            self.chance.one_in(5).then(|| format!("the.{}s{}@family.example.net", surname.to_lowercase(), self.people));
        let mut used: Vec<&str> = Vec::new();
        for _ in 0..size {
            let mut person = self.person(surname, &home, &landline);
            while used.contains(&person.given) {
                person = self.person(surname, &home, &landline);
            }
            used.push(person.given);
            if let Some(mailbox) = &mailbox {
                person.email.clone_from(mailbox);
            }
            self.life(&person)?;
        }
        Ok(())
    }

    fn person(&mut self, surname: &'static str, home: &Home, landline: &str) -> Person {
        self.people += 1;
        let number = self.people;
        let &(given, nickname) = self.chance.pick(GIVEN);
        let (year, month, day) = (1945 + self.chance.below(58), 1 + self.chance.below(12), 1 + self.chance.below(28));
        let customer = self.chance.in_ten(7).then(|| format!("C{:06}", 100_000 + number * 7));
        let domain = *self.chance.pick(&["post.example.org", "mail.example.com", "inbox.example.net"]);
        Person {
            name: format!("person-{number}").into(),
            given,
            nickname,
            surname,
            birth_date: format!("{year}-{month:02}-{day:02}"),
            email: format!("{}.{}{number}@{domain}", given.to_lowercase(), surname.to_lowercase()),
            mobile: self.phone("07700 900"),
            landline: landline.to_owned(),
            home: home.clone(),
            card: (customer.is_some() && self.chance.in_ten(6)).then(|| format!("LC-{:05}", 20_000 + number * 3)),
            customer,
            cookie: format!("ck-{:08x}", self.chance.next() as u32),
            install: format!("app-{:08x}", self.chance.next() as u32),
        }
    }

    /// Everything that one person leaves behind.
    fn life(&mut self, person: &Person) -> Result<()> {
        let mut day = self.chance.below(DAYS / 2);
        if person.customer.is_some() && self.chance.one_in(3) {
            self.guest_order(person, day)?;
            day += 20;
        }
        if person.customer.is_some() {
            self.registration(person, day)?;
        } else {
            self.guest_order(person, day)?;
        }
        for _ in 0..self.chance.below(7) {
            let day = self.chance.below(DAYS);
            match self.chance.below(7) {
                0 | 1 => self.receipt(person, day)?,
                2 => self.web_visit(person, day)?,
                3 => self.app_visit(person, day)?,
                4 => self.newsletter(person, day)?,
                5 => self.call(person, day)?,
                _ => self.guest_order(person, day)?,
            };
        }
        Ok(())
    }

    /// A row of the customer file; one in six is sent again later, changed, and one in twelve arrives out of turn.
    fn registration(&mut self, person: &Person, day: u64) -> Result<RecordKey> {
        let Some(customer) = &person.customer else { return self.newsletter(person, day) };
        let phone = if self.chance.in_ten(2) { "0000000000".to_owned() } else { self.spelled(&person.mobile) };
        let mut record = self
            .start("crm", day)?
            .identifier("customer_id", customer)
            .identifier("email", if self.chance.one_in(12) { "n/a" } else { &person.email })
            .identifier("phone", phone)
            .identifier("phone", &person.landline)
            .attribute("given_name", person.given)
            .attribute("surname", person.surname)
            .attribute("birth_date", person.birth_date.as_str())
            .attribute("street", person.home.street.as_str())
            .attribute("postcode", person.home.postcode.as_str())
            .attribute("city", person.home.city)
            .attribute("first_channel", "shop");
        if let Some(card) = &person.card {
            record = record.identifier("loyalty_id", card);
        }
        if self.chance.one_in(6) {
            let moved = self.home();
            let mut later = record.clone();
            later.at = at(day + 90, 9)?;
            self.keep(
                later
                    .attribute("street", moved.street)
                    .attribute("postcode", moved.postcode)
                    .attribute("city", moved.city),
                person,
            );
        }
        Ok(self.keep(record, person))
    }

    /// An order without an account: mail, phone, name and the order's number.
    fn guest_order(&mut self, person: &Person, day: u64) -> Result<RecordKey> {
        let email = if self.chance.one_in(25) { misspelled(&person.email) } else { person.email.clone() };
        let phone = self.spelled(&person.mobile);
        let order = self.order();
        let given = if self.chance.one_in(12) { person.nickname } else { person.given };
        let record = self
            .start("web", day)?
            .identifier("email", email)
            .identifier("phone", phone)
            .identifier("order_id", &order)
            .identifier("cookie_id", &person.cookie)
            .attribute("given_name", given)
            .attribute("surname", person.surname)
            .attribute("postcode", person.home.postcode.as_str());
        let key = self.keep(record, person);
        if self.chance.one_in(4) {
            let question = self.start("call_centre", day + 2)?.identifier("order_id", order);
            self.keep(question.attribute("reason", "where is my order"), person);
        }
        Ok(key)
    }

    /// A receipt: the card where there is one; the till's own mailbox on every other one; at times the kiosk's tablet.
    fn receipt(&mut self, person: &Person, day: u64) -> Result<RecordKey> {
        let mut record = self.start("pos", day)?;
        record = match &person.card {
            Some(card) => record.identifier("loyalty_id", card),
            None => record.identifier("phone", self.spelled(&person.mobile)).attribute("given_name", person.given),
        };
        if self.chance.one_in(2) {
            record = record.identifier("email", TILL_EMAIL);
        }
        if self.chance.one_in(4) {
            record = record.identifier("device_id", KIOSK);
        }
        Ok(self.keep(record.attribute("surname", person.surname), person))
    }

    /// A visit of the web shop: logged in, or nobody but a cookie.
    fn web_visit(&mut self, person: &Person, day: u64) -> Result<RecordKey> {
        let record = self.start("web", day)?.identifier("cookie_id", &person.cookie);
        let record = match &person.customer {
            Some(customer) if self.chance.one_in(2) => record.identifier("customer_id", customer),
            _ => record,
        };
        Ok(self.keep(record.attribute("landing_page", "spring sale"), person))
    }

    fn app_visit(&mut self, person: &Person, day: u64) -> Result<RecordKey> {
        let record = self.start("app", day)?.identifier("app_install_id", &person.install);
        let record = match &person.customer {
            Some(customer) => record.identifier("customer_id", customer),
            None => record.identifier("email", &person.email),
        };
        Ok(self.keep(record.attribute("given_name", person.given), person))
    }

    fn newsletter(&mut self, person: &Person, day: u64) -> Result<RecordKey> {
        let record = self.start("mail", day)?.identifier("email", person.email.to_uppercase());
        Ok(self.keep(record.attribute("given_name", person.given).attribute("language", "en"), person))
    }

    /// A call from the landline of the whole household, or from the mobile.
    fn call(&mut self, person: &Person, day: u64) -> Result<RecordKey> {
        let phone = if self.chance.one_in(2) { person.landline.clone() } else { self.spelled(&person.mobile) };
        let record = self.start("call_centre", day)?.identifier("phone", phone);
        Ok(self.keep(record.attribute("given_name", person.given).attribute("surname", person.surname), person))
    }

    /// Ada and Ben, by hand: the profile that the summary explains.
    fn marlows(&mut self) -> Result<(RecordKey, RecordKey, RecordKey)> {
        let home = Home { street: "4 Lantern Row".into(), postcode: "BS1 4ND".into(), city: "Bristol" };
        let landline = "0117 496 0004".to_owned();
        let mailbox = "marlows@family.example.net";
        let mut ada = self.person("Marlow", &home, &landline);
        (ada.given, ada.nickname, ada.birth_date) = ("Ada", "Ada", "1986-04-12".into());
        (ada.email, ada.customer, ada.card) = (mailbox.into(), Some("C900042".into()), Some("LC-90042".into()));
        let mut ben = self.person("Marlow", &home, &landline);
        (ben.given, ben.nickname, ben.birth_date) = ("Benjamin", "Ben", "1984-11-30".into());
        (ben.email, ben.customer, ben.card) = (mailbox.into(), Some("C900049".into()), Some("LC-90049".into()));

        let guest = self.guest_order(&ada, 12)?;
        self.web_visit(&ada, 13)?;
        self.call(&ada, 14)?;
        let ada_key = self.registration(&ada, 40)?;
        self.app_visit(&ada, 61)?;
        self.receipt(&ada, 75)?;
        self.newsletter(&ada, 80)?;
        let ben_key = self.registration(&ben, 52)?;
        self.app_visit(&ben, 70)?;
        self.call(&ben, 90)?;
        // The gift: she orders with her own mail address and gives his phone for the delivery.
        let gift = self.start("web", 320)?.identifier("email", "ada.marlow@post.example.org");
        let gift = gift.identifier("customer_id", "C900042").identifier("phone", &ben.mobile);
        self.keep(gift.attribute("given_name", "Ada").attribute("surname", "Marlow"), &ada);
        let mut second = self.start("pos", 400)?.identifier("loyalty_id", "LC-99049").attribute("surname", "Marlow");
        second.key.key = "ben-second-card".into();
        self.keep(second, &ben);
        Ok((ada_key, guest, ben_key))
    }

    /// A row that two customers were typed into: nobody's, so it is set aside.
    fn impossible_record(&mut self) -> Result<()> {
        let record = self.start("crm", 500)?.identifier("customer_id", "C900042").identifier("customer_id", "C900049");
        self.records.push(record);
        Ok(())
    }

    fn start(&mut self, source: &str, day: u64) -> Result<Record> {
        self.serial += 1;
        let minute = self.chance.below(600);
        Ok(Record::new(source, format!("{source}-{:05}", self.serial), at(day, minute)?))
    }

    fn keep(&mut self, record: Record, person: &Person) -> RecordKey {
        let key = record.key.clone();
        self.truth.insert(key.clone(), person.name.clone());
        self.records.push(record);
        key
    }

    fn home(&mut self) -> Home {
        let &(city, area) = self.chance.pick(CITIES);
        let street = format!("{} {}", 1 + self.chance.below(120), self.chance.pick(STREETS));
        let postcode = format!("{area}{} {}XX", 1 + self.chance.below(20), 1 + self.chance.below(9));
        Home { street, postcode, city }
    }

    fn phone(&mut self, prefix: &str) -> String {
        format!("{prefix}{:03}", self.chance.below(1000))
    }

    /// A number as people write it: with or without the country's code, with dashes or blanks.
    fn spelled(&mut self, phone: &str) -> String {
        match self.chance.below(3) {
            0 => phone.replacen('0', "+44 ", 1),
            1 => phone.replace(' ', "-"),
            _ => phone.to_owned(),
        }
    }

    fn order(&mut self) -> String {
        self.serial += 1;
        format!("ORD-{:06}", 300_000 + self.serial)
    }
}

/// Swaps two letters, as hands do.
fn misspelled(email: &str) -> String {
    let mut letters: Vec<char> = email.chars().collect();
    if letters.len() > 3 {
        letters.swap(1, 2);
    }
    letters.into_iter().collect()
}

fn at(day: u64, minute: u64) -> Result<Timestamp> {
    let seconds = START + i64::try_from(day * 86_400 + minute * 60).unwrap_or_default();
    Timestamp::from_milliseconds(seconds * 1000)
}

/// Chance with a seed: SplitMix64 (Steele, Lea and Flood, 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn one_in(&mut self, limit: u64) -> bool {
        self.below(limit) == 0
    }

    fn in_ten(&mut self, chances: u64) -> bool {
        self.below(10) < chances
    }

    /// One of several. Every list of this sample has something in it.
    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let place = self.below(list.len() as u64) as usize;
        #[expect(clippy::indexing_slicing, reason = "the place is below the length of a list that is not empty")]
        &list[place]
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for place in (1..list.len()).rev() {
            list.swap(place, self.below(place as u64 + 1) as usize);
        }
    }
}
