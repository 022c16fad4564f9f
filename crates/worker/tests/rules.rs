//! The rules of the field that bind the worker, one test each, named after the rule.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it")]

mod support;

use support::{Accounts, FIRED, signal, trigger, wire};
use winback_core::account::{Account, Contact, Reason, Status};
use winback_core::time::{Span, Time};
use winback_proto::v1::{self, EvidenceItem, Trigger};
use winback_worker::{
    AccountStanding, Answers, CheckedTrigger, Choice, Limits, Offer, Plays, Suppression, choose,
};

const LIMITS: Limits = Limits { stale_after: Span::from_days(2), decline_rest: Span::from_days(365) };

fn decide(record: &Trigger, standing: AccountStanding, now: Time) -> String {
    let plays = Plays::built_in().unwrap();
    let trigger = CheckedTrigger::of(record).unwrap();
    match choose(&trigger, &plays, &Accounts::with("acc-1", standing), now, LIMITS) {
        Choice::Play { play, .. } => play.name.clone(),
        Choice::Noted => "noted".to_owned(),
        Choice::Stale(_) => "stale".to_owned(),
        Choice::Suppressed(why) => format!("suppressed({why})"),
        Choice::NoPlay(why) => format!("no_play: {why}"),
    }
}

fn play_of(reason: &str, evidence: Vec<EvidenceItem>) -> String {
    decide(&trigger(reason, evidence), AccountStanding::default(), FIRED)
}

fn play_file(extra: &str) -> String {
    format!("name = \"p\"\nframework = \"f\"\n{extra}\n[message]\nsubject = \"s\"\nbody = \"b\"\n")
}

fn refusal(text: &str) -> String {
    Plays::from_texts(&[("p.toml", text)])
        .map(|_| "accepted".to_owned())
        .unwrap_or_else(|error| error.to_string())
}

#[test]
fn every_reason_has_its_play_and_no_fact_is_claimed_that_is_not_in_the_evidence() {
    let visit = || signal("web_visit", "pricing", "/pricing");
    let release = |class: &str| signal("product_release", class, "Single sign-on");
    let table = [
        ("product_gap", visit(), "gap-check-in"),
        ("product_gap", release(""), "gap-closed"),
        ("product_gap", signal("product_release", "", "  "), "gap-check-in"),
        ("competitor", visit(), "competitor"),
        ("service_support", visit(), "general"),
        ("service_support", release("feature"), "general"),
        ("service_support", release("service"), "service"),
        ("price_budget", visit(), "general"),
        ("price_budget", signal("funding_news", "", "Series B"), "budget"),
        ("adoption_onboarding", visit(), "general"),
        ("adoption_onboarding", release("onboarding"), "adoption"),
        ("low_usage_no_value", release("onboarding"), "adoption"),
        ("complexity", visit(), "general"),
        ("technical_quality", visit(), "general"),
        ("technical_quality", release("quality"), "bad-experience"),
        ("unmet_expectations", release("quality"), "bad-experience"),
        ("situational", visit(), "situational"),
        ("strategic_shift", visit(), "situational"),
        ("regret_impulse", visit(), "regret"),
        ("payment_involuntary", visit(), "payment"),
        ("not_fit", visit(), "fit"),
        ("unknown", visit(), "general"),
        ("", visit(), "general"),
        ("impossible", visit(), "suppressed(impossible)"),
    ];
    for (reason, evidence, expected) in table {
        let shown = format!("{reason} {} {}", evidence.kind, evidence.page_class);
        assert_eq!(play_of(reason, vec![evidence]), expected, "{shown}");
    }
    for reason in Reason::ALL {
        assert!(!play_of(reason.as_str(), Vec::new()).starts_with("no_play"), "{reason} has no play");
    }
}

#[test]
fn never_a_discount_for_a_customer_who_left_for_anything_but_price() {
    let discount = "offer = \"discount\"\n[discount]\npercent = 20\nvalid_days = 30\ncommitment_months = 12";
    for reason in Reason::ALL {
        let text = play_file(&format!("reasons = [\"{reason}\"]\n{discount}"));
        let said = refusal(&text);
        assert_eq!(said == "accepted", *reason == Reason::PriceBudget, "{reason}: {said}");
    }
    let mixed = refusal(&play_file(&format!("reasons = [\"price_budget\", \"product_gap\"]\n{discount}")));
    assert!(mixed.starts_with("p.toml: `offer` = \"discount\": a discount is only for"), "{mixed}");
    let all = Plays::built_in().unwrap();
    let for_price = |play: &&winback_worker::Play| play.reasons == [Reason::PriceBudget];
    assert!(all.iter().filter(|play| play.offer == Offer::Discount).all(|play| for_price(&play)));
}

