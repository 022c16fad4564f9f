//! Spells of an account: a pure function of its facts.
//!
//! A spell is an account and its churn number. A new one needs a return or an active status in between, or a churn date
//! more than 30 days later; any other date corrects the spell. An account that left the list is at risk until then.

use winback_core::closed_enum;
use winback_core::time::{Span, Time};

use crate::fact::{Act, Amount, Answer, AnswerKind, Interest, State, Trigger};

/// A churn date this much later is another leaving, not a correction.
const NEW_SPELL_AFTER: Span = Span::from_days(30);

closed_enum! {
    /// The evidence of a return.
    ReturnedBy {
        /// An answer told it.
        Answer = "answer",
        /// A signal of the account itself told it.
        Itself = "self",
        /// The list has it as a customer.
        Status = "status",
    }
}

closed_enum! {
    /// The origin of a return.
    Origin {
        /// A touch of the same spell came before it, within the window.
        Attributed = "attributed",
        /// As that, but they had asked by an act of strength 3 before the first touch.
        AskedFirst = "asked_first",
        /// No touch came before it within the window.
        Organic = "organic",
        /// As that, of an account below the tiers that are approached.
        Welcomed = "welcomed",
    }
}

/// The facts of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The account as the list had it.
    pub states: Vec<State>,
    /// Its triggers.
    pub triggers: Vec<Trigger>,
    /// Its actions.
    pub acts: Vec<Act>,
    /// Its answers.
    pub answers: Vec<Answer>,
    /// The days on which it was heard of.
    pub interests: Vec<Interest>,
}

/// A return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// The time.
    pub at: Time,
    /// The evidence.
    pub by: ReturnedBy,
    /// Its worth a year; `None` when nobody said it.
    pub arr: Option<Amount>,
    /// Its terms in a word.
    pub terms: String,
    /// The origin.
    pub origin: Origin,
    /// The touch that it belongs to.
    pub touch: Option<Act>,
}

/// A spell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spell {
    /// The churn number, from 1.
    pub number: i64,
    /// The churn date, and what the list said of the account at last.
    pub state: State,
    /// The time at which it left the list.
    pub gone_at: Option<Time>,
    /// The first signal.
    pub first_signal_at: Option<Time>,
    /// The first trigger that starts something.
    pub triggered_at: Option<Time>,
    /// The first touch.
    pub attempted_at: Option<Time>,
    /// The number of touches.
    pub touches: i64,
    /// The first answer after a touch that is no return.
    pub answered_at: Option<Time>,
    /// The return.
    pub returned: Option<Return>,
    /// The next churn.
    pub churned_again_at: Option<Time>,
}

/// The spells of an account, in order. `window` is how long before a return its touch may be.
pub fn spells(facts: &Facts, window: Span) -> Vec<Spell> {
    let returns = returns_of(&facts.answers);
    let mut spells = from_list(&facts.states, &returns);
    add_unlisted(&mut spells, &facts.triggers);
    for (number, spell) in (1..).zip(spells.iter_mut()) {
        spell.number = number;
    }
    let ends: Vec<Option<Time>> =
        (1..=spells.len()).map(|next| spells.get(next).map(|spell| spell.state.churned_at)).collect();
    for (spell, end) in spells.iter_mut().zip(ends) {
        spell.churned_again_at = end;
        fill(spell, facts, &returns, window);
    }
    spells
}

/// Answers that tell a return, by time.
fn returns_of(answers: &[Answer]) -> Vec<&Answer> {
    let is_return =
        |answer: &&Answer| matches!(answer.kind, AnswerKind::Reactivated | AnswerKind::SelfReactivated);
    let mut returns: Vec<&Answer> = answers.iter().filter(is_return).collect();
    returns.sort_unstable();
    returns.sort_by_key(|answer| answer.at);
    returns
}

fn begin(state: &State) -> Spell {
    Spell {
        number: 0,
        state: state.clone(),
        gone_at: None,
        first_signal_at: None,
        triggered_at: None,
        attempted_at: None,
        touches: 0,
        answered_at: None,
        returned: None,
        churned_again_at: None,
    }
}

/// The spells that the list tells.
fn from_list(states: &[State], returns: &[&Answer]) -> Vec<Spell> {
    let mut states: Vec<&State> = states.iter().collect();
    states.sort_unstable();
    let (mut spells, mut newest): (Vec<Spell>, i64) = (Vec::new(), 0);
    for state in states {
        let last = spells.last_mut();
        if state.gone {
            if let Some(spell) = last {
                spell.gone_at = spell.gone_at.or(Some(state.at));
            }
            continue;
        }
        if state.version < newest {
            continue;
        }
        newest = state.version;
        match last {
            Some(spell) if state.active => seen_active(spell, state),
            Some(spell) if !is_new(spell, state, returns) => {
                spell.state = state.clone();
                spell.gone_at = None;
            }
            _ if state.active => {}
            _ => spells.push(begin(state)),
        }
    }
    spells
}

