//! The count of a signal of a kind, and the counts where a policy is silent.

use crate::signal::SignalKind;
use crate::time::Span;

/// The count of a signal of a kind (and class).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindRule {
    /// Its strength by itself, 0 to 3.
    pub strength: u8,
    /// Its strength where it answers why the account left, when that is more; 0 for a kind that answers nothing.
    pub answer_strength: u8,
    /// The weight that it adds to the score.
    pub weight: u32,
    /// `A`: older than this it is expired.
    pub max_age: Span,
    /// `D`: the time for which its id is remembered, at least `A + M`.
    pub dedupe: Span,
}

/// The greatest strength: they ask to come back, or the reason why they left is gone.
pub const STRONGEST: u8 = 3;
/// The greatest strength of a signal that matched by a name alone.
pub(crate) const MOST_BY_NAME: u8 = 2;

/// The classes of pages that weigh more than the blog, where the file is silent: their weights, and the strength of those
/// that say by themselves that somebody wants to come back.
pub const PAGES: [(&str, Option<u8>, u32); 8] = [
    ("pricing", Some(2), 5),
    ("billing", Some(2), 5),
    ("sign_up", Some(2), 5),
    ("reactivation", Some(STRONGEST), 10),
    ("login", Some(STRONGEST), 10),
    ("contact_sales", Some(STRONGEST), 10),
    ("demo", Some(STRONGEST), 10),
    ("docs", None, 3),
];

/// True for a page on which somebody asks to come back.
pub(crate) fn asks_to_return(kind: SignalKind, class: &str) -> bool {
    let asks = |(page, strength, _): &(&str, Option<u8>, u32)| *page == class && *strength == Some(STRONGEST);
    kind == SignalKind::WebVisit && PAGES.iter().any(asks)
}

/// The count of a kind that a policy does not name.
pub(super) fn default_rule(kind: SignalKind, max_wait: Span) -> KindRule {
    let row = kind.row();
    let max_age = Span::from_days(row.days);
    KindRule {
        strength: row.strength,
        answer_strength: row.answer_strength,
        weight: row.weight,
        max_age,
        dedupe: max_age + max_wait,
    }
}
