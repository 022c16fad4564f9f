//! S8 and S11: the words of a sequence, in every language.

use std::collections::{BTreeSet, HashSet};

use super::figures::figure;
use super::phrases::never;
use crate::error::SequenceError;
use crate::facts::{self, Sample};
use crate::message;
use crate::model::{Sequence, Step, Text};
use crate::words::{Channel, Kind, News, Rule};

/// Of these the first message names one: they are the account's own situation.
const SITUATION: [&str; 8] =
    ["account", "ago", "months", "tenure", "features", "competitor", "release", "concessions"];

pub(super) fn check(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    languages(sequence, faults);
    offers(sequence, faults);
    let first = sequence.to_person().next().map(|(at, _)| at);
    for (at, step) in sequence.steps.iter().enumerate() {
        translations(sequence, at, step, faults);
        for text in &step.texts {
            let is_first = first == Some(at) && sequence.kind == Kind::Outreach;
            Checked { sequence, step, text, is_first }.check(faults);
        }
    }
}

fn languages(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    let mut seen = BTreeSet::new();
    let fix = "name at least one, such as \"en\"";
    if sequence.languages.is_empty() {
        faults.push(SequenceError::new(Rule::Language, "languages", "[]", fix));
    }
    for (at, language) in sequence.languages.iter().enumerate() {
        let plain = language.len() >= 2 && language.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let fix = match (plain, seen.insert(language)) {
            (false, _) => "write a language as BCP 47 has it, such as \"en\", \"ja\" or \"pt-BR\"",
            (true, false) => "take it out: it is named twice",
            (true, true) => continue,
        };
        let key = format!("languages[{at}]");
        faults.push(SequenceError::new(Rule::Language, &key, format!("{language:?}"), fix));
    }
}

fn offers(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    for (name, offer) in &sequence.offers {
        for language in sequence.languages.iter().filter(|language| !offer.words.contains_key(*language)) {
            let key = format!("offers.{name}.words");
            let fix = format!("write words.{language}: the offer is made in every language");
            faults.push(SequenceError::new(Rule::Language, &key, "nothing", fix));
        }
        for (language, words) in &offer.words {
            let key = format!("offers.{name}.words.{language}");
            if let Some((_, found)) = figure(&barred(words)) {
                let fix =
                    "write {{ percent }} or another figure of the offer instead: figures stand in its fields";
                faults.push(SequenceError::new(Rule::Content, &key, format!("{found:?}"), fix));
            }
            if let Err(why) = facts::offer_words(offer, words) {
                let fix = format!(
                    "correct it: {why}; there are percent, months, valid_days, commitment_months and days"
                );
                faults.push(SequenceError::new(Rule::Language, &key, format!("{words:?}"), fix));
            }
        }
    }
}

fn translations(sequence: &Sequence, at: usize, step: &Step, faults: &mut Vec<SequenceError>) {
    let key = format!("steps[{at}].text");
    if !step.channel.has_text() && step.texts.is_empty() {
        return;
    }
    let of_all = |text: &&Text| text.variant == crate::model::Variant::default() && text.arm.is_none();
    let groups: BTreeSet<&str> =
        step.texts.iter().filter_map(|text| text.key.split(".text.").next()).collect();
    for language in &sequence.languages {
        if !step.texts.iter().filter(of_all).any(|text| text.language == *language) {
            let fix = format!("write text.{language}: every text exists in every language of the sequence");
            faults.push(SequenceError::new(Rule::Language, &key, "nothing", fix));
        }
        for group in groups.iter().filter(|group| group.contains(".variant[")) {
            let there = step
                .texts
                .iter()
                .any(|text| text.language == *language && text.key.split(".text.").next() == Some(*group));
            if !there {
                let fix = format!("write text.{language} of the variant, too, or take the variant out");
                faults.push(SequenceError::new(Rule::Language, &format!("{group}.text"), "nothing", fix));
            }
        }
    }
    for text in step.texts.iter().filter(|text| !sequence.languages.contains(&text.language)) {
        let fix = "add it to languages, and write every text in it, or take it out";
        faults.push(SequenceError::new(Rule::Language, &text.key, format!("{:?}", text.language), fix));
    }
}

/// A text under its rules.
struct Checked<'a> {
    sequence: &'a Sequence,
    step: &'a Step,
    text: &'a Text,
    is_first: bool,
}

