//! Any JSON by a jq filter (jaq): a record in, zero or more signals in the plain shape out.
//!
//! Invariant: a filter is a function of the record alone, and ends. What reads a clock, the environment or other input,
//! and what can go on for ever, is refused when the filter is compiled; what a filter gives is bounded. So a replay
//! finds the same signals, and no record holds its lane up: what a filter does to one event is counted in steps and bytes
//! ([`budget`]), and one that does too much makes a dead letter. So a record cannot make a well-meant filter take the
//! process down.

mod budget;
mod check;
mod library;
mod meter;
mod read;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jaq_core::{Ctx, Filter, Vars, unwrap_valr};
use jaq_json::Val;
use jiff::tz::TimeZone;
use serde::de::IgnoredAny;

use crate::answers;
use crate::element::{DeadReason, DropReason, Element, Refusal, element, judged};
use crate::json;
use crate::mapping::Wrong;
use crate::text::quoted;
use crate::times::TimeReader;
use crate::walk::{Placed, Wanted};
use budget::Budget;
use meter::{Metered, Run};
use read::Output;

/// The most outputs of one event.
pub const MAX_OUTPUTS: usize = 10_000;

/// A filter, ready to run.
pub(crate) struct Jq {
    filter: Filter<Metered>,
    times: TimeReader,
}

impl fmt::Debug for Jq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jq")
    }
}

/// One event of a record, as a filter sees it.
struct Event<'t> {
    text: &'t str,
    /// Its place in the record's list; `None` where the record is no list.
    index: Option<u32>,
}

impl Jq {
    /// The filter, ready to run; or what is wrong with it and where. The zone is that of times that name none.
    pub(crate) fn new(code: &str, zone: Option<TimeZone>) -> Result<Self, Wrong> {
        let filter = library::compile(code).map_err(|fix| ("jq".to_owned(), shown(code), fix))?;
        Ok(Self { filter, times: TimeReader::of_mail(zone.unwrap_or(TimeZone::UTC)) })
    }

    /// The wanted events of the record: a list is filtered event by event, so that one that fails takes no other along.
    pub(crate) fn decode(
        &self,
        text: &str,
        wanted: Wanted<'_>,
        sink: &mut Placed<'_>,
    ) -> Result<(), Refusal> {
        let _: IgnoredAny = json::parse(text)?;
        let root = jaq_json::read::parse_single(text.as_bytes())
            .map_err(|error| Refusal::Dead(DeadReason::MalformedJson, format!("not JSON: {error}")))?;
        let Val::Arr(list) = &root else {
            if wanted.takes(None) {
                self.event(root.clone(), &Event { text, index: None }, sink);
            }
            return Ok(());
        };
        if list.is_empty() {
            return Err(DropReason::Empty.into());
        }
        for (index, event) in (0_u32..).zip(list.iter()).filter(|(at, _)| wanted.takes(Some(*at))) {
            self.event(event.clone(), &Event { text, index: Some(index) }, sink);
        }
        Ok(())
    }

    /// At least one element: what the filter makes nothing of is no sign of interest. Where it fails on one of several
    /// outputs the others are not lost.
    fn event(&self, value: Val, event: &Event<'_>, sink: &mut Placed<'_>) {
        let mut given = 0;
        // The library checks what it is given but for corners of its number and date functions.
        let ran = catch_unwind(AssertUnwindSafe(|| self.run(value, event, &mut given, sink)));
        let failed = match ran {
            Ok(Ok(())) if given == 0 => Refusal::Drop(DropReason::NotInterest),
            Ok(Ok(())) => return,
            Ok(Err(refusal)) => refusal,
            Err(_) => mapping("the filter stopped on a value that it cannot take: guard what it calculates"),
        };
        sink(event.index, element(Err(failed), event.index));
    }

    fn run(
        &self,
        value: Val,
        event: &Event<'_>,
        given: &mut u32,
        sink: &mut Placed<'_>,
    ) -> Result<(), Refusal> {
        let budget = Budget::of(&value);
        let data = Run { lut: &self.filter.lut, budget: &budget };
        let context = Ctx::<Metered>::new(data, Vars::new([]));
        for output in self.filter.id.run((context, value)).map(unwrap_valr) {
            if budget.spent().is_some() {
                break;
            }
            if usize::try_from(*given).is_ok_and(|given| given >= MAX_OUTPUTS) {
                return Err(mapping(&format!(
                    "the filter gives more than {MAX_OUTPUTS} signals for one event"
                )));
            }
            let number = *given;
            *given += 1;
            let said = match &output {
                Ok(value) => Output { value, event, number, times: &self.times }.judge(),
                Err(error) => Err(mapping(&failure(error.clone()))),
            };
            match said {
                Ok(Element::Answer(answer)) => answers::give(answer, event.index, sink),
                said => sink(event.index, judged(said, event.index)),
            }
        }
        // Also where the filter caught the error.
        budget.spent().map_or(Ok(()), |limit| Err(mapping(limit.text())))
    }
}

/// The message of `error("…")`, or of a fault in the filter.
fn failure(error: jaq_json::Error) -> String {
    match error.into_val() {
        Val::TStr(text) => {
            let text = String::from_utf8_lossy(&text).into_owned();
            let short = crate::text::cut(&text, 300);
            let words = short.split_whitespace().map(|word| if word.contains('@') { "…" } else { word });
            words.collect::<Vec<_>>().join(" ")
        }
        other => format!("the filter fails with {}", quoted(&other.to_string())),
    }
}

fn mapping(text: &str) -> Refusal {
    Refusal::Dead(DeadReason::Mapping, text.to_owned())
}

/// A filter as an error names it: its first line.
fn shown(code: &str) -> String {
    let mut lines = code.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let more = if lines.next().is_some() { " …" } else { "" };
    format!("{}{more}", crate::text::cut(first, 60))
}
