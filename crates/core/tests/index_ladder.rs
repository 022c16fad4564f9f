//! The match ladder as a table: which rung finds whom, and what it does when several claim a key.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail by panic, too")]

use std::net::IpAddr;

use winback_core::account::{Account, Contact, Reason, Status};
use winback_core::identity::{Mail, parse_range};
use winback_core::index::{Change, Index, IndexChange, Lookup, Method, SharedIndex};
use winback_core::signal::Identity;
use winback_core::time::Time;

fn account(id: &str, name: &str) -> Account {
    Account::new(id, name, Time::from_millis(1_700_000_000_000), Reason::ProductGap)
}

fn with_domain(id: &str, name: &str, domain: &str) -> Account {
    Account { domains: vec![domain.to_owned()], ..account(id, name) }
}

fn contact(mail: &str, opted_out: bool) -> Contact {
    Contact {
        email_sha256: Mail::parse(mail).unwrap().sha256(),
        role: String::new(),
        opted_out,
        ..Contact::default()
    }
}

fn index(accounts: &[Account]) -> Index {
    let mut index = Index::new();
    for account in accounts {
        assert_eq!(index.upsert(account), Change::Added);
    }
    index
}

/// `id: evidence` of a match, `ambiguous: rung`, or `none`.
fn found(index: &Index, who: &Identity<'_>) -> String {
    match index.lookup(who) {
        Lookup::Match(found) => match found.narrowed_by {
            Some(narrow) => format!("{}: {}, {narrow}", found.account.id, found.key),
            None => format!("{}: {}", found.account.id, found.key),
        },
        Lookup::Ambiguous(method) => format!("ambiguous: {method}"),
        Lookup::None => "none".to_owned(),
    }
}

fn id(id: &str) -> Identity<'_> {
    Identity { account_id: Some(id.into()), ..Identity::default() }
}

fn email(mail: &str) -> Identity<'_> {
    Identity { email: Some(mail.into()), ..Identity::default() }
}

fn domain(domain: &str) -> Identity<'_> {
    Identity { domain: Some(domain.into()), ..Identity::default() }
}

fn name(name: &str) -> Identity<'_> {
    Identity { name: Some(name.into()), ..Identity::default() }
}

fn address(address: &str) -> Identity<'_> {
    Identity { address: Some(address.parse::<IpAddr>().unwrap()), ..Identity::default() }
}

fn acme() -> Account {
    Account {
        domains: vec!["acme.com".into(), "gmail.com".into(), "WWW.Acme.de".into()],
        aliases: vec!["Ämce".into(), "https://www.acme-shop.in/".into(), "ACME".into()],
        contacts: vec![contact("jane@gmail.com", false), contact("bob@other.org", true)],
        ranges: ["198.51.100.0/24", "2001:db8:1::/48"].map(|text| parse_range(text).unwrap()).to_vec(),
        ..account("a1", "Acme, Inc.")
    }
}

#[test]
fn each_rung_finds_the_account_by_any_way_of_writing_its_key() {
    let index = index(&[acme()]);
    for (who, expected) in [
        (id("a1"), "a1: account a1"),
        (id(" a1 "), "a1: account a1"),
        (id("A1"), "none"),
        (email("J.ane+x@GoogleMail.com"), "a1: contact 42bd3e56…"),
        (email("Bob <bob@other.org>"), "a1: contact a44ee7a3…"),
        (email("stranger@gmail.com"), "none"),
        (email("stranger@mail.acme.com"), "a1: domain acme.com"),
        (domain("https://www.acme.com:8443/pricing?x=1"), "a1: domain acme.com"),
        (domain("acme.de"), "a1: domain acme.de"),
        (domain("gmail.com"), "none"),
        (domain("acme.org"), "none"),
        (address("198.51.100.7"), "a1: range 198.51.100.0/24"),
        (address("::ffff:198.51.100.7"), "a1: range 198.51.100.0/24"),
        (address("2001:db8:1:2::3"), "a1: range 2001:db8:1::/48"),
        (address("198.51.101.7"), "none"),
        (name("The ACME Company"), "a1: name acme"),
        (name("amce gmbh"), "a1: name amce"),
        (name("Acme.com"), "a1: domain acme.com"),
        (name("www.acme-shop.in"), "a1: domain acme-shop.in"),
        (name("Acme Rockets"), "none"),
        (Identity::default(), "none"),
    ] {
        let got = found(&index, &who);
        if expected.contains("contact") {
            assert!(got.starts_with("a1: contact ") && !got.contains('@'), "{who:?}: {got}");
        } else {
            assert_eq!(got, expected, "{who:?}");
        }
    }
}

