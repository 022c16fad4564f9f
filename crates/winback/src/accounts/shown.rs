//! Accounts as a person sees them. A contact is the head of its hash, never more.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use winback_core::account::Tier;
use winback_core::time::Time;
use winback_proto::{Timestamp, v1};
use winback_worker::Answered;

use winback_show::approach;
use winback_terminal::safe;

/// Bytes of a hash that tell two contacts of an account apart.
const HEAD: usize = 4;

/// The account with the heads of its contacts' hashes only.
pub(crate) fn masked(mut account: v1::Account) -> v1::Account {
    account.contacts.iter_mut().for_each(|contact| contact.email_sha256.truncate(HEAD));
    account
}

/// A line an account.
pub(crate) fn table(accounts: &[v1::Account]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["ACCOUNT", "NAME", "STATUS", "TIER", "ARR $", "LEFT", "REASON", "DOMAINS"]);
    for account in accounts {
        let tier = Tier::of(account.arr_usd).to_string();
        table.add_row([
            safe(&account.id),
            safe(&account.name),
            safe(&account.status),
            tier,
            account.arr_usd.to_string(),
            day(account),
            safe(&account.reason),
            safe(&account.domains.join(" ")),
        ]);
    }
    if let Some(column) = table.column_mut(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn day(account: &v1::Account) -> String {
    account.churned_at.as_ref().map(date).unwrap_or_default()
}

fn date(at: &Timestamp) -> String {
    Time::from(at).to_string().chars().take(10).collect()
}

/// All that is known of one.
pub(crate) fn text(account: &v1::Account) -> String {
    text_with(account, None, &[])
}

/// The same, with what it answered; `others` opted out and are no contacts of the list.
pub(crate) fn text_with(account: &v1::Account, answered: Option<&Answered>, others: &[Vec<u8>]) -> String {
    let mut text = format!("{}  {}\n", safe(&account.id), safe(&account.name));
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            // A String takes every write.
            let _ = writeln!(text, "  {name:<13} {}", safe(value));
        }
    };
    let contacts: Vec<String> = account.contacts.iter().map(contact).collect();
    let features = account.missing_features.join(", ");
    line(
        "left",
        &format!("{}, {}: {} {}", day(account), account.manner, account.reason, account.reason_detail),
    );
    line("missing", &features);
    line("went to", account.competitor.as_deref().unwrap_or_default());
    line("worth", &format!("tier {}, ${} a year", Tier::of(account.arr_usd), account.arr_usd));
    line("segment", approach::segment(account));
    line("aliases", &account.aliases.join(", "));
    line("domains", &account.domains.join(", "));
    line("ranges", &account.ranges.join(", "));
    line("contacts", &contacts.join(", "));
    line("owner", account.owner.as_deref().unwrap_or_default());
    line("zone", account.zone.as_deref().unwrap_or_default());
    line("promised", &account.concessions.join(", "));
    line("status", &account.status);
    let flags = [
        (account.strategic, "strategic"),
        (account.do_not_contact, "do not contact"),
        (account.declined_at.is_some(), "declined"),
        (account.hold_out, "hold-out"),
        (account.consent == Some(false), "no consent"),
    ];
    let flags: Vec<&str> = flags.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect();
    line("marked", &flags.join(", "));
    line("not before", &account.earliest_at.as_ref().map(date).unwrap_or_default());
    if let Some(answered) = answered {
        line("answered", &answers(answered).join(", "));
    }
    let others: Vec<String> = others.iter().map(|hash| head(hash)).collect();
    line("also out", &others.join(", "));
    text.truncate(text.trim_end().len());
    text
}

/// The answers of an account, each with its day.
fn answers(answered: &Answered) -> Vec<String> {
    let day = |at: Time| at.to_string().chars().take(10).collect::<String>();
    let all = [
        ("declined", answered.declined_at),
        ("replied", answered.replied_at),
        ("came back", answered.reactivated_at),
    ];
    let mut said: Vec<String> =
        all.into_iter().filter_map(|(what, at)| Some(format!("{what} {}", day(at?)))).collect();
    if !answered.opted_out.is_empty() {
        let everybody = answered.opted_out.iter().any(Vec::is_empty);
        said.push(if everybody {
            "opted out, all of them".to_owned()
        } else {
            winback_terminal::counted(answered.opted_out.len() as u64, "person").replace("persons", "people")
                + " opted out"
        });
    }
    said
}

fn head(hash: &[u8]) -> String {
    let head: String = hash.iter().take(HEAD).map(|byte| format!("{byte:02x}")).collect();
    if head.is_empty() { "everybody".to_owned() } else { format!("{head}…") }
}

fn contact(contact: &v1::Contact) -> String {
    let head = head(&contact.email_sha256);
    let role = if contact.role.is_empty() { String::new() } else { format!(" ({})", contact.role) };
    let opted_out = if contact.opted_out { " opted out" } else { "" };
    format!("{head}{role}{opted_out}")
}
