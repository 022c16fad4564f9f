//! Opens, clicks and replies, as four providers tell them.

use rand::Rng as _;
use winback_core::time::{Span, Time};

use super::{Plot, Shape, Trace, push};
use crate::company::{dice, one_in, pick};
use crate::story::Act;
use crate::words::{BROWSER, MACHINE};

const SITE: &str = "https://www.ourcompany.example";

/// The common parts of the four.
struct MailEvent<'a> {
    act: Act,
    mail: &'a str,
    at: Time,
    agent: &'static str,
    /// The message that it is about: one a visitor.
    message: u64,
    nonce: u64,
    link: &'static str,
}

pub(super) fn write(shape: Shape, plot: &Plot, trace: &Trace, into: &mut Vec<u8>) {
    let machine = plot.act == Act::MachineOpen;
    let agent = match machine {
        true => pick(&mut dice(plot.nonce, 31, 0), &MACHINE),
        false => pick(&mut dice(plot.visitor, 21, 0), &BROWSER),
    };
    let link = if let Act::Click(link) = plot.act { link } else { "" };
    let mail = trace.email.as_deref().unwrap_or_default();
    let event =
        MailEvent { act: plot.act, mail, at: plot.at, agent, message: plot.visitor, nonce: plot.nonce, link };
    match shape {
        Shape::Postmark => event.postmark(into),
        Shape::Ses => event.ses(into),
        Shape::Brevo => event.brevo(into),
        _ => event.sendgrid(into),
    }
}

/// The time between a mail's delivery and its reading.
const UNREAD: Span = Span::from_mins(7);

