//! The time to an event, where some are still waiting.

use serde::Serialize;

use crate::interval::Z;

/// One that waits: from entry to exit, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The day from which it is watched, counted from its own beginning; 0 where it is watched from there.
    pub entry: i64,
    /// The day of the event, or the last on which it was watched.
    pub exit: i64,
    /// The end of the wait.
    pub outcome: Outcome,
}

/// The end of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It still waits, as far as is known.
    Waits,
    /// The event.
    Event,
    /// Something else, after which the event cannot come.
    Other,
}

/// A point of a curve: the share that had the event by that day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The day.
    pub day: i64,
    /// The share, 0 to 1.
    pub share: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The days on which something ends, in order, each with the number at risk, of events and of other ends.
fn days(waits: &[Wait]) -> Vec<(i64, f64, f64, f64)> {
    // Who enters on the day of its own end was not watched before it, and is never at risk.
    let seen = || waits.iter().filter(|wait| wait.entry == 0 || wait.entry < wait.exit);
    let mut entries: Vec<i64> = seen().map(|wait| wait.entry).collect();
    entries.sort_unstable();
    let mut exits: Vec<&Wait> = seen().collect();
    exits.sort_unstable_by_key(|wait| wait.exit);
    let (mut rows, mut gone) = (Vec::new(), 0);
    for same in exits.chunk_by(|one, other| one.exit == other.exit) {
        let Some(day) = same.first().map(|wait| wait.exit) else { continue };
        let entered = entries.partition_point(|entry| *entry < day || *entry == 0);
        let of = |outcome| same.iter().filter(|wait| wait.outcome == outcome).count();
        let (events, others) = (of(Outcome::Event), of(Outcome::Other));
        if events + others > 0 {
            rows.push((day, (entered - gone) as f64, events as f64, others as f64));
        }
        gone += same.len();
    }
    rows
}

/// One minus Kaplan and Meier's curve (Journal of the American Statistical Association 53, 1958, 457), with Greenwood's
/// variance on the log-log scale. Other ends count as still waiting.
pub fn kaplan_meier(waits: &[Wait]) -> Vec<Point> {
    let (mut stays, mut sum) = (1.0_f64, 0.0_f64);
    let mut curve = Vec::new();
    for (day, at_risk, events, _) in days(waits) {
        if events == 0.0 {
            continue;
        }
        stays *= 1.0 - events / at_risk;
        if at_risk > events {
            sum += events / (at_risk * (at_risk - events));
        }
        let (low, high) = log_log(stays, sum);
        curve.push(Point { day, share: 1.0 - stays, low: 1.0 - high, high: 1.0 - low });
    }
    curve
}

/// The interval of a share that stays, from Greenwood's sum.
fn log_log(stays: f64, sum: f64) -> (f64, f64) {
    if stays <= 0.0 || stays >= 1.0 {
        return (stays.clamp(0.0, 1.0), stays.clamp(0.0, 1.0));
    }
    let step = Z * sum.sqrt() / stays.ln().abs();
    (stays.powf(step.exp()), stays.powf((-step).exp()))
}

/// The cumulative incidence of the event beside another end that rules it out (O. O. Aalen and S. Johansen, Scandinavian
/// Journal of Statistics 5, 1978, 141). It is the share that had the event by that day.
pub fn aalen_johansen(waits: &[Wait]) -> Vec<(i64, f64)> {
    let (mut stays, mut share) = (1.0_f64, 0.0_f64);
    let mut curve = Vec::new();
    for (day, at_risk, events, others) in days(waits) {
        share += stays * events / at_risk;
        stays *= 1.0 - (events + others) / at_risk;
        if events > 0.0 {
            curve.push((day, share));
        }
    }
    curve
}

/// The value of a curve on a day.
pub fn on(curve: &[(i64, f64)], day: i64) -> f64 {
    curve.iter().take_while(|(at, _)| *at <= day).last().map_or(0.0, |(_, share)| *share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(exit: i64, outcome: Outcome) -> Wait {
        Wait { entry: 0, exit, outcome }
    }

    /// Remission of leukaemia under 6-MP (E. J. Freireich and others, Blood 21, 1963, 699), as textbooks have it.
    #[test]
    fn the_curve_of_a_textbook_is_found() {
        let events = [6, 6, 6, 7, 10, 13, 16, 22, 23].map(|day| wait(day, Outcome::Event));
        let waiting = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(|day| wait(day, Outcome::Waits));
        let curve = kaplan_meier(&[&events[..], &waiting[..]].concat());
        let stays: Vec<String> = curve.iter().map(|point| format!("{:.3}", 1.0 - point.share)).collect();
        assert_eq!(stays, ["0.857", "0.807", "0.753", "0.690", "0.627", "0.538", "0.448"]);
        // The interval on the log-log scale, as R's `survfit(conf.type = "log-log")` prints it.
        let first = &curve[0];
        assert_eq!(format!("{:.3} {:.3}", 1.0 - first.high, 1.0 - first.low), "0.620 0.952");
    }

    /// By hand: of four, one leaves for good on day 1, one has the event on day 2, one on day 3, one still waits on day 4.
    #[test]
    fn who_cannot_have_the_event_any_more_does_not_count_as_still_waiting() {
        let waits = [
            wait(1, Outcome::Other),
            wait(2, Outcome::Event),
            wait(3, Outcome::Event),
            wait(4, Outcome::Waits),
        ];
        assert_eq!(aalen_johansen(&waits), [(2, 0.25), (3, 0.5)]);
        assert!((kaplan_meier(&waits)[0].share - 1.0 / 3.0).abs() < 1e-12, "it would say too much");
        assert_eq!((on(&[(2, 0.25)], 1), on(&[(2, 0.25)], 9)), (0.0, 0.25));
    }

    /// By hand: the second is watched from day 5 on, so that it is not at risk on day 2.
    #[test]
    fn who_is_watched_later_is_at_risk_later() {
        let waits = [
            wait(2, Outcome::Event),
            Wait { entry: 5, exit: 6, outcome: Outcome::Event },
            wait(9, Outcome::Waits),
        ];
        let curve = aalen_johansen(&waits);
        assert_eq!(curve[0], (2, 0.5));
        assert!((curve[1].1 - 0.75).abs() < 1e-12, "{curve:?}");
    }
    #[test]
    fn who_ends_on_the_day_of_its_entry_is_never_at_risk() {
        let late = Wait { entry: 5, exit: 5, outcome: Outcome::Event };
        assert!(aalen_johansen(&[late]).is_empty());
        let found = aalen_johansen(&[late, wait(5, Outcome::Event), wait(9, Outcome::Waits)]);
        assert_eq!(found, [(5, 0.5)]);
    }
}
