//! Each rule refuses a file by its name and line.

use winback_core::account::{Account, Contact, Reason};
use winback_core::time::Time;

use crate::file::parse;
use crate::test::test_sequence;

/// A file that keeps every rule.
const GOOD: &str = r#"name = "sample"
rank = 7
framework = "a sample"
languages = ["en", "ja"]

[fits]
reasons = ["price_budget"]
min_days = 30

[offers.trial]
kind = "trial"
days = 30
words = { en = "{{ days }} days", ja = "{{ days }}日間" }

[offers.cut]
kind = "discount"
percent = 20
valid_days = 30
commitment_months = 12
words = { en = "{{ percent }} percent", ja = "{{ percent }}パーセント" }

[experiments.tone]
arms = { short = 50, long = 50 }

[[steps]]
id = "hello"
day = 1
at_once = true
channel = "email"
text.en = { subject = "Hello", body = "{{ account }} left {{ ago }}." }
text.ja = { subject = "ご挨拶", body = "{{ account }} {{ ago }}" }

[[steps]]
id = "value"
day = 7
channel = "email"
offer = "trial"
experiment = "tone"
text.en = { subject = "Try", body = "{{ offer }}" }
text.ja = { subject = "お試し", body = "{{ offer }}" }

[[steps]]
id = "money"
day = 21
hour = "10:30"
channel = "email"
offer = "cut"
text.en = { subject = "Price", body = "{{ offer }}" }
text.ja = { subject = "料金", body = "{{ offer }}" }

[[steps]]
id = "shipped"
day = 40
channel = "email"
claim = { closes_gap = true }
news = ["release"]
text.en = { subject = "New", body = "{{ release }}" }
text.ja = { subject = "新着", body = "{{ release }}" }
"#;

/// The faults of the file with one change.
fn faults(from: &str, to: &str) -> Vec<(usize, String)> {
    assert_eq!(GOOD.matches(from).count(), 1, "the sample holds {from:?} once");
    let toml = GOOD.replace(from, to);
    let faults = parse(&toml, 1).err().unwrap_or_default();
    faults.iter().map(|fault| (fault.line(&toml).unwrap_or(0), fault.to_string())).collect()
}

#[track_caller]
fn refused(from: &str, to: &str, line: usize, words: &[&str]) {
    let faults = faults(from, to);
    let is = |(at, text): &(usize, String)| *at == line && words.iter().all(|word| text.contains(word));
    assert!(faults.iter().any(is), "{from:?} -> {to:?}: no fault in line {line} says {words:?}: {faults:#?}");
}

#[test]
fn the_sample_keeps_every_rule() {
    assert_eq!(parse(GOOD, 1).map(|sequence| sequence.steps.len()), Ok(4));
}

#[test]
fn what_is_no_sequence_is_refused_with_its_line() {
    refused("rank = 7", "rank = \"x\"", 2, &["rank"]);
    refused(
        "channel = \"email\"\noffer = \"trial\"",
        "channel = \"pigeon\"\noffer = \"trial\"",
        36,
        &["channel"],
    );
    refused("min_days = 30", "min_dyas = 30", 8, &["min_dyas"]);
}

#[test]
fn s1_names_ranks_reasons_and_signals_are_checked() {
    refused("name = \"sample\"", "name = \"A sample\"", 1, &["S1", "a-z"]);
    refused("rank = 7", "rank = 0", 2, &["S1", "1 to 1000"]);
    refused("min_days = 30", "signals = [\"web_visti\"]", 8, &["S1", "web_visit"]);
    refused("[\"price_budget\"]", "[\"impossible\"]", 7, &["S1", "never written to"]);
    refused("min_days = 30", "min_months = 9\nmax_months = 6", 9, &["S1", "9 or more"]);
}

