//! One message at least of every stored format, with every field set.

use winback_proto::v1::*;
use winback_proto::{Timestamp, WireMessage};

use crate::policy::compiled;

/// What a test does with every message.
pub(crate) trait Visitor {
    /// It comes by with the name that it is pinned under.
    fn see<M: WireMessage + PartialEq + std::fmt::Debug>(&mut self, name: &str, message: &M);
}

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: 1_760_000_000 + seconds, nanos: 250_000_000 })
}

fn account() -> Account {
    Account {
        id: "acme".into(),
        name: "Acme".into(),
        aliases: vec!["Acme Corp".into()],
        domains: vec!["acme.example".into()],
        contacts: vec![Contact {
            email_sha256: vec![7; 32],
            role: "cto".into(),
            opted_out: true,
            ..Contact::default()
        }],
        ranges: vec!["203.0.113.0/24".into()],
        churned_at: at(-86_400),
        reason: "product_gap".into(),
        reason_detail: "sso".into(),
        missing_features: vec!["sso".into()],
        competitor: Some("Rival".into()),
        competitor_term_months: Some(12),
        arr_usd: 84_000,
        seats: Some(40),
        tenure_months: Some(26),
        usage_percent: Some(71),
        manner: "graceful".into(),
        concessions: vec!["free migration".into()],
        strategic: true,
        owner: Some("dana@ourcompany.example".into()),
        zone: Some("Europe/Berlin".into()),
        earliest_at: at(1),
        do_not_contact: true,
        declined_at: at(2),
        status: "churned".into(),
        consent: Some(false),
        hold_out: true,
        version: 9,
        ..Account::default()
    }
}

/// The fields that came since: ids in other systems, and languages.
fn account_elsewhere() -> Account {
    let contact = Contact { id: "003A".into(), language: "ja".into(), ..account().contacts.remove(0) };
    Account {
        contacts: vec![contact],
        ids: vec!["salesforce:0018d".into()],
        language: Some("ms".into()),
        ..account()
    }
}

/// The same of a trigger.
fn trigger_elsewhere() -> Trigger {
    let id = OtherId { system: "salesforce".into(), id: "0018d".into() };
    let person = Person { id: "003A".into(), language: "ja".into(), came: Some(true), ..Person::default() };
    let account = AccountSnapshot {
        id: "acme".into(),
        contacts: vec![person],
        ids: vec![id],
        language: "ms".into(),
        ..AccountSnapshot::default()
    };
    Trigger { account: Some(account), ..trigger() }
}

fn item() -> EvidenceItem {
    EvidenceItem {
        kind: "web_visit".into(),
        page_class: "pricing".into(),
        event_time: at(3),
        source: "web".into(),
        id: "m-1".into(),
        strength: 2,
        weight: 5,
        method: "domain".into(),
        matched_on: "domain acme.example".into(),
        detail: "/pricing".into(),
    }
}

fn part() -> ScorePart {
    ScorePart { kind: "web_visit".into(), page_class: "pricing".into(), signals: 1, weight: 5 }
}

pub(crate) fn trigger() -> Trigger {
    Trigger {
        id: "0a".into(),
        parent_id: "0b".into(),
        policy: "default".into(),
        policy_version: 3,
        edge: "leading".into(),
        fired_because: "leading".into(),
        account: Some(AccountSnapshot {
            id: "acme".into(),
            name: "Acme".into(),
            tier: "1".into(),
            arr_usd: 84_000,
            reason: "product_gap".into(),
            reason_detail: "sso".into(),
            churned_at: at(-86_400),
            churn_number: 1,
            months_since_churn: 7,
            band: "sweet_spot".into(),
            owner: "dana@ourcompany.example".into(),
            zone: "Europe/Berlin".into(),
            missing_features: vec!["sso".into()],
            competitor: "Rival".into(),
            segment: "high_value".into(),
            manner: "angry".into(),
            concessions: vec!["free migration".into()],
            seats: Some(40),
            tenure_months: Some(26),
            usage_percent: Some(71),
            ..AccountSnapshot::default()
        }),
        burst_id: "0c".into(),
        score: Some(Score { total: 5, needed: 2, parts: vec![part()] }),
        evidence: Some(Evidence { signals: 1, first_at: at(3), last_at: at(4), items: vec![item()] }),
        play: "gap-closed".into(),
        fired_at: at(5),
        deadline: at(6),
        quiet_until: at(7),
        strength: 2,
        priority: Some(Priority {
            total: 72,
            recoverability: rated(100, "the gap they left for is closed"),
            value: rated(91, "tier 1, $84000 a year"),
            strength: rated(85, "a strong signal, score 5"),
            fit: rated(93, "a release answers a gap"),
            ..Priority::default()
        }),
        cut: Vec::new(),
    }
}

