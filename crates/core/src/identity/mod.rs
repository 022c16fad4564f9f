//! Normal forms of what identifies a company or a person.
//!
//! Books and events are written by different hands; both sides pass through the same functions here, so that equal
//! things are equal bytes. What would match everybody (a free-mail domain, a private network) is refused as a key,
//! and nothing here renders a mail address: evidence shows the head of its hash.

mod aside;
mod domain_set;
mod fold;
mod host;
mod legal;
mod mail;
mod name;
mod range;
mod refuse;

pub use host::{Host, NoDomain};
pub use mail::Mail;
pub use name::{CompanyName, FORM, company_name, domain_in_name};
pub use range::{RangeError, check_range, parse_range};
pub use refuse::{RefusedDomain, refuse, refuse_address};

/// The reason why a text gives no domain that an account could be known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// There is no registrable domain in it.
    #[error("it holds no company domain ({0})")]
    None(NoDomain),
    /// The domain belongs to everybody.
    #[error("its domain is shared by strangers ({0})")]
    Refused(RefusedDomain),
}

/// The registrable domain of a mail address, URL, host or domain, if an account may be known by it. A company whose
/// pages are strangers' (`github.com`) is known by its bare domain, but not by one of those pages.
pub fn company_domain(raw: &str) -> Result<String, DomainError> {
    let host = Host::parse(raw).map_err(DomainError::None)?;
    let domain = host.registrable().map_err(DomainError::None)?;
    match refuse_written(raw, &host) {
        Some(refused) => Err(DomainError::Refused(refused)),
        None => Ok(domain.to_owned()),
    }
}

/// The registrable domain of a page or of the host of a visit, if an account may be known by it.
pub fn page_domain(raw: &str) -> Result<String, DomainError> {
    let host = Host::parse(raw).map_err(DomainError::None)?;
    let domain = host.registrable().map_err(DomainError::None)?;
    refuse(host.as_str()).map_or_else(|| Ok(domain.to_owned()), |refused| Err(DomainError::Refused(refused)))
}

/// The reason why a host is nobody's, by the text that it was read from: a page of it, or itself.
pub fn refuse_written(raw: &str, host: &Host<'_>) -> Option<RefusedDomain> {
    if names_a_page(raw) { refuse(host.as_str()) } else { refuse_address(host.as_str()) }
}

/// Pages about a company itself, at its own site.
const OWN_PAGES: [&str; 8] =
    ["about", "about-us", "careers", "company", "contact", "home", "index.html", "jobs"];

/// True if the text has a path behind the host that is no page about the company itself.
fn names_a_page(raw: &str) -> bool {
    let text = raw.trim();
    let rest = text.split_once("//").map_or(text, |(_, rest)| rest);
    rest.split_once(['/', '?', '#']).is_some_and(|(host, path)| {
        let path = path.trim_matches('/').to_ascii_lowercase();
        !host.contains('@') && !path.is_empty() && !OWN_PAGES.contains(&path.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_that_belongs_to_everybody_is_no_company_domain() {
        for (raw, expected) in [
            ("https://www.acme.co.uk/about", Ok("acme.co.uk".to_owned())),
            ("jane@gmail.com", Err(DomainError::Refused(RefusedDomain::FreeMail))),
            ("https://acme.github.io", Err(DomainError::Refused(RefusedDomain::SharedHosting))),
            ("co.uk", Err(DomainError::None(NoDomain::PublicSuffix))),
            ("https://github.com/", Ok("github.com".to_owned())),
            ("jane@zoho.com", Ok("zoho.com".to_owned())),
            ("https://figma.com/careers/", Ok("figma.com".to_owned())),
            ("https://about.gitlab.com/", Ok("gitlab.com".to_owned())),
            (
                "https://www.linkedin.com/company/acme",
                Err(DomainError::Refused(RefusedDomain::SharedHosting)),
            ),
            ("https://github.com/acme", Err(DomainError::Refused(RefusedDomain::SharedHosting))),
            ("help@acme.zendesk.com", Err(DomainError::Refused(RefusedDomain::SharedHosting))),
        ] {
            assert_eq!(company_domain(raw), expected, "{raw}");
        }
    }
}
