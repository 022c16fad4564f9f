//! An account that left so many days ago, and what one signal of a kind comes to.

use winback_core::account::{Account, Reason};
use winback_core::debounce::{Body, Gate};
use winback_core::index::Method;
use winback_core::signal::SignalKind;

use crate::rig::{Rig, at, signal};

/// A day in milliseconds.
pub(crate) const DAY: i64 = 86_400_000;

/// A rig whose account left for that reason so many days before its zero.
pub(crate) fn left(extra: &str, reason: Reason, days_ago: i64) -> Rig {
    changed(extra, |account| {
        account.reason = reason;
        account.churned_at = at(-days_ago * DAY);
    })
}

/// A rig whose account differs from the usual one: product gap, 200 days, $84K.
pub(crate) fn changed(extra: &str, change: impl FnOnce(&mut Account)) -> Rig {
    let mut rig = Rig::new(extra);
    rig.change(change);
    rig
}

/// A signal of that kind and class at that time, and the clock past its burst.
pub(crate) fn comes(rig: &mut Rig, kind: SignalKind, class: &str, millis: i64) {
    comes_by(rig, kind, class, millis, Method::Domain);
}

/// As [`comes`], by that rung.
pub(crate) fn comes_by(rig: &mut Rig, kind: SignalKind, class: &str, millis: i64, method: Method) {
    let mut news = signal("a", &format!("{kind} {class} {millis}"), 1, millis, millis);
    (news.kind, news.class, news.method) = (kind, class.to_owned(), method);
    rig.body(Body::Signal(Box::new(news)));
    rig.progress(millis + 10);
}

/// The last gate that was shut.
pub(crate) fn gate(rig: &Rig) -> Option<Gate> {
    rig.decisions().iter().rev().find_map(|decision| decision.gate())
}

/// The last cap that was reached, as a person would say it.
pub(crate) fn cap(rig: &Rig) -> Option<String> {
    rig.decisions().iter().rev().find_map(|decision| decision.cap()).map(|cap| cap.describe())
}
