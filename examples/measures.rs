//! How well does the shop do? Figures of customers by people and by what each source takes for one, segments, recognition,
//! a tree of key figures and the index of the experience, of an invented year.
//!
//! `cargo run --example measures` prints the tables below; `-- --html OUT.html` writes them as one page, too.
//!
//! ```text
//! A year, by people and by ids
//!
//!   figure                  by people  by ids      off
//!   customers                     201     262  +30.3 %
//!   acquisition cost            27.08   16.88  -37.7 %
//!   average order value         33.05   33.05   +0.0 %
//!   orders per customer          6.77    5.25  -22.4 %
//!   purchase interval days      41.26   50.13  +21.5 %
//!   relationship days          337.19  299.53  -11.2 %
//!   repurchase rate            93.0 %  88.2 %   -5.2 %
//!   retention rate             82.2 %  79.3 %   -3.5 %
//!   churn rate                 17.8 %  20.7 %  +16.3 %
//!   lapsed rate                39.8 %  34.0 %  -14.7 %
//!   revenue per customer       223.69  173.53  -22.4 %
//!   value to date              311.24  238.78  -23.3 %
//!   predicted value            149.24  116.98  -21.6 %
//!
//! By segment, cohort and channel of the first purchase
//!
//!   group          people  order value  came back   churn   lapsed  won for  value ahead  by ids
//!   everybody         201        33.05     93.0 %  17.8 %   39.8 %    27.08       149.24  116.98
//!   regulars          128        33.26    100.0 %   2.8 %   24.2 %        -       201.58  151.32
//!   shop & web         61        33.30    100.0 %  14.6 %   32.8 %        -       160.59   89.76
//!   to win back        26        33.06    100.0 %  11.5 %  100.0 %        -        51.15   47.50
//!   since 2024-01      18        30.85     94.4 %  29.4 %   50.0 %        -       151.34  128.90
//!   since 2024-07       8        34.00    100.0 %  25.0 %   37.5 %        -       122.83  110.46
//!   since 2025-01      11        32.04    100.0 %       -   27.3 %        -       180.68  134.08
//!   since 2025-07       2        34.45    100.0 %       -   50.0 %        -       120.56  104.97
//!   won by pos        114        33.51     93.9 %  18.5 %   43.9 %    12.50       134.16  110.05
//!   won by web         87        32.57     92.0 %  16.9 %   34.5 %    56.25       168.99  124.82
//!
//! Recognition
//!
//!   channel  events  somebody's
//!   mail        424     100.0 %
//!   pos         588     100.0 %
//!   web         874      66.7 %
//!
//! Key figures
//!
//!   figure                      is  target    ahead  owner                to do
//!   order value              33.05   40.00    -6.95  head of web          offer what goes with it
//!   churn                   17.8 %  30.0 %  +12.2 %  head of retail
//!   recognition             84.6 %  90.0 %   -5.4 %  head of data         see the channel
//!     recognition on mail  100.0 %  90.0 %  +10.0 %  head of the channel
//!     recognition on pos   100.0 %  90.0 %  +10.0 %  head of the channel
//!     recognition on web    66.7 %  90.0 %  -23.3 %  head of the channel  ask for the card
//!
//! The index of the experience
//!
//!   dimension               good    of  measured  at 95 %           self-assessed      gap
//!   customer understanding    70   464    15.1 %  12.1 % to 18.6 %         80.0 %  +64.9 %
//!   personalisation          147   424    34.7 %  30.3 % to 39.3 %         60.0 %  +25.3 %
//!   omnichannel             1595  1886    84.6 %  82.9 % to 86.1 %         90.0 %   +5.4 %
//!   privacy                  212   424    50.0 %  45.3 % to 54.7 %        100.0 %  +50.0 %
//!   index                                 46.9 %                           86.0 %  +39.1 %
//! ```

