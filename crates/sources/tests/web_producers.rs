//! Page views of the producers beside Segment: records in each one's documented shape, what is read, what is dropped.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use common::{decoder, decoder_from, told, whose};

const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36";
const HASH: &str = "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b";

/// A line of the enriched stream with those columns.
fn enriched(columns: &[(usize, &str)]) -> String {
    let mut line = vec![""; 131];
    for (place, value) in columns {
        line[*place] = value;
    }
    line.join("\t")
}

const VIEW: [(usize, &str); 7] = [
    (3, "2026-03-01 10:00:07.000"),
    (5, "page_view"),
    (6, "c6ef3124-b53a-4b13-a233-0088f79dcbcb"),
    (12, "jane@acme.io"),
    (13, "192.0.2.7"),
    (29, "https://www.x.io/pricing?a=1"),
    (77, BROWSER),
];

fn with(more: &[(usize, &'static str)]) -> String {
    enriched(&[&VIEW[..], more].concat())
}

#[test]
fn a_snowplow_line_is_read_by_its_columns_and_empty_ones_at_its_ends_count() {
    let tsv = decoder("snowplow_tsv");
    let view = with(&[(27, "acme.io"), (124, "2026-03-01 10:00:06.500")]);
    let expected = [
        "c6ef3124-b53a-4b13-a233-0088f79dcbcb",
        "2026-03-01T10:00:06.5Z",
        "",
        "jane@acme.io",
        "acme.io",
        "",
        "192.0.2.7",
    ];
    assert_eq!(whose(&tsv, &view), expected);
    assert_eq!(whose(&tsv, &format!("{view}\r\n")), expected, "a line's end is no part of it");
    assert_eq!(told(&tsv, &view), ["web_visit pricing"]);
    let times = [("", "2026-03-01T10:00:07Z"), ("2026-02-01 00:00:00", "2026-02-01T00:00:00Z")];
    for (true_time, expected) in times {
        let line = with(&[(130, true_time)]);
        assert_eq!(whose(&tsv, &line)[1], expected, "the stated time, else the collector's");
    }
    assert_eq!(whose(&tsv, &with(&[(13, "192.0.2.x")]))[6], "", "an address made anonymous is none");
}

#[test]
fn what_is_no_view_of_a_page_in_snowplow_says_why() {
    let tsv = decoder("snowplow_tsv");
    let table = [
        (with(&[(5, "page_ping")]), "dropped not_interest"),
        (with(&[(5, "struct")]), "dropped not_interest"),
        (with(&[(5, "levitate")]), "dead unknown_event"),
        (with(&[(5, "")]), "dead missing_field"),
        (with(&[(3, "")]), "dead missing_field"),
        (with(&[(3, "soon")]), "dead bad_time"),
        (with(&[(29, "")]), "dropped not_a_page"),
        (with(&[(29, "https://x.io/logo.svg")]), "dropped asset"),
        (with(&[(77, "Googlebot/2.1")]), "dropped bot"),
        (
            with(&[(
                122,
                r#"{"data":[{"schema":"iglu:com.iab.snowplow/spiders_and_robots/jsonschema/1-0-0","data":{"spiderOrRobot":true}}]}"#,
            )]),
            "dropped bot",
        ),
        (with(&[(122, r#"{"data":[{"data":{"deviceClass":"Robot Mobile"}}]}"#)]), "dropped bot"),
        (
            with(&[(122, r#"{"data":[{"data":{"spiderOrRobot":false,"deviceClass":"Desktop"}}]}"#)]),
            "web_visit pricing",
        ),
        (enriched(&VIEW).trim_end().to_owned(), "dead malformed_line"),
        ("page_view".to_owned(), "dead malformed_line"),
        (format!("{}\tnew", enriched(&VIEW)), "web_visit pricing"),
    ];
    for (line, expected) in table {
        assert_eq!(told(&tsv, &line), [expected], "{line}");
    }
}

#[test]
fn snowplows_json_says_what_its_line_says() {
    let json = format!(
        r#"{{"app_id":"site","event":"page_view","event_id":"c6ef3124-b53a-4b13-a233-0088f79dcbcb","user_id":"jane@acme.io",
        "user_ipaddress":"192.0.2.7","page_url":"https://www.x.io/pricing?a=1","useragent":"{BROWSER}","ip_domain":null,
        "collector_tstamp":"2026-03-01T10:00:07.000Z","geo_latitude":1.5,"contexts_com_iab_snowplow_spiders_and_robots_1":
        [{{"spiderOrRobot":false,"category":"BROWSER"}}]}}"#
    );
    let decoder = decoder("snowplow_json");
    assert_eq!(whose(&decoder, &json), whose(&self::decoder("snowplow_tsv"), &enriched(&VIEW)));
    let robot = json.replace("\"spiderOrRobot\":false", "\"spiderOrRobot\":true");
    assert_eq!(told(&decoder, &robot), ["dropped bot"]);
    assert_eq!(told(&decoder, &format!("[{json},{robot}]")), ["web_visit pricing", "dropped bot"]);
    assert_eq!(told(&decoder, "{}"), ["dead missing_field"]);
}

#[test]
fn a_rudderstack_call_is_read_by_its_own_names() {
    let call = format!(
        r#"{{"type":"page","channel":"web","messageId":"r-1","anonymousId":"an","userId":"u-1","request_ip":"198.51.100.9",
        "originalTimestamp":"2026-03-01T10:00:00.123Z","sentAt":"2026-03-01T10:00:01Z","context":{{"userAgent":"{BROWSER}",
        "page":{{"url":"https://x.io/pricing","path":"/pricing"}},"traits":{{"email":"jane@acme.io","company":{{"name":"Acme","domain":"acme.io"}}}}}},
        "properties":{{"url":"https://x.io/other"}},"integrations":{{"All":true}}}}"#
    );
    let rudder = decoder("rudderstack");
    let expected = ["r-1", "2026-03-01T10:00:00.123Z", "", "jane@acme.io", "acme.io", "Acme", "198.51.100.9"];
    assert_eq!(whose(&rudder, &call), expected);
    assert_eq!(told(&rudder, &call), ["web_visit pricing"]);
    let corrected = call.replace("\"sentAt\"", "\"timestamp\":\"2026-03-01T09:59:00Z\",\"sentAt\"");
    assert_eq!(whose(&rudder, &corrected)[1], "2026-03-01T09:59:00Z");
    let server = call.replace("\"channel\":\"web\"", "\"channel\":\"server\"");
    assert_eq!(whose(&rudder, &server)[6], "", "a server's own address is not the visitor's");
    assert_eq!(
        whose(&rudder, &call.replace("{\"name\":\"Acme\",\"domain\":\"acme.io\"}", "\"Acme\""))[5],
        "Acme"
    );
    let account =
        decoder_from("topic = \"t\"\nstart = \"latest\"\npreset = \"rudderstack\"\nuser_is_account = true");
    assert_eq!(whose(&account, &call)[2], "u-1");
    for (record, expected) in [
        (call.replace("\"page\",\"channel\"", "\"identify\",\"channel\""), "dropped not_interest"),
        (call.replace("\"page\",\"channel\"", "\"pages\",\"channel\""), "dead unknown_event"),
        (call.replace("\"context\":{", "\"context\":{\"isBot\":true,"), "dropped bot"),
        (
            r#"{"type":"track","event":"Job done","originalTimestamp":"2026-03-01T10:00:00Z"}"#.to_owned(),
            "dropped not_a_page",
        ),
        ("{}".to_owned(), "dead missing_field"),
    ] {
        assert_eq!(told(&rudder, &record), [expected], "{record}");
    }
}

fn posthog_event(properties: &str) -> String {
    format!(
        r#""event":"$pageview","uuid":"0190","distinct_id":"u-1","timestamp":"2026-03-01T10:00:00.5Z","properties":{properties}"#
    )
}

#[test]
fn posthogs_page_view_is_the_same_in_every_shape_that_it_comes_in() {
    let posthog = decoder("posthog");
    let properties = format!(
        r#"{{"$current_url":"https://x.io/pricing?a=1","$ip":"192.0.2.7","$raw_user_agent":"{BROWSER}","$groups":{{"company":"acme.io"}},"$set":{{"email":"jane@acme.io"}}}}"#
    );
    let event = posthog_event(&properties);
    let as_text = posthog_event(&serde_json::to_string(&properties).unwrap());
    let expected = ["0190", "2026-03-01T10:00:00.5Z", "acme.io", "jane@acme.io", "acme.io", "", "192.0.2.7"];
    for record in [
        format!("{{{event}}}"),
        format!("[{{{event}}}]"),
        format!(r#"{{"api_key":"k","batch":[{{{event}}}],"sent_at":"2026-03-01T11:00:00Z"}}"#),
        format!(r#"{{"event":{{{event}}},"person":{{"id":"p","properties":{{"email":"jane@acme.io"}}}}}}"#),
        format!("{{{as_text},\"team_id\":2}}"),
    ] {
        assert_eq!(whose(&posthog, &record), expected, "{record}");
        assert_eq!(told(&posthog, &record), ["web_visit pricing"], "{record}");
    }
}

#[test]
fn posthogs_person_and_group_say_whose_a_visit_is() {
    let posthog = decoder("posthog");
    let bare = posthog_event(r#"{"$pathname":"/docs","$groups":{"team":"t-1","plan":"p"}}"#);
    assert_eq!(whose(&posthog, &format!("{{{bare}}}"))[2..5], ["", "", ""], "no group is the account's");
    let posted = format!(
        r#"{{"event":{{{bare}}},"person":{{"properties":{{"email":"j@acme.io"}}}},"groups":{{"organization":{{"id":"acc-1"}}}}}}"#
    );
    assert_eq!(whose(&posthog, &posted)[2..5], ["acc-1", "j@acme.io", ""]);
    let exported = format!(r#"{{{bare},"person_properties":"{{\"email\":\"k@acme.io\"}}"}}"#);
    assert_eq!(whose(&posthog, &exported)[3], "k@acme.io");
    assert_eq!(whose(&posthog, &format!("{{{}}}", bare.replace("u-1", "j@x.io")))[3], "j@x.io");
    let account =
        decoder_from("topic = \"t\"\nstart = \"latest\"\npreset = \"posthog\"\nuser_is_account = true");
    assert_eq!(whose(&account, &format!("{{{bare}}}"))[2], "u-1");
}

#[test]
fn what_is_no_view_of_a_page_in_posthog_says_why() {
    let posthog = decoder("posthog");
    let event = format!("{{{}}}", posthog_event(r#"{"$current_url":"/a"}"#));
    for (record, expected) in [
        (event.replace("$pageview", "$autocapture"), "dropped not_interest"),
        (event.replace("$pageview", "signed up"), "dropped not_interest"),
        (event.replace("$pageview", ""), "dead missing_field"),
        (event.replace("\"$current_url\"", "\"$browser_type\":\"bot\",\"$current_url\""), "dropped bot"),
        (event.replace("{\"$current_url\":\"/a\"}", "\"{\""), "dead malformed_json"),
        (event.replace("{\"$current_url\":\"/a\"}", "\"\""), "dropped not_a_page"),
        (event.replace("2026-03-01T10:00:00.5Z", "soon"), "dead bad_time"),
        (r#"{"batch":[]}"#.to_owned(), "dropped empty"),
        (r#"{"batch":[7]}"#.to_owned(), "dead missing_field"),
        ("{}".to_owned(), "dead missing_field"),
    ] {
        assert_eq!(told(&posthog, &record), [expected], "{record}");
    }
}

fn ga4(name: &str, url: &str) -> String {
    format!(
        r#"{{"event_date":"20260301","event_timestamp":"1772359200500000","event_name":"{name}","event_params":[
        {{"key":"ga_session_id","value":{{"int_value":"7"}}}},{{"key":"page_location","value":{{"string_value":"{url}"}}}}],
        "user_id":"{HASH}","user_pseudo_id":"123.456","user_properties":[{{"key":"account_id","value":{{"string_value":"acc-1","set_timestamp_micros":"1"}}}},
        {{"key":"company_domain","value":{{"string_value":"acme.io"}}}}],"platform":"WEB","stream_id":"1","event_bundle_sequence_id":"12"}}"#
    )
}

#[test]
fn a_ga4_row_has_its_page_among_its_parameters_and_an_id_that_its_hour_and_its_day_share() {
    let export = decoder("ga4_export");
    let row = ga4("page_view", "https://x.io/pricing?a=1");
    let [id, at, account, email, domain, name, ip] = whose(&export, &row);
    assert_eq!(
        (at.as_str(), account.as_str(), domain.as_str()),
        ("2026-03-01T10:00:00.5Z", "acc-1", "acme.io")
    );
    assert_eq!((email.as_str(), name.as_str(), ip.as_str(), id.len()), ("", "", "", 32));
    assert_eq!(told(&export, &row), ["web_visit pricing"]);
    assert_eq!(whose(&export, &row.replace("\"12\"", "\"13\""))[0], id);
    assert_ne!(whose(&export, &row.replace("123.456", "123.457"))[0], id);
    assert_ne!(whose(&export, &row.replace("1772359200500000", "1772359200500001"))[0], id);
    let mut hash = None;
    export.decode(row.as_bytes(), &mut |element| {
        if let winback_sources::Element::Signal(signal) = element {
            hash = signal.who.email_sha256.map(hex::encode);
        }
    });
    assert_eq!(
        hash.as_deref(),
        Some(HASH),
        "the hash of an address is a user's id where addresses must not be sent"
    );
    for (record, expected) in [
        (ga4("session_start", "https://x.io/"), "dropped not_interest"),
        (ga4("a_name_of_ours", "https://x.io/"), "dropped not_interest"),
        (ga4("", "https://x.io/"), "dead missing_field"),
        (ga4("page_view", ""), "dropped not_a_page"),
        (ga4("page_view", "https://x.io/a.css"), "dropped asset"),
        (row.replace("1772359200500000", "0"), "dead bad_time"),
        (r#"{"event_name":"page_view","event_params":null}"#.to_owned(), "dropped not_a_page"),
    ] {
        assert_eq!(told(&export, &record), [expected], "{record}");
    }
}
