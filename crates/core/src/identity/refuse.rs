//! Domains that belong to everybody, and so say nothing about whose an event is.

use std::sync::LazyLock;

use foldhash::HashMap;

use crate::closed_enum;

closed_enum! {
    /// The reason why a domain cannot be an account's key.
    RefusedDomain {
        /// Anybody may have a mailbox there.
        FreeMail = "free_mail",
        /// Mailboxes for an hour.
        Disposable = "disposable",
        /// Strangers' pages side by side: hosting, site builders, link shorteners, social networks.
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

/// Private suffixes under which companies register names as under a country's: no hosting.
const REGISTRIES: &str = include_str!("data/private-registries.txt");

static REFUSED: LazyLock<HashMap<&str, RefusedDomain>> = LazyLock::new(|| {
    LISTS.into_iter().flat_map(|(why, list)| lines(list).map(move |line| (line, why))).collect()
});

/// The entries of a list: one a line, `#` begins a comment.
fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().map(|line| line.split('#').next().unwrap_or("").trim()).filter(|line| !line.is_empty())
}

/// The reason why strangers share this host (lower case, as [`super::Host`] writes it). It, or a domain above it, is
/// on a list, or it lies under a private suffix such as `github.io`.
pub fn refuse(host: &str) -> Option<RefusedDomain> {
    let mut rest = host;
    loop {
        if let Some(&why) = REFUSED.get(rest) {
            return Some(why);
        }
        match rest.split_once('.') {
            Some((_, above)) if above.contains('.') => rest = above,
            _ => break,
        }
    }
    under_private_suffix(host).then_some(RefusedDomain::SharedHosting)
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
            ("mailinator.com", Some(RefusedDomain::Disposable)),
            ("acme.wixsite.com", Some(RefusedDomain::SharedHosting)),
            ("acme.github.io", Some(RefusedDomain::SharedHosting)),
            ("acme.herokuapp.com", Some(RefusedDomain::SharedHosting)),
            ("www.linkedin.com", Some(RefusedDomain::SharedHosting)),
            ("sites.google.com", Some(RefusedDomain::SharedHosting)),
            ("google.com", None),
            ("example.com", Some(RefusedDomain::Placeholder)),
            ("acme.uk.com", None),
            ("acme.com", None),
            ("notgmail.com", None),
        ] {
            assert_eq!(refuse(host), expected, "{host}");
        }
    }

    #[test]
    fn every_entry_is_a_host_in_its_normal_form_and_on_one_list_only() {
        let mut seen = std::collections::HashMap::new();
        for (why, list) in LISTS {
            for line in lines(list) {
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
}