use onefold::{
    Consent, ConsentStatus, CustomerCounts, CustomerHistory, Dimension, Distortion, DueRequest, Event, EventKind,
    ExperienceQuery, Good, Group, Ingest, Kpi, KpiReading, KpiRegistry, LifetimeKind, Line, Message, Period, Policy,
    PredictedValue, Record, Resolver, RollUp, SegmentSet, SmolStr, TimeUnit, Timestamp, ValueModel, ValueRequest,
    acquisition_figures, distortions, experience_index, lapse_judge, learn_gaps, measure_customers, measure_value,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const PEOPLE: u64 = 240;
const DAY: i64 = 86_400_000_000;
/// 2024-01-01, and the days of which is told.
const START: i64 = 19_723;
const DAYS: i64 = 731;

/// Who is in which segment.
const SEGMENTS: &str = r#"[
    {"name": "regulars", "rule": {"at_least": ["purchase_days", 6]}},
    {"name": "shop & web", "rule": {"all": [{"equals": ["purchase_channels", "pos"]}, {"equals": ["purchase_channels", "web"]}]}},
    {"name": "to win back", "rule": {"all": [{"segment": "regulars"}, {"at_least": ["days_since_purchase", 150]}]}}
]"#;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let html = match arguments.iter().map(String::as_str).collect::<Vec<&str>>().as_slice() {
        [] => None,
        ["--html", path] => Some((*path).to_owned()),
        _ => return Err("usage: measures [--html OUT.html]".into()),
    };
    let resolver = shop()?;
    let tables = measure(&resolver)?;
    let mut out = std::io::stdout().lock();
    out.write_all(text(&tables).as_bytes())?;
    if let Some(path) = html {
        let page = page(&tables);
        assert!(page.contains("shop &amp; web") && !page.contains("<script"), "names stay names");
        std::fs::write(path, page)?;
    }
    Ok(())
}