#[test]
fn a_play_that_needs_a_release_is_not_chosen_without_one_and_names_it() {
    let unnamed = refusal(&play_file("reasons = [\"product_gap\"]\nneeds_release = true"));
    assert!(unnamed.contains("put {{ release }} into the message"), "{unnamed}");
    let claimed = play_file("reasons = [\"product_gap\"]").replace("\"b\"", "\"{{ release }} is out\"");
    assert!(
        refusal(&claimed).contains("the template in `message.body` does not render"),
        "{}",
        refusal(&claimed)
    );
    let record = trigger("product_gap", vec![signal("product_release", "", "Single sign-on")]);
    let plays = Plays::built_in().unwrap();
    let checked = CheckedTrigger::of(&record).unwrap();
    let accounts = Accounts::with("acc-1", AccountStanding::default());
    let Choice::Play { play, release, .. } = choose(&checked, &plays, &accounts, FIRED, LIMITS) else {
        panic!("no play");
    };
    assert_eq!(release.as_deref(), Some("Single sign-on"));
    let message = plays.texts().message(play, &checked, release.as_deref()).unwrap();
    assert_eq!(message.subject, "Single sign-on is out");
    assert!(message.body.contains("we have released Single sign-on"));
}

#[test]
fn the_competitor_play_never_comes_before_90_days() {
    let after = |days: i64, extra: i64| {
        let mut record = trigger("competitor", vec![signal("competitor_event", "", "price rise")]);
        let churned = FIRED - Span::from_days(days) + Span::from_secs(extra);
        record.account.as_mut().unwrap().churned_at = Some(wire(churned));
        decide(&record, AccountStanding::default(), FIRED)
    };
    assert_eq!(after(90, 0), "competitor");
    // A live signal acts at once all the same: with the play that knows nothing of a competitor.
    assert_eq!(after(90, 1), "general");
    assert_eq!(after(0, 0), "general");
    let mut unknown = trigger("competitor", Vec::new());
    unknown.account.as_mut().unwrap().churned_at = None;
    assert_eq!(decide(&unknown, AccountStanding::default(), FIRED), "general");
    let plays = Plays::from_texts(&[("p.toml", &play_file("reasons = [\"competitor\"]"))]).unwrap();
    assert_eq!(plays.iter().next().unwrap().min_days_since_churn, 90);
    for (file, expected) in [
        ("reasons = [\"competitor\"]\nmin_days_since_churn = 0", "0"),
        ("reasons = [\"competitor\"]\nmin_days_since_churn = 89", "89"),
        (
            "reasons = [\"competitor\", \"unknown\"]\nneeds_signals = [\"competitor_event\"]\n\
             min_days_since_churn = 30",
            "30",
        ),
    ] {
        let expected =
            format!("p.toml: `min_days_since_churn` = {expected}: write 90 or more: the competitor's play");
        let said = refusal(&play_file(file));
        assert!(said.starts_with(&expected), "{file}: {said}");
    }
    let shared = play_file("reasons = [\"competitor\", \"unknown\"]\nmin_days_since_churn = 0");
    assert_eq!(refusal(&shared), "accepted");
}

#[test]
fn a_discount_is_15_to_25_percent_limited_in_time_and_tied_to_a_commitment() {
    for (percent, valid_days, commitment_months, expected) in [
        (15, 30, 12, "accepted"),
        (25, 30, 12, "accepted"),
        (14, 30, 12, "`discount.percent` = 14: "),
        (26, 30, 12, "`discount.percent` = 26: "),
        (20, 0, 12, "`discount.valid_days` "),
        (20, 30, 0, "`discount.commitment_months` "),
    ] {
        let said = refusal(&play_file(&format!(
            "reasons = [\"price_budget\"]\noffer = \"discount\"\n[discount]\npercent = {percent}\n\
             valid_days = {valid_days}\ncommitment_months = {commitment_months}"
        )));
        assert!(said.contains(expected), "{percent} {valid_days} {commitment_months}: {said}");
    }
}

