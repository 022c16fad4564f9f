//! Errors in a source's config name the key, the value and the fix.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use common::{Seen, decoder, decoder_from, elements};
use winback_core::signal::SignalKind;
use winback_core::time::Time;
use winback_sources::{Broadcast, Decoder, Element, SourceConfig, Start};

fn error(body: &str) -> String {
    let toml = format!("topic = \"t\"\nstart = \"earliest\"\n{body}");
    match toml::from_str::<SourceConfig>(&toml) {
        Ok(config) => Decoder::new("web", &config).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn errors_name_the_key_the_value_and_the_fix() {
    let mapping =
        |rest: &str| format!("[mapping]\nkind = \"hiring\"\nat = \"/at\"\nname = \"/company\"\n{rest}");
    let table = [
        (
            "preset = \"segmnt\"".to_owned(),
            "sources.web.preset = \"segmnt\" is no preset: did you mean \"segment\"?",
        ),
        (
            String::new(),
            "sources.web has neither a preset nor a mapping: give it a `preset`, a [sources.web.mapping] or a `jq` filter",
        ),
        (mapping("").replace("[mapping]", "preset = \"web\"\n[mapping]"), "has both a preset and a mapping"),
        (mapping("").replace("[mapping]", "jq = \".\"\n[mapping]"), "has both a mapping and a jq filter"),
        ("preset = \"web\"\njq = \".\"".to_owned(), "has both a preset and a jq filter"),
        ("preset = \"web\"\nenvelope = \"avro\"".to_owned(), "unknown variant `avro`"),
        ("prest = \"web\"".to_owned(), "unknown field `prest`"),
        (
            "preset = \"web\"\nencoding = \"utf-16le\"".to_owned(),
            "sources.web.encoding = \"utf-16le\" cannot work: write one",
        ),
        (
            "preset = \"web\"\nzone = \"Berlin\"".to_owned(),
            "sources.web.zone = \"Berlin\" cannot work: write an IANA zone",
        ),
        (
            "preset = \"web\"\nimage_proxies = \"person\"".to_owned(),
            "sources.web.image_proxies has no effect with preset \"web\": remove it",
        ),
        (
            "preset = \"web\"\n[machines]\nalso = [\"x\"]".to_owned(),
            "sources.web.machines has no effect with preset \"web\": remove it",
        ),
        (
            "preset = \"segment\"\n[scanners]\nnever = [\"x\"]".to_owned(),
            "sources.web.scanners has no effect with preset \"segment\": remove it",
        ),
        (
            "preset = \"mailgun\"\nuser_is_account = true".to_owned(),
            "sources.web.user_is_account has no effect with preset \"mailgun\": remove it",
        ),
        (
            "preset = \"web\"\n[bots]\nfile = \"not/there.txt\"".to_owned(),
            "sources.web.bots.file = \"not/there.txt\" cannot work: No such file",
        ),
        (
            "preset = \"resend\"\n[scanners]\nfile = \"/dev/null\"".to_owned(),
            "sources.web.scanners.file = \"/dev/null\" cannot work: there is no word in it",
        ),
        (mapping("user = \"/u\""), "unknown field `user`"),
        (
            mapping("email = \"user/mail\""),
            "sources.web.mapping.email = \"user/mail\" cannot work: a field is a JSON pointer",
        ),
        (
            mapping("formats = [\"%d/%m\"]"),
            "sources.web.mapping.formats = \"%d/%m\" cannot work: it does not say year",
        ),
        (mapping("formats = [\"unix\"]"), "it is neither a pattern such as %d/%m/%Y nor one of auto"),
        (mapping("formats = []"), "say how times are written"),
        (mapping("detail = \"{/a\""), "sources.web.mapping.detail = \"{/a\" cannot work: `{` is not closed"),
        (
            mapping("[mapping.keep]\nfrom = \"/s\"\nvalues = { a = \"keep\" }"),
            "sources.web.mapping.keep.values.a = \"keep\" cannot work: write signal, dead",
        ),
        (mapping("").replace("name = \"/company\"", ""), "say whose it is: account_id, email"),
        (
            mapping("").replace("at = \"/at\"", "at = []"),
            "sources.web.mapping.at = \"\" cannot work: say where the time",
        ),
        (mapping("").replace("at = \"/at\"", ""), "missing field `at`"),
        (mapping("").replace("at = \"/at\"", "at = 7"), "expected a JSON pointer such as"),
    ];
    for (body, expected) in table {
        let said = error(&body);
        assert!(said.contains(expected), "{body}\n said: {said}\n not: {expected}");
    }
}

#[test]
fn where_to_start_is_stated() {
    let start =
        |text: &str| toml::from_str::<SourceConfig>(&format!("topic = \"t\"\npreset = \"web\"\n{text}"));
    assert!(start("").unwrap_err().to_string().contains("missing field `start`"));
    assert!(
        start("start = \"now\"")
            .unwrap_err()
            .to_string()
            .contains("write \"earliest\", \"latest\" or a time")
    );
    assert_eq!(start("start = \"latest\"").unwrap().start, Start::Latest);
    let at = start("start = \"2026-01-31T00:00:00Z\"").unwrap();
    assert_eq!(toml::from_str::<SourceConfig>(&toml::to_string(&at).unwrap()).unwrap(), at);
}

#[test]
fn a_mapping_reads_any_json() {
    let decoder = decoder_from(
        r#"
        topic = "news"
        start = "earliest"
        [mapping]
        kind = "funding_news"
        events = "/data/rounds"
        id_of = ["/org/name", "/closed"]
        at = ["/closed", "/announced"]
        formats = ["%d.%m.%Y", "unix_ms"]
        zone = "Europe/Berlin"
        domain = "/org/site"
        name = ["/org/name", "/org/legal"]
        class = "/stage"
        classes = { A = "series_a" }
        detail = "{/org/name} raised[ {/sum}]"
        absent = ["undisclosed"]
        required = ["/stage"]
        [mapping.keep]
        from = "/what"
        values = { round = "signal", bought = "acquisition", rumour = "not_interest" }
        "#,
    );
    let record = r#"{"data":{"rounds":[
        {"what":"Round","org":{"name":"Acme","site":"acme.io"},"closed":"01.07.2015","sum":"5,00,000","stage":"A"},
        {"what":"bought","org":{"legal":"Beta GmbH"},"announced":1435701600000,"sum":"undisclosed","stage":"B"},
        {"what":"rumour"},
        {"what":"hearsay"},
        {"what":"round","org":{"name":"Gamma"},"stage":"A","closed":"01/07.2015"},
        {"what":"round","org":{"name":"Gamma"},"closed":"01.07.2015"},
        {"what":"round","closed":"01.07.2015","stage":"A"}]}}"#;
    let mut seen = Vec::new();
    decoder.decode(record.as_bytes(), &mut |element| match element {
        Element::Signal(signal) => {
            let class = signal.class.as_deref().unwrap_or_default().to_owned();
            seen.push(format!("{} {class} {} {} {}", signal.kind, signal.at, signal.detail, signal.id.len()));
        }
        Element::Answer(answer) => seen.push(format!("{} {}", answer.kind, answer.at)),
        Element::Broadcast(event) => seen.push(event.id),
        Element::Dropped(reason) => seen.push(reason.to_string()),
        Element::Dead(dead) => seen.push(dead.to_string()),
    });
    assert_eq!(
        seen,
        [
            "funding_news series_a 2015-06-30T22:00:00Z Acme raised 5,00,000 32",
            "acquisition B 2015-06-30T22:00:00Z  raised 32",
            "not_interest",
            "unknown_event: `/what` is `hearsay`, which the mapping's `keep.values` does not name: add it, or state `keep.otherwise`",
            "bad_time: `/closed` is `01/07.2015`, which is not a time written as %d.%m.%Y or unix milliseconds: correct it and replay",
            "missing_field: `/stage` has no value: add it and replay",
            "missing_field: `/org/site or /org/name or /org/legal` has no value: add it and replay",
        ]
    );
}

