//! Normal forms of what identifies a company or a person.
//!
//! Books and events are written by different hands; both sides pass through the same functions here, so that equal
//! things are equal bytes. What would match everybody (a free-mail domain, a private network) is refused as a key,
//! and nothing here renders a mail address: evidence shows the head of its hash.

mod host;
mod legal;
mod mail;
mod name;
mod range;
mod refuse;

pub use host::{Host, NoDomain};
pub use mail::Mail;
pub use name::{company_name, domain_in_name};
pub use range::{RangeError, check_range, parse_range};
pub use refuse::{RefusedDomain, refuse};

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

/// The registrable domain of a mail address, URL, host or domain, if an account may be known by it.
pub fn company_domain(raw: &str) -> Result<String, DomainError> {
    let host = Host::parse(raw).map_err(DomainError::None)?;
    let domain = host.registrable().map_err(DomainError::None)?;
    match refuse(host.as_str()) {
        Some(refused) => Err(DomainError::Refused(refused)),
        None => Ok(domain.to_owned()),
    }
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
        ] {
            assert_eq!(company_domain(raw), expected, "{raw}");
        }
    }
}
