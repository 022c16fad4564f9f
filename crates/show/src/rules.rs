//! The rules of the debounce (`docs/rules.md`) in a few words each, as `explain` names them.

/// The words of that rule; empty for a rule that this version does not know.
pub fn rule_words(rule: &str) -> &'static str {
    match rule {
        "R1" => "a signal counts once",
        "R3" => "what comes close together is one burst, judged at its end",
        "R4" => "what is strong fires at once, and what follows is told in an update",
        "R5" => "a burst fires only with enough score",
        "R6" => "after a trigger it is quiet",
        "R7" => "what is stronger than all before breaks the quiet",
        "R8" => "what happened too long ago does not count",
        "R9" => "no more triggers than the caps allow",
        "R10" => "who is back, gone or erased gets nothing more",
        "R14" => "a burst has one end, also one whose trigger is too large",
        "R15" => "what was read too late to act on fires nothing and begins no cool-down",
        "R16" => "news concerns who left before its day",
        "gate" => "some accounts are never, or not now, approached",
        _ => "",
    }
}
