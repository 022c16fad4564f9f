//! Rows as exports, spreadsheets and databases write them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use winback_core::account::Reason;

use super::*;
use crate::stated::prohibitions;

fn put(json: &str) -> (Account, Vec<Note>) {
    match read_row(json.as_bytes(), 1).unwrap() {
        Row::Put(account, notes) => (*account, notes),
        Row::Gone(id) => panic!("{id} is gone"),
    }
}

const NOW: Time = Time::from_millis(1_796_083_200_000); // 2026-12-01

fn read(json: &str) -> Read {
    RowRules::default().read(json.as_bytes(), NOW)
}

fn stated(json: &str) -> Stated {
    match read(json).statement.unwrap() {
        Statement::Put(stated) => *stated,
        other => panic!("{other:?}"),
    }
}

fn least(more: &str) -> String {
    format!(r#"{{"account_id":"a","churned_at":"2026-02-10","reason":"unknown","arr_usd":9000{more}}}"#)
}

/// The account after each of the rows in turn.
fn after(rows: &[&str]) -> Account {
    let known = rows.iter().fold(None, |known: Option<Account>, more| {
        Some(stated(&least(more)).onto(known.as_ref(), 1).unwrap().0)
    });
    known.unwrap()
}

#[test]
fn a_known_column_is_read_in_any_spelling_and_an_unknown_one_is_named() {
    let row = read(
        r#"{"Account ID":"a","churnDate":"2026-02-10","REASON":"unknown","arrUsd":9000,"Do-Not-Contact":"Yes",
        "contacts":[{"email":"a@a.example","optedOut":true}]}"#,
    );
    let Ok(Statement::Put(account)) = &row.statement else { panic!("{row:?}") };
    assert!(account.account.do_not_contact && account.contacts[0].opted_out == Some(true));
    assert!(row.unknown.is_empty());
    let again = RowRules::default().read(&row.canonical.unwrap(), NOW);
    assert_eq!(again.statement, row.statement, "the row under winback's names says the same");
    assert!(read(&least("")).canonical.is_none());

    let row = read(&least(
        r#","dont_contact":true,"industry":"Steel","contacts":[{"email":"a@a.example","bounced":1,"no_mail":1}]"#,
    ));
    let found: Vec<_> = row.unknown.iter().map(|column| (column.name.as_str(), column.forbids)).collect();
    assert_eq!(
        found,
        [
            ("dont_contact", true),
            ("industry", false),
            ("contacts.bounced", false),
            ("contacts.no_mail", true)
        ]
    );
    assert_eq!(row.unknown[0].nearest, ": did you mean `do_not_contact`?");
    assert!(row.unknown[0].refusal().to_string().contains("accounts.mapping.ignore"));
}

