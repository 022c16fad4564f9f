//! Which librdkafka is linked, and whether winback's promise against late requests was proved with it.
//!
//! That a connection broke or a request timed out is heard from lines that librdkafka logs
//! ([`super::context::WriteContext`]), which no interface of it promises. A version that words them otherwise would let a
//! late end of a transaction tear the next one, and nothing would say so.

use rdkafka::util::get_rdkafka_version;
use winback_log::LogError;

/// The versions with which the tests of late requests pass (`tests/torn`).
const PROVEN: [&str; 1] = ["2.12.1"];

/// The version that this process runs with.
pub(super) fn linked() -> String {
    get_rdkafka_version().1
}

/// Whether a process may write transactions with that version; `accepted` is one that somebody answers for.
pub(super) fn check(linked: &str, accepted: &str) -> Result<(), LogError> {
    if PROVEN.contains(&linked) || linked == accepted {
        return Ok(());
    }
    Err(LogError::Config(format!(
        "this process runs with librdkafka {linked}, and exactly-once was proved with {} only: a transaction could be torn by a \
         late request unheard; build winback with its own librdkafka, or, once `cargo test -p winback-log-kafka --test torn` passes \
         with this one, set kafka.accept_librdkafka = \"{linked}\"",
        PROVEN.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_that_is_built_in_is_proven() {
        check(&linked(), "").unwrap();
    }

    #[test]
    fn another_version_is_refused_with_what_to_do() {
        for accepted in ["", "2.14.0", "2.13"] {
            let refused = check("2.13.0", accepted).unwrap_err().to_string();
            for part in ["librdkafka 2.13.0", "2.12.1", "kafka.accept_librdkafka = \"2.13.0\"", "--test torn"]
            {
                assert!(refused.contains(part), "{part}: {refused}");
            }
        }
    }

    #[test]
    fn another_version_is_taken_where_it_is_accepted_by_name() {
        check("2.13.0", "2.13.0").unwrap();
    }
}
