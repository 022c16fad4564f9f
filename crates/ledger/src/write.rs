//! Facts on their way into tables and back: upserts that commute.

use winback_core::time::Time;

use crate::daily;
use crate::derive::{Facts, Spell};
use crate::fact::{Act, Amount, Answer, AnswerKind, Fact, Interest, Judgement, State, Trigger};
use crate::store::{Values, values};
use crate::{Database, LedgerError, Value};

/// The tables that hold an account's id.
pub(crate) const BY_ACCOUNT: [&str; 7] =
    ["account_states", "triggers", "actions", "answers", "interests", "judgements", "spells"];

/// Where the same fact is learned twice, the first time counts.
macro_rules! upsert {
    ($table:literal, $columns:literal, $values:literal, $key:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (",
            $columns,
            ") VALUES (",
            $values,
            ") ON CONFLICT (",
            $key,
            ") DO UPDATE SET learned_at = excluded.learned_at WHERE excluded.learned_at < ",
            $table,
            ".learned_at"
        )
    };
}

/// Writes a fact of the account.
pub(crate) fn put(
    database: &mut dyn Database,
    account: &str,
    fact: &Fact,
    learned: Time,
) -> Result<(), LedgerError> {
    let learned = learned.millis();
    match fact {
        Fact::State(state) => put_state(database, account, state, learned),
        Fact::Trigger(trigger) => put_trigger(database, account, trigger, learned),
        Fact::Act(act) => put_act(database, account, act, learned),
        Fact::Answer(answer) => put_answer(database, account, answer, learned),
        Fact::Interest(interest) => put_interest(database, account, *interest, learned),
        Fact::Judgement(judgement) => put_judgement(database, account, judgement, learned),
    }
}

fn put_state(
    database: &mut dyn Database,
    account: &str,
    state: &State,
    learned: i64,
) -> Result<(), LedgerError> {
    let sql = upsert!(
        "account_states",
        "account, at, version, gone, active, churned_at, reason, tier, segment, owner, arr_minor, currency, held_out, learned_at",
        "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14",
        "account, at, version, gone"
    );
    let values = values![
        account,
        state.at.millis(),
        state.version,
        state.gone,
        state.active,
        state.churned_at.millis(),
        &state.reason,
        &state.tier,
        &state.segment,
        &state.owner,
        state.arr.minor,
        &state.arr.currency,
        state.held_out,
        learned
    ];
    database.execute(sql, values).map(drop)
}

fn put_trigger(
    database: &mut dyn Database,
    account: &str,
    trigger: &Trigger,
    learned: i64,
) -> Result<(), LedgerError> {
    let sql = upsert!(
        "triggers",
        "account, id, at, starts, policy, edge, strength, play, kinds, first_signal_at, asked_at, churned_at, reason, tier, segment, owner, arr_minor, currency, learned_at",
        "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19",
        "account, id"
    );
    let snapshot = &trigger.snapshot;
    let values = values![
        account,
        &trigger.id,
        trigger.at.millis(),
        trigger.starts,
        &trigger.policy,
        &trigger.edge,
        trigger.strength,
        &trigger.play,
        &trigger.kinds,
        trigger.first_signal_at.map(Time::millis),
        trigger.asked_at.map(Time::millis),
        snapshot.churned_at.millis(),
        &snapshot.reason,
        &snapshot.tier,
        &snapshot.segment,
        &snapshot.owner,
        snapshot.arr.minor,
        &snapshot.arr.currency,
        learned
    ];
    database.execute(sql, values).map(drop)
}

fn put_act(database: &mut dyn Database, account: &str, act: &Act, learned: i64) -> Result<(), LedgerError> {
    let sql = upsert!(
        "actions",
        "account, trigger_id, at, outcome, play, channel, learned_at",
        "?1, ?2, ?3, ?4, ?5, ?6, ?7",
        "account, trigger_id"
    );
    let values =
        values![account, &act.trigger, act.at.millis(), &act.outcome, &act.play, &act.channel, learned];
    database.execute(sql, values).map(drop)
}

/// A corrected answer has the id of the first: each is kept, and the last that was learned counts.
fn put_answer(
    database: &mut dyn Database,
    account: &str,
    answer: &Answer,
    learned: i64,
) -> Result<(), LedgerError> {
    let sql = "INSERT INTO answers (account, id, at, kind, arr_minor, currency, terms, learned_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
    let values = values![
        account,
        &answer.id,
        answer.at.millis(),
        answer.kind.as_str(),
        answer.arr.as_ref().map(|arr| arr.minor),
        answer.arr.as_ref().map_or("", |arr| &arr.currency),
        &answer.terms,
        learned
    ];
    database.execute(sql, values).map(drop)
}