fn rated(percent: u32, why: &str) -> Option<PriorityPart> {
    Some(PriorityPart { percent, why: why.into() })
}

fn sequence() -> Sequence {
    let release = || Some(SequenceRelease { classes: vec!["feature".into()], closes_gap: true });
    let arm = |name: &str| SequenceArm { name: name.into(), percent: 50 };
    let text = |arm: &str| SequenceText {
        language: "en".into(),
        sha256: "0a".into(),
        arm: arm.into(),
        tiers: vec!["1".into()],
        manners: vec!["angry".into()],
        details: vec!["champion_left".into()],
    };
    Sequence {
        name: "gap-closed".into(),
        version: 3,
        rank: 10,
        kind: "outreach".into(),
        removed: true,
        fits: Some(SequenceFits {
            reasons: vec!["product_gap".into()],
            tiers: vec!["1".into()],
            segments: vec!["feature_gap".into()],
            min_days: Some(90),
            min_months: Some(3),
            max_months: Some(36),
            signals: vec![SequenceSignal { kind: "web_visit".into(), page_class: "pricing".into() }],
            release: release(),
            competitor: Some(false),
            manners: vec!["angry".into()],
        }),
        min_gap_days: 3,
        offers: vec![SequenceOffer {
            name: "first-year".into(),
            kind: "discount".into(),
            of_value: true,
            percent: 20,
            months: 3,
            onboarding: true,
            valid_days: 30,
            commitment_months: 12,
            days: 60,
            words: vec![text("")],
        }],
        experiments: vec![SequenceExperiment {
            name: "tone".into(),
            salt: "a".into(),
            arms: vec![arm("short"), arm("long")],
        }],
        steps: vec![SequenceStep {
            id: "shipped".into(),
            day: 1,
            minute: Some(540),
            channel: "email".into(),
            roles: vec!["cto".into()],
            condition: Some(StepCondition {
                engaged: "not_opened".into(),
                tiers: vec!["2".into()],
                release: release(),
                role: "cfo".into(),
            }),
            news: vec!["release".into()],
            offer: "first-year".into(),
            claim: release(),
            content: true,
            experiment: "tone".into(),
            arms: vec!["short".into()],
            texts: vec![text("short")],
        }],
    }
}

fn signal() -> Signal {
    Signal {
        account_id: "acme".into(),
        source: "web".into(),
        id: "m-1".into(),
        kind: "web_visit".into(),
        page_class: "pricing".into(),
        event_time: at(3),
        append_time: at(4),
        input: "web:web-visits/0".into(),
        input_offset: 17,
        method: "domain".into(),
        matched_on: "domain acme.example".into(),
        detail: "/pricing".into(),
        merged_with: vec!["web:web-visits/1".into()],
    }
}

fn decision(subject: decision::Subject) -> Decision {
    Decision {
        account_id: "acme".into(),
        policy: "default".into(),
        policy_version: 3,
        subject: Some(subject),
        outcome: "gated".into(),
        because: "hold_out".into(),
        rule: "gate".into(),
        decided_at: at(5),
        trigger_id: "0a".into(),
        deadline: at(6),
        quiet_until: at(7),
        inbox_partition: 3,
        inbox_offset: 1_042,
        carried_score: 3,
        ..Decision::default()
    }
}

