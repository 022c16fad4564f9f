//! Plays as data: what to do about a trigger, by why the customer left.
//!
//! A play that breaks a hard rule of the field is refused when it is read, never when it is used.

mod error;
mod file;
mod keys;
mod library;
mod rules;

pub use error::PlayError;
pub use library::Plays;

use serde::Serialize;
use winback_core::account::Reason;
use winback_core::closed_enum;
use winback_core::signal::SignalKind;

closed_enum! {
    /// The offer that may follow the first message; never in it.
    Offer {
        /// Nothing.
        None = "none",
        /// A look at a feature before others have it.
        EarlyAccess = "early_access",
        /// The product for a while, without risk.
        Trial = "trial",
        /// Help with moving over.
        SwitchingHelp = "switching_help",
        /// A success manager with a name.
        SuccessManager = "success_manager",
        /// Somebody who sets it up with them.
        Onboarding = "onboarding",
        /// Material and people that make it work.
        SuccessResource = "success_resource",
        /// Other terms: monthly first, a graduated price.
        FlexibleTerms = "flexible_terms",
        /// Less to pay; only for those who left for the price.
        Discount = "discount",
    }
}

/// A discount, limited in time and tied to a commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Discount {
    /// Percent of the first year.
    pub percent: u32,
    /// Days until it lapses.
    pub valid_days: u32,
    /// Months that it asks for.
    pub commitment_months: u32,
}

/// The play for a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Play {
    /// Its name, unique among the plays.
    pub name: String,
    /// The file that it came from.
    pub file: String,
    /// The lower, the sooner it is tried.
    pub rank: u32,
    /// The reasons for leaving that it answers.
    pub reasons: Vec<Reason>,
    /// The thought behind its words.
    pub framework: String,
    /// Only for a trigger whose evidence names a release.
    pub needs_release: bool,
    /// The classes of release that count; empty: every one.
    pub release_classes: Vec<String>,
    /// Kinds of signal that must all be in the evidence.
    pub needs_signals: Vec<SignalKind>,
    /// Never sooner than this after they left.
    pub min_days_since_churn: u32,
    /// The offer that may follow later.
    pub offer: Offer,
    /// The discount's terms, where the offer is one.
    pub discount: Option<Discount>,
    /// The template of the subject.
    pub subject: String,
    /// The template of the text.
    pub body: String,
}
