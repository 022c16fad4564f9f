//! One broker for all tests of a binary, or a loud word about what was not tested.

use std::sync::OnceLock;

use super::{Broker, BrokerError};

static SHARED: OnceLock<Result<Broker, BrokerError>> = OnceLock::new();

/// The broker that the tests of this binary share. Without one, says loudly what is skipped, and fails where
/// everything must be tested (`CI=true`).
///
/// # Panics
/// When there is none and `CI` is `true`, or when one could be started but was not.
pub fn broker_or_skip(what: &str) -> Option<&'static Broker> {
    match SHARED.get_or_init(Broker::start) {
        Ok(broker) => Some(broker),
        Err(error @ BrokerError::Unavailable { .. }) => {
            skip_or_fail(what, error);
            None
        }
        #[expect(clippy::panic, reason = "a test helper: a broker that does not start is a failed test")]
        Err(error) => panic!("{what}: {error}"),
    }
}

/// Says loudly that `what` is skipped because of `error`.
///
/// # Panics
/// When `CI` is `true`.
pub fn skip_or_fail(what: &str, error: &BrokerError) {
    #[expect(
        clippy::panic,
        reason = "a test helper: where everything must be tested, a skipped test is a failed one"
    )]
    if std::env::var("CI").is_ok_and(|ci| ci == "true") {
        panic!("{what}: {error}");
    }
    #[expect(clippy::print_stderr, reason = "a test helper: a skipped test must be seen")]
    {
        eprintln!("\n*** SKIPPED: {what}: {error} ***\n");
    }
}
