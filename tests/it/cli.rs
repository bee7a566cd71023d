//! The `resolve` example from the outside: what it reads, refuses, writes, and how it ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const POLICY: &str = r#"
[[identifier]]
kind = "customer_id"
role = "person"
[[identifier]]
kind = "email"
role = "contact"
normalise = "email"
"#;

const COLUMNS: &str = r#"
source = { value = "crm" }
key = "id"
truth = "person"
[identifiers]
email = "mail"
[attributes]
given_name = "name"
"#;

/// A built example: cargo puts it beside the test binary's folder.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().unwrap().parent().unwrap().join("examples");
    let found = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    // `cargo test` builds the examples, but `cargo test NAME` does not.
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).unwrap();
    let folder = |name: &str| std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name));
    let sources = folder(name).unwrap().chain(folder("common").unwrap());
    let newest = sources.map(|file| changed(&file.unwrap().path())).max().unwrap();
    let built = found.exists() && changed(&found) >= newest;
    assert!(built, "{} is not built, or not since it was changed: run `cargo build --examples`", found.display());
    found
}

/// A folder of files, and runs in it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("policy.toml", POLICY);
        desk.write("columns.toml", COLUMNS);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn run(&self, arguments: &str) -> Output {
        self.run_with(None, arguments)
    }

    /// Runs under a secret.
    fn run_with(&self, secret: Option<&str>, arguments: &str) -> Output {
        self.run_in(&[("ONEFOLD_SECRET", secret)], arguments)
    }

    /// Runs with variables of the environment.
    fn run_in(&self, variables: &[(&str, Option<&str>)], arguments: &str) -> Output {
        let mut command = Command::new(example("resolve"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path());
        command.env_remove("ONEFOLD_SECRET").env_remove("ONEFOLD_STORE_KEY");
        command.envs(variables.iter().filter_map(|(name, value)| Some((name, (*value)?))));
        command.output().unwrap()
    }

    /// Runs with the policy and an input, and expects success.
    fn replay(&self, arguments: &str) -> String {
        let output = self.run(&format!("--policy policy.toml --now 2026-01-05T10:00:00Z {arguments}"));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Expects status 2 and a message that says this.
    fn refused(&self, arguments: &str, message: &str) {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {error}");
        assert!(error.contains(message), "{arguments}: {error}");
        assert!(output.stdout.is_empty(), "{arguments}");
    }

    /// The partition that `--records` wrote: records by profile.
    fn partition(&self, name: &str) -> Vec<Vec<String>> {
        let mut profiles: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in csv::Reader::from_path(self.path(name)).unwrap().records() {
            let (source, key, profile): (String, String, String) = row.unwrap().deserialize(None).unwrap();
            profiles.entry(profile).or_default().push(format!("{source}/{key}"));
        }
        let mut parts: Vec<Vec<String>> = profiles.into_values().collect();
        parts.iter_mut().for_each(|part| part.sort());
        parts.sort();
        parts
    }
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn wrong_arguments_are_named() {
    let desk = Desk::new();
    desk.write("in.jsonl", "");
    desk.refused("--polcy policy.toml", "option `--polcy`: is not an option");
    desk.refused("--policy", "option `--policy`: needs a value");
    desk.refused("--policy policy.toml", "option `--input`: is missing");
    desk.refused("--input in.jsonl", "option `--policy`: is missing");
    desk.refused("--policy policy.toml --policy policy.toml --input in.jsonl", "option `--policy`: comes twice");
    desk.refused("--policy policy.toml --input in.jsonl --batch 0", "option `--batch`: is not a whole number above 0");
    desk.refused("--policy policy.toml --input in.jsonl --now yesterday", "option `--now`: is not RFC 3339");
    desk.refused("--policy policy.toml --input gone.jsonl", "option `--input`: gone.jsonl: ");
    desk.refused(
        "--policy policy.toml --input policy.toml",
        "option `--input`: policy.toml: is neither .jsonl, .csv nor .parquet",
    );
    desk.refused("--policy gone.toml --input in.jsonl", "option `--policy`: gone.toml: ");
    let help = desk.run("--help");
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).starts_with("usage: resolve --policy"));
}

