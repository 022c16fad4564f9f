//! Mail opens, clicks, replies and opt-outs, as the mail providers say them.
//!
//! Three lists tell machines from people, and they differ on purpose. A click fetches a page, so page bots are dropped
//! from clicks. An open fetches a picture, so opens have their own list (`machine`) before the page bots' is asked: a
//! proxy or a mail program that is a bot to a page can carry a person to a mail. What checks the links of a mail (`scanner`)
//! is told from people by when and where from it clicks.

mod automatic;
pub(crate) mod braze;
pub(crate) mod brevo;
pub(crate) mod customerio;
pub(crate) mod form;
mod headers;
pub(crate) mod hubspot_email;
mod inbound;
pub(crate) mod iterable;
pub(crate) mod klaviyo;
mod machine;
pub(crate) mod mailersend;
pub(crate) mod mailgun;
pub(crate) mod mailjet;
pub(crate) mod mailtrap;
pub(crate) mod mandrill;
pub(crate) mod marketo;
mod networks;
pub(crate) mod postal;
pub(crate) mod postmark;
pub(crate) mod resend;
mod said;
mod scanner;
pub(crate) mod sendgrid;
pub(crate) mod ses;
pub(crate) mod sparkpost;
mod subject;

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use winback_core::signal::{Candidate, Identity, SignalKind};
use winback_core::time::Span;

use machine::Opener;
pub(crate) use machine::{MACHINES, Machines};
pub(crate) use scanner::{SCANNERS, Scanners};

use automatic::is_daemon;
use said::{Action, By, Delivered, Heard, OptOut, Said, Touch};
use scanner::{is_moment, is_too_soon, too_fast};
use subject::is_automatic_subject;

use crate::addresses::addresses;
use crate::answers::unread;
use crate::bots::Bots;
use crate::config::ImageProxies;
use crate::element::{Answer, AnswerKind, DeadReason, DropReason, Element, Refusal, Verdict, element};
use crate::ids;
use crate::json::{self, Lenient, Scalar};
use crate::text::{detail, quoted, slice};
use crate::times::TimeReader;
use crate::walk::{Placed, Wanted, events, listed};
use crate::web::page_in;

/// A provider's decoder: gives the elements of a record, or only those of the event in that place.
pub(crate) type DecodeMail = fn(&Mail, &str, Wanted<'_>, &mut Placed<'_>) -> Result<(), Refusal>;

/// The least difference between two times.
const MOMENT: Span = Span::from_millis(1);

/// The parts that the providers share.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) machines: Machines,
    pub(crate) scanners: Scanners,
    pub(crate) bots: Bots,
    pub(crate) times: TimeReader,
    /// The meaning of an open through an image proxy.
    pub(crate) proxies: ImageProxies,
}

impl Mail {
    /// Gives the wanted elements of a document. They are heard first and judged after, since what a record tells of one
    /// event can say what another was; what says nothing of another is not kept in between.
    fn each_in<'a, T: Deserialize<'a>>(
        &self,
        text: &'a str,
        wanted: Wanted<'_>,
        sink: &mut Placed<'_>,
        hear: impl Fn(T) -> Heard<'a>,
    ) -> Result<(), Refusal> {
        if !text.trim_start().starts_with('[') {
            return self.each(json::parse(text)?, wanted, sink, hear);
        }
        let (mut heard, mut count) = (Vec::new(), 0);
        events(text, |event: Result<T, _>, _| {
            let said = event.and_then(&hear);
            if is_moment(&said) {
                heard.push((count, said));
            }
            count += 1;
        })?;
        let fast = too_fast(&heard, count, &self.times);
        drop(heard);
        let mut place = 0;
        events(text, |event: Result<T, _>, index| {
            if wanted.takes(index) {
                let fast = fast.get(place).copied().unwrap_or_default();
                self.tell(event.and_then(&hear), index, fast, sink);
            }
            place += 1;
        })
    }

