//! A sequence as data.

use std::collections::BTreeMap;

use jiff::civil::Time as TimeOfDay;
use winback_core::account::{Account, Contact, Manner, Reason, Tier};
use winback_core::segment::Segment;
use winback_core::signal::SignalKind;

use crate::ago::primary;
use crate::facts::offer_words;
use crate::words::{Channel, Engaged, Kind, News, OfferKind};

/// The civil days between two touches of a person where the file does not say.
pub(crate) const MIN_GAP_DAYS: u32 = 3;

/// A play spread over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Its name, unique among the sequences.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The lower, the sooner it is tried; unique among the sequences.
    pub rank: u32,
    /// Its purpose.
    pub kind: Kind,
    /// The thought behind its words.
    pub framework: String,
    /// The languages that all its texts exist in; the first is the default.
    pub languages: Vec<String>,
    /// The accounts that it is for.
    pub fits: Fits,
    /// Civil days between two touches.
    pub min_gap_days: u32,
    /// Its offers by name.
    pub offers: BTreeMap<String, Offer>,
    /// Its experiments.
    pub experiments: Vec<Experiment>,
    /// Its steps, by day.
    pub steps: Vec<Step>,
}

/// The accounts that a sequence is for. Empty lists allow everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fits {
    /// Reasons of leaving.
    pub reasons: Vec<Reason>,
    /// Tiers; empty: all but `below`.
    pub tiers: Vec<Tier>,
    /// Segments.
    pub segments: Vec<Segment>,
    /// Manners of leaving.
    pub manners: Vec<Manner>,
    /// Days since they left, at least.
    pub min_days: Option<u32>,
    /// Whole months since they left, at least.
    pub min_months: Option<u32>,
    /// Whole months since they left, at most.
    pub max_months: Option<u32>,
    /// Signals of which one is in the evidence, with its class; an empty class is any.
    pub signals: Vec<(SignalKind, String)>,
    /// A release on the shelf.
    pub release: Option<ReleaseRule>,
    /// True: they went to a competitor; false: they did not.
    pub competitor: Option<bool>,
}

/// A release that counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseRule {
    /// Its classes; empty: any.
    pub classes: Vec<String>,
    /// It answers why they left: a feature that they missed, or a class of release for their reason.
    pub closes_gap: bool,
}

/// Something that may be offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its kind.
    pub kind: OfferKind,
    /// Percent of a discount.
    pub percent: u32,
    /// Months that a discount holds for; 0: the first year.
    pub months: u32,
    /// Comes with onboarding.
    pub onboarding: bool,
    /// Days until it lapses; 0: it does not.
    pub valid_days: u32,
    /// Months that it asks for; 0: none.
    pub commitment_months: u32,
    /// Days that it lasts; 0: it has no length.
    pub days: u32,
    /// Its words by language: a template of its own figures.
    pub words: BTreeMap<String, String>,
}

impl Offer {
    /// Its terms in that language.
    ///
    /// # Errors
    /// When its words do not render.
    pub fn said(&self, language: &str) -> Result<String, String> {
        offer_words(self, self.words.get(language).map(String::as_str).unwrap_or_default())
    }

    /// True if it gives something; a discount may follow it.
    pub fn is_of_value(&self) -> bool {
        self.kind != OfferKind::Discount
    }
}

/// An experiment: an account is in one arm, by share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// Draws other groups.
    pub salt: String,
    /// The percent of each arm.
    pub arms: BTreeMap<String, u32>,
}

/// One touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name, unique in the sequence.
    pub id: String,
    /// The day; 1 is that of the enrolment.
    pub day: u32,
    /// The local hour; `None`: at once.
    pub hour: Option<TimeOfDay>,
    /// The way.
    pub channel: Channel,
    /// Roles of contacts, the preferred first; empty: anybody.
    pub roles: Vec<String>,
    /// The condition beside that nobody answered.
    pub condition: Condition,
    /// Of these one must be there and untold.
    pub news: Vec<News>,
    /// The name of an offer.
    pub offer: Option<String>,
    /// The text says that this was released.
    pub claim: Option<ReleaseRule>,
    /// It gives something to read, and asks for nothing.
    pub content: bool,
    /// The experiment whose arms the texts name.
    pub experiment: Option<String>,
    /// The arms that have this step; empty: all.
    pub arms: Vec<String>,
    /// The texts; of each language the first that fits.
    pub texts: Vec<Text>,
}

/// The condition of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// A reaction to an earlier touch.
    pub engaged: Option<Engaged>,
    /// Tiers; empty: any.
    pub tiers: Vec<Tier>,
    /// A release on the shelf.
    pub release: Option<ReleaseRule>,
    /// A contact of this role is there.
    pub role: Option<String>,
}

/// The words of a step in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The key of its table in the file.
    pub key: String,
    /// The language, BCP 47.
    pub language: String,
    /// The arm of the step's experiment; `None`: all.
    pub arm: Option<String>,
    /// The accounts that it is for.
    pub variant: Variant,
    /// The template of the subject; empty where the channel has none.
    pub subject: String,
    /// The template of the text.
    pub body: String,
}

/// The accounts that a text is for. Empty lists allow everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// Tiers.
    pub tiers: Vec<Tier>,
    /// Manners of leaving.
    pub manners: Vec<Manner>,
    /// Finer reasons, in the books' own words.
    pub details: Vec<String>,
}

impl Variant {
    /// True if it is for everybody.
    pub fn fits_all(&self) -> bool {
        *self == Self::default()
    }

    /// True if the account is one of them.
    pub fn fits(&self, account: &Account) -> bool {
        (self.tiers.is_empty() || self.tiers.contains(&account.tier()))
            && (self.manners.is_empty() || self.manners.contains(&account.manner))
            && (self.details.is_empty() || self.details.contains(&account.reason_detail))
    }
}

impl Step {
    /// True if it may tell of a release: it claims one.
    pub const fn tells_of_release(&self) -> bool {
        self.claim.is_some()
    }

    /// The texts for an account in that language, of each arm the first that fits.
    pub fn texts_for(&self, account: &Account, language: &str) -> Vec<&Text> {
        let mut found: Vec<&Text> = Vec::new();
        for text in &self.texts {
            let is_new = !found.iter().any(|other| other.arm == text.arm);
            if text.language == language && is_new && text.variant.fits(account) {
                found.push(text);
            }
        }
        found
    }
}

impl Sequence {
    /// The offer of a step.
    pub fn offer_of(&self, step: &Step) -> Option<&Offer> {
        step.offer.as_ref().and_then(|name| self.offers.get(name))
    }

    /// The language to write in: the contact's, else the account's, else the default (S11).
    pub fn language_for(&self, account: &Account, contact: Option<&Contact>) -> &str {
        let wanted = [contact.map(|contact| contact.language.as_str()), account.language.as_deref()];
        let known = |wanted: &str| {
            let same = |language: &&String| language.eq_ignore_ascii_case(wanted);
            let near = |language: &&String| primary(language).eq_ignore_ascii_case(primary(wanted));
            self.languages.iter().find(same).or_else(|| self.languages.iter().find(near))
        };
        let found = wanted.into_iter().flatten().find_map(known);
        found.or(self.languages.first()).map(String::as_str).unwrap_or_default()
    }

    /// The steps that a person at the account hears of.
    pub fn to_person(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.steps.iter().enumerate().filter(|(_, step)| step.channel.is_to_person())
    }
}
