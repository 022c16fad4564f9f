//! The play that a trigger recommends, and the people that it names.

use winback_core::account::{Contact, Reason};
use winback_core::debounce::ResponseKind;
use winback_core::index::Method;
use winback_core::signal::SignalKind::{self, *};

use crate::rig::{Rig, signal};
use crate::support::{DAY, changed, comes, left};

const PLAYS: &str = "leading=\"off\"\n[plays]\nproduct_gap=\"gap-closed\"\nservice_support=\"service\"\n\
                     adoption_onboarding=\"adoption\"\ntechnical_quality=\"bad-experience\"\nprice_budget=\"budget\"\n\
                     situational=\"situational\"\nunknown=\"general\"\n";

#[test]
fn only_a_play_whose_condition_holds_is_recommended() {
    let table: [(Reason, SignalKind, &str, &str); 13] = [
        (Reason::ProductGap, ProductRelease, "feature", "gap-closed"),
        (Reason::ProductGap, WebVisit, "pricing", "gap-check-in"),
        (Reason::ServiceSupport, ProductRelease, "service", "service"),
        (Reason::ServiceSupport, ProductRelease, "feature", "general"),
        (Reason::ServiceSupport, WebVisit, "pricing", "general"),
        (Reason::AdoptionOnboarding, ProductRelease, "onboarding", "adoption"),
        (Reason::AdoptionOnboarding, ProductRelease, "major_version", "general"),
        (Reason::TechnicalQuality, ProductRelease, "quality", "bad-experience"),
        (Reason::TechnicalQuality, WebVisit, "", "general"),
        (Reason::PriceBudget, FundingNews, "", "budget"),
        (Reason::PriceBudget, WebVisit, "pricing", "general"),
        (Reason::Situational, WebVisit, "pricing", "situational"),
        (Reason::Unknown, WebVisit, "pricing", "general"),
    ];
    for (reason, kind, class, play) in table {
        let mut rig = left(PLAYS, reason, 200);
        comes(&mut rig, kind, class, 0);
        assert_eq!(rig.triggers()[0].play, play, "{reason} {kind} {class}");
    }
    let own = "leading=\"off\"\n[plays]\nproduct_gap=\"ours\"\n";
    let mut rig = left(own, Reason::ProductGap, 200);
    comes(&mut rig, WebVisit, "pricing", 0);
    assert_eq!(
        rig.triggers()[0].play,
        "ours",
        "the worker alone knows the condition of a play of another name"
    );
}

fn contact(first: u8, opted_out: bool) -> Contact {
    Contact { email_sha256: [first; 32], role: format!("role {first}"), opted_out, ..Contact::default() }
}

fn by_contact(rig: &mut Rig, first: u8, millis: i64) {
    let mut click = signal("a", &format!("click {first}"), 1, millis, millis);
    (click.kind, click.class, click.method) = (EmailClick, String::new(), Method::Contact);
    click.matched_on = format!("contact {}…", format!("{first:02x}").repeat(4));
    rig.body(winback_core::debounce::Body::Signal(Box::new(click)));
}

#[test]
fn a_trigger_names_the_people_who_came_and_who_may_be_written_to() {
    let mut rig = changed("leading=\"off\"\n", |account| {
        account.contacts = vec![contact(1, true), contact(2, false), contact(3, false), contact(4, false)];
        account.domains = vec!["northwind.example".to_owned()];
        account.contacts[3].id = "003A".to_owned();
        account.contacts[3].language = "ja".to_owned();
        (account.ids, account.language) = (vec!["crm:1".to_owned()], Some("ms".to_owned()));
    });
    rig.answers(ResponseKind::OptedOut, "out", 0, &[3; 32]);
    by_contact(&mut rig, 4, 1);
    rig.progress(50);
    let account = &rig.triggers()[0].account;
    let told: Vec<_> =
        account.contacts.iter().map(|one| (one.email_sha256[0], one.may_write, one.came)).collect();
    assert_eq!(told, [(4, true, true), (2, true, false), (1, false, false), (3, false, false)]);
    assert_eq!((account.contacts[0].role.as_str(), account.domains.len()), ("role 4", 1));
    let first = &account.contacts[0];
    assert_eq!((first.id.as_str(), first.language.as_str()), ("003A", "ja"));
    assert_eq!((account.ids.as_slice(), account.language.as_str()), (&["crm:1".to_owned()][..], "ms"));
    assert_eq!((account.declined_at, account.earlier.len()), (None, 0));
}

#[test]
fn a_trigger_names_a_no_and_what_started_before() {
    let mut rig = Rig::new("leading=\"off\"\n");
    rig.now(1, 0);
    rig.progress(10);
    rig.answers(ResponseKind::Declined, "no", 20, &[]);
    comes(&mut rig, FundingNews, "", 400 * DAY);
    let triggers = rig.triggers();
    let account = &triggers[1].account;
    assert_eq!(account.declined_at, Some(crate::rig::at(20)));
    let earlier: Vec<_> = account.earlier.iter().map(|one| (one.policy.to_string(), one.at)).collect();
    assert_eq!(earlier, [("p".to_owned(), crate::rig::at(10))]);
}