    /// As [`Self::each_in`], of events that stand within an event.
    fn each<'a, T>(
        &self,
        events: Lenient<T>,
        wanted: Wanted<'_>,
        sink: &mut Placed<'_>,
        hear: impl Fn(T) -> Heard<'a>,
    ) -> Result<(), Refusal> {
        if let Lenient::One(event) = events {
            if wanted.takes(None) {
                self.tell(hear(event), None, false, sink);
            }
            return Ok(());
        }
        let mut heard = Vec::new();
        listed(events, |event, _| heard.push((heard.len(), event.and_then(&hear))))?;
        let fast = too_fast(&heard, heard.len(), &self.times);
        for (place, said) in heard {
            let index = u32::try_from(place).ok();
            if wanted.takes(index) {
                self.tell(said, index, fast.get(place).copied().unwrap_or_default(), sink);
            }
        }
        Ok(())
    }

    /// Gives what the one event of a record comes to.
    fn one(&self, said: Heard<'_>, wanted: Wanted<'_>, sink: &mut Placed<'_>) -> Result<(), Refusal> {
        if wanted.takes(None) {
            self.tell(said, None, false, sink);
        }
        Ok(())
    }

    /// Gives what an event comes to; `fast` where the record shows that no person can have done it.
    fn tell(&self, said: Heard<'_>, index: Option<u32>, fast: bool, sink: &mut Placed<'_>) {
        match said {
            Ok(Said::Touch(touch)) => {
                let verdict = self.judge(touch, fast);
                if let Some(answer) = verdict.as_ref().ok().and_then(replied) {
                    sink(index, Element::Answer(answer));
                }
                sink(index, element(verdict, index));
            }
            Ok(Said::OptOut(out)) => self.opt_out(out, index, sink),
            Ok(Said::Delivered(_)) => sink(index, element(Err(DropReason::NotInterest.into()), index)),
            Err(refusal) => sink(index, element(Err(refusal), index)),
        }
    }

    fn judge<'a>(&self, touch: Touch<'a>, fast: bool) -> Verdict<'a> {
        self.refuse_machines(&touch, fast)?;
        if touch.who.is_empty() {
            let text = format!("the {} has no mail address: whose is it?", touch.kind);
            return Err(Refusal::Dead(DeadReason::MissingField, text));
        }
        let at = self.times.read(touch.at.0, &touch.at.1)?;
        if !touch.sent.is_missing() {
            let sent = self.times.read("", &touch.sent);
            if sent.is_ok_and(|sent| is_too_soon(at.millis(), sent.millis())) {
                return Err(by_machine(touch.kind));
            }
        }
        let id = touch.id.map_or_else(
            || {
                let who = touch.who.email.as_deref().or(touch.who.domain.as_deref()).unwrap_or_default();
                ids::derived(&[
                    touch.provider.as_bytes(),
                    touch.kind.as_str().as_bytes(),
                    touch.message.as_deref().unwrap_or_default().as_bytes(),
                    who.as_bytes(),
                    &at.millis().to_le_bytes(),
                    touch.link.as_deref().unwrap_or_default().as_bytes(),
                ])
            },
            ids::bounded,
        );
        Ok(Candidate { id, kind: touch.kind, class: None, at, who: touch.who, detail: path_of(touch.link) })
    }

    fn refuse_machines(&self, touch: &Touch<'_>, fast: bool) -> Result<(), Refusal> {
        let agent = touch.user_agent.as_deref().unwrap_or_default();
        let by_provider = match touch.by {
            By::Somebody => false,
            By::Proxy => self.proxies == ImageProxies::Machine,
            By::Machine => true,
        };
        let sender = touch.who.email.as_deref().unwrap_or_default();
        match touch.kind {
            SignalKind::EmailOpen if by_provider || fast || self.opened_by_machine(agent) => {
                Err(by_machine(touch.kind))
            }
            SignalKind::EmailClick if by_provider || self.scanners.click(agent, &touch.address) => {
                Err(by_machine(touch.kind))
            }
            SignalKind::EmailClick if self.bots.is_bot(agent) => Err(DropReason::Bot.into()),
            SignalKind::EmailClick if fast => Err(by_machine(touch.kind)),
            SignalKind::EmailReply if is_daemon(sender) => Err(DropReason::AutoReply.into()),
            _ => Ok(()),
        }
    }

    /// True if a machine opened a mail with that user agent. The list of page bots is asked, too, but not about the
    /// proxies of mailbox providers and mail programs: those it does not know as people.
    fn opened_by_machine(&self, agent: &str) -> bool {
        match self.machines.judge(agent) {
            Opener::Machine => true,
            Opener::Person => false,
            Opener::Unknown => self.bots.is_bot(agent),
        }
    }

    /// One answer for each who may have said it.
    fn opt_out(&self, out: OptOut<'_>, index: Option<u32>, sink: &mut Placed<'_>) {
        let OptOut { provider, id, message, who, at } = out;
        let values: Vec<_> = who.into_iter().filter_map(Scalar::text).collect();
        let read: Vec<_> = values.iter().map(|value| (value, addresses(value))).collect();
        let mut all: Vec<_> = read.iter().flat_map(|(_, read)| read.found.iter()).collect();
        all.sort_unstable();
        all.dedup();
        let one = all.len() == 1;
        let at = match self.times.read(at.0, &at.1) {
            Ok(at) if !values.is_empty() => at,
            Ok(_) => {
                let text = "who opted out is not said: there is no mail address".to_owned();
                return sink(index, element(Err(Refusal::Dead(DeadReason::MissingField, text)), index));
            }
            Err(refusal) => return sink(index, element(Err(refusal), index)),
        };
        for (value, _) in read.iter().filter(|(_, read)| read.has_unread) {
            sink(index, element(Err(unread(value)), index));
        }
        let kind = AnswerKind::OptedOut;
        for email in all {
            let id = match &id {
                Some(id) if one => ids::bounded(Cow::Borrowed(id)),
                _ => ids::derived(&[
                    provider.as_bytes(),
                    kind.as_str().as_bytes(),
                    id.as_deref().or(message.as_deref()).unwrap_or_default().as_bytes(),
                    email.as_bytes(),
                    &at.millis().to_le_bytes(),
                ]),
            };
            let who = email_of(Cow::Borrowed(email));
            sink(index, Element::Answer(Answer { id, kind, at, who, worth: None }));
        }
    }
}

