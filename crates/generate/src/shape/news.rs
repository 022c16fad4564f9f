//! Funding rounds and job posts. News has a day, not a time.

use rand::Rng as _;

use super::{Plot, Shape, Trace, push};
use crate::account::day;
use crate::company::{dice, pick};
use crate::story::Act;
use crate::words::{CITY, JOB, ROUND};

pub(super) fn write(shape: Shape, plot: &Plot, trace: &Trace, into: &mut Vec<u8>) {
    let mut rng = dice(plot.nonce, 41, 0);
    let (company, date) = (trace.company.as_deref().unwrap_or_default(), day(plot.at));
    match shape {
        Shape::Funding => {
            let (round, millions) = (pick(&mut rng, &ROUND), rng.random_range(1..80));
            push!(into, r#"{{"id":"r-{:016x}","company":"{company}","#, plot.nonce);
            push!(into, r#""amount":{millions}000000,"currency":"USD","round":"{round}","date":"{date}""#);
        }
        _ => {
            let status = if let Act::JobChange(status) = plot.act { status } else { "open" };
            let (title, city) = (pick(&mut rng, &JOB), pick(&mut rng, &CITY));
            push!(into, r#"{{"id":"p-{:016x}","company":"{company}","title":"{title}","#, plot.nonce);
            push!(into, r#""location":"{city}","posted_at":"{date}","status":"{status}""#);
        }
    }
    if let Some(domain) = &trace.domain {
        push!(into, r#","domain":"{domain}""#);
    }
    push!(into, "}}");
}