#[test]
fn s2_days_hours_and_ids_are_checked() {
    refused("day = 21", "day = 5", 44, &["S2", "7 or more"]);
    refused("day = 40", "day = 401", 53, &["S2", "1 to 400"]);
    refused("hour = \"10:30\"", "hour = \"25:00\"", 45, &["S2", "time of day"]);
    refused("hour = \"10:30\"", "hour = \"10:30\"\nat_once = true", 45, &["S2", "one of them"]);
    refused("id = \"money\"", "id = \"value\"", 43, &["S2", "another name"]);
    refused("id = \"money\"", "id = \"end\"", 43, &["S2", "`end`"]);
    refused("rank = 7", "rank = 7\nmin_gap_days = 1", 3, &["S2", "2 to 90"]);
}

#[test]
fn s3_the_first_step_asks_for_no_reaction_to_an_earlier_one() {
    refused("at_once = true", "condition = { engaged = \"opened\" }", 28, &["S3", "no message went before"]);
}

#[test]
fn s7_a_sequence_has_no_more_touches_than_the_caps_allow() {
    let step = |number: u32| {
        format!(
            "[[steps]]\nid = \"more-{number}\"\nday = {}\nchannel = \"email\"\ntext.en = {{ subject = \"s\", body = \"b\" }}\n\
             text.ja = {{ subject = \"s\", body = \"b\" }}\n\n",
            41 + number
        )
    };
    let more: String = (1..=3).map(step).collect();
    let last = "text.ja = { subject = \"新着\", body = \"{{ release }}\" }\n";
    refused(last, &format!("{last}\n{more}"), 76, &["S7", "at most 6", "56 days"]);
}

#[test]
fn s8_offers_keep_their_order_and_terms() {
    refused(
        "at_once = true",
        "at_once = true\noffer = \"trial\"",
        29,
        &["S8", "first message is never an offer"],
    );
    refused("offer = \"trial\"", "offer = \"cut\"", 37, &["S8", "money comes last"]);
    refused("offer = \"trial\"", "offer = \"trail\"", 37, &["S8", "trial"]);
    refused(
        "[\"price_budget\"]",
        "[\"price_budget\", \"product_gap\"]",
        16,
        &["S8", "only for those who left"],
    );
    refused("percent = 20", "percent = 26", 17, &["S8", "15 to 25"]);
    refused("percent = 20", "percent = 30", 17, &["S8", "months = 3 and onboarding"]);
    refused("percent = 20", "percent = 30\nmonths = 3", 17, &["S8", "onboarding = true"]);
    assert_eq!(faults("percent = 20", "percent = 30\nmonths = 3\nonboarding = true"), []);
    refused("valid_days = 30\n", "", 15, &["S8", "limited in time"]);
    refused("commitment_months = 12\n", "", 15, &["S8", "tied to a commitment"]);
    refused(
        "days = 30\nwords = { en = \"{{ days }} days\"",
        "days = 29\nwords = { en = \"{{ days }} days\"",
        12,
        &["S8", "30 to 90"],
    );
    refused("offer = \"trial\"\n", "", 10, &["S8", "no step makes this offer"]);
}

#[test]
fn s8_who_was_not_a_fit_gets_content_only() {
    refused("[\"price_budget\"]", "[\"not_fit\"]", 25, &["S8", "content = true"]);
    refused("[\"price_budget\"]", "[\"not_fit\"]", 37, &["S8", "no offer"]);
}

#[test]
fn s8_a_competitors_customer_is_not_approached_before_ninety_days() {
    refused("[\"price_budget\"]", "[\"competitor\"]", 8, &["S8", "min_days = 90"]);
    refused("min_days = 30", "competitor = true", 6, &["S8", "min_days = 90"]);
}

#[test]
fn s8_figures_and_claims_reach_a_text_through_their_fields_alone() {
    refused("left {{ ago }}.", "left {{ ago }}, 20 % of you.", 30, &["S8", "{{ offer }}"]);
    refused("body = \"{{ account }} {{ ago }}\"", "body = \"{{ account }} ５０００円\"", 31, &["S8", "０円"]);
    refused("left {{ ago }}.", "left {{ ago }}. {{ release }}", 30, &["S11", "add claim"]);
    refused(
        "subject = \"New\", body = \"{{ release }}\"",
        "subject = \"New\", body = \"It is there\"",
        57,
        &["S8", "a claim names"],
    );
    refused(
        "subject = \"Price\", body = \"{{ offer }}\"",
        "subject = \"Price\", body = \"cheap\"",
        48,
        &["S8", "its terms"],
    );
    refused("claim = { closes_gap = true }\n", "", 55, &["S8", "only what claims a release"]);
    refused("left {{ ago }}.", "left {{ ago }}. We miss you.", 30, &["S8", "what changed"]);
    refused("{{ account }} left {{ ago }}.", "Dear customer.", 30, &["S8", "their own situation"]);
    refused("{{ percent }} percent", "20 percent", 20, &["S8", "{{ percent }}"]);
}