impl Checked<'_> {
    fn check(&self, faults: &mut Vec<SequenceError>) {
        self.shape(faults);
        let mut used = HashSet::new();
        for (field, source) in self.sources() {
            let key = format!("{}.{field}", self.text.key);
            self.figures(&key, source, faults);
            match self.variables(&key, source) {
                Ok(names) => used.extend(names),
                Err(fault) => {
                    faults.push(fault);
                    return;
                }
            }
        }
        self.must_name(&used, faults);
        self.samples(faults);
    }

    fn sources(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let subject = self.step.channel.has_subject().then_some(("subject", self.text.subject.as_str()));
        subject.into_iter().chain([("body", self.text.body.as_str())])
    }

    fn shape(&self, faults: &mut Vec<SequenceError>) {
        let key = format!("{}.subject", self.text.key);
        let (subject, has_one) = (self.text.subject.as_str(), self.step.channel.has_subject());
        let fix = match (has_one, subject.trim().is_empty()) {
            (true, true) => "write one line",
            (false, false) => "take it out: this channel has no subject",
            _ if subject.trim().contains('\n') => "write one line",
            _ => "",
        };
        if !fix.is_empty() {
            faults.push(SequenceError::new(Rule::Content, &key, format!("{subject:?}"), fix));
        }
        if self.text.body.trim().is_empty() {
            let key = format!("{}.body", self.text.key);
            faults.push(SequenceError::new(Rule::Content, &key, "\"\"", "write the text"));
        }
    }

    fn figures(&self, key: &str, source: &str, faults: &mut Vec<SequenceError>) {
        if let Some((at, found)) = figure(&barred(source)) {
            let fix = "write {{ offer }} or {{ release }} instead: figures, percentages and prices reach a text only \
                       through them";
            let fault = SequenceError::new(Rule::Content, key, format!("{found:?}"), fix);
            faults.push(fault.in_line(line_within(&barred(source), at)));
        }
        if let Some((phrase, why)) = never(&self.text.language, source, self.is_first) {
            let at = source.to_lowercase().find(phrase).unwrap_or(0).min(source.len());
            let line = source.get(..at).unwrap_or_default().matches('\n').count();
            let fault =
                SequenceError::new(Rule::Content, key, format!("{phrase:?}"), format!("take it out: {why}"));
            faults.push(fault.in_line(line));
        }
    }

    /// The variables that a template names, all of which the step knows.
    fn variables(&self, key: &str, source: &str) -> Result<HashSet<String>, SequenceError> {
        let env = message::environment();
        let template = env.template_from_str(source).map_err(|why| {
            let line = why.line().unwrap_or(1).saturating_sub(1);
            let fix = format!("correct the template: {}", message::told(&why));
            SequenceError::new(Rule::Language, key, "the template", fix).in_line(line)
        })?;
        let used = template.undeclared_variables(false);
        let known = facts::known(self.step, &self.text.language);
        if let Some(name) = used.iter().filter(|name| !known.contains(&name.as_str())).min() {
            let at = source.find(name.as_str()).unwrap_or(0);
            let fix = match name.as_str() {
                "release" | "released" | "releases" => {
                    "add claim to the step: it must hold before a text may name a release"
                }
                "offer" => "name the offer of the step, or take it out",
                "proof" => "add \"proof\" to the news of the step, or take it out",
                "ago" | "tenure" => "use months or tenure_months: only en, ja and ms have these words",
                _ => "",
            };
            let fix = if fix.is_empty() {
                format!("correct it{}", winback_core::text::nearest(name, &known))
            } else {
                fix.to_owned()
            };
            let line = source.get(..at).unwrap_or_default().matches('\n').count();
            return Err(
                SequenceError::new(Rule::Language, key, format!("{{{{ {name} }}}}"), fix).in_line(line)
            );
        }
        Ok(used)
    }

    /// The words of a step say what the step promises.
    fn must_name(&self, used: &HashSet<String>, faults: &mut Vec<SequenceError>) {
        let names = |name: &str| used.contains(name);
        let key = format!("{}.body", self.text.key);
        let mut lacks = |rule, what: &str, fix: &str| {
            faults.push(SequenceError::new(rule, &key, format!("no {what}"), fix));
        };
        let shown = self.step.channel.is_to_person();
        if self.step.claim.is_some() && shown && !names("release") && !names("releases") {
            lacks(Rule::Content, "{{ release }}", "name {{ release }}: a claim names what was released");
        }
        if self.step.offer.is_some() && !names("offer") {
            lacks(Rule::Content, "{{ offer }}", "name {{ offer }}: its terms reach the text only so");
        }
        if self.step.news == [News::Proof] && !names("proof") {
            lacks(Rule::Content, "{{ proof }}", "name {{ proof }}: it is what is new in this step");
        }
        if self.is_first
            && !SITUATION.iter().any(|name| names(name))
            && self.step.channel != Channel::Audience
        {
            let fix =
                format!("name their own situation in the first message: one of {}", SITUATION.join(", "));
            lacks(Rule::Content, "situation", &fix);
        }
    }

    /// The text with much that is known, and with little.
    fn samples(&self, faults: &mut Vec<SequenceError>) {
        for sample in Sample::ALL {
            for (field, source) in self.sources() {
                let key = format!("{}.{field}", self.text.key);
                let facts = facts::sample(self.sequence, self.step, &self.text.language, sample);
                match message::render(source, &facts) {
                    Err(why) => {
                        let line = why.line().unwrap_or(1).saturating_sub(1);
                        let fix = format!("correct the template: {}", message::told(&why));
                        faults.push(
                            SequenceError::new(Rule::Language, &key, "the template", fix).in_line(line),
                        );
                        return;
                    }
                    Ok(text) => {
                        if let Some((_, found)) = figure(&text).filter(|_| figure(&barred(source)).is_none())
                        {
                            let fix = "take it out: a template makes no figure of its own";
                            faults.push(SequenceError::new(Rule::Content, &key, format!("{found:?}"), fix));
                            return;
                        }
                    }
                }
            }
        }
    }
}

/// The source with the marks of the template language as letters, so that they are no signs of percent.
fn barred(source: &str) -> String {
    ["{%", "%}", "{{", "}}", "{#", "#}"].iter().fold(source.to_owned(), |text, mark| text.replace(mark, "xx"))
}

fn line_within(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count()
}
