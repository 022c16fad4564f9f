//! The ledger: facts about spells, triggers, touches, answers and costs, kept in SQL.
//!
//! Records become facts ([`read()`]), facts are upserts that commute ([`Ledger::apply`]), and spells with their returns
//! are a pure function of an account's facts ([`derive::spells`]). The position in the log moves in the same SQL
//! transaction as the facts, so that each record counts once, whatever dies in between.

mod daily;
pub mod derive;
mod erasure;
mod error;
mod fact;
mod figures;
mod follow;
mod import;
mod ledger;
mod lock;
mod read;
mod schema;
mod sqlite;
mod store;
mod write;

pub use erasure::KeySource;
pub use error::LedgerError;
pub use fact::{Act, Amount, Answer, AnswerKind, Fact, Interest, Judgement, State, Strongest, Trigger};
pub use figures::facts;
pub use follow::{FollowError, Follower};
pub use import::{Table, import};
pub use ledger::{Batch, Ledger, Move, Refused};
pub use read::{Feed, read};
pub use sqlite::Sqlite;
pub use store::{Database, Value};
