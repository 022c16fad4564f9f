//! The closed lists of R14: every signal and every burst's end has exactly one of these.

use crate::closed_enum;

closed_enum! {
    /// The outcome of a signal when it arrived.
    SignalOutcome {
        /// Seen before; counted, changes nothing (R1).
        Duplicate = "duplicate",
        /// Too old for its kind, or its dedupe window is over (R8, R1).
        Expired = "expired",
        /// Opened a burst or joined the open one (R3).
        Joined = "joined",
        /// Fired at once (R4).
        FiredLeading = "led",
        /// Fired at once in the cool-down, because it is stronger (R7).
        Escalated = "escalated",
        /// Came in the cool-down; evidence for the next burst (R6).
        InCooldown = "cooled",
        /// Would have fired at once, but a gate forbids it.
        Gated = "gated",
        /// Would have fired at once, but a cap is reached (R9).
        Capped = "capped",
        /// A reactivation: ends everything open (R10).
        Ended = "ended",
    }
}

closed_enum! {
    /// The outcome of a burst at its end.
    BurstOutcome {
        /// A starting trigger.
        Fired = "fired",
        /// An addendum to the leading trigger (R4).
        Updated = "updated",
        /// It had led, and nothing came after (R4).
        NothingNew = "nothing_new",
        /// Its weights do not reach the minimum (R5).
        BelowThreshold = "below_threshold",
        /// A cap is reached (R9).
        Capped = "capped",
        /// A gate forbids it.
        Gated = "gated",
        /// Its trigger is larger than the policy allows, whatever is cut (R14).
        TooLarge = "too_large",
        /// It would have fired, but so long before its record came that it is of a backlog (R15).
        Stale = "stale",
        /// The account came back, is gone, erased, or churned anew (R10, R11).
        Cancelled = "cancelled",
    }
}

closed_enum! {
    /// The reason that ended a burst or fired a trigger.
    FiredBecause {
        /// No signal came for the policy's gap.
        GapElapsed = "quiet",
        /// It had been open for the policy's max wait.
        MaxWait = "max_wait",
        /// It had the policy's max number of signals.
        MaxSignals = "max_signals",
        /// A signal met the leading rule.
        Leading = "leading",
        /// A signal was stronger than what fired before.
        StrengthUp = "strength_up",
    }
}

closed_enum! {
    /// The edge of a burst that a trigger stands for.
    Edge {
        /// At once.
        Leading = "leading",
        /// At the burst's end.
        Trailing = "trailing",
        /// In the cool-down, because it is stronger.
        Escalation = "escalation",
        /// An addendum after the leading trigger; it starts nothing.
        Update = "update",
    }
}

impl Edge {
    /// True for a trigger that starts a play, counts against caps and begins a cool-down.
    pub const fn starts(self) -> bool {
        !matches!(self, Self::Update)
    }
}