pub(crate) fn inbox() -> Vec<(&'static str, InboxRecord)> {
    use inbox_record::Body;
    let upsert = account_change::Change::Upsert(account());
    let change = |change| Body::Account(AccountChange { change: Some(change) });
    let progress = Progress {
        inputs: vec![
            InputProgress {
                input: "web:a/0".into(),
                reached: Some(input_progress::Reached::EndSeenMsAgo(40)),
            },
            InputProgress {
                input: "web:a/1".into(),
                reached: Some(input_progress::Reached::NewestAppendMs(1_760_000_000_000)),
            },
        ],
        known: vec!["web:a/0".into(), "web:a/1".into()],
    };
    let response = Response {
        account_id: "acme".into(),
        id: "r-1".into(),
        kind: "declined".into(),
        event_time: at(1),
        contact_sha256: vec![7; 32],
        source: "responses".into(),
        ..Response::default()
    };
    [
        ("inbox-signal", Body::Signal(signal())),
        ("inbox-account-upsert", change(upsert)),
        ("inbox-account-gone", change(account_change::Change::Gone("acme".into()))),
        ("inbox-account-erased", change(account_change::Change::Erased("acme".into()))),
        ("inbox-response", Body::Response(response)),
        (
            "inbox-sequence-ended",
            Body::SequenceEnded(SequenceEnded {
                account_id: "acme".into(),
                trigger_id: "0a".into(),
                event_time: at(1),
            }),
        ),
        (
            "inbox-policy",
            Body::Policy(PolicyVersion {
                name: "default".into(),
                version: 3,
                toml: "name = \"default\"\n".into(),
                compiled: None,
            }),
        ),
        ("inbox-policy-compiled", Body::Policy(compiled())),
        ("inbox-hold", Body::Hold(hold())),
        ("inbox-progress", Body::Progress(progress)),
        ("inbox-event", Body::Event(event())),
        ("inbox-carried", Body::Carried(Carried { key: b"aacme".to_vec(), row: vec![0x12, 0] })),
        ("inbox-inputs", Body::Inputs(Inputs { names: vec!["web:a/0".into(), "mail:b/3".into()] })),
        ("inbox-rules", Body::Rules(Rules { version: 1, from_offset: 42, complete: true })),
        ("inbox-kept", Body::Kept(Carried { key: vec![1], row: vec![2, 3] })),
        ("inbox-moved", Body::Moved(Moved { id: "7".into(), from: "sqlite:a.db".into(), complete: true })),
    ]
    .map(|(name, body)| (name, InboxRecord { body: Some(body) }))
    .into()
}

fn hold() -> Hold {
    Hold { policy: "default".into(), held: true, by: "dana".into(), why: "a wrong price".into(), at: at(1) }
}

fn event() -> Event {
    Event {
        source: "releases".into(),
        id: "rel-1".into(),
        kind: "product_release".into(),
        class: "feature".into(),
        event_time: at(1),
        append_time: at(2),
        title: "Single sign-on".into(),
        features: vec!["SSO".into(), "SAML".into()],
        competitor: "Brightloom".into(),
        input: "releases:releases/0".into(),
        input_offset: 7,
    }
}

pub(crate) fn states() -> Vec<(&'static str, StateRecord)> {
    use state_record::State;
    let burst = BurstState {
        id: vec![1; 16],
        policy_version: 3,
        first_ms: 1,
        last_ms: 2,
        deadline_ms: 3,
        signals: 4,
        untold: 5,
        strength: 2,
        leading_tried: true,
        known_well: true,
        led: vec![2; 16],
        parts: vec![part()],
        first_event_ms: 6,
        last_event_ms: 7,
        items: vec![item()],
        carried_score: 8,
    };
    let machine = MachineState {
        burst: Some(burst),
        quiet: Some(QuietState { burst: vec![3; 16], until_ms: 8, strength: 1 }),
        carried: vec![item()],
        score: Some(FadingScore { parts: 1 << 17, at_ms: 9, until_ms: 10 }),
        ..MachineState::default()
    };
    let unsaid = Some(UnsaidState { item: Some(item()), due_ms: Some(11) });
    let kept = MachineState { unsaid, ..MachineState::default() };
    let account = AccountState {
        account: Some(account()),
        churned_at_ms: 1,
        churn_number: 2,
        fires: vec![Fire { policy: "default".into(), at_ms: 3, time_based: true }],
        newest_fire_ms: Some(4),
        declined_at_ms: Some(5),
        opted_out: vec![vec![9; 32]],
        resting_since_ms: Some(6),
        erased: true,
        reactivated: true,
        impossible: "bankrupt".into(),
        ..AccountState::default()
    };
    let cut = AccountState { cut: vec!["concessions".into()], ..account.clone() };
    let entered = AccountState { entries_ms: vec![1, 2], ..AccountState::default() };
    let erased = AccountState { erased: true, erased_at_ms: Some(7), ..AccountState::default() };
    let input = InputState {
        input: "web:a/0".into(),
        reached_ms: Some(1),
        risen_at_elapsed_ms: 2,
        counts: true,
        named: true,
    };
    let clock = ClockState {
        next_offset: 1,
        watermark_ms: Some(2),
        elapsed_ms: 3,
        last_append_ms: Some(4),
        inputs: vec![input],
        bursts_opened: 5,
        bursts_ended: 6,
        ..ClockState::default()
    };
    let hand = HandState { to_ms: 1, after_account: "acme".into(), after_entry: "yearly".into() };
    let release = Some(ReleaseState { at_ms: 2, title: "4.0".into() });
    let calendar = ClockState { signals_made: 9, hand: Some(hand), release, ..ClockState::default() };
    let ruled = ClockState { rules: 1, rules_at: Some(7), signals_unsaid: 2, ..ClockState::default() };
    let fan_out = FanOutState { event: Some(event()), after: Some("acme".into()) };
    [
        ("state-clock", State::Clock(clock)),
        ("state-clock-calendar", State::Clock(calendar)),
        ("state-clock-rules", State::Clock(ruled)),
        ("state-account", State::Account(account)),
        ("state-account-entries", State::Account(entered)),
        ("state-account-cut", State::Account(cut)),
        ("state-fan-out", State::FanOut(fan_out)),
        ("state-account-erased", State::Account(erased)),
        ("state-machine", State::Machine(machine)),
        ("state-machine-unsaid", State::Machine(kept)),
        ("state-seen", State::Seen(SeenState { event_ms: 1, offset: 2, until_ms: 3 })),
        (
            "state-policy",
            State::Policy(PolicyVersion {
                name: "default".into(),
                version: 3,
                toml: "name = \"default\"\n".into(),
                compiled: None,
            }),
        ),
        ("state-hold", State::Hold(Hold { held: true, ..Hold::default() })),
    ]
    .map(|(name, state)| (name, StateRecord { state: Some(state) }))
    .into()
}