#[test]
fn a_key_above_a_public_suffix_is_not_the_hosts_own_domain() {
    let index = index(&[
        with_domain("cloud", "Cloud", "amazonaws.com"),
        with_domain("search", "Search", "google.com"),
    ]);
    let deep = "a.b.c.d.e.f.g.h.i.google.com";
    for (host, expected) in [
        ("aws.amazonaws.com", "cloud: domain amazonaws.com"),
        ("bucket.s3.amazonaws.com", "none"),
        ("www.google.com", "search: domain google.com"),
        (deep, "search: domain google.com"),
        ("https://sites.google.com/view/acme", "none"),
    ] {
        assert_eq!(found(&index, &domain(host)), expected, "{host}");
    }
}

#[test]
fn a_hash_finds_a_contact_whether_its_maker_kept_the_tag_or_not() {
    let plain = Mail::parse("jane+x@other.org").unwrap().plain_sha256().unwrap();
    let foreign =
        Contact { email_sha256: plain, role: String::new(), opted_out: false, ..Contact::default() };
    let index = index(&[
        Account { contacts: vec![foreign], ..account("foreign", "") },
        Account { contacts: vec![contact("bob@other.org", false)], ..account("ours", "") },
    ]);
    assert!(found(&index, &email("Jane+X@other.org")).starts_with("foreign: contact"));
    assert!(found(&index, &email("bob+x@other.org")).starts_with("ours: contact"));
    let hash = Identity {
        email_sha256: Some(Mail::parse("bob@other.org").unwrap().sha256()),
        ..Identity::default()
    };
    assert!(found(&index, &hash).starts_with("ours: contact"));
}

#[test]
fn an_access_providers_domain_and_range_find_nobody_even_where_an_account_lists_them() {
    let domains =
        ["comcast.net", "t-online.de", "btinternet.com", "verizon.net", "sbcglobal.net", "orange.fr"];
    // Broader than a company's, and the space that carriers share among their customers.
    let ranges = ["64.0.0.0/7", "2a00::/18", "100.64.0.0/10"];
    let index = index(&[Account {
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        ranges: ranges.iter().map(|range| range.parse().unwrap()).collect(),
        ..account("isp", "An Access Provider")
    }]);
    for host in domains {
        assert_eq!(found(&index, &domain(host)), "none", "{host}");
        assert_eq!(found(&index, &domain(&format!("p5b1c.dip0.{host}"))), "none", "reverse DNS below {host}");
        assert_eq!(found(&index, &email(&format!("jane@{host}"))), "none", "{host}");
    }
    for visitor in ["65.1.2.3", "2a00:20::1", "100.64.7.7"] {
        assert_eq!(found(&index, &address(visitor)), "none", "{visitor}");
    }
}

