//! A topic as a listing: all of it or its newest, then on as records come.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;

use winback_deployment::Context;
use winback_deployment::scan::{self, Timed};
use winback_terminal::{EXIT_PARTLY, Out, until_closed};

/// The choice of records, and the time to wait.
pub struct Listing<'a> {
    /// The topic.
    pub topic: &'a Arc<str>,
    /// Only the partition of this account.
    pub account: Option<&'a str>,
    /// Only the newest so many.
    pub limit: Option<usize>,
    /// Stay, and show each as it comes.
    pub follow: bool,
}

impl Listing<'_> {
    /// Prints the records that `keep` keeps, by their own times: canonical JSON, or as `text` says it.
    ///
    /// # Errors
    /// When the log is away or the topic is not there.
    pub fn print<T: Timed>(
        &self,
        context: &Context,
        keep: impl Fn(&T) -> bool,
        text: impl Fn(&T) -> String,
    ) -> anyhow::Result<ExitCode> {
        until_closed(self.lines(context, keep, text))
    }

    fn lines<T: Timed>(
        &self,
        context: &Context,
        keep: impl Fn(&T) -> bool,
        text: impl Fn(&T) -> String,
    ) -> anyhow::Result<ExitCode> {
        let log = context.log()?;
        let partitions = scan::partitions_of(&*log, self.topic, self.account)?;
        let mut out = Out::new();
        let show = |out: &mut Out, value: &T| -> io::Result<()> {
            if context.json { out.json(value) } else { out.line(&text(value)) }
        };
        let mut newest = VecDeque::new();
        let mut ends = scan::merged::<T>(&*log, &partitions, |found| {
            match self.limit {
                _ if !keep(&found.value) => {}
                None => show(&mut out, &found.value)?,
                Some(limit) => {
                    newest.push_back(found.value);
                    if newest.len() > limit {
                        newest.pop_front();
                    }
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        newest.iter().try_for_each(|value| show(&mut out, value))?;
        out.flush()?;
        if self.follow {
            let stop = scan::stop_flag()?;
            scan::follow::<T>(&*log, &mut ends, &stop, |found| {
                if keep(&found.value) {
                    show(&mut out, &found.value)?;
                    out.flush()?;
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(if ends.unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
    }
}