#[test]
fn a_wrong_policy_is_refused_with_its_field() {
    let desk = Desk::new();
    desk.write("in.jsonl", "");
    for (policy, message) in [
        ("[[identifier]]\nkind = \"email\"\nroll = \"contact\"", "identifier[0].roll"),
        ("[[identifier]]\nkind = \"email\"\nrole = \"friend\"", "identifier[0].role"),
        ("not toml at all", "policy"),
        ("[[identifier]]\nkind = \"email\"\nrole = \"contact\"\npattern = \"(\"", "identifier[0].pattern"),
        ("default_region = \"XX\"", "default_region"),
        (
            "[[identifier]]\nkind = \"d\"\nrole = \"device\"\n[[identifier]]\nkind = \"c\"\nrole = \"contact\"",
            "identifier[",
        ),
    ] {
        desk.write("wrong.toml", policy);
        desk.refused("--policy wrong.toml --input in.jsonl", message);
    }
}

#[test]
fn a_table_that_does_not_fit_its_map_is_refused() {
    let desk = Desk::new();
    let run = "--policy policy.toml --columns columns.toml --input in.csv";
    desk.write("in.csv", "id,mail,name,person\n");
    desk.refused("--policy policy.toml --input in.csv", "option `--columns`: is missing");
    desk.refused("--policy policy.toml --columns gone.toml --input in.csv", "option `--columns`: gone.toml: ");
    desk.write("in.csv", "id,email,name,person\n1,a@x.org,Ann,p\n");
    desk.refused(run, "in.csv: has no column `mail`, which the column map names for `email`");
    desk.write("in.csv", "id,mail,mail,name,person\n");
    desk.refused(run, "in.csv: has the column `mail` of `email` twice");
    desk.write("columns.toml", "sauce = { value = \"crm\" }\nkey = \"id\"");
    desk.refused(run, "option `--columns`: columns.toml: ");
    desk.write("columns.toml", "source = { value = \"crm\" }\nkey = \"id\"\n[identifiers]\nemail = 3");
    desk.refused(run, "option `--columns`: columns.toml: ");
}