#[test]
fn the_first_rung_that_hits_wins() {
    let range = vec![parse_range("198.51.100.0/24").unwrap()];
    let index = index(&[
        account("by-id", "By Id"),
        Account { contacts: vec![contact("jane@domain.org", false)], ..account("by-contact", "By Contact") },
        with_domain("by-domain", "By Domain", "domain.org"),
        Account { ranges: range, ..account("by-range", "By Range") },
        account("by-name", "By Name"),
    ]);
    let mut who = Identity {
        account_id: Some("by-id".into()),
        email: Some("jane@domain.org".into()),
        domain: Some("domain.org".into()),
        address: Some("198.51.100.1".parse().unwrap()),
        name: Some("By Name".into()),
        ..Identity::default()
    };
    let method = |who: &Identity<'_>| match index.lookup(who) {
        Lookup::Match(found) => (found.account.id.to_owned(), found.method),
        other => panic!("{other:?}"),
    };
    assert_eq!(method(&who), ("by-id".to_owned(), Method::AccountId));
    who.account_id = Some("unknown".into());
    assert_eq!(method(&who), ("by-contact".to_owned(), Method::Contact));
    who.email = None;
    assert_eq!(method(&who), ("by-domain".to_owned(), Method::Domain));
    who.domain = Some("gmail.com".into());
    assert_eq!(method(&who), ("by-range".to_owned(), Method::Range));
    who.address = None;
    assert_eq!(method(&who), ("by-name".to_owned(), Method::Name));
}

#[test]
fn a_later_rung_tells_claimants_apart_and_never_brings_in_another() {
    let one = with_domain("one", "Acme Europe", "acme.com");
    let two = with_domain("two", "Acme Asia", "acme.com");
    let three =
        Account { ranges: vec![parse_range("198.51.100.0/24").unwrap()], ..account("three", "Rival") };
    let index = index(&[one, two, three]);
    let mut who = domain("acme.com");
    assert_eq!(found(&index, &who), "ambiguous: domain");
    who.name = Some("ACME Asia Ltd".into());
    assert_eq!(found(&index, &who), "two: domain acme.com, name acme asia");
    who.name = Some("Rival".into());
    assert_eq!(found(&index, &who), "ambiguous: domain");
    who.address = Some("198.51.100.9".parse().unwrap());
    assert_eq!(found(&index, &who), "ambiguous: domain");
    who.name = Some("Acme Europe".into());
    assert_eq!(found(&index, &who), "one: domain acme.com, name acme europe");
}

#[test]
fn two_domains_of_two_accounts_in_one_event_are_ambiguous() {
    let index = index(&[with_domain("one", "One", "one.org"), with_domain("two", "Two", "two.org")]);
    let mut who = Identity { email: Some("x@one.org".into()), ..domain("two.org") };
    assert_eq!(found(&index, &who), "ambiguous: domain");
    who.name = Some("Two".into());
    assert_eq!(found(&index, &who), "two: domain two.org, name two");
    who.email = Some("x@two.org".into());
    assert_eq!(found(&index, &who), "two: domain two.org");
}

#[test]
fn the_longest_prefix_wins_and_claims_narrow_the_shorter_ones() {
    let ranged = |id: &str, domain: &str, ranges: &[&str]| Account {
        ranges: ranges.iter().map(|text| parse_range(text).unwrap()).collect(),
        ..with_domain(id, "", domain)
    };
    let index = index(&[
        ranged("wide", "both.org", &["198.51.0.0/16"]),
        ranged("narrow", "own.org", &["198.51.100.0/24"]),
        ranged("other", "both.org", &[]),
    ]);
    assert_eq!(found(&index, &address("198.51.100.1")), "narrow: range 198.51.100.0/24");
    assert_eq!(found(&index, &address("198.51.1.1")), "wide: range 198.51.0.0/16");
    let who = Identity { domain: Some("both.org".into()), ..address("198.51.100.1") };
    assert_eq!(found(&index, &who), "wide: domain both.org, range 198.51.0.0/16");
}

#[test]
fn a_shared_key_is_the_others_again_when_one_leaves() {
    let mut index = index(&[
        with_domain("one", "Acme", "acme.com"),
        with_domain("two", "Acme", "acme.com"),
        with_domain("three", "Acme", "acme.com"),
    ]);
    assert_eq!(found(&index, &domain("acme.com")), "ambiguous: domain");
    assert!(index.remove("two"));
    assert!(!index.remove("two"));
    assert_eq!(found(&index, &domain("acme.com")), "ambiguous: domain");
    assert_eq!(index.upsert(&with_domain("one", "Acme", "acme.org")), Change::Changed);
    assert_eq!(found(&index, &domain("acme.com")), "three: domain acme.com");
    assert_eq!(found(&index, &domain("acme.org")), "one: domain acme.org");
    assert_eq!(found(&index, &name("Acme")), "ambiguous: name");
}

