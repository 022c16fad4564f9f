//! Rows that are over go, a few a step.

use std::sync::Arc;

use super::erasure::forget_ids;
use super::step::Step;
use super::versions::forget_ended;
use crate::debounce::model::keys::MachineKey;
use crate::debounce::model::machine::Machine;
use crate::debounce::model::rows::SeenKey;
use crate::debounce::state::store::Store;
use crate::ids::AccountId;
use crate::time::Time;

/// The most rows that one step forgets, so that no step writes much.
const FORGET_A_STEP: usize = 64;

/// A row whose time is over.
enum Over {
    Seen(SeenKey),
    Cooldown(MachineKey),
    Score(MachineKey),
    Erased(AccountId),
}

/// Forgets rows that are over. The ids of erased accounts, rows of ended shadows, and the row that says "erased" go at
/// reports of the readers only (`is_report`), since finding the first of them takes a look at all rows.
pub(crate) fn handle(cx: &mut Step<'_>, is_report: bool) {
    let mut left = FORGET_A_STEP;
    if is_report {
        forget_ended(cx.store, FORGET_A_STEP);
        let Some(rest) = forget_ids(cx, FORGET_A_STEP) else { return };
        left = rest;
    }
    let now = cx.now();
    for _ in 0..left {
        let Some((until, over)) = first_over(cx.store) else { return };
        if until >= now || (matches!(over, Over::Erased(_)) && !is_report) {
            return;
        }
        forget(cx.store, over);
    }
}

/// The row that is over first: by its time, then by its sort, then by its key.
fn first_over(store: &Store) -> Option<(Time, Over)> {
    let (machines, accounts) = (store.machines.indexes(), store.accounts.indexes());
    let (seen, cooldown) = (store.seen.indexes().expiry.first(), machines.cooldowns.first());
    let (score, erased) = (machines.scores.first(), accounts.erased.expiry.first());
    let times = [
        seen.map(|(until, _)| *until),
        cooldown.map(|(until, _)| *until),
        score.map(|(until, _)| *until),
        erased.map(|(until, _)| *until),
    ];
    let first = times.iter().flatten().min().copied()?;
    let over = match times.iter().position(|time| *time == Some(first))? {
        0 => Over::Seen(seen?.1.clone()),
        1 => Over::Cooldown(cooldown?.1.clone()),
        2 => Over::Score(score?.1.clone()),
        _ => Over::Erased(erased?.1.clone()),
    };
    Some((first, over))
}

fn forget(store: &mut Store, over: Over) {
    match over {
        Over::Seen(key) => store.seen.set(key, None),
        // The evidence of the cool-down stays for the next burst.
        Over::Cooldown(key) => edit_machine(store, key, |machine| machine.cooldown = None),
        // Less than a point is left.
        Over::Score(key) => edit_machine(store, key, |machine| machine.carried_score = None),
        Over::Erased(id) => store.accounts.set(id, None),
    }
}

fn edit_machine(store: &mut Store, key: MachineKey, change: impl FnOnce(&mut Machine)) {
    let Some(mut machine) = store.machines.take(&key) else { return };
    change(Arc::make_mut(&mut machine));
    store.put_machine(key, machine);
}
