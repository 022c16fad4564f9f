//! Every metric: its name, type, unit, labels, what it says, and what to watch it for.
//!
//! Label values are the names of closed enums, or names that the configuration lists (sources, policies). No label holds
//! an id, and none a partition, because a series outlives the assignment of a partition.

use std::marker::PhantomData;

pub use super::gauge::Combine;

/// The type of a metric that only grows.
pub enum Counter {}
/// The type of a metric that is set.
pub enum Gauge {}
/// The type of a metric that spreads values over buckets.
pub enum Histogram {}

/// The shape of a metric.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Only grows.
    Counter,
    /// Is set, in parts.
    Gauge(Combine),
    /// Spreads values over buckets with these upper bounds.
    Histogram(&'static [f64]),
}

impl Shape {
    /// The type as the documentation names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge(Combine::Sum) => "gauge (sum)",
            Self::Gauge(Combine::Min) => "gauge (least)",
            Self::Gauge(Combine::Max) => "gauge (greatest)",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// The definition of a metric.
#[derive(Debug)]
pub struct Info {
    /// Its name at `/metrics`.
    pub name: &'static str,
    /// The shape.
    pub shape: Shape,
    /// The unit.
    pub unit: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// The help text.
    pub help: &'static str,
    /// The advice for alerts.
    pub alert: &'static str,
}

/// A metric of type `K` with `N` labels.
pub struct Def<K, const N: usize> {
    /// The definition.
    pub info: Info,
    kind: PhantomData<fn() -> K>,
}

impl<const N: usize> Def<Gauge, N> {
    pub(super) const fn combine(&self) -> Combine {
        match self.info.shape {
            Shape::Gauge(combine) => combine,
            Shape::Counter | Shape::Histogram(_) => Combine::Sum,
        }
    }
}

/// From an idle commit of 2 ms to a client's time-out.
const COMMIT: &[f64] =
    &[0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.35, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0];
/// Around the aims of 0.2 s and 1.5 s, up to a catch-up of a day.
const DELAY: &[f64] = &[
    0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0,
    21_600.0, 86_400.0,
];

macro_rules! list {
    ($($name:ident: $kind:ident<$n:literal> $(($arg:expr))? = $text:literal, $unit:literal, [$($label:literal),*], $help:literal, $alert:literal;)+) => {
        $(
            #[doc = $help]
            pub static $name: Def<$kind, $n> = Def {
                info: Info {
                    name: $text,
                    shape: Shape::$kind $(($arg))?,
                    unit: $unit,
                    labels: { const LABELS: &[&str; $n] = &[$($label),*]; LABELS },
                    help: $help,
                    alert: $alert,
                },
                kind: PhantomData,
            };
        )+

        /// The whole list, in the order of the documentation.
        pub static ALL: &[&Info] = &[$(&$name.info),+];
    };
}

list! {
    RECORDS: Counter<1> = "winback_records_total", "records", ["source"],
        "Records read from a source.",
        "none for longer than the source is ever quiet";
    SIGNALS: Counter<1> = "winback_signals_total", "events", ["source"],
        "Events understood in the records of a source, before the join.",
        "a fall against `winback_records_total`: a producer changed its format";
    DROPPED: Counter<2> = "winback_dropped_total", "records or events", ["source", "reason"],
        "What a source was right to leave out: bots, machines' opens, kinds that nobody asked for.",
        "a jump of one reason";
    DEAD_LETTERS: Counter<2> = "winback_dead_letters_total", "records or events", ["role", "reason"],
        "What could not be processed: it is in the dead-letter topic, unless it was left out.",
        "any: each is an event that decided nothing";
    DEAD_LETTERS_LEFT_OUT: Counter<2> = "winback_dead_letters_left_out_total", "records or events", ["role", "source"],
        "What could not be processed and has no dead letter: the source is over `dead_letters.max_bytes_per_hour`. Counted in \
         `winback_dead_letters_total`, too.",
        "any: somebody fills the source with what nobody understands";
    SUPPRESSED: Counter<0> = "winback_suppressed_rows_total", "rows", [],
        "Rows of accounts that the registrar refused, because the account or everybody known there was erased.",
        "growth: a system that you import from still has them";
    MATCHES: Counter<2> = "winback_matches_total", "events", ["source", "method"],
        "Events that belong to a churned account, by the rung of the match ladder.",
        "a rung that falls to nothing: the accounts lost their domains or contacts";
    ANSWERS: Counter<2> = "winback_answers_total", "answers", ["source", "kind"],
        "What accounts answered, as the inbox got it: replied, declined, opted_out, reactivated; sequence_ended is silence.",
        "`opted_out` or `declined` at a rate that is new: the messages are not welcome";
    UNMATCHED: Counter<1> = "winback_unmatched_total", "events", ["source"],
        "Events that belong to no churned account; most of them.",
        "none at all: somebody's domain matches everybody";
    AMBIGUOUS: Counter<2> = "winback_ambiguous_total", "events", ["source", "method"],
        "Events that several accounts claim, unresolved by later rungs, by the rung that was claimed twice.",
        "growth: duplicates in the account list";
    BROADCASTS: Counter<1> = "winback_broadcasts_total", "events", ["source"],
        "Releases and competitors' events that went into every partition of the inbox, to be told to whom they concern.",
        "a jump: a producer sends what concerns one account as if it concerned all";
    MADE: Counter<0> = "winback_signals_made_total", "signals", [],
        "Signals that the detector made itself: entries of the calendar, and events told to an account.",
        "none for a day, with accounts in the list: the watermark stands still";
    BEHIND: Gauge<0>(Combine::Sum) = "winback_partitions_telling", "partitions", [],
        "Partitions whose calendar or events are not through: each progress record goes on, with so many accounts at most.",
        "anything over 0 for hours: more falls due than is told";
    DECISIONS: Counter<2> = "winback_decisions_total", "signals", ["outcome", "reason"],
        "Signals by their one outcome; `reason` is the gate's, empty otherwise.",
        "`expired` growing: a source is late; `gated` with reason `hold` outside of a hold";
    BURST_ENDS: Counter<2> = "winback_burst_ends_total", "bursts", ["outcome", "reason"],
        "Bursts by how they ended; `reason` is the gate's, or why a burst fired, empty otherwise.",
        "`max_signals` at a high rate: an account that sends without end";
    TRIGGERS: Counter<2> = "winback_triggers_total", "triggers", ["policy", "edge"],
        "Triggers committed.",
        "none for a day on a deployment that usually has some";
    LEADING_DELAY: Histogram<0>(DELAY) = "winback_leading_trigger_seconds", "seconds", [],
        "From the append of the signal at its source to the commit of the trigger that it fired at once.",
        "p99 over 0.2 s while there is no lag";
    TRAILING_DELAY: Histogram<0>(DELAY) = "winback_trailing_trigger_seconds", "seconds", [],
        "From the deadline of a burst to the commit of the trigger at its end.",
        "p99 over 1.5 s while there is no lag";
    ACTIONS: Counter<1> = "winback_actions_total", "actions", ["outcome"],
        "What the worker made of triggers.",
        "`stale`, or retries without deliveries";
    ENDPOINTS_STOPPED: Gauge<0>(Combine::Sum) = "winback_endpoints_stopped", "endpoints", [],
        "Webhook endpoints that refused winback (401, 403, 404) and are not called any more.",
        "anything over 0";
    ENDPOINTS_UNREACHED: Gauge<0>(Combine::Sum) = "winback_endpoints_unreached", "endpoints", [],
        "Webhook endpoints that cannot be reached or answer that they are busy or broken (408, 425, 429, 5xx); tried again.",
        "anything over 0 for minutes: triggers wait, and are left once they are stale";
    LAG: Gauge<2>(Combine::Sum) = "winback_lag_records", "records", ["role", "source"],
        "Records behind the known ends of what a role reads; `source` is the source's name, or the topic's for other roles.",
        "growth over minutes";
    WATERMARK: Gauge<0>(Combine::Min) = "winback_watermark_timestamp_seconds", "seconds since 1970", [],
        "The clock of the partition that is furthest behind: bursts due at it have ended.",
        "an age over minutes: no burst ends until it moves";
    INPUTS_LEFT_OUT: Gauge<0>(Combine::Max) = "winback_inputs_left_out", "inputs", [],
        "Source partitions that stood still for ten minutes while others went on, so that the clock does not wait for them.",
        "anything over 0: what they bring later counts from then on";
    OPEN_BURSTS: Gauge<0>(Combine::Sum) = "winback_open_bursts", "bursts", [],
        "Bursts that wait for their deadline.",
        "growth while the watermark stands";
    CONSERVATION: Gauge<1>(Combine::Sum) = "winback_conservation_imbalance", "records, events or bursts", ["law"],
        "What a lane's committed work does not account for, as an absolute number, by law: records, events, decisions, bursts.",
        "anything but 0: something was lost or counted twice";
    COMMITS: Counter<1> = "winback_commits_total", "transactions", ["role"],
        "Transactions committed.",
        "none while there is lag";
    ABORTS: Counter<1> = "winback_aborts_total", "transactions", ["role"],
        "Transactions aborted, their batches read again.",
        "a steady rate: the log refuses something";
    UNKNOWN_OUTCOMES: Counter<1> = "winback_unknown_outcomes_total", "transactions", ["role"],
        "Commits or aborts whose outcome the log did not tell; the lane took its id anew and reloaded.",
        "more than one in ten minutes: the log is overloaded or hard to reach";
    REBALANCES: Counter<2> = "winback_rebalances_total", "events", ["role", "kind"],
        "Changes of assignment: assigned, revoked, lost.",
        "`lost` at all, others without a deployment";
    COMMIT_SECONDS: Histogram<1>(COMMIT) = "winback_commit_seconds", "seconds", ["role"],
        "How long a commit took.",
        "p99 over 0.1 s";
    RESTORE_TOTAL: Gauge<1>(Combine::Sum) = "winback_restore_partitions", "partitions", ["role"],
        "Assigned partitions that have state to restore.",
        "–";
    RESTORED: Gauge<1>(Combine::Sum) = "winback_restored_partitions", "partitions", ["role"],
        "Of these, how many are restored.",
        "less than `winback_restore_partitions` for minutes";
    LANES_STALLED: Gauge<1>(Combine::Sum) = "winback_lanes_stalled", "lanes", ["role"],
        "Lanes that finished no turn within the time allowed.",
        "anything over 0";
    LANES_STOPPED: Gauge<2>(Combine::Sum) = "winback_lanes_stopped", "lanes", ["role", "source"],
        "Lanes that stopped reading because too much of it would become dead letters; `source` as in `winback_lag_records`.",
        "anything over 0: a producer changed its format, and what it sends waits";
    INDEX_ACCOUNTS: Gauge<0>(Combine::Max) = "winback_index_accounts", "accounts", [],
        "Churned accounts in the index.",
        "a sudden fall: the list was replaced by a short one";
    INDEX_BYTES: Gauge<0>(Combine::Max) = "winback_index_bytes", "bytes", [],
        "The size of the index in memory.",
        "the memory that the process may use";
    INDEX_BOOTSTRAPPED: Gauge<0>(Combine::Min) = "winback_index_bootstrapped", "0 or 1", [],
        "Whether the index was read to the end of the accounts topic; no signal is judged before.",
        "0 for minutes";
    FOREIGN_RECORDS: Gauge<1>(Combine::Max) = "winback_foreign_records", "records", ["topic"],
        "Records of winback's own compacted topics that this process has seen and cannot read.",
        "anything over 0: no member starts again before `winback topics doctor` has mended it";
    READY: Gauge<0>(Combine::Min) = "winback_ready", "0 or 1", [],
        "Whether `/readyz` answers 200; its text says why not.",
        "0 for minutes";
    BUILD_INFO: Gauge<1>(Combine::Max) = "winback_build_info", "1", ["version"],
        "Always 1; the label says which version runs.",
        "two versions for longer than a roll-out";
    KAFKA_RX_BYTES: Gauge<1>(Combine::Sum) = "winback_kafka_rx_bytes", "bytes", ["role"],
        "Bytes received by the clients that run now, since each began.",
        "–";
    KAFKA_TX_BYTES: Gauge<1>(Combine::Sum) = "winback_kafka_tx_bytes", "bytes", ["role"],
        "Bytes sent by the clients that run now, since each began.",
        "–";
    KAFKA_RX_MESSAGES: Gauge<1>(Combine::Sum) = "winback_kafka_rx_messages", "records", ["role"],
        "Records received by the clients that run now, since each began.",
        "–";
    KAFKA_TX_MESSAGES: Gauge<1>(Combine::Sum) = "winback_kafka_tx_messages", "records", ["role"],
        "Records sent by the clients that run now, since each began.",
        "–";
    KAFKA_FETCH_QUEUE_MESSAGES: Gauge<1>(Combine::Sum) = "winback_kafka_fetch_queue_messages", "records", ["role"],
        "Records fetched and not yet polled.",
        "–";
    KAFKA_FETCH_QUEUE_BYTES: Gauge<1>(Combine::Sum) = "winback_kafka_fetch_queue_bytes", "bytes", ["role"],
        "Bytes fetched and not yet polled.",
        "the configured limit while lag grows: the lane is the bottleneck, not the broker";
    KAFKA_SEND_QUEUE_MESSAGES: Gauge<1>(Combine::Sum) = "winback_kafka_send_queue_messages", "records", ["role"],
        "Records appended and not yet acknowledged.",
        "growth: the broker is slow";
    KAFKA_SEND_QUEUE_BYTES: Gauge<1>(Combine::Sum) = "winback_kafka_send_queue_bytes", "bytes", ["role"],
        "Bytes appended and not yet acknowledged.",
        "–";
    KAFKA_RTT_SECONDS: Gauge<1>(Combine::Max) = "winback_kafka_rtt_seconds", "seconds", ["role"],
        "The slowest broker's mean round trip.",
        "a rise against its usual value";
    KAFKA_THROTTLE_SECONDS: Gauge<1>(Combine::Max) = "winback_kafka_throttle_seconds", "seconds", ["role"],
        "How long the broker holds answers back because of a quota.",
        "anything over 0";
}