#[test]
fn a_key_that_everybody_claims_is_cheap_ambiguous_and_leaves_exactly() {
    let accounts: Vec<_> =
        (0..20_000).map(|n| with_domain(&format!("a{n}"), "Unknown Co", "shared.org")).collect();
    let mut index = index(&accounts);
    assert_eq!(found(&index, &domain("shared.org")), "ambiguous: domain");
    let who = Identity { name: Some("Unknown".into()), ..domain("shared.org") };
    assert_eq!(found(&index, &who), "ambiguous: domain");
    for account in &accounts[1..] {
        assert!(index.remove(account.id.as_str()));
    }
    assert_eq!(found(&index, &who), "a0: domain shared.org");
}

#[test]
fn an_active_account_matches_nothing_and_is_still_known() {
    let mut index = index(&[with_domain("one", "Acme", "acme.com"), with_domain("two", "Acme", "acme.com")]);
    let back = Account { status: Status::Active, version: 1, ..with_domain("one", "Acme", "acme.com") };
    assert_eq!(index.upsert(&back), Change::Changed);
    assert_eq!(index.get("one").map(|entry| entry.status), Some(Status::Active));
    assert_eq!(found(&index, &domain("acme.com")), "two: domain acme.com");
    let who = Identity { account_id: Some("one".into()), ..domain("acme.com") };
    assert_eq!(found(&index, &who), "none", "the event names the active one, so it is not the other's");
}

#[test]
fn an_older_version_is_ignored_and_an_equal_one_is_taken() {
    let mut index = Index::new();
    let at = |version: u64, domain: &str| Account { version, ..with_domain("one", "Acme", domain) };
    assert_eq!(index.upsert(&at(5, "five.org")), Change::Added);
    let seen = index.version();
    assert_eq!(index.upsert(&at(4, "four.org")), Change::Stale);
    assert_eq!(index.version(), seen);
    assert_eq!(found(&index, &domain("four.org")), "none");
    assert_eq!(index.upsert(&at(5, "again.org")), Change::Changed);
    assert_eq!(found(&index, &domain("five.org")), "none");
    assert_eq!(found(&index, &domain("again.org")), "one: domain again.org");
}

#[test]
fn an_entry_says_what_is_checked_before_writing() {
    let full = Account {
        arr_usd: 60_000,
        do_not_contact: true,
        declined_at: Some(Time::from_millis(-5)),
        earliest_at: Some(Time::from_millis(1_800_000_000_000)),
        hold_out: true,
        consent: Some(false),
        contacts: vec![contact("a@x.org", true), contact("b@x.org", true)],
        version: 9,
        ..account("full", "Full")
    };
    let index = index(&[full.clone(), acme()]);
    let entry = index.get("full").unwrap();
    assert_eq!((entry.id, entry.version, entry.status), ("full", 9, Status::Churned));
    assert_eq!((entry.reason, entry.tier, entry.churned_at), (full.reason, full.tier(), full.churned_at));
    assert_eq!((entry.do_not_contact, entry.hold_out, entry.all_opted_out), (true, true, true));
    assert_eq!((entry.declined_at, entry.earliest_at), (full.declined_at, full.earliest_at));
    assert_eq!(entry.consent, Some(false));
    let plain = index.get("a1").unwrap();
    assert_eq!((plain.do_not_contact, plain.hold_out, plain.all_opted_out), (false, false, false));
    assert_eq!((plain.declined_at, plain.earliest_at, plain.consent), (None, None, None));
    assert_eq!(index.get("nobody"), None);
}

#[test]
fn an_earliest_date_is_known_without_a_no_and_in_every_status() {
    let at = Some(Time::from_millis(1_800_000_000_000));
    for status in [Status::Churned, Status::Active] {
        let account = Account { status, earliest_at: at, ..acme() };
        let index = index(&[account]);
        let entry = index.get("a1").unwrap();
        assert_eq!((entry.earliest_at, entry.declined_at), (at, None), "{status}");
    }
}

