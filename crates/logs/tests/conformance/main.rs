//! One suite of tests for every log: memory, the simulation's model, a SQLite file, Apache Kafka.
//!
//! The cases know `&dyn Log` and a [`harness::Harness`]; a log joins by a harness and one `conformance!` line.
//! Waiting is for a state, with a deadline.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skipped"
)]

/// Instantiates every case with the harness that `$make` returns; `None` skips, after it has said why.
macro_rules! conformance {
    ($make:path) => {
        conformance! { @ $make;
            records: the_records_of_a_partition_come_in_order,
            records: headers_survive_empty_repeated_and_binary,
            records: a_tombstone_is_no_empty_value_and_a_record_needs_no_key,
            records: a_record_of_two_megabytes_survives,
            records: timestamps_are_the_producers_or_the_logs,
            records: the_same_key_goes_to_the_same_partition_whoever_writes,
            records: compaction_keeps_the_newest_record_of_a_key,
            records: single_records_are_removed_where_the_log_can,
            transactions: a_transaction_is_seen_whole_or_not_at_all,
            transactions: an_abort_leaves_nothing_and_the_lane_seeks_back,
            transactions: a_new_session_goes_on_at_the_committed_positions,
            transactions: a_replaced_session_is_fenced,
            transactions: a_transaction_without_positions_is_refused,
            transactions: a_transaction_of_positions_only_is_committed,
            transactions: positions_reach_the_ends_of_transactional_topics,
            groups: two_members_share_a_group_and_nothing_is_missed_or_doubled,
            groups: epochs_tell_assignments_apart,
            groups: two_groups_read_the_same_records,
            reading: a_paused_partition_delivers_nothing_until_it_is_resumed,
            reading: a_partition_that_is_taken_paused_delivers_from_where_it_is_sought,
            reading: a_seek_delivers_again_from_there,
            reading: an_offset_is_found_by_time,
            reading: a_reader_restores_from_the_beginning_to_the_end,
            reading: a_reader_beyond_the_end_waits,
            topics: a_missing_topic_is_an_error_that_names_it,
            topics: making_a_topic_again_changes_nothing,
            topics: topics_are_described_in_the_order_asked,
        }
    };
    (@ $make:path; $($module:ident: $case:ident,)+) => {
        $(#[test]
        fn $case() {
            if let Some(harness) = $make() {
                crate::$module::$case(&harness);
            }
        })+
    };
}

mod groups;
mod harness;
mod kafka;
mod memory;
mod model;
mod reading;
mod records;
mod sqlite;
mod topics;
mod transactions;
