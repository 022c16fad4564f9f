-- Views for BI. Their names and columns are stable: a later version adds columns and takes none away.

-- A row a spell: an account's time from one churn to the next. Times are UTC text; money is minor units.
CREATE VIEW ledger_spells AS
SELECT account, number AS churn_number,
    strftime('%Y-%m-%dT%H:%M:%SZ', churned_at / 1000, 'unixepoch') AS churned_at,
    strftime('%Y-%m', churned_at / 1000, 'unixepoch') AS churn_month,
    reason, tier, segment, owner, arr_minor, currency, held_out,
    strftime('%Y-%m-%dT%H:%M:%SZ', gone_at / 1000, 'unixepoch') AS gone_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', first_signal_at / 1000, 'unixepoch') AS first_signal_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', triggered_at / 1000, 'unixepoch') AS triggered_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', attempted_at / 1000, 'unixepoch') AS attempted_at,
    touches,
    strftime('%Y-%m-%dT%H:%M:%SZ', answered_at / 1000, 'unixepoch') AS answered_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', returned_at / 1000, 'unixepoch') AS returned_at,
    -- answer, self or status: the first evidence of the return
    returned_by,
    -- attributed, asked_first, organic or welcomed
    origin,
    strftime('%Y-%m-%dT%H:%M:%SZ', churned_again_at / 1000, 'unixepoch') AS churned_again_at
FROM spells;

-- A row a return: the first of its spell, with the touch that it belongs to. No amount means that nobody said it.
CREATE VIEW ledger_returns AS
SELECT account, number AS churn_number, reason, tier, segment, owner,
    strftime('%Y-%m-%dT%H:%M:%SZ', returned_at / 1000, 'unixepoch') AS returned_at,
    strftime('%Y-%m', returned_at / 1000, 'unixepoch') AS return_month,
    (returned_at - churned_at) / 86400000 AS days_away,
    returned_by, origin, touch_play AS play, touch_channel AS channel,
    (returned_at - touch_at) / 86400000 AS days_after_touch,
    return_arr_minor AS arr_minor, return_currency AS currency, return_terms AS terms,
    (churned_again_at - returned_at) / 86400000 AS days_kept
FROM spells WHERE returned_at IS NOT NULL;

-- A row a touch: an action that was sent, with the spell that it fell into.
CREATE VIEW ledger_touches AS
SELECT a.account, s.number AS churn_number, s.reason, s.tier, s.segment, a.trigger_id,
    strftime('%Y-%m-%dT%H:%M:%SZ', a.at / 1000, 'unixepoch') AS sent_at,
    strftime('%Y-%m', a.at / 1000, 'unixepoch') AS sent_month,
    a.play, a.channel,
    CASE WHEN s.answered_at >= a.at THEN 1 ELSE 0 END AS answered_after,
    CASE WHEN s.returned_at >= a.at THEN 1 ELSE 0 END AS returned_after
FROM actions AS a JOIN spells AS s ON s.account = a.account AND a.at >= s.churned_at
    AND (s.churned_again_at IS NULL OR a.at < s.churned_again_at)
WHERE a.outcome = 'delivered';

-- A row a trigger.
CREATE VIEW ledger_triggers AS
SELECT account, id AS trigger_id, strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') AS fired_at,
    strftime('%Y-%m', at / 1000, 'unixepoch') AS fired_month,
    starts, policy, edge, strength, play, kinds, reason, tier, segment,
    (at - first_signal_at) / 1000 AS seconds_from_signal
FROM triggers;

-- A row a day, an event and a group: the same counts as over ledger_spells, without reading every spell.
CREATE VIEW ledger_daily AS
SELECT strftime('%Y-%m-%d', day * 86400, 'unixepoch') AS day, what, reason, tier, segment, spells
FROM daily WHERE spells > 0;

-- A row a month and cost of the programme.
CREATE VIEW ledger_costs AS SELECT month, kind, name, amount_minor, currency FROM costs;

-- A row a month: new customers, and what they cost.
CREATE VIEW ledger_acquisition AS SELECT month, customers, amount_minor, currency FROM acquisition;