#[test]
fn odd_lengths_are_kept_whole() {
    let long = "x".repeat(70_000);
    let names = [30, 31, 32, 256].map(|length| "n".repeat(length));
    let account = Account { aliases: names.to_vec(), ..account(&long, &"m".repeat(257)) };
    let index = index(&[account, self::account("", "Empty Id")]);
    assert_eq!(index.get(&long).map(|entry| entry.id.len()), Some(70_000));
    for alias in &names {
        assert!(matches!(index.lookup(&name(alias)), Lookup::Match(_)), "{}", alias.len());
    }
    assert_eq!(found(&index, &name(&"m".repeat(257))), "none");
    assert_eq!(found(&index, &name("Empty Id")), ": name empty id");
}

#[test]
fn a_batch_of_changes_is_seen_whole_or_not_at_all() {
    let shared = SharedIndex::new();
    let (one, two) = (with_domain("one", "One", "acme.com"), with_domain("two", "Two", "acme.com"));
    shared.apply([IndexChange::Put(&one)]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2_000 {
                shared.apply([IndexChange::Gone("one"), IndexChange::Put(&two)]);
                shared.apply([IndexChange::Gone("two"), IndexChange::Put(&one)]);
            }
        });
        for _ in 0..2_000 {
            let index = shared.pin();
            let version = index.version();
            assert!(matches!(index.lookup(&domain("acme.com")), Lookup::Match(_)), "half a change was seen");
            assert_eq!((index.len(), index.version()), (1, version));
        }
    });
    let applied = shared.apply([IndexChange::Gone("one"), IndexChange::Gone("two")]);
    assert_eq!((applied.removed, shared.pin().len()), (1, 0));
}

#[test]
fn names_with_different_legal_forms_are_different_companies() {
    let index =
        index(&[account("merc", "Zentrik KGaA"), account("plain", "Öhlmann"), account("inc", "Yello, Inc.")]);
    for (who, expected) in [
        ("Zentrik", "merc: name zentrik"),
        ("Zentrik KGaA", "merc: name zentrik"),
        ("Zentrik & Co.", "none"),
        ("Zentrik Inc.", "none"),
        ("Öhlmann GmbH", "plain: name ohlmann"),
        ("OEHLMANN AG", "plain: name oehlmann"),
        ("Ohlmann", "plain: name ohlmann"),
        ("Yello Corporation", "inc: name yello"),
        ("Yello GmbH", "none"),
    ] {
        assert_eq!(found(&index, &name(who)), expected, "{who}");
    }
    let both = crate::index(&[account("de", "Zentrik KGaA"), account("us", "Zentrik & Co., Inc.")]);
    assert_eq!(found(&both, &name("Zentrik KGaA")), "de: name zentrik");
    assert_eq!(found(&both, &name("Zentrik Inc")), "us: name zentrik");
    assert_eq!(found(&both, &name("Zentrik")), "ambiguous: name");
}

#[test]
fn a_company_with_strangers_pages_is_known_by_its_peoples_addresses_only() {
    let index = index(&[with_domain("desk", "Zendesk", "https://www.zendesk.com/")]);
    for (who, expected) in [
        (email("jane@zendesk.com"), "desk: domain zendesk.com"),
        (email("help@acme.zendesk.com"), "none"),
        (domain("acme.zendesk.com"), "none"),
        (domain("zendesk.com"), "desk: domain zendesk.com"),
        (name("Zendesk"), "desk: name zendesk"),
    ] {
        assert_eq!(found(&index, &who), expected, "{who:?}");
    }
    let code = crate::index(&[with_domain("code", "GitHub", "github.com")]);
    assert_eq!(found(&code, &email("jane@github.com")), "code: domain github.com");
    assert_eq!(found(&code, &domain("https://github.com/acme")), "none");
    let page = crate::index(&[with_domain("shop", "Acme", "https://github.com/acme")]);
    assert_eq!(found(&page, &email("jane@github.com")), "none");
}