fn put_interest(
    database: &mut dyn Database,
    account: &str,
    interest: Interest,
    learned: i64,
) -> Result<(), LedgerError> {
    let sql = "INSERT INTO interests (account, day, first_at, learned_at) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (account, day) DO UPDATE SET \
               first_at = CASE WHEN excluded.first_at < interests.first_at THEN excluded.first_at ELSE interests.first_at END, \
               learned_at = CASE WHEN excluded.learned_at < interests.learned_at THEN excluded.learned_at ELSE interests.learned_at END";
    database.execute(sql, values![account, interest.day, interest.first_at.millis(), learned]).map(drop)
}

fn put_judgement(
    database: &mut dyn Database,
    account: &str,
    judgement: &Judgement,
    learned: i64,
) -> Result<(), LedgerError> {
    let sql = upsert!(
        "judgements",
        "account, burst, policy, at, outcome, because, learned_at",
        "?1, ?2, ?3, ?4, ?5, ?6, ?7",
        "account, burst, policy, at, outcome"
    );
    let values = values![
        account,
        &judgement.burst,
        &judgement.policy,
        judgement.at.millis(),
        &judgement.outcome,
        &judgement.because,
        learned
    ];
    database.execute(sql, values).map(drop)
}

/// The facts of the account that were learned by then.
pub(crate) fn facts(database: &mut dyn Database, account: &str, as_of: Time) -> Result<Facts, LedgerError> {
    let values = values![account, as_of.millis()];
    let mut ask = |sql: &str| database.query(sql, values);
    let states = ask(
        "SELECT at, version, gone, active, churned_at, reason, tier, segment, owner, arr_minor, currency, held_out \
         FROM account_states WHERE account = ?1 AND learned_at <= ?2",
    )?;
    let triggers = ask(
        "SELECT id, at, starts, policy, edge, strength, play, kinds, first_signal_at, asked_at, churned_at, reason, tier, \
         segment, owner, arr_minor, currency FROM triggers WHERE account = ?1 AND learned_at <= ?2",
    )?;
    let acts = ask(
        "SELECT trigger_id, at, outcome, play, channel FROM actions WHERE account = ?1 AND learned_at <= ?2",
    )?;
    let answers = ask(
        "SELECT id, at, kind, arr_minor, currency, terms FROM answers WHERE account = ?1 AND learned_at <= ?2 \
         ORDER BY id, learned_at",
    )?;
    let interests = ask("SELECT day, first_at FROM interests WHERE account = ?1 AND learned_at <= ?2")?;
    Ok(Facts {
        states: states.iter().map(|row| state(row)).collect(),
        triggers: triggers.iter().map(|row| trigger(row)).collect(),
        acts: acts.iter().map(|row| act(row)).collect(),
        answers: newest(answers.iter().filter_map(|row| answer(row)).collect()),
        interests: interests.iter().map(|row| interest(row)).collect(),
    })
}

fn at(row: &[Value], column: usize) -> &Value {
    row.get(column).unwrap_or(&Value::Null)
}

fn time(row: &[Value], column: usize) -> Time {
    Time::from_millis(at(row, column).int())
}

fn text(row: &[Value], column: usize) -> String {
    at(row, column).text().to_owned()
}

fn some_time(row: &[Value], column: usize) -> Option<Time> {
    at(row, column).number().map(Time::from_millis)
}

fn state(row: &[Value]) -> State {
    State {
        at: time(row, 0),
        version: at(row, 1).int(),
        gone: at(row, 2).int() != 0,
        active: at(row, 3).int() != 0,
        churned_at: time(row, 4),
        reason: text(row, 5),
        tier: text(row, 6),
        segment: text(row, 7),
        owner: text(row, 8),
        arr: Amount { minor: at(row, 9).int(), currency: text(row, 10) },
        held_out: at(row, 11).int() != 0,
    }
}

