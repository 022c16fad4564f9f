//! Names and domains against lists that others publish: `make quality` fetches them, this counts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

use std::collections::BTreeSet;
use std::path::Path;

use winback_core::identity::{company_domain, company_name};

fn fetched(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/quality").join(file);
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|_| panic!("{} is not there: run `make quality`", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The words of a text that read as domains, whatever is around them.
fn domains(text: &str) -> BTreeSet<String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let words = text.split(|c| !inside(c)).map(str::to_ascii_lowercase);
    words.filter(|word| word.contains('.') && psl_knows(word)).collect()
}

/// True if the word is a host below a known suffix: file names and versions are not.
fn psl_knows(word: &str) -> bool {
    let host = winback_core::identity::Host::parse(word);
    host.is_ok_and(|host| host.registrable().is_ok()) && !word.ends_with(".py") && !word.ends_with(".md")
}

/// The part of a list that is refused as a key; prints what is not.
fn refused(name: &str, list: &BTreeSet<String>) -> f64 {
    let taken: Vec<_> = list.iter().filter(|domain| company_domain(domain).is_ok()).collect();
    println!("{name}: {} of {} domains refused", list.len() - taken.len(), list.len());
    taken.iter().take(40).for_each(|domain| println!("    taken as a key: {domain}"));
    assert!(list.len() > 100, "{name} holds hardly a domain");
    (list.len() - taken.len()) as f64 / list.len() as f64
}

#[test]
#[ignore = "needs lists that `make quality` fetches"]
fn quality_domains_of_everybody_are_refused() {
    let lists = [
        // They are in the sets: no proof of what the sets find elsewhere.
        ("free-email-domains/domains.json", 0.99),
        ("freemail/data/free.txt", 0.99),
        ("email-providers/all.json", 0.99),
        ("mailchecker/platform/node/index.js", 0.99),
        ("disposable-email-domains-js/dist/dict/disposable_email_blocklist.json", 0.99),
        // Kept out of the sets.
        ("free-email-domains-list/build/src/constants.js", 0.97),
        ("burner-email-providers/emails.txt", 0.99),
    ];
    let few: Vec<_> =
        lists.into_iter().filter(|(file, least)| refused(file, &domains(&fetched(file))) < *least).collect();
    assert!(few.is_empty(), "too few refused: {few:?}");
}

#[test]
#[ignore = "needs lists that `make quality` fetches"]
fn quality_companies_are_known_by_their_domain() {
    for domain in [
        "google.com",
        "microsoft.com",
        "apple.com",
        "amazon.com",
        "github.com",
        "zoho.com",
        "zendesk.com",
        "salesforce.com",
        "hubspot.com",
        "atlassian.com",
        "stripe.com",
        "adobe.com",
        "oracle.com",
        "ibm.com",
        "sap.com",
        "siemens.com",
        "bosch.com",
        "samsung.com",
        "sony.com",
        "stanford.edu",
        "mit.edu",
        "bbc.co.uk",
        "cnn.com",
        "ikea.com",
        "lego.com",
        "airbus.com",
        "accenture.com",
        "infosys.com",
        "wipro.com",
        "flipkart.com",
        "telefonica.es",
        "telekom.de",
    ] {
        assert!(company_domain(domain).is_ok(), "{domain} is no key");
    }
}

/// The forms of a list that leave the name when they stand behind it.
fn stripped(name: &str, forms: &BTreeSet<String>) -> f64 {
    let kept: Vec<_> =
        forms.iter().filter(|form| company_name(&format!("Zentrik {form}")) != "zentrik").collect();
    println!("{name}: {} of {} forms known", forms.len() - kept.len(), forms.len());
    println!("    not known: {}", kept.iter().map(|form| form.as_str()).collect::<Vec<_>>().join(" | "));
    assert!(forms.len() > 100, "{name} holds hardly a form");
    (forms.len() - kept.len()) as f64 / forms.len() as f64
}

/// The texts between quotation marks.
fn quoted(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(|line| line.split('\'').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_form_that_is_spelled_out_leaves_a_name_and_a_name_that_is_one_stays() {
    for name in [
        "Zentrik Sociedad de Capital e Industria",
        "Zentrik SCeI",
        "Zentrik Kölcsönös Biztosító Egyesület",
        "Унитарные предприятия Zentrik",
    ] {
        assert_eq!(company_name(name), "zentrik", "{name}");
    }
    assert_eq!(company_name("Betéti Társaság"), "beteti tarsasag");
}

#[test]
#[ignore = "needs lists that `make quality` fetches"]
fn quality_legal_forms_leave_a_name() {
    let text = fetched("cleanco/cleanco/termdata.py");
    let (_, by_country) = text.split_once("terms_by_country").unwrap();
    let mut forms = quoted(by_country);
    forms.retain(|form| !form.starts_with(|c: char| c.is_uppercase()));
    assert!(stripped("cleanco", &forms) >= 0.95);
}
