//! Sequences as files: their TOML, their JSON schema, the rules that hold by reading them, their texts, and what one would
//! send to an account and when.
//!
//! [`parse`] turns a file into a [`Sequence`] or into every fault of it. [`plan`] says what falls due when. [`Message::of`]
//! writes the words.

mod ago;
mod error;
mod facts;
mod file;
mod fit;
mod library;
mod material;
mod message;
mod model;
mod owner;
mod plan;
mod record;
mod rules;
mod schedule;
mod situation;
mod test;
mod words;

pub use error::SequenceError;
pub use file::{parse, sequence_schema};
pub use fit::{Lack, lacks};
pub use library::{Library, LibraryError, Located};
pub use material::{Material, Proof};
pub use message::{Message, RenderError, strict_templates, told};
pub use model::{Condition, Experiment, Fits, Offer, ReleaseRule, Sequence, Step, Text, Variant};
pub use owner::{UNNAMED, mailbox, sign_off};
pub use plan::{Outcome, Plan, Planned, Skip, plan};
pub use record::{record, text_hash};
pub use rules::{NEVER_FIRST, NEVER_SAID};
pub use schedule::{Due, Moved, Shift, Times, default_sending};
pub use situation::{Happened, Situation, What};
pub use test::{Tested, test_sequence};
pub use words::{Channel, End, Engaged, Kind, News, OfferKind, ProofKind, Rule};