/// The list has the account as a customer: that is a return, unless an answer tells an earlier one.
fn seen_active(spell: &mut Spell, state: &State) {
    if spell.returned.is_none() && state.at >= spell.state.churned_at {
        spell.returned = Some(Return {
            at: state.at,
            by: ReturnedBy::Status,
            arr: None,
            terms: String::new(),
            origin: Origin::Organic,
            touch: None,
        });
    }
}

fn is_new(spell: &Spell, now: &State, returns: &[&Answer]) -> bool {
    let later = now.churned_at.since(spell.state.churned_at);
    let between = |at: Time| at >= spell.state.churned_at && at <= now.churned_at;
    let was_back = spell.returned.is_some() || returns.iter().any(|answer| between(answer.at));
    later > NEW_SPELL_AFTER || (was_back && later > Span::ZERO)
}

/// Spells that only triggers tell: the list keeps no history, and the ledger may have begun late.
fn add_unlisted(spells: &mut Vec<Spell>, triggers: &[Trigger]) {
    let mut triggers: Vec<&Trigger> = triggers.iter().collect();
    triggers.sort_unstable_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    for trigger in triggers {
        let churned_at = trigger.snapshot.churned_at;
        let is_near = |spell: &Spell| {
            let (a, b) = (spell.state.churned_at, churned_at);
            a.since(b).max(b.since(a)) <= NEW_SPELL_AFTER
        };
        if !spells.iter().any(is_near) {
            spells.push(begin(&trigger.snapshot));
            spells.sort_by_key(|spell| spell.state.churned_at);
        }
    }
}

fn fill(spell: &mut Spell, facts: &Facts, returns: &[&Answer], window: Span) {
    let (from, end) = (spell.state.churned_at, spell.churned_again_at);
    let within = |at: Time| at >= from && end.is_none_or(|end| at < end);
    let first = |times: &mut dyn Iterator<Item = Time>| times.filter(|at| within(*at)).min();
    spell.first_signal_at = first(&mut facts.interests.iter().map(|interest| interest.first_at));
    let starting = facts.triggers.iter().filter(|trigger| trigger.starts);
    spell.triggered_at = first(&mut starting.map(|trigger| trigger.at));
    let mut touches: Vec<&Act> = facts.acts.iter().filter(|act| act.is_touch() && within(act.at)).collect();
    touches.sort_unstable_by(|a, b| (a.at, &a.trigger).cmp(&(b.at, &b.trigger)));
    spell.attempted_at = touches.first().map(|act| act.at);
    spell.touches = i64::try_from(touches.len()).unwrap_or(i64::MAX);
    if let Some(touched) = spell.attempted_at {
        let said = facts
            .answers
            .iter()
            .filter(|answer| !matches!(answer.kind, AnswerKind::Reactivated | AnswerKind::SelfReactivated));
        spell.answered_at = first(&mut said.map(|answer| answer.at).filter(|at| *at >= touched));
    }
    if let Some(answer) = returns.iter().find(|answer| within(answer.at)) {
        let earlier = spell.returned.as_ref().is_none_or(|known| answer.at <= known.at);
        if earlier {
            let by =
                if answer.kind == AnswerKind::Reactivated { ReturnedBy::Answer } else { ReturnedBy::Itself };
            let (arr, terms) = (answer.arr.clone(), answer.terms.clone());
            let (origin, touch) = (Origin::Organic, None);
            spell.returned = Some(Return { at: answer.at, by, arr, terms, origin, touch });
        }
    }
    attribute(spell, facts, &touches, window);
}

/// Gives the return its origin: the last touch of the spell within the window before it.
fn attribute(spell: &mut Spell, facts: &Facts, touches: &[&Act], window: Span) {
    let (from, below) = (spell.state.churned_at, spell.state.tier == "below");
    let Some(returned) = &mut spell.returned else { return };
    let near = |act: &&&Act| act.at <= returned.at && returned.at.since(act.at) <= window;
    let Some(touch) = touches.iter().rfind(near) else {
        returned.origin = if below { Origin::Welcomed } else { Origin::Organic };
        return;
    };
    let first = touches.first().map_or(touch.at, |first| first.at);
    let asked = facts.triggers.iter().filter_map(|trigger| trigger.asked_at);
    let asked_first = asked.filter(|at| *at >= from).any(|at| at < first);
    returned.origin = if asked_first { Origin::AskedFirst } else { Origin::Attributed };
    returned.touch = Some((*touch).clone());
}