#[test]
fn a_mapping_finds_a_list_wherever_it_is_and_what_stands_around_it() {
    let decoder = decoder_from(
        r#"
        topic = "t"
        start = "earliest"
        [mapping]
        kind = "conference"
        events = ["/data/items", "/items", ""]
        id = "/id"
        at = "/day"
        formats = ["unix_days"]
        name = ["/co", "^/co"]
        "#,
    );
    let told = |record: &str| {
        let mut told = Vec::new();
        decoder.decode(record.as_bytes(), &mut |element| {
            told.push(match element {
                Element::Signal(signal) => {
                    format!("{} {} {}", signal.id, signal.who.name.unwrap_or_default(), signal.at)
                }
                other => format!("{other:?}"),
            });
        });
        told
    };
    let at = "2026-01-31T00:00:00Z";
    assert_eq!(
        told(r#"{"co":"Acme","items":[{"id":1,"day":20484},{"id":2,"day":20484,"co":"Beta"}]}"#),
        [format!("1 Acme {at}"), format!("2 Beta {at}")]
    );
    assert_eq!(told(r#"{"co":"Acme","data":{"items":[{"id":1,"day":"20484"}]}}"#), [format!("1 Acme {at}")]);
    assert_eq!(told(r#"{"co":"Acme","id":3,"day":20484}"#), [format!("3 Acme {at}")]);
}

#[test]
fn the_plain_shapes_of_funding_and_hiring_are_read_from_json_and_from_csv_rows() {
    let table = [
        (
            "funding",
            r#"{"id":1,"company":"Acme","domain":"acme.io","amount":5000000,"currency":"USD","round":"Series A","date":"2026-01-31"}"#,
            SignalKind::FundingNews,
            "Series A 5000000 USD",
        ),
        (
            "funding",
            r#"{"id":"","company":"Acme","domain":"","amount":"N/A","round":"","date":"2026-01-31"}"#,
            SignalKind::FundingNews,
            "",
        ),
        (
            "hiring",
            r#"{"id":"p-1","company":"Acme","title":"Engineer","location":"Oslo","posted_at":1769817600,"status":"open"}"#,
            SignalKind::Hiring,
            "Engineer · Oslo",
        ),
        (
            "hiring",
            r#"{"id":"p-1","company":"https://acme.io/","title":"Engineer","posted_at":"2026-01-31","status":""}"#,
            SignalKind::Hiring,
            "Engineer",
        ),
    ];
    for (preset, record, kind, detail) in table {
        decoder(preset).decode(record.as_bytes(), &mut |element| match element {
            Element::Signal(signal) => {
                assert_eq!((signal.kind, signal.detail.as_ref()), (kind, detail));
                assert_eq!(signal.at.to_string(), "2026-01-31T00:00:00Z");
            }
            other => panic!("{record}: {other:?}"),
        });
    }
    let closed = br#"{"id":"p-1","company":"Acme","posted_at":"2026-01-31","status":"Filled"}"#;
    assert_eq!(elements(&decoder("hiring"), closed), [Seen::Dropped("closed_post".into())]);
}

#[test]
fn a_release_or_a_competitors_event_is_about_many_accounts_and_says_about_which() {
    let table = [
        (
            "releases",
            r#"{"id":"r-1","type":"feature","title":"SSO for all","features":["SSO"," SAML "],"date":"2026-01-31"}"#,
            "r-1 product_release feature SSO for all [SSO|SAML] ",
        ),
        (
            "releases",
            r#"{"id":"r-2","type":"","title":"Log","features":"Audit log; Export","date":"2026-01-31"}"#,
            "r-2 product_release feature Log [Audit log|Export] ",
        ),
        (
            "releases",
            r#"{"id":"r-3","type":"major","title":"4.0","date":"2026-01-31"}"#,
            "r-3 product_release major_version 4.0 [] ",
        ),
        (
            "competitor_events",
            r#"{"id":7,"competitor":"Brightloom","type":"incident","title":"Down for a day","date":"2026-01-31"}"#,
            "7 competitor_event outage Down for a day [] Brightloom",
        ),
    ];
    for (preset, record, expected) in table {
        decoder(preset).decode(record.as_bytes(), &mut |element| match element {
            Element::Broadcast(event) => {
                let Broadcast { id, kind, class, title, features, competitor, at } = *event;
                assert_eq!(
                    format!("{id} {kind} {class} {title} [{}] {competitor}", features.join("|")),
                    expected
                );
                assert_eq!(at.to_string(), "2026-01-31T00:00:00Z");
            }
            other => panic!("{record}: {other:?}"),
        });
    }
    for (preset, record, parts) in [
        (
            "releases",
            r#"{"id":"r-4","type":"feature","title":"x","date":"2026-01-31"}"#,
            ["concerns nobody", "/features"],
        ),
        (
            "competitor_events",
            r#"{"id":"c-1","type":"outage","date":"2026-01-31"}"#,
            ["missing_field", "/competitor"],
        ),
        ("releases", r#"{"id":"r-5","features":["a"],"date":"soon"}"#, ["bad_time", "soon"]),
    ] {
        decoder(preset).decode(record.as_bytes(), &mut |element| {
            let Element::Dead(dead) = element else { panic!("{record}: {element:?}") };
            parts.iter().for_each(|part| assert!(dead.to_string().contains(part), "{dead}"));
        });
    }
    let mapped = Element::Broadcast(Box::new(Broadcast {
        id: "v9".into(),
        kind: SignalKind::ProductRelease,
        class: "feature".into(),
        at: Time::from_millis(1_769_817_600_000),
        title: "Nine".into(),
        features: vec!["search".into()],
        competitor: String::new(),
    }));
    let own = decoder_from(
        r#"
        topic = "t"
        start = "earliest"
        mapping = { kind = "product_release", id = "/v", at = "/on", class = "=feature", features = "/what", detail = "{/name}" }
        "#,
    );
    own.decode(br#"{"v":"v9","on":"2026-01-31","what":["search"],"name":"Nine"}"#, &mut |element| {
        assert_eq!(element, mapped);
    });
}
