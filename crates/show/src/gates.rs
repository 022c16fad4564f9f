//! The words for each closed gate, and for what opens it. The list is closed: a new gate of the core does not compile
//! here without its words.

use winback_core::debounce::Gate;

/// The reason of a closed gate, and what opens it.
pub(crate) const fn gate_words(gate: Gate) -> (&'static str, &'static str) {
    match gate {
        Gate::NotListed => ("the account is not on the list", "it had to be on the list of churned accounts"),
        Gate::Reactivated => ("the account is a customer again", "it had to be churned"),
        Gate::Erased => ("the account was erased", "nothing: an erasure is for ever"),
        Gate::DoNotContact => ("the books say: do not contact", "do_not_contact had to be off"),
        Gate::OptedOut => ("everybody known there opted out", "a contact who did not opt out"),
        Gate::Declined => {
            ("they said no", "the rest after a no had to be over, and something material to have changed")
        }
        Gate::NoConsent => ("they did not agree to be written to", "consent had to be given"),
        Gate::Impossible => (
            "they cannot come back, by the reason they left for or by news since",
            "another churn reason, and no such news since they left",
        ),
        Gate::NotFit => ("it was not a fit", "not_fit = \"allow\" in the policy, or another churn reason"),
        Gate::HoldOut => (
            "the account is in the hold-out group, which is measured and never contacted",
            "it had to be outside the group",
        ),
        Gate::BelowOutreach => {
            ("the account is too small for outreach", "a yearly revenue from $1,000, or the strategic flag")
        }
        Gate::NotYet => ("its earliest date for contact has not come", "earliest_at had to be past"),
        Gate::NoReplyCooldown => {
            ("it rests after a sequence without an answer", "unanswered_rest of the policy had to be over")
        }
        Gate::Window => (
            "only a date speaks for it, and it is too early after they left",
            "a live signal, or the window of the policy for their reason had to be over",
        ),
        Gate::Blackout => (
            "only a date speaks for it, and the policy keeps silent on that day",
            "a live signal, or a day outside of the policy's blackout",
        ),
        Gate::Hold => ("an operator holds starting triggers", "the hold had to be lifted"),
        Gate::TooLarge => (
            "its trigger is larger than max_trigger_bytes of the policy, whatever is cut",
            "a higher max_trigger_bytes in the policy, or a smaller row of the account",
        ),
        Gate::NoPolicy => (
            "no policy is in force in the inbox",
            "a policy had to be in force: put one in with `winback policy apply FILE`",
        ),
    }
}
