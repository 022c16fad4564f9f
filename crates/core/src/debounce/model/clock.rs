//! The clock of an inbox partition (R2): the progress of all readers, as their own records report it.

use std::collections::BTreeMap;

use super::entry::Entry;
use super::input::{Progress, Reached};
use crate::ids::{AccountId, InputName, Offset};
use crate::time::{Span, Time};

/// The version of the rules by which this code decides. It is counted up when the same inbox comes to other decisions.
pub const RULES: u32 = 1;
/// An input whose time has not risen for this long, while others report, is left out (`H` of R2).
pub const LEFT_OUT_AFTER: Span = Span::from_mins(10);
/// No more than this counts between two records (R2): a partition that nobody wrote to does not age.
pub const MAX_GAP: Span = Span::from_secs(5);

/// The progress of one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputClock {
    /// All that was appended before this has been forwarded; `None` until its first report.
    pub reached: Option<Time>,
    /// The partition's elapsed time when it last rose.
    pub risen_at: Span,
    /// True while the partition's clock waits for it.
    pub counts: bool,
    /// True once a progress record named it.
    pub named: bool,
}

/// The calendar's position: every item up to here was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarCursor {
    /// Up to this time.
    pub to: Time,
    /// The last item of that time that was, in the order of account and entry; `None` when all of them were.
    pub after: Option<(AccountId, Entry)>,
}

impl CalendarCursor {
    /// Behind every item of that time.
    pub const fn at(to: Time) -> Self {
        Self { to, after: None }
    }
}

/// Our newest major version, which an account's yearly entry tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MajorRelease {
    /// The time at which it shipped.
    pub at: Time,
    /// Its title.
    pub title: String,
}

/// The clock `W` of one partition. It never goes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxClock {
    /// `W`; `None` until every named input has reported.
    pub watermark: Option<Time>,
    /// Time that passed while records came, gaps cut to [`MAX_GAP`].
    pub elapsed: Span,
    /// The append time of the last record.
    pub last_append: Option<Time>,
    /// The inputs by name.
    pub inputs: BTreeMap<InputName, InputClock>,
    /// The calendar's position; `None` until there is a `W`.
    pub calendar: Option<CalendarCursor>,
    /// Our newest major version.
    pub release: Option<MajorRelease>,
    /// The version of the rules that hold ([`RULES`]).
    pub rules: u32,
    /// The inbox record that says from which one on they hold; `None` where they hold from the first.
    pub rules_at: Option<Offset>,
}

impl InboxClock {
    /// `W`, or before everything.
    pub fn now(&self) -> Time {
        self.watermark.unwrap_or(Time::MIN)
    }

    /// A record was appended: time passes by at most [`MAX_GAP`].
    pub fn record(&mut self, appended_at: Time) {
        let last = self.last_append.unwrap_or(appended_at);
        let gap = appended_at.since(last).clamp(Span::ZERO, MAX_GAP);
        self.elapsed = self.elapsed + gap;
        self.last_append = Some(last.max(appended_at));
    }

    /// A matched signal raises its input to its `ti`, and with it those that its lane merges by time: the lane has read
    /// them that far, too. Returns the inputs that were left out or returned.
    pub fn signal(
        &mut self,
        input: &InputName,
        merged_with: &[InputName],
        append_time: Time,
    ) -> Vec<(InputName, bool)> {
        self.raise(input, append_time);
        merged_with.iter().for_each(|input| self.raise(input, append_time));
        self.settle()
    }

    /// A progress record. Returns the inputs that were left out (false) or count again (true).
    pub fn progress(&mut self, progress: &Progress, appended_at: Time) -> Vec<(InputName, bool)> {
        for (input, reached) in &progress.inputs {
            self.name(input);
            let time = match *reached {
                Reached::EndSeenAgo(ago) => appended_at - ago,
                Reached::NewestAppend(time) => time,
            };
            self.raise(input, time);
        }
        progress.known.iter().for_each(|input| self.name(input));
        self.settle()
    }

