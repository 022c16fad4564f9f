//! The rules of the field (DOMAIN), a table test a rule: a case that fires, and one that must not.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]
#![allow(dead_code, reason = "the rig is shared with the tests of the debounce rules, which use more of it")]

mod accounts;
mod hard;
mod how_often;
mod plays;
#[path = "../debounce/rig.rs"]
mod rig;
mod segments;
mod signals;
mod slow_burn;
mod support;
mod when;
