//! The answers of an account: which of its contacts are out, beside those whom the list says.

use std::ops::ControlFlow;

use winback_core::account::Status;
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::Log;
use winback_proto::v1;
use winback_worker::{Answered, Answers, read_answer};

use winback_deployment::Context;
use winback_deployment::scan;

/// The answers of the account; `None` where it never answered.
///
/// # Errors
/// When the log is away.
pub(crate) fn answered(context: &Context, log: &dyn Log, id: &str) -> anyhow::Result<Option<Answered>> {
    Ok(answers(context, log, |account| account == id)?.of(id))
}

/// The answers of the accounts that are asked for. A record that cannot be read is told.
///
/// # Errors
/// When the log is away.
pub(crate) fn answers(
    context: &Context,
    log: &dyn Log,
    is_asked: impl Fn(&str) -> bool,
) -> anyhow::Result<Answers> {
    let topic = &context.topics.answers;
    let (answers, mut unreadable) = (Answers::default(), 0_u64);
    let there = log.describe(&[topic])?.into_iter().flatten().next();
    let Some(count) = there.map(|there| there.spec.partitions) else { return Ok(answers) };
    // An answer's partition is that of account, source and id together.
    for partition in scan::partitions(log, topic)? {
        scan::each(log, &partition, Offset::ZERO, |message| {
            let key = message.key().unwrap_or_default();
            match read_answer(key, message.value(), message.partition, count) {
                Ok(Some(answer)) if is_asked(&answer.account_id) => drop(answers.apply(answer)),
                Ok(_) => {}
                Err(_) => unreadable += 1,
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    if unreadable > 0 {
        winback_terminal::note!(
            "{} cannot be read, and may be a no: stop the members and run `winback topics doctor`",
            winback_terminal::counted(unreadable, "answer")
        );
    }
    Ok(answers)
}

/// The account with those marked out who answered so, and with the status that a return gave it.
pub(crate) fn marked(mut account: v1::Account, answered: Option<&Answered>) -> v1::Account {
    let Some(answered) = answered else { return account };
    let left_at = account.churned_at.as_ref().map_or(Time::MIN, Time::from);
    if answered.reactivated_at.is_some_and(|at| at >= left_at) {
        Status::Active.as_str().clone_into(&mut account.status);
    }
    for contact in &mut account.contacts {
        contact.opted_out |= answered.is_out(&contact.email_sha256);
    }
    account
}

/// Those who opted out and are no contact of the list, by the heads of their hashes; an empty one is everybody.
pub(crate) fn others(account: &v1::Account, answered: Option<&Answered>) -> Vec<Vec<u8>> {
    let is_contact = |out: &&Vec<u8>| {
        !out.is_empty() && account.contacts.iter().any(|contact| contact.email_sha256 == **out)
    };
    let all = answered.into_iter().flat_map(|answered| &answered.opted_out);
    all.filter(|out| !is_contact(out)).cloned().collect()
}
