//! That a test of a policy can fail, and says what came instead.

use super::*;

const POLICY: &str = "name = \"p\"\n[[caps]]\nper = \"policy\"\nmax = 1\nwindow = \"365d\"\n[plays]\nprice_budget = \"mine\"\n";

fn tested(test: &str) -> Vec<Tested> {
    test_policy(&format!("{POLICY}{test}")).unwrap()
}

fn failure(given: &str, then: &str) -> Option<String> {
    let test = format!("[[test]]\nname = \"it\"\ngiven = [{given}]\nthen = [{then}]\n");
    tested(&test).pop().unwrap().failure
}

const PRICING: &str = "{ at = \"0m\", kind = \"web_visit\", class = \"pricing\" }";

#[test]
fn what_comes_is_what_the_test_says_or_it_fails_with_what_came_instead() {
    let right = "{ at = \"0m\", outcome = \"led\", play = \"mine\", score = 5 }, { at = \"30m\", outcome = \"nothing_new\" }";
    assert_eq!(failure(PRICING, right), None);
    for (then, parts) in [
        (
            "{ at = \"0m\", outcome = \"joined\" }",
            &["expected joined at 0m", "what came is led at 0m, score 5"][..],
        ),
        ("{ outcome = \"led\", score = 6 }", &["expected led, score 6"]),
        ("{ outcome = \"led\", play = \"other\" }", &["play other", "play mine"]),
        ("{ at = \"1m\", outcome = \"led\" }", &["expected led at 1m"]),
        ("{ outcome = \"led\" }", &["nothing_new at 30m", "`then` has no more"]),
        (
            "{ outcome = \"led\" }, { outcome = \"nothing_new\" }, { fired = \"quiet\" }",
            &["expected fired(quiet), and nothing more came"],
        ),
        ("{ gated = \"hold_out\" }", &["expected gated(hold_out)"]),
    ] {
        let failure = failure(PRICING, then).unwrap_or_default();
        for part in parts.iter().chain(&["all that came: led at 0m"]) {
            assert!(failure.contains(part), "{then}: {failure:?} lacks {part:?}");
        }
    }
}

#[test]
fn gates_caps_ages_answers_and_repetitions_can_be_told() {
    let visit = "kind = \"web_visit\", class = \"docs\"";
    for (given, then) in [
        (
            format!("{{ at = \"0m\", {visit}, every = \"10m\", times = 3 }}"),
            "{ outcome = \"joined\", times = 3 }, { fired = \"quiet\", at = \"50m\", score = 9 }",
        ),
        (format!("{{ at = \"0m\", {visit}, age = \"3d\" }}"), "{ outcome = \"expired\" }"),
        (
            format!("{{ at = \"0m\", {visit}, id = \"a\" }}, {{ at = \"1m\", {visit}, id = \"a\" }}"),
            "{ outcome = \"joined\" }, { outcome = \"duplicate\" }, { fired = \"quiet\" }",
        ),
        (
            format!("{{ at = \"0m\", hold = true }}, {{ at = \"1m\", {visit} }}"),
            "{ outcome = \"joined\" }, { gated = \"hold\" }",
        ),
        (
            format!("{{ at = \"0m\", response = \"declined\" }}, {{ at = \"1m\", {visit} }}"),
            "{ outcome = \"joined\" }, { gated = \"declined\" }",
        ),
        (
            format!("{{ at = \"0m\", {visit} }}, {{ at = \"20d\", {visit} }}"),
            "{ outcome = \"joined\" }, { fired = \"quiet\" }, { outcome = \"joined\" }, { capped = \"1 in 365d for this policy\" }",
        ),
    ] {
        assert_eq!(failure(&given, then), None, "{given}");
    }
    let held = "[[test]]\nname = \"it\"\naccount = { hold_out = true }\ngiven = [{ at = \"0m\", kind = \"funding_news\" }]\n\
                then = [{ gated = \"hold_out\" }, { gated = \"hold_out\", at = \"30m\" }]\n";
    assert_eq!(tested(held)[0].failure, None);
}

#[test]
fn a_test_that_cannot_be_meant_names_its_line() {
    for (test, line, part) in [
        ("given = [{ at = \"0m\" }]\nthen = []", 9, "must have a `kind`"),
        ("given = [{ at = \"soon\", kind = \"hiring\" }]\nthen = []", 9, "soon"),
        ("given = [{ at = \"0m\", kind = \"hireing\" }]\nthen = []", 9, "hireing"),
        ("given = []\nthen = [\n{ outcome = \"let\" }]", 11, "`led`"),
        ("given = []\nthen = [{ at = \"0m\" }]", 10, "must have an `outcome`"),
        ("given = []\nthen = []\nstart = \"tomorrow\"", 11, "2026-01-05T09:00:00Z"),
    ] {
        let toml = format!("{POLICY}[[test]]\n{test}\nname = \"it\"\n");
        let error = test_policy(&toml).unwrap_err();
        assert_eq!(error.line(&toml), Some(line), "{test}: {error}");
        assert!(error.to_string().contains(part), "{test}: {error}");
    }
}

#[test]
fn each_test_knows_its_line_and_begins_anew() {
    let one = |name: &str| {
        format!(
            "[[test]]\nname = \"{name}\"\ngiven = [{PRICING}]\nthen = [{{ outcome = \"led\" }}, {{ outcome = \"nothing_new\" }}]\n"
        )
    };
    let tests = tested(&format!("{}{}", one("first"), one("second")));
    assert_eq!(
        tests.iter().map(|test| (test.name.as_str(), test.line)).collect::<Vec<_>>(),
        [("first", 9), ("second", 13)]
    );
    assert!(tests.iter().all(|test| test.failure.is_none()), "{tests:?}");
}

#[test]
fn a_test_at_the_end_of_the_calendar_ends() {
    for start in ["8000-01-01T00:00:00Z", "9999-12-30T00:00:00Z"] {
        let toml = format!(
            "{POLICY}[[test]]\nname = \"late\"\nstart = \"{start}\"\nlasts = \"30d\"\ngiven = []\nthen = []\n"
        );
        assert!(test_policy(&toml).is_ok(), "{start}");
    }
}