#[test]
fn who_came_back_by_a_signal_after_the_trigger_is_not_sent_to() {
    let answers = Answers::default();
    let came_back = v1::Response {
        account_id: "acc-1".to_owned(),
        kind: "reactivated".to_owned(),
        event_time: Some(wire(FIRED + Span::from_mins(1))),
        ..v1::Response::default()
    };
    let record = trigger("situational", Vec::new());
    let churned_at = FIRED - Span::from_days(210);
    let standing = |answers: &Answers| {
        let books = AccountStanding::default();
        answers.of("acc-1").map_or(books, |answered| answered.onto(books, churned_at, false))
    };
    assert_eq!(decide(&record, standing(&answers), FIRED), "situational");
    assert!(answers.apply(came_back));
    assert_eq!(decide(&record, standing(&answers), FIRED), "suppressed(reactivated)");
}

#[test]
fn what_forbids_a_message_is_asked_again_at_the_moment_of_sending() {
    let day = Span::from_days(1);
    let free = AccountStanding::default();
    let table = [
        (AccountStanding { reactivated: true, ..free }, "suppressed(reactivated)"),
        (AccountStanding { do_not_contact: true, ..free }, "suppressed(do_not_contact)"),
        (AccountStanding { opted_out: true, ..free }, "suppressed(opted_out)"),
        (AccountStanding { no_consent: true, ..free }, "suppressed(no_consent)"),
        (AccountStanding { declined_at: Some(FIRED - day), ..free }, "suppressed(declined)"),
        (AccountStanding { declined_at: Some(FIRED - Span::from_days(364)), ..free }, "suppressed(declined)"),
        (AccountStanding { declined_at: Some(FIRED - Span::from_days(366)), ..free }, "situational"),
        (AccountStanding { replied_at: Some(FIRED), ..free }, "suppressed(replied)"),
        (AccountStanding { replied_at: Some(FIRED - day), ..free }, "situational"),
        (AccountStanding { hold_out: true, ..free }, "suppressed(hold_out)"),
        (AccountStanding { earliest_at: Some(FIRED + day), ..free }, "suppressed(not_yet)"),
        (AccountStanding { earliest_at: Some(FIRED), ..free }, "situational"),
    ];
    let record = trigger("situational", Vec::new());
    for (standing, expected) in table {
        assert_eq!(decide(&record, standing, FIRED), expected);
    }
    let plays = Plays::built_in().unwrap();
    let gone = choose(&CheckedTrigger::of(&record).unwrap(), &plays, &Accounts::default(), FIRED, LIMITS);
    assert_eq!(gone, Choice::Suppressed(Suppression::Gone));
}

#[test]
fn an_account_is_opted_out_when_everybody_known_there_is() {
    let contact =
        |opted_out| Contact { email_sha256: [1; 32], role: String::new(), opted_out, ..Contact::default() };
    let mut account = Account::new("acc-1", "Northwind", FIRED, Reason::Unknown);
    assert_eq!(AccountStanding::of(&account), AccountStanding::default());
    account.contacts = vec![contact(true), contact(false)];
    assert!(!AccountStanding::of(&account).opted_out);
    account.contacts = vec![contact(true)];
    account.consent = Some(false);
    account.status = Status::Active;
    let standing = AccountStanding::of(&account);
    assert!(standing.opted_out && standing.no_consent && standing.reactivated);
}

#[test]
fn an_update_starts_no_play() {
    let mut record = trigger("situational", Vec::new());
    record.edge = "update".to_owned();
    assert_eq!(decide(&record, AccountStanding::default(), FIRED), "noted");
    assert_eq!(
        decide(&record, AccountStanding { opted_out: true, ..AccountStanding::default() }, FIRED),
        "noted"
    );
}

#[test]
fn a_trigger_older_than_the_limit_is_stale() {
    let record = trigger("situational", Vec::new());
    let limit = FIRED + LIMITS.stale_after;
    assert_eq!(decide(&record, AccountStanding::default(), limit), "situational");
    assert_eq!(decide(&record, AccountStanding::default(), limit + Span::from_millis(1)), "stale");
}