#[test]
fn lines_that_cannot_be_read_are_listed_and_stop_nothing() {
    let desk = Desk::new();
    let mut lines: Vec<u8> = b"\xef\xbb\xbf".to_vec();
    lines.extend(br#"{"source":"crm","key":"1","at":0,"identifiers":{"email":"ann@x.org"}}"#);
    lines.extend(b"\r\n\n   \n");
    lines.extend(b"\xff\xfe\n");
    lines.extend(b"{\"op\":\"merge\"}\n");
    lines.extend(b"{\"op\":\"event\",\"source\":\"pos\",\"key\":\"1\",\"at\":0,\"kind\":\"view\"}\n");
    lines.extend(b"{\"source\":\"crm\",\"key\":\"2\",\"identifiers\":{\"email\":{}}}\n");
    lines.extend([b"\"".as_slice(), &[b'x'; 3_000_000], b"\n"].concat());
    lines.extend(br#"{"source":"crm","key":"3","at":1,"identifiers":{"customer_id":["1","2"],"email":"n/a"}}"#);
    lines.extend(b"\n");
    lines.extend(br#"{"source":"web","key":"4","identifiers":{"email":"ANN@x.org","telex":"7"}}"#);
    desk.write("in.jsonl", lines);
    desk.write("empty.jsonl", "");
    let said = desk.replay("--input in.jsonl empty.jsonl --records records.csv --issues issues.csv");
    assert!(said.contains("4  lines could not be read"), "{said}");
    assert!(said.contains("1  events came in, 1 are kept, on 1 trails"), "{said}");
    assert!(said.contains("1  trails of events are nobody's"), "{said}");
    assert!(said.contains("1  set aside until mended"), "{said}");
    assert_eq!(desk.partition("records.csv"), [["crm/1", "web/4"]]);
    let issues = rows(&desk.path("issues.csv"));
    assert_eq!(issues[0], ["file", "line", "record", "field", "reason"]);
    let places: Vec<(&str, &str, &str)> =
        issues[1..].iter().map(|row| (row[1].as_str(), row[2].as_str(), row[3].as_str())).collect();
    for expected in [
        ("4", "", "line"),
        ("5", "", "op"),
        ("6", "pos/1", "identifiers"),
        ("7", "", "identifiers.email"),
        ("8", "", "line"),
        ("9", "crm/3", "customer_id"),
        ("9", "crm/3", "email"),
        ("10", "web/4", "telex"),
    ] {
        assert!(places.contains(&expected), "{expected:?} in {places:?}");
    }
}

#[test]
fn tables_of_every_sort_are_read() {
    let desk = Desk::new();
    let mut table: Vec<u8> = b"\xef\xbb\xbfid,mail,name,person,\"more\nwords\"\n".to_vec();
    table.extend(b"1,ann@x.org,\"Ann\nMarie\",p1,\n");
    table.extend(b"2,ANN@x.org,\"say \"\"hi\"\"\",p1,x\n");
    table.extend(b"3,bob@x.org\n");
    table.extend(b"4,bob@x.org,Bob,p2,x,y\n");
    table.extend(b"5,\xff\xfe,Bob,p2,\n");
    table.extend(b",bob@x.org,Bob,p2,\n");
    table.extend(b"\n");
    table.extend(b"6,bob@x.org,Bob,p2,no final newline");
    desk.write("in.csv", &table);
    desk.write("empty.csv", "");
    let said = desk.replay("--columns columns.toml --input in.csv --records one.csv --issues issues.csv");
    assert!(said.contains("4  lines could not be read"), "{said}");
    assert!(said.contains("precision 1.0000  recall 1.0000  F1 1.0000"), "{said}");
    assert_eq!(desk.partition("one.csv"), [vec!["crm/1", "crm/2"], vec!["crm/6"]]);
    let lines: Vec<(String, String)> =
        rows(&desk.path("issues.csv")).into_iter().skip(1).map(|row| (row[1].clone(), row[3].clone())).collect();
    for expected in [("6", "line"), ("7", "line"), ("8", "email"), ("9", "key")] {
        assert!(lines.contains(&(expected.0.to_owned(), expected.1.to_owned())), "{expected:?} in {lines:?}");
    }
    // A batch of its own turns the load into a stream; the answer is the same.
    desk.replay("--columns columns.toml --input in.csv empty.csv --batch 1 --records many.csv");
    assert_eq!(desk.partition("one.csv"), desk.partition("many.csv"));
}

#[test]
fn several_columns_make_several_values_or_one() {
    let desk = Desk::new();
    desk.write("in.csv", "id,mail,work mail,first,last,line1,town\n1,ann@x.org,,Ann,Lee,1 Mill Lane,Leeds\n2,,ANN@x.org,,,,York\n3,b@x.org,ann@x.org,Bo,,,\n");
    desk.write(
        "columns.toml",
        "source = { value = \"crm\" }\nkey = \"id\"\n[identifiers]\nemail = [\"mail\", \"work mail\"]\n[attributes]\n\
         name = [{ join = [\"first\", \"last\"] }, \"first\"]\naddress = { join = [\"line1\", \"town\"] }",
    );
    desk.replay("--columns columns.toml --input in.csv --records out.csv --export out.jsonl");
    assert_eq!(desk.partition("out.csv"), [vec!["crm/1", "crm/2", "crm/3"]]);
    let exported = desk.read("out.jsonl");
    for said in [
        r#""address":"1 Mill Lane Leeds","name":["Ann Lee","Ann"]"#,
        r#""attributes":{"address":"York"}"#,
        r#""name":["Bo","Bo"]"#,
        r#""email":["ann@x.org","b@x.org"]"#,
    ] {
        assert!(exported.contains(said), "{said} in {exported}");
    }
    desk.write(
        "columns.toml",
        "source = { value = \"crm\" }\nkey = \"id\"\n[identifiers]\nemail = [\"mail\", { join = [\"gone\"] }]",
    );
    let run = "--policy policy.toml --columns columns.toml --input in.csv";
    desk.refused(run, "has no column `gone`, which the column map names for `email`");
    desk.write(
        "columns.toml",
        "source = { value = \"crm\" }\nkey = \"id\"\n[identifiers]\nemail = { joined = [\"mail\"] }",
    );
    desk.refused(run, "option `--columns`: columns.toml: ");
}

const SCHEMA: &str = "message people {
    required int64 id; optional binary mail (UTF8); optional binary name (UTF8); required binary person (UTF8);
    optional int32 born (DATE); required int64 seen (TIMESTAMP(UNIT,true));
    optional group phones (LIST) { repeated group list { optional binary element (UTF8); } } }";

/// Three people's records as Parquet, compressed.
fn parquet(path: &Path, schema: &str) {
    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).build());
    let mut writer = SerializedFileWriter::new(std::fs::File::create(path).unwrap(), schema, properties).unwrap();
    let mut rows = writer.next_row_group().unwrap();
    let texts = |texts: &[&str]| texts.iter().map(|text| ByteArray::from(*text)).collect::<Vec<_>>();
    let mut place = 0;
    while let Some(mut column) = rows.next_column().unwrap() {
        match place {
            0 => drop(column.typed::<Int64Type>().write_batch(&[1, 2, 3], None, None).unwrap()),
            1 => {
                let mails = texts(&["ann@x.org", "ANN@x.org"]);
                column.typed::<ByteArrayType>().write_batch(&mails, Some(&[1, 1, 0]), None).unwrap();
            }
            2 => {
                let names = texts(&["Ann", " ", "Bob"]);
                column.typed::<ByteArrayType>().write_batch(&names, Some(&[1, 1, 1]), None).unwrap();
            }
            3 => drop(column.typed::<ByteArrayType>().write_batch(&texts(&["p1", "p1", "p1"]), None, None).unwrap()),
            4 => drop(column.typed::<Int32Type>().write_batch(&[3653], Some(&[1, 0, 0]), None).unwrap()),
            5 => {
                let seen = [1_767_607_200_000_000, 1_767_607_200_000_001, 0];
                column.typed::<Int64Type>().write_batch(&seen, None, None).unwrap();
            }
            _ => {
                let phones = texts(&["+14155550100", "+14155550101", "+14155550100"]);
                let typed = column.typed::<ByteArrayType>();
                typed.write_batch(&phones, Some(&[3, 3, 0, 3]), Some(&[0, 1, 0, 0])).unwrap();
            }
        }
        column.close().unwrap();
        place += 1;
    }
    rows.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn parquet_is_read_by_the_same_map() {
    let desk = Desk::new();
    let columns = COLUMNS
        .replace("truth", "at = { column = \"seen\" }\ntruth")
        .replace("[attributes]", "phone = \"phones\"\n[attributes]\nbirth_date = \"born\"");
    desk.write("columns.toml", columns);
    desk.write("policy.toml", format!("{POLICY}[[identifier]]\nkind = \"phone\"\nrole = \"contact\""));
    parquet(&desk.path("in.parquet"), &SCHEMA.replace("UNIT", "MICROS"));
    let said = desk.replay("--columns columns.toml --input in.parquet --records out.csv --export out.jsonl");
    assert!(said.contains("precision 1.0000  recall 1.0000"), "{said}");
    assert_eq!(desk.partition("out.csv"), [["crm/1", "crm/2", "crm/3"]]);
    let lines: Vec<serde_json::Value> =
        desk.read("out.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let first = lines.iter().find(|line| line["key"] == "1").unwrap();
    assert_eq!(first["at"], "2026-01-05T10:00:00Z");
    assert_eq!(first["identifiers"]["phone"], serde_json::json!(["+14155550100", "+14155550101"]));
    assert_eq!(first["attributes"], serde_json::json!({"birth_date": "1980-01-02", "given_name": "Ann"}));
    let second = lines.iter().find(|line| line["key"] == "2").unwrap();
    assert_eq!(second["at"], "2026-01-05T10:00:00.000001Z", "to the microsecond");
    assert!(second["attributes"].as_object().is_none_or(serde_json::Map::is_empty), "blank is nothing: {second}");

    let run = "--policy policy.toml --columns columns.toml --input in.parquet";
    parquet(&desk.path("in.parquet"), &SCHEMA.replace("UNIT", "NANOS"));
    desk.refused(run, "in.parquet: has the column `seen` in nanoseconds; write it in microseconds");
    parquet(&desk.path("in.parquet"), &SCHEMA.replace("UNIT", "MICROS").replace(" mail ", " post "));
    desk.refused(run, "in.parquet: has no column `mail`, which the column map names for `email`");
    desk.write("in.parquet", "PAR1 and nothing else");
    desk.refused(run, "option `--input`: in.parquet: ");
    desk.refused("--policy policy.toml --input in.parquet", "option `--columns`: is missing");
    // One row, as pyarrow writes it; the C library that reads it is not in here.
    desk.write("in.parquet", include_bytes!("zstd.parquet"));
    desk.write("columns.toml", "source = { value = \"crm\" }\nkey = \"id\"");
    desk.refused(run, "in.parquet: is compressed by ZSTD; write it with snappy");
}

#[test]
fn operations_act_in_their_order_whatever_the_batch() {
    let desk = Desk::new();
    desk.write(
        "in.jsonl",
        r#"{"source":"crm","key":"1","at":0,"identifiers":{"email":"ann@x.org"},"attributes":{"note":"<script>"}}
{"source":"web","key":"2","at":1,"identifiers":{"email":"ann@x.org"}}
{"source":"web","key":"3","at":2,"identifiers":{"email":"ann@x.org"},"attributes":{"note":"<script>"}}
{"op":"remove","source":"web","key":"2"}
{"op":"separate","a":["crm","1"],"b":["web","3"],"by":"steward","why":"two people"}
{"source":"app","key":"4","at":3,"identifiers":{"email":"ann@x.org"},"attributes":{"note":"<script>"}}
{"op":"join","a":["app","9"],"b":["crm","1"],"by":"steward"}
{"source":"app","key":"9","at":4,"identifiers":{"email":"bob@x.org"},"attributes":{"note":"<script>"}}
"#,
    );
    let mut partitions = Vec::new();
    for batch in [1, 2, 1000] {
        let said = desk.replay(&format!(
            "--input in.jsonl --batch {batch} --records r.csv --identifiers i.csv --report report.html"
        ));
        assert!(said.contains("people"), "{said}");
        partitions.push(desk.partition("r.csv"));
    }
    assert!(partitions.windows(2).all(|pair| pair[0] == pair[1]), "{partitions:?}");
    let together: Vec<&Vec<String>> = partitions[0].iter().filter(|part| part.contains(&"crm/1".to_owned())).collect();
    assert!(together[0].contains(&"app/9".to_owned()) && !together[0].contains(&"web/3".to_owned()), "{together:?}");
    let identifiers = rows(&desk.path("i.csv"));
    assert_eq!(identifiers[0], ["kind", "value", "profile", "status"]);
    let ann = identifiers.iter().find(|row| row[1] == "ann@x.org").unwrap();
    assert_eq!((ann[0].as_str(), ann[3].as_str()), ("email", "contested"));
    assert!(ann[2].starts_with('p'), "a contested value has a holder here");
    let report = desk.read("report.html");
    assert!(report.starts_with("<!doctype html>") && report.contains("&lt;script&gt;"), "values are shown");
    assert!(!report.contains("<script>"), "and escaped");
    assert!(!report.contains("http"), "no external resources");
}

#[cfg(feature = "durable")]
#[test]
fn a_folder_keeps_what_was_sent() {
    let desk = Desk::new();
    desk.write("one.jsonl", r#"{"source":"crm","key":"1","at":0,"identifiers":{"email":"ann@x.org"}}"#);
    desk.write("two.jsonl", r#"{"source":"web","key":"2","at":1,"identifiers":{"email":"ann@x.org"}}"#);
    desk.replay("--store data --input one.jsonl --records one.csv");
    desk.replay("--store data --input two.jsonl --records two.csv");
    assert_eq!(desk.partition("two.csv"), [["crm/1", "web/2"]]);
    // Without an input, what is stored is read.
    desk.replay("--store data --records three.csv");
    assert_eq!(desk.read("two.csv"), desk.read("three.csv"));
    desk.write("policy.toml", POLICY.replace("contact", "person"));
    desk.refused("--policy policy.toml --store data --input two.jsonl", "another policy");
}

#[test]
fn an_export_is_read_back() {
    let desk = Desk::new();
    desk.write(
        "in.jsonl",
        r#"{"source":"crm","key":"1","at":"2026-01-05T10:00:00+02:00","identifiers":{"email":"ann@x.org"},"payload":"lake/1"}
{"source":"web","key":"2","at":1,"identifiers":{"email":["ann@x.org","bob@x.org"]},"attributes":{"age":[3,2.5,null]}}
{"source":"web","key":"2","at":2,"identifiers":{"email":"ann@x.org"}}
{"source":"web","key":"3","at":3,"identifiers":{"email":"ann@x.org"}}
{"source":"web","key":"4","at":4,"identifiers":{"customer_id":["4","5"],"email":"ann@x.org"}}
{"op":"remove","source":"web","key":"3"}
{"op":"separate","a":["crm","1"],"b":["web","2"],"by":"steward","why":"two people"}
{"op":"join","a":["crm","1"],"b":["web","9"],"by":"steward"}
"#,
    );
    desk.replay("--input in.jsonl --export out.jsonl --records one.csv");
    assert_eq!(desk.read("out.jsonl").lines().count(), 5, "three records stand, and two words");
    desk.replay("--input out.jsonl --export again.jsonl --records other.csv");
    assert_eq!(desk.partition("one.csv"), [["crm/1"], ["web/2"]]);
    assert_eq!(desk.partition("one.csv"), desk.partition("other.csv"));
    assert_eq!(desk.read("out.jsonl"), desk.read("again.jsonl"));
}

#[test]
fn a_profile_is_printed_as_json() {
    let desk = Desk::new();
    let phone = "[[identifier]]\nkind = \"phone\"\nrole = \"contact\"\ncontested = \"nobody\"";
    desk.write("policy.toml", format!("{POLICY}{phone}"));
    desk.write(
        "in.jsonl",
        r#"{"source":"crm","key":"1","at":0,"identifiers":{"customer_id":"1","email":"ann@x.org"},"attributes":{"given_name":"Ann"}}
{"op":"event","source":"web","key":"2","at":1,"kind":"purchase","order":"o-7","identifiers":{"email":"Ann@x.org"},"lines":[{"product":"coat"}]}
{"op":"event","source":"web","key":"3","at":4102444800000,"kind":"view","identifiers":{"email":"ann@x.org"}}
{"op":"consent","source":"web","key":"c","at":5,"purpose":"marketing","channel":"sms","status":"denied","identifiers":{"customer_id":"1"}}
{"source":"crm","key":"4","at":2,"identifiers":{"customer_id":"2","phone":"1234567"}}
{"source":"web","key":"5","at":3,"identifiers":{"customer_id":"3","phone":"1234567"}}
"#,
    );
    let summary = desk.replay("--input in.jsonl");
    let said = desk.replay("--input in.jsonl --profile email=ANN@x.org");
    assert_eq!(said, desk.replay("--input in.jsonl --profile email=ANN@x.org"), "the same every time");
    let json = said.strip_prefix(&format!("{summary}\n")).expect("after the summary");
    let card: serde_json::Value = serde_json::from_str(json).unwrap();
    assert!(json.starts_with("{\n  \"id\": \"p") && card["now"] == "2026-01-05T10:00:00Z", "{json}");
    assert_eq!(card["golden"]["shown"][0]["value"], "Ann");
    assert_eq!(card["records"]["shown"], serde_json::json!([{"source": "crm", "key": "1"}]));
    assert_eq!(card["orders"]["shown"][0]["whole"]["lines"][0]["product"], "coat");
    let consent = &card["consents"]["shown"][0]["whole"];
    assert_eq!(
        (&consent["purpose"], &consent["channel"], &consent["status"]),
        (&"marketing".into(), &"sms".into(), &"denied".into())
    );
    assert_eq!(card["events"]["shown"].as_array().unwrap().len(), 2, "what is to come is not on the card: {json}");

    for (asked, why) in [
        ("email=nobody@x.org", "no profile holds this `email`: no record or event carries it"),
        ("telex=7", "no profile holds this `telex`: the policy does not know the kind"),
        ("phone=1234567", "no profile holds this `phone`: several profiles carry it"),
    ] {
        let said = desk.replay(&format!("--input in.jsonl --profile {asked}"));
        assert!(said.starts_with(&summary) && said.contains(why), "{said}");
    }
    let run = "--policy policy.toml --input in.jsonl";
    for wrong in ["ann@x.org", "=ann@x.org", "email="] {
        desk.refused(&format!("{run} --profile {wrong}"), "option `--profile`: is not KIND=VALUE");
    }
    desk.refused(&format!("{run} --profile"), "option `--profile`: needs a value");
    desk.refused(&format!("{run} --profile a=1 --profile b=2"), "option `--profile`: comes twice");
    assert!(String::from_utf8_lossy(&desk.run("--help").stdout).contains("--profile KIND=VALUE"));
}

#[test]
fn outputs_are_looked_at_before_the_work() {
    let desk = Desk::new();
    let input = r#"{"source":"crm","key":"1","at":0,"identifiers":{"email":"ann@x.org"}}"#;
    desk.write("in.jsonl", input);
    desk.write("kept.csv", "what stood there");
    let run = "--policy policy.toml --input in.jsonl";
    for option in ["--records", "--identifiers", "--issues", "--export", "--report"] {
        desk.refused(&format!("{run} {option} no/such/folder"), &format!("option `{option}`: no/such/folder: "));
        desk.refused(&format!("{run} {option} in.jsonl"), "is an input or another output");
        desk.refused(&format!("{run} {option} ./policy.toml"), "is an input or another output");
    }
    desk.refused(&format!("{run} --records kept.csv --report ./kept.csv"), "is an input or another output");
    desk.refused(&format!("{run} --records kept.csv --report ."), "option `--report`: .: cannot be written");
    assert_eq!((desk.read("kept.csv").as_str(), desk.read("in.jsonl").as_str()), ("what stood there", input));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = Command::new(example("resolve")).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_sample_runs_without_arguments() {
    let desk = Desk::new();
    let output =
        desk.run("--records records.csv --identifiers identifiers.csv --report report.html --issues issues.csv");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for part in [
        "AN INVENTED RETAILER",
        "WHO IS CUSTOMER C900042?",
        "WHY IS THE GUEST ORDER",
        "contested",
        "generic",
        "set aside",
        "precision",
        "the same profile, to the last value",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(rows(&desk.path("records.csv")).len() > 1000);
    let report = desk.read("report.html");
    assert!(report.contains("C900042") && report.ends_with("</html>\n"));
    let again = desk.run("");
    let said_again = String::from_utf8_lossy(&again.stdout).into_owned();
    assert_eq!(said, said_again, "the sample is the same every time");
}

#[test]
fn what_is_over_its_time_is_swept_where_that_is_asked_for() {
    let desk = Desk::new();
    let times = "[[attribute]]\nname = \"city\"\nkeep = \"P1Y\"\n[event.keep]\nview = \"P30D\"\n";
    desk.write("policy.toml", format!("{POLICY}{times}"));
    let lines = [
        r#"{"source":"crm","key":"1","at":"2024-12-05T10:00:00Z","identifiers":{"email":"ann@example.org"},"attributes":{"city":"Graz"}}"#,
        r#"{"source":"crm","key":"2","at":"2024-12-05T10:00:00Z","attributes":{"city":"Graz"}}"#,
        r#"{"op":"event","source":"web","key":"v","at":"2025-12-01T10:00:00Z","kind":"view","identifiers":{"email":"ann@example.org"}}"#,
    ];
    desk.write("in.jsonl", lines.join("\n"));
    let arguments = "--policy policy.toml --now 2026-01-05T10:00:00Z --input in.jsonl --export left.jsonl";
    for (option, left) in [("", 3), (" --sweep", 1)] {
        let output = desk.run_with(None, &format!("{arguments}{option}"));
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let summary = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            summary.contains("        3  values and events were over their time and dropped"),
            left == 1,
            "{summary}"
        );
        assert_eq!(summary.contains("        2  attribute city: its time to live is over"), left == 1, "{summary}");
        assert!(summary.contains("        2  records came in, 0 of them later versions"), "{summary}");
        assert_eq!(std::fs::read_to_string(desk.path("left.jsonl")).unwrap().lines().count(), left);
    }
}

#[test]
fn who_is_erased_is_counted_and_stays_away() {
    let desk = Desk::new();
    let ann = r#"{"source":"crm","key":"1","identifiers":{"email":"ann@example.org"}}"#;
    let ben = r#"{"source":"crm","key":"2","identifiers":{"email":"ben@example.org"}}"#;
    let erase = r#"{"op":"erase","identifier":["email","ann@example.org"],"request":"dsr-17"}"#;
    let again = r#"{"op":"event","source":"web","key":"v","kind":"view","identifiers":{"email":"Ann@example.org"}}"#;
    desk.write("in.jsonl", [ann, ben, erase, ann, again, erase].join("\n"));
    let arguments = "--policy policy.toml --now 2026-01-05T10:00:00Z --input in.jsonl --issues issues.csv";

    let on_disk = if cfg!(feature = "durable") { format!("{arguments} --store people") } else { arguments.to_owned() };
    let output = desk.run_with(Some("kept by the host"), &on_disk);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = String::from_utf8(output.stdout).unwrap();
    assert!(summary.contains("        1  people were erased"), "{summary}");
    assert!(summary.contains("        2  refused since they, or identifiers of theirs, were erased"), "{summary}");
    assert!(summary.contains("        1  people, 1.00 records each"), "{summary}");
    assert_eq!(rows(&desk.path("issues.csv")).len(), 1);

    // The store says that there is something to keep away; without the secret nothing can be taken in.
    if cfg!(feature = "durable") {
        let output = desk.run_with(None, &on_disk);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_ne!(output.status.code(), Some(0));
        assert!(error.contains("under a secret that the resolver was not given"), "{error}");
    }

    // Without one ever, the lines are issues, and the run goes on.
    let output = desk.run_with(None, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let summary = String::from_utf8(output.stdout).unwrap();
    assert!(summary.contains("        2  people, 1.00 records each"), "{summary}");
    let issues = rows(&desk.path("issues.csv"));
    let lines: Vec<&str> = issues[1..].iter().map(|row| row[1].as_str()).collect();
    assert_eq!(lines, ["3", "6"]);
    assert!(issues[1][4].starts_with("is missing: what is erased would come back"), "{issues:?}");

    let output = desk.run_with(Some(" "), arguments);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("`ONEFOLD_SECRET`: is blank"));
}

#[test]
#[cfg(feature = "durable")]
fn a_store_is_encrypted_under_the_key_of_the_environment() {
    let desk = Desk::new();
    desk.write("in.jsonl", r#"{"source":"crm","key":"1","identifiers":{"email":"ann@example.org"}}"#);
    let arguments = "--policy policy.toml --now 2026-01-05T10:00:00Z --input in.jsonl --store people";
    let check = |key: &str, status: i32, told: &str| {
        let output = desk.run_in(&[("ONEFOLD_STORE_KEY", Some(key).filter(|key| !key.is_empty()))], arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{error}");
        assert!(error.contains(told) && !error.contains("7f7f") && !error.contains("8080"), "{error}");
    };
    let (old, new) = (format!("{}01", "7f".repeat(31)), format!("{}01", "80".repeat(31)));
    if cfg!(not(feature = "encryption")) {
        return check(&old, 2, "`ONEFOLD_STORE_KEY`: needs the feature `encryption`");
    }
    check("7f7f", 2, "`ONEFOLD_STORE_KEY`: option `store key`: has to be 64 hexadecimal digits");
    check(&old, 0, "");
    check("", 2, "the store is encrypted");
    check(&new, 2, "the store is sealed under store key");
    check(&format!("{new},{old}"), 0, "");
    check(&new, 0, "");
    check(&old, 2, "the store is sealed under store key");
}
