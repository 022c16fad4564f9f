//! The pinned counts of each data set: a change here changes winback's reading of the world, and needs a reason. An
//! account in sixteen left because it was not a fit, by the rules of `data.rs`: nothing starts for those.

/// Lines of counts.
pub(crate) type Counts = [&'static str; 9];

pub(crate) const JOB_POSTINGS: Counts = [
    "records: jobs 9823",
    "signals: 2815",
    "dropped: closed_post 5509, edited 93, flap 1406",
    "dead: ",
    "matched: name 282",
    "unmatched: 2533, ambiguous: 0",
    "decisions: cooled 31, duplicate 4, joined 247",
    "bursts: below_threshold 173, fired 7, gated 4",
    "triggers: trailing 7",
];

pub(crate) const FUNDING_US: Counts = [
    "records: funding 756",
    "signals: 756",
    "dropped: ",
    "dead: ",
    "matched: domain 6, name 230",
    "unmatched: 515, ambiguous: 5",
    "decisions: joined 230, led 6",
    "bursts: fired 167, gated 61, nothing_new 6",
    "triggers: leading 6, trailing 167",
];

pub(crate) const FUNDING_INDIA: Counts = [
    "records: funding 3044",
    "signals: 3040",
    "dropped: ",
    "dead: bad_encoding 1, bad_time 3",
    "matched: domain 36, name 977",
    "unmatched: 2024, ambiguous: 3",
    "decisions: cooled 2, gated 10, joined 975, led 26",
    "bursts: fired 689, gated 296, nothing_new 26",
    "triggers: leading 26, trailing 689",
];

pub(crate) const WEB_ACCESS: Counts = [
    "records: web 10000",
    "signals: 1633",
    "dropped: asset 5708, bot 2239, error_status 220, not_a_page 35, redirect 164",
    "dead: malformed_line 1",
    "matched: range 465",
    "unmatched: 1168, ambiguous: 0",
    "decisions: cooled 168, duplicate 3, gated 1, joined 291, led 2",
    "bursts: below_threshold 26, fired 27, gated 20, updated 2",
    "triggers: leading 2, trailing 27, update 2",
];

pub(crate) const SENDGRID: Counts = [
    "records: sendgrid 10",
    "signals: 2",
    "dropped: not_interest 7",
    "dead: ",
    "matched: contact 2",
    "unmatched: 1, ambiguous: 0",
    "decisions: joined 2",
    "bursts: fired 1",
    "triggers: trailing 1",
];

pub(crate) const POSTMARK: Counts = [
    "records: postmark 9",
    "signals: 2",
    "dropped: not_interest 4",
    "dead: missing_field 1",
    "matched: contact 2",
    "unmatched: 2, ambiguous: 0",
    "decisions: joined 2",
    "bursts: below_threshold 1, fired 1",
    "triggers: trailing 1",
];

pub(crate) const SES: Counts = [
    "records: ses 9",
    "signals: 2",
    "dropped: not_interest 6",
    "dead: missing_field 1",
    "matched: contact 2",
    "unmatched: 0, ambiguous: 0",
    "decisions: joined 2",
    "bursts: below_threshold 1, fired 1",
    "triggers: trailing 1",
];

/// Whoever opened and clicked had complained and unsubscribed before: the burst is gated.
pub(crate) const BREVO: Counts = [
    "records: brevo 16",
    "signals: 3",
    "dropped: machine_open 2, not_interest 8",
    "dead: ",
    "matched: contact 3",
    "unmatched: 1, ambiguous: 0",
    "decisions: duplicate 1, joined 2",
    "bursts: gated 1",
    "triggers: ",
];