    /// Retires all inputs but these: the clock no longer waits for the others. Returns those that are
    /// retired, and the inputs that were left out (false) or count again (true).
    pub fn retire(&mut self, all: &[InputName]) -> (Vec<InputName>, Vec<(InputName, bool)>) {
        let is_gone = |input: &&InputName| !all.contains(input);
        let gone: Vec<InputName> = self.inputs.keys().filter(is_gone).cloned().collect();
        for input in &gone {
            self.inputs.remove(input.as_str());
        }
        let moved = if gone.is_empty() { Vec::new() } else { self.settle() };
        (gone, moved)
    }

    fn name(&mut self, input: &InputName) {
        let started = self.watermark.is_some();
        let elapsed = self.elapsed;
        let clock = self.entry(input);
        if !clock.named {
            clock.named = true;
            clock.counts = !started;
            clock.risen_at = elapsed;
        }
    }

    fn raise(&mut self, input: &InputName, time: Time) {
        let elapsed = self.elapsed;
        let clock = self.entry(input);
        if clock.reached.is_none_or(|reached| time > reached) {
            clock.reached = Some(time);
            clock.risen_at = elapsed;
        }
    }

    fn entry(&mut self, input: &InputName) -> &mut InputClock {
        if !self.inputs.contains_key(input.as_str()) {
            self.inputs.insert(input.clone(), InputClock::default());
        }
        self.inputs.entry(input.clone()).or_default()
    }

    fn settle(&mut self) -> Vec<(InputName, bool)> {
        let mut moved = Vec::new();
        self.leave_out(&mut moved);
        let counting = self.inputs.values().filter(|clock| clock.counts);
        let least = counting.map(|clock| clock.reached).min().flatten();
        if let Some(least) = least {
            self.watermark = Some(self.watermark.map_or(least, |now| now.max(least)));
        }
        self.take_in(&mut moved);
        moved
    }

    fn leave_out(&mut self, moved: &mut Vec<(InputName, bool)>) {
        let newest_rise = self.inputs.values().filter(|clock| clock.counts).map(|clock| clock.risen_at).max();
        let Some(newest_rise) = newest_rise else { return };
        for (name, clock) in &mut self.inputs {
            let still_for = Span::from_millis(self.elapsed.millis() - clock.risen_at.millis());
            if clock.counts && still_for > LEFT_OUT_AFTER && newest_rise > clock.risen_at {
                clock.counts = false;
                moved.push((name.clone(), false));
            }
        }
    }