/// A reply is an answer, too: it stops what was sent before it. The answer goes first, so that the rest after a sequence
/// is over when the signal comes, and its time is a moment earlier, so that it stops nothing that the signal starts.
fn replied<'a>(signal: &Candidate<'a>) -> Option<Answer<'a>> {
    (signal.kind == SignalKind::EmailReply).then(|| Answer {
        id: ids::derived(&[AnswerKind::Replied.as_str().as_bytes(), signal.id.as_bytes()]),
        kind: AnswerKind::Replied,
        at: signal.at - MOMENT,
        who: signal.who.clone(),
        worth: None,
    })
}

fn by_machine(kind: SignalKind) -> Refusal {
    match kind {
        SignalKind::EmailOpen => DropReason::MachineOpen.into(),
        _ => DropReason::ScannerClick.into(),
    }
}

/// The path of the link that was clicked: never its query, which can say who clicked.
fn path_of(link: Option<Cow<'_, str>>) -> Cow<'_, str> {
    link.and_then(|link| page_in(&link).map(|path| detail(slice(link, path)))).unwrap_or_default()
}

fn by_email(email: Scalar<'_>) -> Identity<'_> {
    Identity { email: email.text().map(bare), ..Identity::default() }
}

fn email_of(email: Cow<'_, str>) -> Identity<'_> {
    Identity { email: Some(email), ..Identity::default() }
}

/// The owner of an event that names all recipients of its message. A single recipient is the owner. Several of one
/// domain make it that domain's. Several of different domains make it nobody's.
fn recipient<'a>(field: &str, all: Vec<Scalar<'a>>) -> Result<Identity<'a>, Refusal> {
    let mut all: Vec<_> = all.into_iter().filter_map(Scalar::text).map(bare).collect();
    let Some(last) = all.pop() else {
        return Err(Refusal::Dead(DeadReason::MissingField, format!("`{field}` is missing: whose is it?")));
    };
    if all.is_empty() {
        return Ok(email_of(last));
    }
    let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
    match domain(&last) {
        Some(shared) if all.iter().all(|address| domain(address).as_ref() == Some(&shared)) => {
            Ok(Identity { domain: Some(Cow::Owned(shared)), ..Identity::default() })
        }
        _ => Err(DropReason::AmbiguousRecipient.into()),
    }
}

/// `Jane Doe <jane@example.com>` is jane@example.com.
fn bare(address: Cow<'_, str>) -> Cow<'_, str> {
    match (address.rfind('<'), address.rfind('>')) {
        (Some(begin), Some(end)) if begin < end => slice(address, begin + 1..end),
        _ => address,
    }
}

/// The name of the event, from the provider's field.
fn name_of<'s>(field: &str, provider: &str, name: &'s Scalar<'_>) -> Result<&'s str, Refusal> {
    name.as_str().ok_or_else(|| {
        let text = format!("`{field}` is missing: is this source {provider}'s?");
        Refusal::Dead(DeadReason::MissingField, text)
    })
}

/// An event that is no interest, or one that nobody knows.
fn other(field: &str, provider: &str, name: &str, known: &[&str]) -> Refusal {
    if known.contains(&name) {
        return DropReason::NotInterest.into();
    }
    let text = format!(
        "`{field}` is {}, which {provider} is not known to send: check that the source has the right preset",
        quoted(name)
    );
    Refusal::Dead(DeadReason::UnknownEvent, text)
}

/// The list `items` of a document, as it is written.
fn items(text: &str) -> Cow<'_, str> {
    json::field(text, "items").unwrap_or_default()
}

/// The list in that field of a document, as it is written; the document where it has none.
fn list_in<'t>(text: &'t str, field: &str) -> Result<Cow<'t, str>, Refusal> {
    if !text.trim_start().starts_with('{') {
        return Ok(Cow::Borrowed(text));
    }
    let _: IgnoredAny = json::parse(text)?;
    let list = json::field(text, field).filter(|value| value.trim_start().starts_with('['));
    Ok(list.unwrap_or(Cow::Borrowed(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_address_is_taken_out_of_its_brackets() {
        for (text, expected) in [("Jane <j@x.io>", "j@x.io"), ("j@x.io", "j@x.io"), (">j@x.io<", ">j@x.io<")]
        {
            assert_eq!(bare(Cow::Borrowed(text)), expected);
        }
    }

    #[test]
    fn the_detail_of_a_click_is_a_path_and_no_more() {
        let path = |link: &'static str| path_of(Some(Cow::Borrowed(link)));
        assert_eq!(path("https://example.com/pricing?email=jane@example.com"), "/pricing");
        assert_eq!(path("mailto:jane@example.com"), "");
        // The matcher masks it where it is forwarded: what matches nobody is not looked at.
        assert_eq!(path("https://example.com/u/jane@example.com"), "/u/jane@example.com");
    }
}