fn trigger(row: &[Value]) -> Trigger {
    let fired = time(row, 1);
    let snapshot = State {
        at: fired,
        version: 0,
        gone: false,
        active: false,
        churned_at: time(row, 10),
        reason: text(row, 11),
        tier: text(row, 12),
        segment: text(row, 13),
        owner: text(row, 14),
        arr: Amount { minor: at(row, 15).int(), currency: text(row, 16) },
        held_out: false,
    };
    Trigger {
        id: text(row, 0),
        at: fired,
        starts: at(row, 2).int() != 0,
        policy: text(row, 3),
        edge: text(row, 4),
        strength: at(row, 5).int(),
        play: text(row, 6),
        kinds: text(row, 7),
        first_signal_at: some_time(row, 8),
        asked_at: some_time(row, 9),
        snapshot,
    }
}

fn act(row: &[Value]) -> Act {
    let (trigger, outcome) = (text(row, 0), text(row, 2));
    Act { trigger, at: time(row, 1), outcome, play: text(row, 3), channel: text(row, 4) }
}

fn answer(row: &[Value]) -> Option<Answer> {
    let arr = at(row, 3).number().map(|minor| Amount { minor, currency: text(row, 4) });
    let kind = AnswerKind::parse(at(row, 2).text())?;
    Some(Answer { id: text(row, 0), at: time(row, 1), kind, arr, terms: text(row, 5) })
}

fn interest(row: &[Value]) -> Interest {
    Interest { day: at(row, 0).int(), first_at: time(row, 1) }
}

/// The last of each id; they come by id and time of learning.
fn newest(answers: Vec<Answer>) -> Vec<Answer> {
    let mut kept: Vec<Answer> = Vec::with_capacity(answers.len());
    for answer in answers {
        match kept.last_mut() {
            Some(last) if last.id == answer.id => *last = answer,
            _ => kept.push(answer),
        }
    }
    kept
}

/// Puts the spells of the account in the place of those that are there, and moves the daily counts.
pub(crate) fn replace(
    database: &mut dyn Database,
    account: &str,
    spells: &[Spell],
) -> Result<(), LedgerError> {
    let sql = "SELECT churned_at, triggered_at, attempted_at, answered_at, returned_at, reason, tier, segment \
               FROM spells WHERE account = ?1";
    let before = daily::Counts::of_rows(&database.query(sql, values![account])?);
    database.execute("DELETE FROM spells WHERE account = ?1", values![account])?;
    for spell in spells {
        insert(database, account, spell)?;
    }
    daily::move_counts(database, &before, &daily::Counts::of(spells))
}

fn insert(database: &mut dyn Database, account: &str, spell: &Spell) -> Result<(), LedgerError> {
    let sql = "INSERT INTO spells (account, number, churned_at, reason, tier, segment, owner, arr_minor, currency, held_out, \
               gone_at, first_signal_at, triggered_at, attempted_at, touches, answered_at, returned_at, returned_by, origin, \
               touch_trigger, touch_at, touch_play, touch_channel, return_arr_minor, return_currency, return_terms, \
               churned_again_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, \
               ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)";
    let (state, returned) = (&spell.state, spell.returned.as_ref());
    let touch = returned.and_then(|returned| returned.touch.as_ref());
    let arr = returned.and_then(|returned| returned.arr.as_ref());
    let values = values![
        account,
        spell.number,
        state.churned_at.millis(),
        &state.reason,
        &state.tier,
        &state.segment,
        &state.owner,
        state.arr.minor,
        &state.arr.currency,
        state.held_out,
        spell.gone_at.map(Time::millis),
        spell.first_signal_at.map(Time::millis),
        spell.triggered_at.map(Time::millis),
        spell.attempted_at.map(Time::millis),
        spell.touches,
        spell.answered_at.map(Time::millis),
        returned.map(|returned| returned.at.millis()),
        returned.map(|returned| returned.by.as_str()),
        returned.map(|returned| returned.origin.as_str()),
        touch.map(|touch| &touch.trigger),
        touch.map(|touch| touch.at.millis()),
        touch.map(|touch| &touch.play),
        touch.map(|touch| &touch.channel),
        arr.map(|arr| arr.minor),
        arr.map(|arr| &arr.currency),
        returned.map(|returned| &returned.terms),
        spell.churned_again_at.map(Time::millis)
    ];
    database.execute(sql, values).map(drop)
}

/// All accounts that a fact is about.
pub(crate) fn accounts(database: &mut dyn Database) -> Result<Vec<String>, LedgerError> {
    let parts = BY_ACCOUNT.map(|table| format!("SELECT account FROM {table}"));
    let rows: Vec<Values> = database.query(&parts.join(" UNION "), &[])?;
    Ok(rows.iter().map(|row| text(row, 0)).collect())
}