    fn take_in(&mut self, moved: &mut Vec<(InputName, bool)>) {
        let Some(watermark) = self.watermark else { return };
        for (name, clock) in &mut self.inputs {
            if clock.named && !clock.counts && clock.reached.is_some_and(|reached| reached >= watermark) {
                clock.counts = true;
                moved.push((name.clone(), true));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Time {
        Time::from_millis(millis)
    }

    fn report(clock: &mut InboxClock, appended: i64, inputs: &[(&str, i64)], known: &[&str]) {
        clock.record(at(appended));
        let inputs =
            inputs.iter().map(|(name, to)| ((*name).into(), Reached::NewestAppend(at(*to)))).collect();
        let known = known.iter().map(|name| (*name).into()).collect();
        clock.progress(&Progress { inputs, known }, at(appended));
    }

    #[test]
    fn it_starts_when_every_named_input_has_reported() {
        let mut clock = InboxClock::default();
        report(&mut clock, 0, &[("a/0", 100)], &["a/0", "b/0"]);
        assert_eq!(clock.watermark, None);
        report(&mut clock, 1, &[("b/0", 50)], &[]);
        assert_eq!(clock.watermark, Some(at(50)));
    }

    #[test]
    fn a_signal_of_an_input_nobody_named_does_not_start_it() {
        let mut clock = InboxClock::default();
        clock.record(at(0));
        clock.signal(&"a/0".into(), &[], at(70));
        assert_eq!(clock.watermark, None);
        report(&mut clock, 1, &[("b/0", 60)], &["a/0", "b/0"]);
        assert_eq!(clock.watermark, Some(at(60)));
    }

    #[test]
    fn it_never_goes_back_and_a_late_input_counts_from_when_it_has_caught_up() {
        let mut clock = InboxClock::default();
        report(&mut clock, 0, &[("a/0", 100)], &[]);
        report(&mut clock, 1, &[("b/0", 10)], &[]);
        assert_eq!(clock.watermark, Some(at(100)));
        report(&mut clock, 2, &[("a/0", 200)], &[]);
        assert_eq!(clock.watermark, Some(at(200)));
        report(&mut clock, 3, &[("b/0", 200)], &[]);
        report(&mut clock, 4, &[("a/0", 300)], &[]);
        assert_eq!(clock.watermark, Some(at(200)), "b counts now");
    }

    #[test]
    fn an_end_seen_counts_from_the_append() {
        let mut clock = InboxClock::default();
        clock.record(at(1_000));
        let inputs = vec![("a/0".into(), Reached::EndSeenAgo(Span::from_millis(300)))];
        clock.progress(&Progress { inputs, known: vec![] }, at(1_000));
        assert_eq!(clock.watermark, Some(at(700)));
    }

    #[test]
    fn a_signal_raises_the_inputs_that_its_lane_merges() {
        let mut clock = InboxClock::default();
        report(&mut clock, 0, &[], &["a/0", "a/1"]);
        clock.signal(&"a/0".into(), &["a/1".into()], at(70));
        assert_eq!(clock.watermark, Some(at(70)));
    }

    #[test]
    fn a_dead_input_is_left_out_only_while_others_report() {
        let mut clock = InboxClock::default();
        report(&mut clock, 0, &[("a/0", 3), ("b/0", 3)], &[]);
        let hour = 3_600_000;
        report(&mut clock, hour, &[("a/0", hour)], &[]);
        assert_eq!(clock.watermark, Some(at(3)), "an hour of silence is one gap of five seconds");
        for second in 1..=594 {
            report(&mut clock, hour + second * 1_000, &[("a/0", hour + second * 1_000)], &[]);
        }
        assert_eq!(clock.watermark, Some(at(3)));
        for second in 595..=600 {
            report(&mut clock, hour + second * 1_000, &[("a/0", hour + second * 1_000)], &[]);
        }
        assert_eq!(clock.watermark, Some(at(hour + 600_000)));
    }

    #[test]
    fn an_input_that_is_none_any_more_is_retired_at_once_and_may_come_back() {
        let mut clock = InboxClock::default();
        report(&mut clock, 0, &[("a/0", 100), ("b/0", 3)], &["c/0"]);
        assert_eq!(clock.watermark, None, "c has not reported");
        let (gone, _) = clock.retire(&["a/0".into()]);
        assert_eq!((gone, clock.watermark), (vec!["b/0".into(), "c/0".into()], Some(at(100))));
        report(&mut clock, 1, &[("b/0", 50)], &[]);
        report(&mut clock, 2, &[("a/0", 200)], &[]);
        assert_eq!(clock.watermark, Some(at(200)), "one that comes back counts when it has caught up");
        report(&mut clock, 3, &[("b/0", 200)], &[]);
        assert!(clock.inputs["b/0"].counts);
        assert_eq!(clock.retire(&["a/0".into(), "b/0".into()]), (Vec::new(), Vec::new()));
    }

    #[test]
    fn the_only_input_is_never_left_out() {
        let mut clock = InboxClock::default();
        for second in 0..2_000 {
            report(&mut clock, second * 1_000, &[("a/0", 7)], &[]);
        }
        assert!(clock.inputs["a/0"].counts);
    }
}
