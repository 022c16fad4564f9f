#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use winback_core::account::Reason;
use winback_core::limits;

use super::*;

fn put(json: &str) -> (Account, Vec<Note>) {
    match read_row(json.as_bytes(), 1).unwrap() {
        Row::Put(account, notes) => (*account, notes),
        Row::Gone(id) => panic!("{id} is gone"),
    }
}

#[test]
fn a_spreadsheet_row_and_a_json_row_are_the_same_account() {
    let (sheet, _) = put(
        r#"{"account_id":"a","name":"Acme","domains":"acme.com; acme.io","contacts":"Jane@Acme.com","churned_at":"2026-01-31",
        "reason":"product_gap","arr":"$84,000","strategic":"yes","missing_features":"sso;audit log"}"#,
    );
    let (json, _) = put(
        r#"{"account_id":"a","name":"Acme","domains":["acme.com","https://www.acme.io/"],"contacts":[{"email":"jane@acme.com"}],
        "churned_at":1769817600,"reason":"PRODUCT_GAP","arr_usd":84000,"strategic":true,"missing_features":["sso","audit log"]}"#,
    );
    assert_eq!(sheet, json);
    assert_eq!(sheet.domains, ["acme.com", "acme.io"]);
}

#[test]
fn a_row_says_who_it_is_in_other_systems_and_the_language_of_each() {
    let (account, _) = put(
        r#"{"account_id":"a","churned_at":"2026-01-31","reason":"unknown","ids":"salesforce: 0018d; hubspot:4711",
        "locale":"pt_BR","contacts":[{"email":"jo@acme.com","Contact ID":"003A","language":"JA"}]}"#,
    );
    assert_eq!(account.ids, ["salesforce:0018d", "hubspot:4711"]);
    assert_eq!(account.language.as_deref(), Some("pt-BR"));
    let contact = &account.contacts[0];
    assert_eq!((contact.id.as_str(), contact.language.as_str()), ("003A", "ja"));
    for wrong in [
        r#""ids":"0018d""#,
        r#""ids":"Sales Force:1""#,
        r#""ids":"crm:jo@acme.com""#,
        r#""language":"English""#,
    ] {
        let row = format!(r#"{{"account_id":"a","churned_at":"2026-01-31","reason":"unknown",{wrong}}}"#);
        assert!(read_row(row.as_bytes(), 1).is_err(), "{wrong}");
    }
}

#[test]
fn what_would_match_strangers_is_left_out_and_said() {
    let (account, notes) = put(
        r#"{"id":"a","domains":"gmail.com","ranges":"10.0.0.0/8","churned_at":"2026-01-31","reason":"unknown","arr_usd":5000}"#,
    );
    assert!(account.domains.is_empty() && account.ranges.is_empty());
    assert_eq!(notes.len(), 2);
}