#[test]
fn the_recommended_play_is_taken_where_it_fits() {
    let mut record = trigger("product_gap", vec![signal("product_release", "", "Single sign-on")]);
    record.play = "gap-check-in".to_owned();
    assert_eq!(decide(&record, AccountStanding::default(), FIRED), "gap-check-in");
    record.play = "competitor".to_owned();
    assert_eq!(decide(&record, AccountStanding::default(), FIRED), "gap-closed");
}

#[test]
fn a_recommended_play_that_is_not_taken_is_named_with_what_it_lacks() {
    let visit = || vec![signal("web_visit", "pricing", "/pricing")];
    let mut early = trigger("competitor", visit());
    early.account.as_mut().unwrap().churned_at = Some(wire(FIRED - Span::from_days(10)));
    for (record, recommended, expected) in [
        (trigger("product_gap", visit()), "", None),
        (trigger("product_gap", visit()), "gap-check-in", None),
        (
            trigger("product_gap", visit()),
            "gap-closed",
            Some("instead of gap-closed: the evidence names no release of its kind"),
        ),
        (
            trigger("product_gap", visit()),
            "fit",
            Some("instead of fit: it does not answer the reason product_gap"),
        ),
        (trigger("product_gap", visit()), "my-own", Some("instead of my-own: there is no such play")),
        (early, "competitor", Some("instead of competitor: less than 90 days since they left")),
    ] {
        let record = Trigger { play: recommended.to_owned(), ..record };
        let plays = Plays::built_in().unwrap();
        let checked = CheckedTrigger::of(&record).unwrap();
        let accounts = Accounts::with("acc-1", AccountStanding::default());
        let Choice::Play { instead_of, .. } = choose(&checked, &plays, &accounts, FIRED, LIMITS) else {
            panic!("no play");
        };
        assert_eq!(instead_of.as_deref(), expected, "{recommended}");
    }
}

#[test]
fn the_first_message_has_no_offer_no_longing_and_nothing_observed() {
    for phrase in
        ["We miss  you!", "a 20 % OFF code: 20% off", "get a discount", "we saw you on our pricing page"]
    {
        let said = refusal(&play_file("reasons = [\"unknown\"]").replace("\"b\"", &format!("\"{phrase}\"")));
        assert!(said.starts_with("p.toml: `message.body` = … "), "{phrase}: {said}");
    }
    for fact in ["score", "evidence", "reason", "competitor", "arr_usd", "segment", "manner"] {
        let said =
            refusal(&play_file("reasons = [\"unknown\"]").replace("\"b\"", &format!("\"{{{{ {fact} }}}}\"")));
        assert!(said.contains("there are account, owner, features"), "{fact}: {said}");
    }
}

#[test]
fn an_error_names_file_key_value_and_fix() {
    let ok = play_file("reasons = [\"unknown\"]");
    assert_eq!(refusal(&ok), "accepted");
    let table = [
        (ok.replace("framework", "framwork"), "p.toml: unknown key `framwork`; did you mean `framework`?"),
        (ok.replace("body", "text"), "p.toml: unknown key `message.text`; use one of subject, body"),
        (
            ok.replace("unknown", "price_buget"),
            "p.toml: `reasons` = \"price_buget\": did you mean `price_budget`?",
        ),
        (
            ok.replace("[\"unknown\"]", "[\"impossible\"]"),
            "p.toml: `reasons` = [\"impossible\"]: leave out `impossible`: who cannot come back is never written to",
        ),
        (
            ok.replace("reasons = [\"unknown\"]", ""),
            "p.toml: `reasons` is missing; write the reasons for leaving that this play answers",
        ),
        (
            ok.replace("name = \"p\"", "name = \"../p\""),
            "p.toml: `name` = \"../p\": write a short name of a-z, 0-9 and -, such as gap-closed",
        ),
        (
            ok.replace("reasons", "rank = -1\nreasons"),
            "p.toml: `rank` = -1: write a whole number from 0 to 1000",
        ),
        (ok.replace("\"s\"", "\"a\\nb\""), "p.toml: `message.subject` = \"a\\nb\": write one line"),
    ];
    for (text, expected) in table {
        assert_eq!(refusal(&text), expected);
    }
    assert!(refusal("name = ").starts_with("p.toml is not valid TOML: correct it: "));
    let twice = Plays::from_texts(&[("a.toml", &ok), ("b.toml", &ok)]).unwrap_err().to_string();
    assert_eq!(twice, "b.toml: `name` = p: a.toml has this name, too: choose another");
}