/// All of them.
pub(crate) fn each(visitor: &mut impl Visitor) {
    visitor.see("account", &account());
    visitor.see("account-elsewhere", &account_elsewhere());
    let arr = Some(Money { minor: 2_400_000, currency: "EUR".into() });
    let worth = Response { account_id: "acme".into(), arr, terms: "monthly".into(), ..Response::default() };
    visitor.see("response-worth", &worth);
    visitor.see("trigger-elsewhere", &trigger_elsewhere());
    visitor.see("trigger", &trigger());
    let cut = vec!["missing_features".to_owned(), "evidence".to_owned()];
    visitor.see("trigger-cut", &Trigger { cut, ..trigger() });
    let burst = BurstSubject { burst_id: "0c".into(), signals: 3, score: 5, needed: 2, opened_at: at(1) };
    let subject = SignalSubject {
        source: "web".into(),
        id: "m-1".into(),
        kind: "web_visit".into(),
        page_class: "pricing".into(),
        event_time: at(3),
        append_time: at(4),
        method: "domain".into(),
        matched_on: "domain acme.example".into(),
        detail: "/pricing".into(),
        burst_id: "0c".into(),
    };
    visitor.see("decision-signal", &decision(decision::Subject::Signal(subject)));
    visitor.see("decision-burst", &decision(decision::Subject::Burst(burst)));
    visitor.see(
        "action",
        &Action {
            trigger_id: "0a".into(),
            account_id: "acme".into(),
            policy: "default".into(),
            edge: "leading".into(),
            outcome: "delivered".into(),
            why: "why".into(),
            play: "gap-closed".into(),
            channel: "outbox".into(),
            target: "outbox/acme.eml".into(),
            attempts: 2,
            at: at(8),
        },
    );
    visitor.see("dead-letter", &dead_letter());
    visitor.see(
        "policy",
        &PolicyVersion {
            name: "default".into(),
            version: 3,
            toml: "name = \"default\"\n".into(),
            compiled: None,
        },
    );
    visitor.see("matcher-position", &MatcherPosition { next_offset: 77, partitions: 4, next_element: 5 });
    visitor.see("sequence", &sequence());
    visitor.see("suppression", &Suppression { at: at(9), check: vec![1; 32] });
    for (name, record) in inbox() {
        visitor.see(name, &record);
    }
    for (name, record) in states() {
        visitor.see(name, &record);
    }
}

pub(crate) fn dead_letter() -> DeadLetter {
    let reasons = vec![ReasonCount { reason: "bad_time".into(), count: 3 }];
    DeadLetter {
        role: "matcher".into(),
        source: "web".into(),
        topic: "web-visits".into(),
        partition: 1,
        offset: 2,
        element: -1,
        reason: "malformed_json".into(),
        text: "text".into(),
        timestamp: at(1),
        failed_at: at(2),
        key: b"k".to_vec(),
        value: b"{".to_vec(),
        headers: vec![Header { name: "h".into(), value: b"v".to_vec() }],
        size: 1,
        sha256: vec![7; 32],
        points: true,
        rest: Some(LetterRest {
            count: 3,
            reasons: reasons.clone(),
            elements: Some(ElementRanges { steps: vec![20, 1, 2, 300] }),
        }),
        left_out: Some(LettersLeftOut {
            count: 9,
            reasons,
            positions: vec![PositionRange { partition: 1, first: 2, last: 400 }],
        }),
    }
}