/// What is shown, whether printed or on a page.
struct Table {
    title: &'static str,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// One way to see who is a customer.
struct Seen {
    counts: BTreeMap<Group, CustomerCounts>,
    values: BTreeMap<Group, PredictedValue>,
}

fn measure(resolver: &Resolver) -> Outcome<Vec<Table>> {
    let (view, now) = (resolver.view()?, at(START + DAYS, 0)?);
    let period = Period::new(START + DAYS - 365, START + DAYS)?;
    let segments: SegmentSet = serde_json::from_str(SEGMENTS)?;
    let found = view.customers("EUR", now, &|view, id| view.segment_names(id, &segments, now))?;
    let people = seen(&found.resolved.into_values().collect::<Vec<_>>(), period)?;
    let apart = seen(&found.unresolved, period)?;
    // What was spent in the year to win customers, by channel.
    let spent: BTreeMap<SmolStr, _> = BTreeMap::from([("web".into(), "900".parse()?), ("pos".into(), "400".parse()?)]);
    let (right, wrong) = (acquisition_figures(&people.counts, &spent)?, acquisition_figures(&apart.counts, &spent)?);
    let figures_of_all = |figures: &BTreeMap<Group, _>| figures.get(&Group::All).copied().unwrap_or_default();
    let off = distortions(&figures_of_all(&right), &figures_of_all(&wrong));
    let of = |name: &str| off.iter().find(|row| row.figure == name).and_then(|row| row.off).unwrap_or_default();
    assert!(of("acquisition_cost") < -0.1, "one person under two names was won once");
    assert!(of("repurchase_rate") < 0.0 && of("value_to_date") < 0.0 && of("churn_rate") > 0.0);
    assert_eq!(of("average_order_value"), 0.0, "an order is an order, whoever made it");
    let mut tables = vec![with_and_without(&off, &people, &apart)];

    let mut groups = Table {
        title: "By segment, cohort and channel of the first purchase",
        head: vec![
            "group",
            "people",
            "order value",
            "came back",
            "churn",
            "lapsed",
            "won for",
            "value ahead",
            "by ids",
        ],
        rows: Vec::new(),
    };
    for (group, figures) in &right {
        let name = match group {
            Group::All => "everybody".to_owned(),
            Group::Segment(name) => name.to_string(),
            Group::Cohort(month) if !month.ends_with("01") && !month.ends_with("07") => continue,
            Group::Cohort(month) => format!("since {month}"),
            Group::Channel(channel) => format!("won by {channel}"),
        };
        let ahead = |seen: &Seen| seen.values.get(group).and_then(PredictedValue::value_each);
        let customers = people.counts.get(group).map_or(0, |counts| counts.customers);
        let mut row = vec![name, customers.to_string(), money(figures.average_order_value)];
        row.extend([figures.repurchase_rate, figures.churn_rate, figures.lapsed_rate].map(share));
        row.extend([figures.acquisition_cost, ahead(&people), ahead(&apart)].map(money));
        groups.rows.push(row);
    }
    assert!(groups.rows.len() >= 8, "everybody, three segments, two channels and two cohorts or more");
    tables.push(groups);

    let year = ExperienceQuery::new(at(period.from(), 0)?, now).needed(["given_name", "city"]);
    let rates = view.experience_rates(&year)?;
    let mut channels = Table { title: "Recognition", head: vec!["channel", "events", "somebody's"], rows: Vec::new() };
    for channel in rates.recognition.channels() {
        let rate = channel.rate();
        channels.rows.push(vec![channel.channel.to_string(), channel.events.to_string(), share(Some(rate))]);
    }
    tables.push(channels);

    let recognised = rates
        .recognition
        .channels()
        .map(|channel| (channel.channel.clone(), KpiReading { value: channel.rate(), weight: channel.events as f64 }));
    tables.push(key_figures(&figures_of_all(&right), recognised.collect())?);

    // What the shop thought of itself, in the order of the dimensions.
    let index = experience_index(rates.rates, [1.0, 1.0, 1.0, 2.0], [Some(0.8), Some(0.6), Some(0.9), Some(1.0)])?;
    assert!(index.gap.is_some_and(|gap| gap > 0.0), "who judges oneself is kind");
    let mut experience = Table {
        title: "The index of the experience",
        head: vec!["dimension", "good", "of", "measured", "at 95 %", "self-assessed", "gap"],
        rows: Vec::new(),
    };
    for score in &index.dimensions {
        let name = match score.dimension {
            Dimension::Understanding => "customer understanding",
            Dimension::Personalisation => "personalisation",
            Dimension::Omnichannel => "omnichannel",
            Dimension::Privacy => "privacy",
        };
        let within = score.interval.map(|sure| format!("{} to {}", share(Some(sure.lower)), share(Some(sure.upper))));
        let mut row = vec![name.to_owned(), score.rate.good.to_string(), score.rate.of.to_string()];
        row.extend([share(score.rate.share()), within.unwrap_or_default(), share(score.assessed), points(score.gap)]);
        experience.rows.push(row);
    }
    let [measured, assessed] = [index.measured, index.assessed].map(share);
    let blank = String::new;
    experience.rows.push(vec!["index".to_owned(), blank(), blank(), measured, blank(), assessed, points(index.gap)]);
    tables.push(experience);
    Ok(tables)
}

/// Counts customers and what they are expected to be worth, by laws that are learned of these customers.
fn seen(customers: &[CustomerHistory], period: Period) -> Outcome<Seen> {
    let last = period.until() - 1;
    let days: Vec<Vec<i64>> =
        customers.iter().map(|one| one.purchases.iter().map(|purchase| purchase.day).collect()).collect();
    let prior = learn_gaps(&days, last, None);
    let lapsed = lapse_judge(prior.as_ref(), DueRequest::new(last))?;
    let model = ValueModel::learn(customers, last, LifetimeKind::ModifiedBetaGeometric, TimeUnit::Weeks)?;
    // A year ahead, in quarters, of which each is worth 2 % less than the one before.
    let values = measure_value(customers, &model, &ValueRequest::new(13.0, 4).discount(0.02))?;
    Ok(Seen { counts: measure_customers(customers, period, &lapsed)?, values })
}

fn with_and_without(off: &[Distortion], people: &Seen, apart: &Seen) -> Table {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let customers = |seen: &Seen| seen.counts.get(&Group::All).map_or(0.0, |counts| counts.customers as f64);
    let ahead = |seen: &Seen| seen.values.get(&Group::All).and_then(PredictedValue::value_each);
    let mut row = |name: &str, right: Option<f64>, wrong: Option<f64>, shown: &dyn Fn(Option<f64>) -> String| {
        let off = right.zip(wrong).filter(|(right, _)| *right != 0.0).map(|(right, wrong)| wrong / right - 1.0);
        rows.push(vec![name.replace('_', " "), shown(right), shown(wrong), points(off)]);
    };
    row("customers", Some(customers(people)), Some(customers(apart)), &|number| number.unwrap_or_default().to_string());
    for figure in off {
        let is_share = figure.figure.ends_with("_rate");
        row(&figure.figure, figure.resolved, figure.unresolved, if is_share { &share } else { &money });
    }
    row("predicted_value", ahead(people), ahead(apart), &money);
    Table { title: "A year, by people and by ids", head: vec!["figure", "by people", "by ids", "off"], rows }
}

fn key_figures(figures: &onefold::CustomerFigures, recognised: Vec<(SmolStr, KpiReading)>) -> Outcome<Table> {
    let kpi = |name: &str, parent: Option<&str>, target: f64, owner: &str, action: &str| Kpi {
        name: name.into(),
        definition: format!("{name}, over all customers of the year"),
        unit: if name.contains("value") { "EUR".into() } else { "share".into() },
        owner: owner.into(),
        action: action.to_owned(),
        target,
        good: Good::High,
        parent: parent.map(Into::into),
        roll_up: RollUp::Mean,
    };
    let churn = Kpi { good: Good::Low, ..kpi("churn", None, 0.3, "head of retail", "write to who is lapsing") };
    let mut kpis = vec![
        kpi("order value", None, 40.0, "head of web", "offer what goes with it"),
        churn,
        kpi("recognition", None, 0.9, "head of data", "see the channel"),
    ];
    let named = |channel: &str| format!("recognition on {channel}");
    for (channel, _) in &recognised {
        kpis.push(kpi(&named(channel), Some("recognition"), 0.9, "head of the channel", "ask for the card"));
    }
    let registry = KpiRegistry::new(kpis)?;
    let one = |value: Option<f64>| value.map(|value| KpiReading { value, weight: 1.0 });
    let names: Vec<(String, KpiReading)> =
        recognised.into_iter().map(|(channel, reading)| (named(&channel), reading)).collect();
    let mut readings: Vec<(&str, KpiReading)> = names.iter().map(|(name, reading)| (name.as_str(), *reading)).collect();
    readings.extend(one(figures.average_order_value).map(|reading| ("order value", reading)));
    readings.extend(one(figures.churn_rate).map(|reading| ("churn", reading)));
    let results = registry.evaluate(readings)?;
    assert!(results.iter().any(|result| result.action.is_some()) && results.iter().any(|one| one.action.is_none()));
    let mut table = Table {
        title: "Key figures",
        head: vec!["figure", "is", "target", "ahead", "owner", "to do"],
        rows: Vec::new(),
    };
    for (result, kpi) in results.iter().zip(registry.kpis()) {
        let shown = |value: Option<f64>| if kpi.unit == "share" { share(value) } else { money(value) };
        table.rows.push(vec![
            format!("{}{}", "\u{a0}\u{a0}".repeat(result.depth), result.name),
            shown(result.reading.map(|reading| reading.value)),
            shown(Some(kpi.target)),
            if kpi.unit == "share" { points(result.ahead) } else { money(result.ahead) },
            kpi.owner.to_string(),
            result.action.clone().unwrap_or_default(),
        ]);
    }
    Ok(table)
}

/// Two years of people who buy in the shop by card, on the web by address, or both; a third of them never said that the two
/// are one.
fn shop() -> Outcome<Resolver> {
    let resolver = Resolver::in_memory(Policy::retail())?;
    let (mut records, mut events) = (Vec::new(), Vec::new());
    for person in 0..PEOPLE {
        let mut dice = Dice(1_000 + person);
        let (address, card) = (format!("p{person}@example.org"), format!("L{person}"));
        let (by_web, by_shop) = match dice.below(4) {
            0 => (true, false),
            1 => (false, true),
            _ => (true, true),
        };
        if dice.below(3) > 0 {
            let record = Record::new("crm", person.to_string(), at(START, 0)?).attribute("given_name", "Ann");
            let record = if dice.below(3) > 0 { record.attribute("city", "Graz") } else { record };
            records.push(record.identifier("email", &*address).identifier("loyalty_id", &*card));
        }
        if dice.below(3) > 0 {
            let yes = Consent::new("marketing", ConsentStatus::Granted);
            let yes = Event::of_consent("web", format!("c-{person}"), at(START, 1)?, yes);
            events.push(yes.identifier("email", &*address));
        }
        let told = |day: i64, kind: EventKind, source: &str| -> Outcome<Event> {
            let event = Event::new(source, format!("{person}-{day}"), at(day, 12)?, kind);
            let (kind, value) = if source == "pos" { ("loyalty_id", &card) } else { ("email", &address) };
            Ok(event.identifier(kind, &**value))
        };
        let gap = 10 + dice.below(80);
        let leaves = (START + dice.below(1_200) as i64).min(START + DAYS);
        let mut day = START + dice.below(500) as i64;
        while day < leaves {
            let source = if by_web && (!by_shop || dice.below(2) == 0) { "web" } else { "pos" };
            let amount = format!("{}.{:02}", 8 + dice.below(50), dice.below(100));
            events.push(told(day, EventKind::Purchase, source)?.line(Line::new("something").amount(amount, "EUR")));
            // A look without a name, before one in two purchases on the web.
            if source == "web" && dice.below(2) == 0 {
                let look = Event::new("web", format!("v-{person}-{day}"), at(day, 11)?, EventKind::View);
                events.push(look.identifier("cookie_id", format!("k-{person}-{day}")));
            }
            if by_web && dice.below(2) == 0 {
                let letter = Message::new(format!("m-{person}-{day}")).purpose("marketing");
                let sent = told(day, EventKind::MessageSent, "mail")?.message(letter);
                events.push(if dice.below(3) == 0 { sent.facet("decision", "d") } else { sent });
            }
            day += 1 + (gap / 2 + dice.below(gap)) as i64;
        }
    }
    drop(resolver.add_all(records, Ingest::default())?);
    drop(resolver.add_events(events, Ingest::default())?);
    Ok(resolver)
}

fn at(day: i64, hour: i64) -> onefold::Result<Timestamp> {
    Timestamp::from_microseconds(day * DAY + hour * 3_600_000_000)
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{:.1} %", value * 100.0))
}

fn points(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{:+.1} %", value * 100.0))
}

fn money(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

/// Tables as text: the first column to the left, the others to the right unless they are words.
fn text(tables: &[Table]) -> String {
    let mut text = String::new();
    for table in tables {
        let _ = writeln!(text, "{}\n", table.title);
        let head: Vec<String> = table.head.iter().map(|name| (*name).to_owned()).collect();
        let lines: Vec<&Vec<String>> = std::iter::once(&head).chain(&table.rows).collect();
        let wide =
            |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
        for line in &lines {
            let mut row = String::new();
            for (column, cell) in line.iter().enumerate() {
                let width = wide(column).unwrap_or_default();
                let _ = match is_number(table, column) {
                    true => write!(row, "{cell:>width$}  "),
                    false => write!(row, "{cell:<width$}  "),
                };
            }
            let _ = writeln!(text, "  {}", row.trim_end());
        }
        text.push('\n');
    }
    text
}

fn is_number(table: &Table, column: usize) -> bool {
    column > 0 && !matches!(table.head.get(column), Some(&("owner" | "to do" | "at 95 %")))
}

/// Tables as one page with everything in it.
fn page(tables: &[Table]) -> String {
    const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#222}\
        table{border-collapse:collapse}h2{font-size:1.15em;margin-top:2em}\
        td,th{padding:.2em .9em .2em 0;text-align:left;border-bottom:1px solid #ddd}td.n,th.n{text-align:right}";
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>onefold: how well we do</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style><h1>How well we do</h1>"
    );
    for table in tables {
        let _ = write!(page, "<h2>{}</h2><table><tr>", escaped(table.title));
        let class = |column: usize| if is_number(table, column) { " class=n" } else { "" };
        for (column, name) in table.head.iter().enumerate() {
            let _ = write!(page, "<th{}>{}", class(column), escaped(name));
        }
        for row in &table.rows {
            page.push_str("<tr>");
            for (column, cell) in row.iter().enumerate() {
                let _ = write!(page, "<td{}>{}", class(column), escaped(cell));
            }
        }
        page.push_str("</table>");
    }
    page.push_str("</html>\n");
    page
}

/// Text that stays text whatever stands in it.
fn escaped(text: &str) -> String {
    let safe = |letter: char| match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        // Would turn what stands after it around, or end the page early in some readers.
        '\u{0}'..='\u{8}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}'.to_string(),
        other => other.to_string(),
    };
    text.chars().map(safe).collect()
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
}
