//! Figures that a client library counts of itself.

/// A figure of the client library, of all clients of a session together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientFigure {
    /// Bytes received since the clients began.
    ReceivedBytes,
    /// Bytes sent since the clients began.
    SentBytes,
    /// Records received since the clients began.
    ReceivedRecords,
    /// Records sent since the clients began.
    SentRecords,
    /// Records fetched and not yet polled.
    FetchQueueRecords,
    /// Bytes fetched and not yet polled.
    FetchQueueBytes,
    /// Records appended and not yet acknowledged.
    SendQueueRecords,
    /// Bytes appended and not yet acknowledged.
    SendQueueBytes,
    /// The slowest broker's mean round trip, in seconds.
    RoundTripSeconds,
    /// The longest mean time that a broker holds answers back because of a quota, in seconds.
    ThrottleSeconds,
}

impl ClientFigure {
    /// All figures.
    pub const ALL: [Self; 10] = [
        Self::ReceivedBytes,
        Self::SentBytes,
        Self::ReceivedRecords,
        Self::SentRecords,
        Self::FetchQueueRecords,
        Self::FetchQueueBytes,
        Self::SendQueueRecords,
        Self::SendQueueBytes,
        Self::RoundTripSeconds,
        Self::ThrottleSeconds,
    ];
}
