//! The inbox of the deployment, decided twice.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use winback_core::account::Account;
use winback_core::debounce::PolicyRecord;
use winback_core::ids::Offset;
use winback_deployment::{Context, scan};
use winback_log::{Log, TopicPartition};
use winback_oracle::OracleError;
use winback_oracle::backtest::{Inbox, Outcome, Question, Seed, backtest};
use winback_proto::{WireMessage, account, v1};

/// Decides the inbox twice; with why that is an estimate, where it is one.
pub fn inbox(
    context: &Context,
    log: &dyn Log,
    question: &Question,
    policies: &[PolicyRecord],
) -> anyhow::Result<(Outcome, Option<String>)> {
    let partitions = scan::partitions(log, &context.topics.inbox)?;
    let inbox = Inbox { partitions, changelog: context.topics.changelog.clone() };
    let range = inbox.range(log)?;
    let cut = range.iter().any(|(beginning, _)| *beginning > Offset::ZERO);
    let length = |(beginning, end): &(Offset, Offset)| u64::try_from(end.0 - beginning.0).unwrap_or_default();
    let bar = winback_terminal::bar(range.iter().map(length).sum());
    let seed = |partition: &TopicPartition| {
        let topic = TopicPartition::new(context.topics.accounts.clone(), partition.partition.0);
        let accounts = accounts(log, &topic).map_err(|why| OracleError::Seed(why.to_string()))?;
        Ok(Seed { policies: policies.to_vec(), accounts })
    };
    let outcome = backtest(log, &inbox, question, &seed, &|passed| bar.inc(passed));
    bar.finish_and_clear();
    let why = "retention has taken the beginning of the inbox: accounts and policies before it are those of now, and what \
               was fired before it is not known";
    Ok((outcome?, cut.then(|| why.to_owned())))
}

/// The accounts of a partition as they are now.
pub fn accounts(log: &dyn Log, partition: &TopicPartition) -> anyhow::Result<Vec<Account>> {
    let mut accounts: BTreeMap<Vec<u8>, Account> = BTreeMap::new();
    scan::each(log, partition, Offset::ZERO, |message| {
        let key = message.key().unwrap_or_default().to_vec();
        match message.value().map(v1::Account::from_bytes) {
            None => drop(accounts.remove(&key)),
            Some(wire) => drop(accounts.insert(key, account::from_wire(wire?)?)),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(accounts.into_values().collect())
}
