//! Domains that belong to everybody, and so say nothing about whose an event is.
//!
//! Three sources: lists of winback's own (text, one entry a line), two large sets that are built from published lists
//! (`make lists`), and rules: a brand that has a domain in every country, and the private part of the public suffix list.

use std::sync::LazyLock;

use foldhash::HashMap;

use super::domain_set::DomainSet;
use crate::closed_enum;

closed_enum! {
    /// The reason why a domain cannot be an account's key.
    RefusedDomain {
        /// Anybody may have a mailbox there.
        FreeMail = "free_mail",
        /// Mailboxes for an hour.
        Disposable = "disposable",
        /// Strangers' pages side by side: hosting, site builders, help desks, applicant systems, social networks.
        SharedHosting = "shared_hosting",
        /// A word that people write if a form insists.
        Placeholder = "placeholder",
    }
}

const LISTS: [(RefusedDomain, &str); 4] = [
    (RefusedDomain::FreeMail, include_str!("data/free-mail.txt")),
    (RefusedDomain::Disposable, include_str!("data/disposable.txt")),
    (RefusedDomain::SharedHosting, include_str!("data/shared-hosting.txt")),
    (RefusedDomain::Placeholder, include_str!("data/placeholder.txt")),
];

/// The sets that are built from published lists.
const SETS: [(RefusedDomain, DomainSet); 2] = [
    (RefusedDomain::FreeMail, DomainSet(include_bytes!("data/free-mail.bin"))),
    (RefusedDomain::Disposable, DomainSet(include_bytes!("data/disposable.bin"))),
];

/// Mail brands that have a domain in nearly every country: `yahoo.fr`, `hotmail.co.uk`, `gmx.net`.
const BRANDS: [&str; 18] = [
    "aol",
    "btinternet",
    "excite",
    "freenet",
    "gmx",
    "googlemail",
    "hotmail",
    "live",
    "lycos",
    "mailinator",
    "msn",
    "outlook",
    "rediffmail",
    "rocketmail",
    "tiscali",
    "yahoo",
    "yandex",
    "ymail",
];

/// Endings of countries under which anybody registers a name for its sound: no sign of a brand's own.
const OPEN_ENDINGS: [&str; 17] =
    ["ai", "app", "cc", "co", "dev", "fm", "gg", "io", "ly", "me", "sh", "so", "to", "tv", "vc", "ws", "xyz"];

/// Private suffixes under which companies register names as under a country's: no hosting.
const REGISTRIES: &str = include_str!("data/private-registries.txt");

/// The part of a listed domain that is strangers'.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Theirs {
    /// All of it.
    All,
    /// What lies below it: the domain itself is a company's.
    Below,
    /// What lies below it and its pages: a company's are only the addresses at the domain itself.
    Pages,
}

/// An entry of a text list.
#[derive(Clone, Copy)]
struct Listed {
    why: RefusedDomain,
    theirs: Theirs,
}

static REFUSED: LazyLock<HashMap<&str, Listed>> = LazyLock::new(|| {
    let entry = |why| {
        move |line: &'static str| match line.split_at_checked(1) {
            Some(("+", domain)) => (domain, Listed { why, theirs: Theirs::Below }),
            Some(("/", domain)) => (domain, Listed { why, theirs: Theirs::Pages }),
            _ => (line, Listed { why, theirs: Theirs::All }),
        }
    };
    LISTS.into_iter().flat_map(|(why, list)| lines(list).map(entry(why))).collect()
});

/// The entries of a list: one a line, `#` begins a comment.
fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().map(|line| line.split('#').next().unwrap_or("").trim()).filter(|line| !line.is_empty())
}

/// The reason why strangers share the pages of this host (lower case, as [`super::Host`] writes it). It, or a domain
/// above it, is on a list, or it lies under a private suffix such as `github.io`.
pub fn refuse(host: &str) -> Option<RefusedDomain> {
    refused(host, false)
}

/// The reason why a mail address at this host, or the bare domain of an account, is nobody's. A company whose pages are
/// strangers' (`github.com`) has people of its own: they are known by the very domain, not by what lies below it.
pub fn refuse_address(host: &str) -> Option<RefusedDomain> {
    refused(host, true)
}

fn refused(host: &str, address: bool) -> Option<RefusedDomain> {
    let registrable = psl::domain(host.as_bytes()).map_or(0, |domain| domain.as_bytes().len());
    let mut rest = host;
    loop {
        if let Some(&Listed { why, theirs }) = REFUSED.get(rest) {
            let itself =
                ["www.", "about."].iter().find_map(|own| host.strip_prefix(own)).unwrap_or(host) == rest;
            let own = itself && (theirs == Theirs::Below || (theirs == Theirs::Pages && address));
            return (!own).then_some(why);
        }
        // A public suffix is on no list: a slip there would refuse a whole country.
        let asked = rest.len() >= registrable && registrable > 0;
        if let Some((why, _)) = SETS.iter().find(|(_, set)| asked && set.has(rest)) {
            return Some(*why);
        }
        match rest.split_once('.') {
            Some((_, above)) if above.contains('.') => rest = above,
            _ => break,
        }
    }
    if is_brand(&host[host.len() - registrable..]) {
        return Some(RefusedDomain::FreeMail);
    }
    under_private_suffix(host).then_some(RefusedDomain::SharedHosting)
}