impl MailEvent<'_> {
    /// The time at which the message was sent.
    fn sent(&self) -> Time {
        Time::from_millis(self.at.millis() - UNREAD.millis())
    }

    /// A list of events, as the webhook gathers them.
    fn sendgrid(&self, into: &mut Vec<u8>) {
        push!(into, "[");
        self.sendgrid_event(self.act, "", into);
        if self.act == Act::Open && one_in(&mut dice(self.nonce, 32, 0), 6) {
            push!(into, ",");
            self.sendgrid_event(Act::Delivered, "-d", into);
        }
        push!(into, "]");
    }

    fn sendgrid_event(&self, act: Act, suffix: &str, into: &mut Vec<u8>) {
        let event = match act {
            Act::Open | Act::MachineOpen => "open",
            Act::Click(_) => "click",
            _ => "delivered",
        };
        let at = if suffix.is_empty() { self.at } else { self.sent() };
        let seconds = at.millis().div_euclid(1_000);
        push!(
            into,
            r#"{{"event":"{event}","email":"{}","timestamp":{seconds},"sg_event_id":"sg-{:016x}{suffix}","sg_message_id":"m{:016x}.filter","#,
            self.mail,
            self.nonce,
            self.message
        );
        if event == "open" {
            push!(into, r#""sg_machine_open":{},"#, act == Act::MachineOpen);
        }
        if event == "click" {
            push!(into, r#""url":"{SITE}{}","#, self.link);
        }
        push!(into, r#""useragent":"{}"}}"#, self.agent);
    }

    fn postmark(&self, into: &mut Vec<u8>) {
        let (mail, at, message) = (self.mail, self.at, self.message);
        let head = |name: &str, into: &mut Vec<u8>| {
            push!(
                into,
                r#"{{"RecordType":"{name}","MessageStream":"outbound","MessageID":"{message:016x}","Recipient":"{mail}","#
            );
        };
        match self.act {
            Act::Open | Act::MachineOpen => {
                head("Open", into);
                push!(into, r#""FirstOpen":true,"ReceivedAt":"{at}","UserAgent":"{}"}}"#, self.agent);
            }
            Act::Click(link) => {
                head("Click", into);
                push!(
                    into,
                    r#""ReceivedAt":"{at}","UserAgent":"{}","OriginalLink":"{SITE}{link}"}}"#,
                    self.agent
                );
            }
            Act::Reply | Act::AutoReply => {
                let by = if self.act == Act::Reply { "no" } else { "auto-replied" };
                push!(
                    into,
                    r#"{{"MessageStream":"inbound","MessageID":"{:016x}","From":"{mail}","FromFull":{{"Email":"{mail}"}},"#,
                    self.nonce
                );
                push!(
                    into,
                    r#""Date":"{at}","Subject":"Re: news","Headers":[{{"Name":"Auto-Submitted","Value":"{by}"}}]}}"#
                );
            }
            _ => {
                head("Delivery", into);
                push!(into, r#""DeliveredAt":"{at}"}}"#);
            }
        }
    }

    /// Every other one wrapped by SNS, as half of the world receives them.
    fn ses(&self, into: &mut Vec<u8>) {
        let mut event = Vec::new();
        self.ses_event(&mut event);
        if self.nonce.is_multiple_of(2) {
            into.extend_from_slice(&event);
            return;
        }
        let text = String::from_utf8_lossy(&event).replace('"', "\\\"");
        push!(
            into,
            r#"{{"Type":"Notification","MessageId":"sns-{:016x}","Timestamp":"{}","Message":"{text}"}}"#,
            self.nonce,
            self.at
        );
    }

    fn ses_event(&self, into: &mut Vec<u8>) {
        let (mail, at, sent) = (self.mail, self.at, self.sent());
        let outbound = |into: &mut Vec<u8>| {
            push!(
                into,
                r#""mail":{{"timestamp":"{sent}","messageId":"ses-{:016x}","destination":["{mail}"]}}"#,
                self.message
            );
        };
        match self.act {
            Act::Open | Act::MachineOpen => {
                push!(
                    into,
                    r#"{{"eventType":"Open","open":{{"timestamp":"{at}","userAgent":"{}"}},"#,
                    self.agent
                );
                outbound(into);
            }
            Act::Click(link) => {
                push!(
                    into,
                    r#"{{"eventType":"Click","click":{{"timestamp":"{at}","userAgent":"{}","link":"{SITE}{link}"}},"#,
                    self.agent
                );
                outbound(into);
            }
            Act::Reply | Act::AutoReply => {
                let by = if self.act == Act::Reply { "no" } else { "auto-replied" };
                push!(
                    into,
                    r#"{{"notificationType":"Received","mail":{{"timestamp":"{at}","source":"{mail}","messageId":"in-{:016x}","#,
                    self.nonce
                );
                push!(
                    into,
                    r#""destination":["hello@ourcompany.example"],"headers":[{{"name":"Auto-Submitted","value":"{by}"}}]}}"#
                );
            }
            _ => {
                push!(into, r#"{{"eventType":"Delivery","delivery":{{"timestamp":"{at}"}},"#);
                outbound(into);
            }
        }
        push!(into, "}}");
    }

    fn brevo(&self, into: &mut Vec<u8>) {
        let (mail, at, millis) = (self.mail, self.at, self.at.millis());
        if matches!(self.act, Act::Reply | Act::AutoReply) {
            let by = if self.act == Act::Reply { "no" } else { "auto-replied" };
            push!(
                into,
                r#"{{"items":[{{"MessageId":"<{:016x}@mail>","From":{{"Address":"{mail}"}},"SentAtDate":"{at}","#,
                self.nonce
            );
            push!(into, r#""Headers":{{"Auto-Submitted":"{by}"}}}}]}}"#);
            return;
        }
        let (event, link) = match self.act {
            Act::Open => ("opened", None),
            Act::MachineOpen => ("proxy_open", None),
            Act::Click(link) => ("click", Some(link)),
            _ => ("delivered", None),
        };
        let id = dice(self.message, 33, 0).random_range(1_000..9_999);
        push!(
            into,
            r#"{{"event":"{event}","email":"{mail}","id":{id},"message-id":"<{:016x}@mail>","ts_epoch":{millis},"#,
            self.message
        );
        if let Some(link) = link {
            push!(into, r#""link":"{SITE}{link}","#);
        }
        push!(into, r#""user_agent":"{}"}}"#, self.agent);
    }
}
