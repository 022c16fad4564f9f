//! Gates: rules that forbid a trigger.

use crate::closed_enum;

closed_enum! {
    /// The rule that forbids a trigger. The list is closed; each value names where its rule stands.
    Gate {
        /// The account is not, or no longer, in the list (DESIGN 4).
        NotListed = "not_listed",
        /// It is a customer again (R10).
        Reactivated = "reactivated",
        /// It was erased (DOMAIN, *How often*, hard).
        Erased = "erased",
        /// Marked do-not-contact in the books (DOMAIN, *Accounts*).
        DoNotContact = "do_not_contact",
        /// Everybody known there opted out (DOMAIN, *How often*, hard).
        OptedOut = "opted_out",
        /// It said no, and the cool-down after it is not over or nothing material changed (DOMAIN, *How often*, hard).
        Declined = "declined",
        /// It did not agree to be written to (DOMAIN, *Accounts*).
        NoConsent = "no_consent",
        /// It cannot come back (DOMAIN, *Recoverability*).
        Impossible = "impossible",
        /// It was not a fit: content only, no outreach (DOMAIN, *What to say*).
        NotFit = "not_fit",
        /// In the hold-out group: measured, never contacted (DOMAIN, *What to measure*).
        HoldOut = "hold_out",
        /// Below the least tier for outreach (DOMAIN, *Tiers*).
        BelowOutreach = "below_outreach",
        /// Before its earliest re-engagement date (DOMAIN, *When*).
        NotYet = "not_yet",
        /// In the cool-down after a sequence that got no reply (DOMAIN, *How often*).
        NoReplyCooldown = "resting",
        /// Only dates speak for it, and it is too early after they left for their reason (DOMAIN, *When*).
        Window = "window",
        /// Only dates speak for it, and the day is one to be silent on (DOMAIN, *When*).
        Blackout = "blackout",
        /// An operator holds starting triggers.
        Hold = "hold",
        /// The trigger is larger than the policy allows, whatever is cut (R14).
        TooLarge = "too_large",
        /// No policy is in force in the inbox, so that nobody judges the signal (R14: it still has its decision).
        NoPolicy = "no_policy",
    }
}