#[test]
fn s10_arms_are_whole_and_known() {
    refused("short = 50", "short = 49", 23, &["S10", "100 together"]);
    refused("experiment = \"tone\"", "experiment = \"tune\"", 38, &["S10", "tone"]);
    refused("experiment = \"tone\"", "experiment = \"tone\"\narms = [\"shrot\"]", 39, &["S10", "short"]);
}

#[test]
fn s11_a_missing_variable_or_translation_is_refused() {
    refused("left {{ ago }}.", "left {{ agoo }}.", 30, &["S11", "agoo", "ago"]);
    refused("left {{ ago }}.", "left {{ ago.", 30, &["S11", "template"]);
    refused("text.ja = { subject = \"料金\", body = \"{{ offer }}\" }\n", "", 48, &["S11", "text.ja"]);
    refused(", ja = \"{{ days }}日間\"", "", 13, &["S11", "words.ja"]);
    refused("[\"en\", \"ja\"]", "[\"en\"]", 31, &["S11", "add it to languages"]);
    refused("[\"en\", \"ja\"]", "[\"en\", \"ja\", \"de\"]", 30, &["S11", "text.de"]);
    refused("{{ days }} days", "{{ percents }} days", 13, &["S11", "percent"]);
}

#[test]
fn s13_what_is_watched_is_for_the_owner() {
    refused("rank = 7", "rank = 7\nkind = \"watch\"", 30, &["S13", "never for the customer"]);
}

#[test]
fn s8_nothing_is_offered_before_a_touch_was_sent_and_no_discount_before_a_value() {
    let held = |change: &str, expected: &str| {
        let toml = GOOD.replace("at_once = true", change) + "\n[[test]]\nname = \"x\"\n" + expected;
        let tests = test_sequence(&toml).unwrap();
        assert_eq!(tests[0].failure, None);
    };
    held(
        "at_once = true\nroles = [\"cfo\"]",
        r#"account = { roles = ["cto"] }
then = [
  { step = "hello", skipped = "no_contact" },
  { step = "value", skipped = "content_rule" },
  { step = "money", skipped = "content_rule" },
  { step = "shipped", skipped = "nothing_new" },
]"#,
    );
    held(
        "at_once = true",
        r#"given = [{ at = "30d", release = { title = "Flat price", class = "price" } }]
then = [
  { step = "hello", at = "2027-02-01T10:00" },
  { step = "value", at = "2027-02-08T09:00" },
  { step = "money", at = "2027-02-22T10:30", says = "20 percent" },
  { step = "shipped", at = "2027-03-12T09:00", says = "Flat price" },
]"#,
    );
}

#[test]
fn s11_the_language_is_the_contacts_else_the_accounts_else_the_first() {
    let sequence = parse(GOOD, 1).unwrap();
    let languages = |contact: &str, account: Option<&str>| {
        let contact = Contact { language: contact.to_owned(), ..Contact::default() };
        let account = Account { language: account.map(str::to_owned), ..sample() };
        sequence.language_for(&account, Some(&contact)).to_owned()
    };
    assert_eq!(languages("ja-JP", Some("en")), "ja");
    assert_eq!(languages("", Some("JA")), "ja");
    assert_eq!(languages("de", Some("ja")), "ja");
    assert_eq!(languages("", None), "en");
    assert_eq!(sequence.language_for(&sample(), None), "en");
}

fn sample() -> Account {
    Account::new("a", "A", Time::from_millis(0), Reason::Unknown)
}