#[test]
fn what_stands_twice_in_a_row_is_refused_unless_it_says_the_same() {
    for (more, part) in [
        (r#","do_not_contact":true,"do_not_contact":false"#, "twice"),
        (r#","contacts":[{"email":"a@a.example","opted_out":true,"opted_out":false}]"#, "twice"),
        (r#","arr":5000"#, "`arr` and `arr_usd` mean the same"),
        (r#","contacts":[{"email":"a@a.example","opted_out":true,"optedOut":false}]"#, "mean the same"),
    ] {
        let error = read(&least(more)).statement.unwrap_err().to_string();
        assert!(error.contains(part), "{more}: {error}");
    }
    let row = stated(&least(
        r#","arr":9000,"doNotContact":false,"do_not_contact":true,"domain":"a.example","domains":"b.example""#,
    ));
    assert!(row.account.do_not_contact, "what forbids holds");
    assert_eq!(row.account.domains, ["a.example", "b.example"]);
    assert_eq!(stated(&least(r#","id":77"#)).account.id.as_str(), "a", "a database's own key beside it");
}

#[test]
fn a_prohibition_goes_only_by_a_row_that_says_so() {
    let all = r#","do_not_contact":true,"declined_at":"2026-06-01","consent":false,"hold_out":1,"earliest_at":"2099-01-01",
        "status":"active","contacts":[{"email":"mira@a.example","role":"CTO","opted_out":true},{"email":"kim@a.example"}]"#;
    let marks = ["do_not_contact", "declined_at", "consent", "hold_out", "earliest_at", "opted_out"];
    let empty = r#","do_not_contact":"","declined_at":null,"consent":"","hold_out":null,"earliest_at":"","status":"""#;
    for second in [
        "",
        empty,
        r#","contacts":"mira@a.example;kim@a.example""#,
        r#","contacts":["kim@a.example"]"#,
        r#","contacts":[]"#,
        r#","name":"A","contacts":[{"email":"mira@a.example","opted_out":null}]"#,
    ] {
        let account = after(&[all, second]);
        assert_eq!(prohibitions(&account, NOW), marks, "{second}");
        assert_eq!(account.status, Status::Active, "{second}");
        let mira = account.contacts.iter().find(|contact| contact.opted_out).unwrap();
        assert_eq!(mira.role, "CTO", "{second}");
    }
    let lifts = r#","do_not_contact":"no","declined_at":false,"consent":true,"hold_out":0,"earliest_at":"none","status":"churned",
        "contacts":[{"email":"mira@a.example","opted_out":false}]"#;
    let account = after(&[all, lifts]);
    assert!(prohibitions(&account, NOW).is_empty(), "{account:?}");
    assert_eq!((account.status, account.consent), (Status::Churned, Some(true)));
}

#[test]
fn a_row_changes_what_it_states_and_keeps_the_rest() {
    let first = r#","name":"Acme","domains":"a.example","aliases":"Acme Ltd","reason_detail":"too dear","competitor":"Rival",
        "competitor_term_months":12,"seats":9,"owner":"Jo","zone":"Europe/Rome","ranges":"192.0.2.0/24","manner":"angry",
        "missing_features":"sso","concessions":"a month","tenure_months":5,"usage_percent":40,"strategic":true"#;
    let whole = after(&[first]);
    let kept = after(&[first, ""]);
    assert_eq!(kept, whole);
    let placeholder = first
        .split('"')
        .filter(|part| part.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !part.is_empty());
    let unchanged: String = placeholder
        .filter(|name| Column::parse(name).is_some())
        .map(|name| format!(r#","{name}":"__debezium_unavailable_value""#))
        .collect();
    assert!(unchanged.contains("zone") && unchanged.contains("missing_features"));
    assert_eq!(after(&[first, &unchanged]), whole, "a column that a change left as it was");
    let cleared = after(&[first, r#","competitor":null,"seats":"","domains":[]"#]);
    assert_eq!((cleared.competitor, cleared.seats, cleared.domains.len()), (None, None, 0));
    let other = stated(r#"{"account_id":"a","churned_at":"2026-02-10","reason":"price_budget"}"#);
    let (other, _) = other.onto(Some(&whole), 1).unwrap();
    assert_eq!(other.reason_detail, "", "the detail was that of the other reason");
    let bare =
        stated(r#"{"account_id":"a","churned_at":"__debezium_unavailable_value","do_not_contact":true}"#);
    assert!(bare.clone().onto(None, 1).is_err());
    assert!(bare.onto(Some(&whole), 1).unwrap().0.do_not_contact);
}

#[test]
fn amounts_and_dates_that_can_be_meant_otherwise_are_refused_by_the_name_that_the_row_has() {
    for (row, parts) in [
        (
            r#"{"id":"a","Churn Date":"46063","reason":"unknown"}"#,
            &["`Churn Date` is \"46063\"", "2026-02-10"][..],
        ),
        (
            r#"{"id":"a","churned_at":20260210,"reason":"unknown"}"#,
            &["`churned_at` is 20260210", "write 2026-02-10"],
        ),
        (r#"{"id":"a","churned_at":"2126-02-10","reason":"unknown"}"#, &["the year 2126"]),
        (r#"{"id":"a","churned_at":"1900-01-01","reason":"unknown"}"#, &["the year 1900"]),
        (
            r#"{"id":"a","churned_at":"2026-02-10","reason":"unknown","ARR":"84.000"}"#,
            &["`ARR` is \"84.000\"", "thousands"],
        ),
        (
            r#"{"id":"a","churned_at":"2026-02-10","reason":"unknown","arr_usd":"840,50"}"#,
            &["\"840,50\"", "comma"],
        ),
    ] {
        let error = read(row).statement.unwrap_err().to_string();
        parts.iter().for_each(|part| assert!(error.contains(part), "{row}: {error}"));
    }
    assert_eq!(after(&[r#","seats":12.0"#]).seats, Some(12));
    let days = stated(r#"{"account_id":"a","churned_at":20494,"reason":"unknown"}"#);
    assert_eq!(
        days.account.churned_at.to_string().get(..10),
        Some("2026-02-10"),
        "days, as a database's dates come"
    );
}

#[test]
fn what_is_below_the_least_tier_is_said() {
    for (arr, expected) in [
        ("84", vec![Note::Low(84)]),
        ("0", vec![Note::Low(0)]),
        ("null", vec![Note::Unrated]),
        ("1000", vec![]),
    ] {
        let row =
            format!(r#"{{"account_id":"a","churned_at":"2026-02-10","reason":"unknown","arr_usd":{arr}}}"#);
        assert_eq!(put(&row).1, expected, "{arr}");
    }
}

#[test]
fn a_range_wider_than_one_company_s_needs_a_word_of_the_config() {
    let row = least(r#","ranges":"198.51.0.0/15;198.51.0.0/16;2001:db8::/31;2001:db8::/32""#);
    let (account, notes) = put(&row);
    assert_eq!(account.ranges.len(), 2);
    let said: Vec<String> = notes.iter().map(ToString::to_string).collect();
    assert!(said[0].contains("wider than /16") && said[1].contains("wider than /32"), "{said:?}");
    let rules = RowRules::new(&Mapping::default(), &["198.48.0.0/13".to_owned()]).unwrap();
    let Ok(Statement::Put(wide)) = rules.read(row.as_bytes(), NOW).statement else { panic!() };
    assert_eq!(wide.account.ranges.len(), 3);
    assert!(
        RowRules::new(&Mapping::default(), &["all".to_owned()]).unwrap_err().contains("accounts.wide_ranges")
    );
}

#[test]
fn what_a_connector_writes_is_read() {
    for gone in [r#"{"id":"a","__deleted":"true"}"#, r#"{"id":"a","__op":"d","__deleted":true,"name":"A"}"#] {
        assert_eq!(read(gone).statement, Ok(Statement::Gone("a".into())), "{gone}");
    }
    let row =
        stated(&least(r#","__op":"u","__deleted":"false","__ts_ms":1,"do_not_contact":0,"strategic":1"#));
    assert!(row.account.strategic && !row.account.do_not_contact);
    assert_eq!(read(r#"{"ts_ms":1796070000000}"#).statement, Ok(Statement::Nothing));
    let list = stated(&least(r#","contacts":"[{\"email\":\"a@a.example\",\"opted_out\":1}]""#));
    assert_eq!(list.contacts[0].opted_out, Some(true), "a list in a text column");
}

fn mapping(toml: Value) -> Mapping {
    serde_json::from_value(toml).unwrap()
}

#[test]
fn a_mapping_names_an_export_s_columns_and_its_own_words() {
    let mapping = mapping(serde_json::json!({
        "account_id": "Customer No", "churned_at": ["Cancelled on", "End"], "arr_usd": "ACV", "ignore": ["Region", "utm*", "Status"],
        "reasons": { "Too expensive": "price_budget", "Champion gone": "champion_left" }
    }));
    let rules = RowRules::new(&mapping, &[]).unwrap();
    let row = rules.read(
        br#"{"Customer No":"c-1","id":"9","CANCELLED ON":"2026-02-10","Churn Reason":"too expensive","ACV":"9,000","Region":"EU",
        "utm_source":"x","utm_do_not_mail":"x","Status":"Closed"}"#,
        NOW,
    );
    let Ok(Statement::Put(put)) = &row.statement else { panic!("{row:?}") };
    assert_eq!(
        (put.account.id.as_str(), put.account.arr_usd, put.account.reason),
        ("c-1", 9_000, Reason::PriceBudget)
    );
    let unknown: Vec<_> = row.unknown.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(unknown, ["utm_do_not_mail"], "what may forbid is ignored by its own name only");
    let canonical = String::from_utf8(row.canonical.clone().unwrap()).unwrap();
    assert!(canonical.contains(r#""account_id":"c-1""#) && !canonical.contains("Closed"), "{canonical}");
    assert_eq!(
        rules.read(canonical.as_bytes(), NOW).statement,
        row.statement,
        "read again by the same rules"
    );
    let status = br#"{"_winback_columns":1,"account_id":"a","churned_at":"2026-02-10","reason":"unknown","status":"active"}"#;
    let Ok(Statement::Put(put)) = rules.read(status, NOW).statement else { panic!() };
    assert_eq!(put.account.status, Status::Active, "a row under winback's names knows no mapping");
}

#[test]
fn a_mapping_that_cannot_be_meant_is_refused_with_the_key_and_the_fix() {
    for (wrong, part) in [
        (
            serde_json::json!({ "chruned_at": "End" }),
            "accounts.mapping.chruned_at: no such column: did you mean `churned_at`?",
        ),
        (serde_json::json!({ "name": "End", "churned_at": "END" }), "a column has one meaning"),
        (serde_json::json!({ "name": "" }), "write a column's name"),
        (serde_json::json!({ "ignore": ["*"] }), "accounts.mapping.ignore"),
        (
            serde_json::json!({ "reasons": { "x": "price" } }),
            "accounts.mapping.reasons.\"x\" = \"price\": no such reason",
        ),
    ] {
        let text = RowRules::new(&mapping(wrong), &[]).unwrap_err();
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn the_exports_of_two_crms_are_read_as_they_come() {
    let of = |preset: &str| RowRules::new(&mapping(serde_json::json!({ "preset": preset })), &[]).unwrap();
    let row = of("salesforce").read(
        br#"{"Account ID":"0015g00000A","Account Name":"Plow AG","Website":"https://plow.example","Type":"Customer","Industry":"Steel",
        "AnnualRevenue":"900000000","BillingCity":"Rome","Account Owner":"Jo Holt","Last Activity":"1/2/2026","Email":"mira@plow.example",
        "Title":"CTO","Email Opt Out":"0","Do Not Call":"1","Churn_Date__c":"2026-02-10","Churn_Reason__c":"price_budget",
        "ARR__c":"84000.00","Do_Not_Contact__c":"false"}"#,
        NOW,
    );
    assert!(row.unknown.is_empty(), "{:?}", row.unknown);
    let Ok(Statement::Put(put)) = &row.statement else { panic!("{row:?}") };
    assert_eq!(
        (put.account.id.as_str(), put.account.arr_usd),
        ("0015g00000A", 84_000),
        "what they sell is not what they paid"
    );
    assert_eq!(
        (put.account.domains.as_slice(), put.account.owner.as_deref()),
        (&["plow.example".to_owned()][..], Some("Jo Holt"))
    );
    assert_eq!(put.contacts[0].opted_out, Some(true), "who must not be called is not written to");
    let row = of("hubspot").read(
        br#"{"Record ID":"77","Company name":"Plow","Company Domain Name":"plow.example","Annual Revenue":"9","Number of Employees":"5",
        "Time Zone":"us_slash_eastern","Lifecycle Stage":"Former","Create Date":"2020-01-01 10:00","Company owner":"Jo",
        "Churn Date":"2026-02-10","Churn Reason":"competitor","arr":"9000","Unsubscribed from all email":"true","Email":"kim@plow.example"}"#,
        NOW,
    );
    assert!(row.unknown.is_empty(), "{:?}", row.unknown);
    let Ok(Statement::Put(put)) = &row.statement else { panic!("{row:?}") };
    assert_eq!((put.account.name.as_str(), put.contacts[0].opted_out), ("Plow", Some(true)));
}

#[test]
fn bytes_that_are_no_text_are_named_without_a_part_of_an_address() {
    let error = RowRules::default()
        .read(b"{\"account_id\":\"b\",\"name\":\"Pl\xf6vdell\"}", NOW)
        .statement
        .unwrap_err();
    assert_eq!(error.reason(), "bad_encoding");
    assert!(
        error.to_string().contains("byte 0xf6") && error.to_string().contains("--encoding windows-1252"),
        "{error}"
    );
    let error = RowRules::default().read(b"{\"email\":\"mira@\xf6.example\"}", NOW).statement.unwrap_err();
    assert!(!error.to_string().contains("mira"), "{error}");
}