/// True if a registrable domain is a mail brand's in some country.
fn is_brand(domain: &str) -> bool {
    let Some((name, ending)) = domain.split_once('.') else { return false };
    let country = ending.rsplit('.').next().unwrap_or(ending);
    let second = ending.strip_suffix(country).map_or("", |rest| rest.trim_end_matches('.'));
    BRANDS.contains(&name)
        && (country.len() == 2 || ["com", "net"].contains(&ending))
        && ["", "co", "com", "net", "ne", "org"].contains(&second)
        && !OPEN_ENDINGS.contains(&ending)
}

fn under_private_suffix(host: &str) -> bool {
    psl::suffix(host.as_bytes()).is_some_and(|suffix| {
        suffix.typ() == Some(psl::Type::Private)
            && !lines(REGISTRIES).any(|registry| registry.as_bytes() == suffix.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Host;

    #[test]
    fn a_domain_of_everybody_says_why_it_is_refused() {
        for (host, expected) in [
            ("gmail.com", Some(RefusedDomain::FreeMail)),
            ("yahoo.co.uk", Some(RefusedDomain::FreeMail)),
            ("yahoo.com.pe", Some(RefusedDomain::FreeMail)),
            ("hotmail.dk", Some(RefusedDomain::FreeMail)),
            ("gmx.us", Some(RefusedDomain::FreeMail)),
            ("t-online.de", Some(RefusedDomain::FreeMail)),
            ("mailinator.com", Some(RefusedDomain::Disposable)),
            ("acme.wixsite.com", Some(RefusedDomain::SharedHosting)),
            ("acme.github.io", Some(RefusedDomain::SharedHosting)),
            ("acme.herokuapp.com", Some(RefusedDomain::SharedHosting)),
            ("acme.zendesk.com", Some(RefusedDomain::SharedHosting)),
            ("acme.myworkdayjobs.com", Some(RefusedDomain::SharedHosting)),
            ("www.linkedin.com", Some(RefusedDomain::SharedHosting)),
            ("sites.google.com", Some(RefusedDomain::SharedHosting)),
            ("google.com", None),
            ("example.com", Some(RefusedDomain::Placeholder)),
            ("acme.uk.com", None),
            ("acme.com", None),
            ("acme.co.uk", None),
            ("notgmail.com", None),
            ("stanford.edu", None),
        ] {
            assert_eq!(refuse(host), expected, "{host}");
        }
    }

    #[test]
    fn a_company_whose_pages_are_strangers_has_people_of_its_own() {
        for (host, page, address) in [
            ("github.com", Some(RefusedDomain::SharedHosting), None),
            ("www.zendesk.com", None, None),
            ("zoho.com", Some(RefusedDomain::SharedHosting), None),
            ("acme.zendesk.com", Some(RefusedDomain::SharedHosting), Some(RefusedDomain::SharedHosting)),
            ("acme.github.io", Some(RefusedDomain::SharedHosting), Some(RefusedDomain::SharedHosting)),
            ("gmail.com", Some(RefusedDomain::FreeMail), Some(RefusedDomain::FreeMail)),
            ("acme.com", None, None),
        ] {
            assert_eq!((refuse(host), refuse_address(host)), (page, address), "{host}");
        }
    }

    #[test]
    fn a_brand_is_known_in_every_country_but_not_where_anybody_registers() {
        let brands = ["yahoo.com.pe", "gmx.us", "hotmail.co.nz", "outlook.com", "live.ie"];
        let others = ["yahoo.io", "live.ai", "outlook.co", "live.acme.com", "myyahoo.com", "gmx.solutions"];
        assert_eq!(brands.map(is_brand), [true; 5]);
        assert_eq!(others.map(is_brand), [false; 6]);
    }

    #[test]
    fn every_entry_is_a_host_in_its_normal_form_and_on_one_list_only() {
        let mut seen = std::collections::HashMap::new();
        for (why, list) in LISTS {
            for line in lines(list) {
                let line = line.trim_start_matches(['+', '/']);
                assert_eq!(Host::parse(line).unwrap().as_str(), line);
                assert_eq!(seen.insert(line, why), None, "{line} twice");
            }
        }
        for registry in lines(REGISTRIES) {
            let suffix = psl::suffix(registry.as_bytes()).unwrap();
            assert_eq!(
                (suffix.as_bytes(), suffix.typ()),
                (registry.as_bytes(), Some(psl::Type::Private)),
                "{registry}"
            );
        }
    }

    #[test]
    fn no_company_of_the_lists_is_in_a_set() {
        for line in lines(LISTS[2].1).filter_map(|line| line.strip_prefix(['+', '/'])) {
            assert!(SETS.iter().all(|(_, set)| !set.has(line)), "{line}: run `make lists`");
        }
    }
}
