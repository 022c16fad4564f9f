//! Page views, as Segment, plain JSON or an access log.

use jiff::Timestamp;
use rand::Rng as _;
use winback_core::time::Time;

use super::{Plot, Shape, Trace, push};
use crate::company::{dice, one_in, pick};
use crate::story::Act;
use crate::words::{BOT, BROWSER};

const SITE: &str = "https://www.ourcompany.example";

pub(super) fn write(shape: Shape, plot: &Plot, trace: &Trace, into: &mut Vec<u8>) {
    let (path, bot) = match plot.act {
        Act::Page(path) | Act::Asset(path) | Act::Moved(path) => (path, false),
        Act::BotPage(path) => (path, true),
        _ => ("/", false),
    };
    let agent = match bot {
        true => pick(&mut dice(plot.visitor, 21, 0), &BOT),
        false => pick(&mut dice(plot.visitor, 21, 0), &BROWSER),
    };
    match shape {
        Shape::Segment => segment(plot, trace, path, agent, into),
        Shape::CombinedLog => combined_log(plot, trace, path, agent, into),
        _ => plain(plot, trace, path, agent, into),
    }
}

fn segment(plot: &Plot, trace: &Trace, path: &str, agent: &str, into: &mut Vec<u8>) {
    let mut rng = dice(plot.nonce, 22, 0);
    let at = plot.at;
    match rng.random_range(0..10) {
        0 => push!(into, r#"{{"type":"track","event":"Section Viewed","#),
        _ => push!(into, r#"{{"type":"page","#),
    }
    push!(into, r#""messageId":"ajs-{:016x}","anonymousId":"{:016x}","#, plot.nonce, plot.visitor);
    if let Some(mail) = &trace.email {
        push!(into, r#""userId":"{mail}","#);
    }
    push!(
        into,
        r#""timestamp":"{at}","sentAt":"{at}","context":{{"library":{{"name":"analytics.js","version":"2.1.0"}},"#
    );
    if let Some(account) = &trace.account_id {
        push!(into, r#""groupId":"{account}","#);
    }
    if let Some(address) = trace.address {
        push!(into, r#""ip":"{address}","#);
    }
    if let Some(mail) = &trace.email {
        push!(into, r#""traits":{{"email":"{mail}"}},"#);
    }
    push!(
        into,
        r#""userAgent":"{agent}","page":{{"path":"{path}","url":"{SITE}{path}","title":"Our Company"}}}},"#
    );
    push!(into, r#""properties":{{"path":"{path}","url":"{SITE}{path}"}}}}"#);
}

fn plain(plot: &Plot, trace: &Trace, path: &str, agent: &str, into: &mut Vec<u8>) {
    push!(
        into,
        r#"{{"id":"v-{:016x}","url":"{SITE}{path}","time":{},"user_agent":"{agent}""#,
        plot.nonce,
        plot.at.millis()
    );
    let fields = [
        ("account_id", &trace.account_id),
        ("email", &trace.email),
        ("domain", &trace.domain),
        ("company", &trace.company),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            push!(into, r#","{name}":"{value}""#);
        }
    }
    if let Some(address) = trace.address {
        push!(into, r#","ip":"{address}""#);
    }
    push!(into, "}}");
}

fn combined_log(plot: &Plot, trace: &Trace, path: &str, agent: &str, into: &mut Vec<u8>) {
    match (trace.address, &trace.domain) {
        (Some(address), _) => push!(into, "{address}"),
        (None, Some(host)) => push!(into, "{host}"),
        (None, None) => push!(into, "-"),
    }
    let mut rng = dice(plot.nonce, 23, 0);
    let status = match plot.act {
        Act::Moved(_) => "301",
        Act::Page(_) if one_in(&mut rng, 60) => "404",
        _ => "200",
    };
    let bytes = rng.random_range(400..60_000);
    let when = log_time(plot.at);
    push!(
        into,
        r#" - - [{when}] "GET {path}?v={:08x} HTTP/1.1" {status} {bytes} "{SITE}/" "{agent}""#,
        plot.nonce & 0xffff_ffff
    );
}

/// `17/May/2015:10:05:03 +0000`.
fn log_time(time: Time) -> String {
    Timestamp::from_millisecond(time.millis())
        .map_or_else(|_| String::from("-"), |at| at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string())
}
