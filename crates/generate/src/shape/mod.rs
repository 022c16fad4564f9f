//! The producers' own shapes. What a signal says is decided elsewhere; here it is only written down, and the same
//! signal has the same bytes each time, so that a repeated one is a real duplicate.

mod event;
mod mail;
mod news;
mod web;

use winback_core::time::Time;

use super::account::Identity;
use super::class::Class;
use super::company::{Company, dice, local_part, one_in, pick, stranger_address};
use super::story::Act;
use super::words::FREE_MAIL;

winback_core::closed_enum! {
    /// A format that signals can be generated in; the names are those of the presets.
    Shape {
        /// Segment's calls.
        Segment = "segment",
        /// Plain JSON page views.
        Web = "web",
        /// Access logs.
        CombinedLog = "combined_log",
        /// SendGrid's event webhook.
        SendGrid = "sendgrid",
        /// Postmark's webhooks.
        Postmark = "postmark",
        /// Amazon SES events.
        Ses = "ses",
        /// Brevo's webhooks.
        Brevo = "brevo",
        /// Funding rounds.
        Funding = "funding",
        /// Job posts.
        Hiring = "hiring",
        /// Our own releases.
        Releases = "releases",
        /// Events at competitors.
        CompetitorEvents = "competitor_events",
    }
}

impl Shape {
    /// The class of the source.
    pub const fn class(self) -> Class {
        match self {
            Self::Segment | Self::Web | Self::CombinedLog => Class::Web,
            Self::SendGrid | Self::Postmark | Self::Ses | Self::Brevo => Class::Mail,
            Self::Funding => Class::Funding,
            Self::Hiring => Class::Hiring,
            Self::Releases | Self::CompetitorEvents => Class::Event,
        }
    }

    /// True if the source can carry that act.
    pub(super) fn tells(self, act: Act) -> bool {
        let replies = matches!(act, Act::Reply | Act::AutoReply);
        let moved = matches!(act, Act::Asset(_) | Act::Moved(_));
        act.class() == self.class()
            && !(replies && self == Self::SendGrid)
            && !(moved && self.class() == Class::Web && self != Self::CombinedLog)
            && !(act == Act::Ships && self != Self::Releases)
            && !(act == Act::Raises && self != Self::CompetitorEvents)
    }

    /// The time as precisely as the format writes it.
    pub(super) fn rounded(self, time: Time) -> Time {
        let unit = match self {
            Self::CombinedLog | Self::SendGrid => 1_000,
            Self::Funding | Self::Hiring | Self::Releases | Self::CompetitorEvents => 86_400_000,
            Self::Segment | Self::Web | Self::Postmark | Self::Ses | Self::Brevo => 1,
        };
        Time::from_millis(time.millis() - time.millis().rem_euclid(unit))
    }
}

/// The owner of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The account of that number.
    Account(u64),
    /// Somebody at a company of that number, which is not on the list; or a private person.
    Stranger(u64),
    /// Nobody's own: it is about many accounts.
    Nobody,
}

/// A signal before it is written down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    pub(super) act: Act,
    pub(super) who: Who,
    /// The same for all that one visitor does.
    pub(super) visitor: u64,
    /// The signal's own chance; its id, too.
    pub(super) nonce: u64,
    pub(super) at: Time,
}

/// The source's knowledge of the person.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) account_id: Option<String>,
    pub(super) email: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) company: Option<String>,
    pub(super) address: Option<std::net::IpAddr>,
}

impl Trace {
    /// The key of the record: the account that it is about, as far as the record says.
    pub(super) fn key(&self) -> Option<String> {
        let named = [&self.account_id, &self.email, &self.domain, &self.company];
        let named = named.into_iter().flatten().next().map(|text| text.to_ascii_lowercase());
        named.or_else(|| self.address.map(|address| address.to_string()))
    }

    fn of(seed: u64, shape: Shape, plot: &Plot) -> Self {
        match (plot.who, shape.class()) {
            (Who::Account(number), class) => {
                Self::of_account(&Identity::nth(seed, number).0, shape, class, plot.visitor)
            }
            (Who::Stranger(number), class) => Self::of_stranger(seed, number, shape, class, plot.visitor),
            (Who::Nobody, _) => Self::default(),
        }
    }

    fn of_account(who: &Identity, shape: Shape, class: Class, visitor: u64) -> Self {
        let mut rng = dice(visitor, 11, 0);
        // Some of those who come are in no book, and known by their company's domain only.
        let person = match one_in(&mut rng, 4) || who.contacts == 0 {
            true => 100 + visitor % 500,
            false => visitor % who.contacts,
        };
        let mail = who.company.mail(person);
        match (class, shape) {
            (Class::Event, _) => Self::default(),
            (Class::Mail, _) => Self { email: Some(mail), ..Self::default() },
            (Class::Funding | Class::Hiring, _) => Self {
                // News says a name, and a site where the writer looked it up.
                domain: (!one_in(&mut rng, 4)).then(|| who.company.domain.clone()),
                company: Some(who.company.name.clone()),
                ..Self::default()
            },
            (Class::Web, Shape::CombinedLog) => match who.range {
                Some(range) => Self { address: Some(range.address(visitor)), ..Self::default() },
                None => Self {
                    domain: Some(format!("gw{}.{}", visitor % 9, who.company.domain)),
                    ..Self::default()
                },
            },
            (Class::Web, _) => {
                let address = match who.range {
                    Some(range) => range.address(visitor),
                    None => stranger_address(&mut rng),
                };
                let known = who.range.is_none() || one_in(&mut rng, 2);
                Self {
                    account_id: one_in(&mut rng, 8).then(|| who.id.clone()),
                    email: known.then_some(mail),
                    address: Some(address),
                    ..Self::default()
                }
            }
        }
    }

    fn of_stranger(seed: u64, number: u64, shape: Shape, class: Class, visitor: u64) -> Self {
        let mut rng = dice(visitor, 12, 0);
        let mail = || match visitor % 5 {
            0..3 => {
                format!("{}@{}", local_part(visitor % 50_000), pick(&mut dice(visitor, 13, 0), &FREE_MAIL))
            }
            _ => Company::nth(seed, number).mail(visitor % 200),
        };
        match class {
            Class::Event => Self::default(),
            Class::Mail => Self { email: Some(mail()), ..Self::default() },
            Class::Funding | Class::Hiring => {
                let company = Company::nth(seed, number);
                let domain = (!one_in(&mut rng, 4)).then_some(company.domain);
                Self { domain, company: Some(company.name), ..Self::default() }
            }
            Class::Web => {
                let known = shape != Shape::CombinedLog && one_in(&mut rng, 4);
                let email = known.then(mail);
                Self { email, address: Some(stranger_address(&mut rng)), ..Self::default() }
            }
        }
    }
}

/// Writes the signal down in that shape; the key of its record, if it has one.
pub(super) fn write(seed: u64, shape: Shape, plot: &Plot, into: &mut Vec<u8>) -> Option<String> {
    let trace = Trace::of(seed, shape, plot);
    match shape.class() {
        Class::Web => web::write(shape, plot, &trace, into),
        Class::Mail => mail::write(shape, plot, &trace, into),
        Class::Funding | Class::Hiring => news::write(shape, plot, &trace, into),
        Class::Event => event::write(shape, plot, into),
    }
    trace.key()
}

/// Appends formatted text to bytes, which cannot fail.
macro_rules! push {
    ($into:expr, $($arg:tt)*) => {{
        use std::io::Write as _;
        // A Vec takes every write.
        let _ = write!($into, $($arg)*);
    }};
}
pub(super) use push;
