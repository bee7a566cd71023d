//! A policy to start from.

use super::{
    AttributePolicy as Attribute, Compare, Contested, Form, IdentifierPolicy as Identifier, Policy, PolicyBuilder,
    Role, SourceClass, SourcePolicy as Source, Survive,
};

const NAME: &str = "name";
const ADDRESS: &str = "address";

impl Policy {
    /// Starts a retailer off: the identifiers, sources and attributes that most of them have, with limits that keep
    /// people apart where the evidence is ambiguous.
    ///
    /// - `customer_id` and `loyalty_id` are one to a person. A `marketplace_id` is an account of hers at one of up to
    ///   ten marketplaces.
    /// - `email` links, except for two whose given names or birth dates contradict: a family mailbox stays several
    ///   people.
    /// - `phone` links only those who agree on the name: a gift order with her mail and his phone must not merge the
    ///   two, and a number that was given to another customer must not either. On more than 1,000 records it is a
    ///   switchboard's or a till's own, and generic: nobody is told by it.
    /// - `order_id` is one order of one person, but whoever knows the number may quote it: the person who was given the
    ///   parcel, or a colleague at the desk. So it has the rights of a visit: it brings what nobody else claims to the
    ///   person who ordered, and never ties two known people. Where two claim it, nobody holds it. Events that carry it
    ///   tell of one purchase.
    /// - `app_install_id`, `device_id`, `cookie_id` and `session_id` attach the anonymous to at most one known person.
    ///
    /// No region is set: phones without a country code stay bare digits until one is.
    ///
    /// # Examples
    /// ```
    /// use onefold::Policy;
    /// let policy = Policy { default_region: Some("GB".into()), ..Policy::retail() };
    /// policy.check()?;
    /// # Ok::<(), onefold::Error>(())
    /// ```
    pub fn retail() -> Self {
        let builder = contacts(persons(sources(Self::builder())));
        attributes(visits(builder)).into_unchecked()
    }
}

fn sources(builder: PolicyBuilder) -> PolicyBuilder {
    builder
        .source("crm")
        .source("pos")
        .source("app")
        .source("web")
        .source("call_centre")
        .source("mail")
        .source(Source::new("marketplace").class(SourceClass::SecondParty))
}

fn persons(builder: PolicyBuilder) -> PolicyBuilder {
    builder
        .identifier(Identifier::new("customer_id", Role::Person))
        .identifier(Identifier::new("loyalty_id", Role::Person).normalise(Form::UpperAlnum))
        .identifier(Identifier::new("marketplace_id", Role::Person).max_per_profile(10))
}

fn contacts(builder: PolicyBuilder) -> PolicyBuilder {
    let email = Identifier::new("email", Role::Contact).normalise(Form::Email).max_per_profile(5).block([
        "noreply@*",
        "no-reply@*",
        "donotreply@*",
        "do-not-reply@*",
        "*.invalid",
        "*@localhost",
    ]);
    let phone = Identifier::new("phone", Role::Contact)
        .normalise(Form::Phone)
        .max_per_profile(5)
        .corroborate(["given_name", "surname"])
        .max_records(1_000);
    builder.identifier(email).identifier(phone)
}

fn visits(builder: PolicyBuilder) -> PolicyBuilder {
    let order = Identifier::new("order_id", Role::Session)
        .normalise(Form::UpperAlnum)
        .contested(Contested::Nobody)
        .max_records(1_000);
    builder
        .order("order_id")
        .identifier(order)
        .identifier(Identifier::new("app_install_id", Role::Device))
        .identifier(Identifier::new("device_id", Role::Device))
        .identifier(Identifier::new("cookie_id", Role::Device))
        .identifier(Identifier::new("session_id", Role::Session))
}

fn attributes(builder: PolicyBuilder) -> PolicyBuilder {
    let trusted = [Survive::Source, Survive::MostRecent];
    let newest = [Survive::MostRecent];
    let name = |name: &str, compare| Attribute::new(name, compare).group(NAME).survive(trusted);
    let address = |name: &str, compare| Attribute::new(name, compare).group(ADDRESS).survive(newest);
    builder
        .attribute(name("given_name", Compare::GivenName).exclusive())
        .attribute(name("surname", Compare::Surname))
        .attribute(Attribute::new("birth_date", Compare::Date).exclusive().survive([
            Survive::Source,
            Survive::MostFrequent,
            Survive::MostRecent,
        ]))
        .attribute(Attribute::new("gender", Compare::Text).survive(trusted))
        .attribute(Attribute::new("language", Compare::Text).survive(newest))
        .attribute(address("street", Compare::Address))
        .attribute(address("postcode", Compare::Postcode))
        .attribute(address("city", Compare::Text))
        .attribute(address("region", Compare::Text))
        .attribute(address("country", Compare::Text))
        .attribute(Attribute::new("first_channel", Compare::Text).survive([Survive::First]))
}