#[test]
fn an_account_of_which_nobody_says_what_it_is_worth_is_taken_and_said_to_start_nothing() {
    for (more, noted) in [
        ("", true),
        (r#","strategic":false"#, true),
        (r#","strategic":true"#, false),
        (r#","arr_usd":900"#, false),
        (r#","arr":"$84,000""#, false),
    ] {
        let row = format!(r#"{{"id":"a","churned_at":"2026-01-31","reason":"unknown"{more}}}"#);
        let (_, notes) = put(&row);
        assert_eq!(notes.contains(&Note::Unrated), noted, "{row}");
    }
}

#[test]
fn a_finer_reason_belongs_to_its_reason() {
    let (account, _) = put(r#"{"id":"a","churned_at":"2026-01-31","reason":"champion_left"}"#);
    assert_eq!((account.reason, account.reason_detail.as_str()), (Reason::Situational, "champion_left"));
}

#[test]
fn errors_name_the_field_the_value_and_the_fix() {
    for (json, parts) in [
        ("[]", &["JSON object"][..]),
        (r#"{"churned_at":"2026-01-31"}"#, &["account_id", "missing"]),
        (r#"{"id":"a","reason":"unknown"}"#, &["churned_at", "missing"]),
        (r#"{"id":"a","reason":"prise","churned_at":"2026-01-31"}"#, &["reason", "prise", "price_budget"]),
        (
            r#"{"id":"a","reason":"unknown","churned_at":"31/01/2026"}"#,
            &["churned_at", "31/01/2026", "2026-01-31"],
        ),
        (
            r#"{"id":"a","reason":"unknown","churned_at":"2026-01-31","arr":"lots"}"#,
            &["arr", "lots", "whole number"],
        ),
        (
            r#"{"id":"a","reason":"unknown","churned_at":"2026-01-31","zone":"Mars"}"#,
            &["zone", "Mars", "Europe/Berlin"],
        ),
    ] {
        let text = read_row(json.as_bytes(), 1).unwrap_err().to_string();
        parts.iter().for_each(|part| assert!(text.contains(part), "{json} says {text}, not {part}"));
    }
}

#[test]
fn texts_lose_their_addresses_and_a_name_with_one_is_refused() {
    let row = |more: &str| {
        format!(r#"{{"id":"jane@acme.com","churned_at":"2026-01-31","reason":"unknown","arr":1{more}}}"#)
    };
    let (account, _) = put(&row(
        r#","reason_detail":"ask jane%2540acme.com","concessions":"call jane@acme.com;x","owner":"Jo <jo@us.com>",
        "missing_features":["sso jane@acme.com","sso john@acme.com"],"competitor":"ex jane&#64;acme.com",
        "contacts":[{"email":"jane@acme.com","role":"boss of john@acme.com"}]"#,
    ));
    assert_eq!(account.reason_detail, "ask (address)");
    assert_eq!(account.concessions, ["call (address)", "x"]);
    assert_eq!(account.contacts[0].role, "boss of (address)");
    assert_ne!(account.missing_features[0], account.missing_features[1], "they are compared");
    assert_eq!(account.owner.as_deref(), Some("Jo <jo@us.com>"), "one of your own");
    assert_eq!(account.name, "jane@acme.com", "its id");
    for more in [r#","name":"Jane jane@acme.com""#, r#","aliases":["Acme","jane＠acme.com"]"#] {
        let text = read_row(row(more).as_bytes(), 1).unwrap_err().to_string();
        assert!(text.contains("mail address") && !text.contains("jane"), "{text}");
    }
    assert!(!read_row(br#""jane@acme.com""#, 1).unwrap_err().to_string().contains("jane"));
}

#[test]
fn what_is_more_than_the_table_of_limits_allows_is_refused_with_field_size_and_limit() {
    let row = |more: &str| {
        format!(r#"{{"id":"a","churned_at":"2026-01-31","reason":"unknown","arr_usd":1,{more}}}"#)
    };
    let refused = |more: &str| read_row(row(more).as_bytes(), 1).unwrap_err();
    for limit in &limits::ACCOUNT {
        if ["role", "contacts", "contacts.id", "zone", "language"].contains(&limit.field) {
            continue;
        }
        let text = "x".repeat(limit.chars + 1);
        let (field, most) = (limit.field, limit.chars);
        let error = refused(&format!(r#""{field}":"{text}""#));
        let size = limit.chars + 1;
        assert!(error.to_string().starts_with(&format!("`{field}` has {size} characters")), "{error}");
        assert!(error.to_string().contains(&format!("at most {most} are taken")), "{error}");
        assert_eq!((error.reason(), error.field()), ("too_large", Some(field)));
        if limit.items > 1 {
            let list = vec!["\"x\""; limit.items + 1].join(",");
            let error = refused(&format!(r#""{field}":[{list}]"#)).to_string();
            let says =
                format!("`{field}` has {} items, and at most {} are taken", limit.items + 1, limit.items);
            assert!(error.starts_with(&says), "{error}");
        }
    }
    let people = vec!["\"a@acme.example\""; 1_001].join(",");
    for contacts in [format!("[{people}]"), format!("\"{}\"", "a@acme.example;".repeat(1_001))] {
        let error = refused(&format!(r#""contacts":{contacts}"#)).to_string();
        assert_eq!(error, "`contacts` has 1001 items, and at most 1000 are taken: shorten it");
    }
    let role = format!(r#""contacts":[{{"email":"a@acme.example","role":"{}"}}]"#, "r".repeat(201));
    assert!(refused(&role).to_string().starts_with("`role` has 201 characters"));
    // Each field within its limit, and all of them too much.
    let long = |items: usize, chars: usize| vec![format!("\"{}\"", "ä".repeat(chars)); items].join(",");
    let all = format!(r#""aliases":[{}],"concessions":[{}]"#, long(1_000, 200), long(200, 500));
    let error = refused(&all);
    assert!(matches!(error, RowError::RowTooLarge(bytes) if bytes > limits::ROW_BYTES));
    assert!(error.to_string().contains("at most 524288 are taken"), "{error}");
}

#[test]
fn what_real_books_hold_is_far_within_the_limits() {
    let domains: Vec<String> = (0..900).map(|number| format!("\"site{number}.example.com\"")).collect();
    let people: Vec<String> = (0..900).map(|number| format!("\"p{number}@acme.com\"")).collect();
    let (account, _) = put(&format!(
        r#"{{"id":"a","name":"Société Générale d'Équipements Industriels","churned_at":"2026-01-31","reason":"unknown",
        "reason_detail":"{}","domains":[{}],"contacts":[{}],"aliases":[{}]}}"#,
        "too slow, too dear. ".repeat(40),
        domains.join(","),
        people.join(","),
        vec!["\"Acme Holding Limited\""; 900].join(",")
    ));
    assert_eq!((account.contacts.len(), account.aliases.len()), (900, 900));
    assert!(limits::account_bytes(&account) < limits::ROW_BYTES / 2);
}

#[test]
fn a_deleted_row_takes_the_account_off_the_list() {
    assert_eq!(read_row(br#"{"id":"a","deleted":true}"#, 1).unwrap(), Row::Gone("a".into()));
}
