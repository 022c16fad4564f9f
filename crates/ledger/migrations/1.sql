-- Times are Unix milliseconds, money is whole minor units with a currency, truths are 0 and 1.
-- `learned_at` is the time at which the log took the record: a report as of a time leaves out what was learned later.
CREATE TABLE ledger_migrations (version BIGINT NOT NULL PRIMARY KEY);

-- The one keeper of this ledger, and the settings that spells were derived with.
CREATE TABLE keeper (
    id BIGINT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    attribution_ms BIGINT NOT NULL
);
INSERT INTO keeper (id, epoch, attribution_ms) VALUES (1, 0, 0);

-- The record that is read next, and the epoch of the member that reads it.
CREATE TABLE positions (
    topic TEXT NOT NULL,
    partition_number BIGINT NOT NULL,
    position BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    PRIMARY KEY (topic, partition_number)
);

-- Records that the log removed before the ledger read them.
CREATE TABLE gaps (
    topic TEXT NOT NULL,
    partition_number BIGINT NOT NULL,
    from_position BIGINT NOT NULL,
    to_position BIGINT NOT NULL,
    PRIMARY KEY (topic, partition_number, from_position)
);

-- Records that hold no fact that this version understands.
CREATE TABLE refused (
    topic TEXT NOT NULL,
    partition_number BIGINT NOT NULL,
    position BIGINT NOT NULL,
    why TEXT NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (topic, partition_number, position)
);

-- Erased accounts: the keyed hash of the id, and the random token that stands in its place.
CREATE TABLE erased (
    hash TEXT NOT NULL PRIMARY KEY,
    token TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE account_states (
    account TEXT NOT NULL,
    at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    gone BIGINT NOT NULL,
    active BIGINT NOT NULL,
    churned_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    tier TEXT NOT NULL,
    segment TEXT NOT NULL,
    owner TEXT NOT NULL,
    arr_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    held_out BIGINT NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (account, at, version, gone)
);

CREATE TABLE triggers (
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    starts BIGINT NOT NULL,
    policy TEXT NOT NULL,
    edge TEXT NOT NULL,
    strength BIGINT NOT NULL,
    play TEXT NOT NULL,
    kinds TEXT NOT NULL,
    first_signal_at BIGINT,
    asked_at BIGINT,
    churned_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    tier TEXT NOT NULL,
    segment TEXT NOT NULL,
    owner TEXT NOT NULL,
    arr_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (account, id)
);

CREATE TABLE actions (
    account TEXT NOT NULL,
    trigger_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    play TEXT NOT NULL,
    channel TEXT NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (account, trigger_id)
);

CREATE TABLE answers (
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    arr_minor BIGINT,
    currency TEXT NOT NULL,
    terms TEXT NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (account, id, learned_at)
);

CREATE TABLE interests (
    account TEXT NOT NULL,
    day BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (account, day)
);

CREATE TABLE judgements (
    account TEXT NOT NULL,
    burst TEXT NOT NULL,
    policy TEXT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    because TEXT NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (account, burst, policy, at, outcome)
);

-- One row a spell: what its account's facts come to.
CREATE TABLE spells (
    account TEXT NOT NULL,
    number BIGINT NOT NULL,
    churned_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    tier TEXT NOT NULL,
    segment TEXT NOT NULL,
    owner TEXT NOT NULL,
    arr_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    held_out BIGINT NOT NULL,
    gone_at BIGINT,
    first_signal_at BIGINT,
    triggered_at BIGINT,
    attempted_at BIGINT,
    touches BIGINT NOT NULL,
    answered_at BIGINT,
    returned_at BIGINT,
    returned_by TEXT,
    origin TEXT,
    touch_trigger TEXT,
    touch_at BIGINT,
    touch_play TEXT,
    touch_channel TEXT,
    return_arr_minor BIGINT,
    return_currency TEXT,
    return_terms TEXT,
    churned_again_at BIGINT,
    PRIMARY KEY (account, number)
);

-- Counts of spells by the day of what happened: churned, triggered, attempted, answered, returned.
CREATE TABLE daily (
    day BIGINT NOT NULL,
    what TEXT NOT NULL,
    reason TEXT NOT NULL,
    tier TEXT NOT NULL,
    segment TEXT NOT NULL,
    spells BIGINT NOT NULL,
    PRIMARY KEY (day, what, reason, tier, segment)
);

-- Imports: what the programme costs, what new customers cost, and rates of currencies.
CREATE TABLE costs (
    month TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (month, kind, name)
);

CREATE TABLE acquisition (
    month TEXT NOT NULL PRIMARY KEY,
    customers BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    learned_at BIGINT NOT NULL
);

-- Millionths of a unit of `into_currency` for a unit of `currency`.
CREATE TABLE rates (
    month TEXT NOT NULL,
    currency TEXT NOT NULL,
    into_currency TEXT NOT NULL,
    millionths BIGINT NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (month, currency, into_currency)
);
