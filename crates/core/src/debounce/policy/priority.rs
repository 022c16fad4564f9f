//! The worth of a trigger to a person's time: recoverability × value × strength × fit × manner × months × usage, each in
//! percent with its reason.
//!
//! DOMAIN, *Recoverability*, *Tiers*, and its table of what to say: which signal fits which reason. The detector fires
//! whatever the priority is; people and receivers sort by it.

use super::answers::{MAJOR_VERSION, ONBOARDING, PRICE, QUALITY, SERVICE};
use super::dates::only_time_based;
use crate::account::{Account, Manner, Reason, Tier};
use crate::debounce::model::evidence::Evidence;
use crate::debounce::model::kind_rule::{self, STRONGEST};
use crate::debounce::model::priority::{Priority, Rated};
use crate::debounce::model::trigger::Band;
use crate::signal::{KindTrait, SignalKind};

/// The priority of a trigger for this account, of this evidence and highest strength, so many whole months after it left.
pub fn priority(account: &Account, evidence: &Evidence, strength: u8, months: u32) -> Priority {
    let parts = if strength >= STRONGEST && asks_to_return(evidence) {
        // Whoever asks to come back has answered every other question.
        [(); 6].map(|()| Rated::new(100, "they ask to come back"))
    } else {
        [
            recoverability(account.reason, evidence),
            strong(evidence, strength),
            fit(account.reason, evidence),
            manner(account.manner),
            since(months),
            usage(account.usage_percent),
        ]
    };
    let value = value(account);
    let all = parts.iter().chain([&value]);
    let share = all.fold(SCALE, |share, part| share * u64::from(part.percent) / 100);
    let total = u32::try_from((share + SCALE / 200) * 100 / SCALE).unwrap_or(100);
    let [recoverability, strength, fit, manner, months, usage] = parts;
    Priority { total, recoverability, value, strength, fit, manner, months, usage }
}

/// The scale in which parts are multiplied.
const SCALE: u64 = 1 << 40;

fn manner(manner: Manner) -> Rated {
    match manner {
        Manner::Graceful => Rated::new(100, "they left on good terms"),
        Manner::Neutral => Rated::new(90, "they left without a word"),
        Manner::Angry => Rated::new(60, "they left upset"),
    }
}

fn since(months: u32) -> Rated {
    let (percent, what) = match Band::of(months) {
        Band::Early => (80, "which is early"),
        Band::SweetSpot => (100, "the best time"),
        Band::Late => (80, "which is late"),
        Band::NewProspect => (60, "as good as a new prospect"),
    };
    let when = if months == 1 { "a month".to_owned() } else { format!("{months} months") };
    Rated::new(percent, format!("{when} since they left, {what}"))
}

fn usage(percent: Option<u32>) -> Rated {
    match percent {
        None => Rated::new(90, "nobody knows how much they used it"),
        Some(seats @ 50..) => Rated::new(100, format!("{seats} % of their seats used it")),
        Some(seats @ 20..) => Rated::new(90, format!("{seats} % of their seats used it")),
        Some(seats) => Rated::new(70, format!("only {seats} % of their seats used it")),
    }
}

/// True when somebody came to a page on which one asks to come back.
fn asks_to_return(evidence: &Evidence) -> bool {
    evidence.parts.iter().any(|part| kind_rule::asks_to_return(part.kind, &part.class))
}

fn has(evidence: &Evidence, kinds: &[SignalKind]) -> bool {
    evidence.parts.iter().any(|part| kinds.contains(&part.kind))
}

fn released(evidence: &Evidence, what: &str) -> bool {
    let is = |class: &str| class == what;
    evidence.parts.iter().any(|part| part.kind == SignalKind::ProductRelease && is(&part.class))
}

/// A release of whatever class comes to whom left for a gap only when it names the feature that they missed.
fn gap_closed(evidence: &Evidence) -> bool {
    has(evidence, &[SignalKind::ProductRelease])
}

/// True if a release of quality, or a major version, answers a technical fault.
fn mended(evidence: &Evidence) -> bool {
    released(evidence, QUALITY) || released(evidence, MAJOR_VERSION)
}

fn recoverability(reason: Reason, evidence: &Evidence) -> Rated {
    let opening = has(evidence, &[SignalKind::CompetitorEvent, SignalKind::ContractRenewal]);
    match reason {
        Reason::ProductGap if gap_closed(evidence) => Rated::new(100, "the gap they left for is closed"),
        Reason::ProductGap => Rated::new(50, "no release is known that closes their gap"),
        Reason::ServiceSupport if released(evidence, SERVICE) => {
            Rated::new(100, "the service that failed them was mended")
        }
        Reason::ServiceSupport => Rated::new(40, "the service failed them"),
        Reason::AdoptionOnboarding | Reason::Complexity | Reason::LowUsageNoValue
            if released(evidence, ONBOARDING) =>
        {
            Rated::new(90, "getting started was improved since")
        }
        Reason::AdoptionOnboarding | Reason::Complexity | Reason::LowUsageNoValue => {
            Rated::new(45, "they never got to see what it is good for")
        }
        Reason::TechnicalQuality | Reason::UnmetExpectations if mended(evidence) => {
            Rated::new(90, "what went wrong was improved since")
        }
        Reason::TechnicalQuality | Reason::UnmetExpectations => Rated::new(35, "they had a bad experience"),
        Reason::PriceBudget => Rated::new(60, "a price can be talked about"),
        Reason::Competitor if opening => Rated::new(80, "there is an opening at the competitor"),
        Reason::Competitor => Rated::new(40, "they chose another, and no opening is known"),
        Reason::RegretImpulse => Rated::new(90, "they left on an impulse"),
        Reason::PaymentInvoluntary => Rated::new(90, "nobody there decided to leave"),
        Reason::Situational => Rated::new(60, "circumstances change"),
        Reason::StrategicShift => Rated::new(30, "their strategy went elsewhere"),
        Reason::Unknown => Rated::new(50, "nobody wrote down why they left"),
        Reason::NotFit => Rated::new(10, "it was not a fit"),
        Reason::Impossible => Rated::new(0, "they cannot come back"),
    }
}

/// Each tier is a stretch of percent, and revenue goes through it in a straight line.
fn value(account: &Account) -> Rated {
    if account.strategic {
        return Rated::new(100, "strategic");
    }
    let tier = account.tier();
    let (least, most, from, to) = match tier {
        Tier::One => (90, 100, 50_000, 250_000),
        Tier::Two => (60, 90, 10_000, 50_000),
        Tier::Three => (30, 60, 1_000, 10_000),
        Tier::Below => return Rated::new(10, format!("below the tiers, ${} a year", account.arr_usd)),
    };
    let along = account.arr_usd.min(to) - from;
    let percent = least + along * (most - least) / (to - from);
    Rated::new(u32::try_from(percent).unwrap_or(100), format!("tier {tier}, ${} a year", account.arr_usd))
}

/// The strongest signal says most; what adds up beside it, up to a fifth.
fn strong(evidence: &Evidence, strength: u8) -> Rated {
    let (base, what) = match strength {
        0 => (40, "weak signals"),
        1 => (60, "signals of some strength"),
        2 => (80, "a strong signal"),
        _ => (100, "why they left is gone"),
    };
    let score = evidence.score();
    Rated::new((base + score.min(20)).min(100), format!("{what}, score {score}"))
}

fn fit(reason: Reason, evidence: &Evidence) -> Rated {
    if let Some(why) = fits(reason, evidence) {
        return Rated::new(100, why);
    }
    let own = [SignalKind::WebVisit, SignalKind::EmailOpen, SignalKind::EmailClick, SignalKind::EmailReply];
    if has(evidence, &own) {
        return Rated::new(80, "they came by themselves");
    }
    if only_time_based(evidence) {
        return Rated::new(40, "only a date speaks for it");
    }
    Rated::new(60, "news, but not about why they left")
}

/// The signal that answers the reason (DOMAIN's table of what to say).
fn fits(reason: Reason, evidence: &Evidence) -> Option<&'static str> {
    let news = |kinds: &[SignalKind], why| has(evidence, kinds).then_some(why);
    match reason {
        Reason::PriceBudget => news(&[SignalKind::FundingNews], "a round answers a budget")
            .or_else(|| released(evidence, PRICE).then_some("our price changed"))
            .or_else(|| news(&[SignalKind::Hiring], "growth answers a budget")),
        Reason::ProductGap => gap_closed(evidence).then_some("a release answers a gap"),
        Reason::Competitor => {
            news(&[SignalKind::CompetitorEvent], "the competitor's news answers their choice")
                .or_else(|| news(&[SignalKind::ContractRenewal], "they evaluate again at the renewal"))
        }
        Reason::ServiceSupport => {
            released(evidence, SERVICE).then_some("our improvement answers what failed them")
        }
        Reason::AdoptionOnboarding | Reason::Complexity | Reason::LowUsageNoValue => {
            (released(evidence, ONBOARDING).then_some("an easier start answers why they never got going"))
                .or_else(|| released(evidence, MAJOR_VERSION).then_some("it is another product since"))
        }
        Reason::TechnicalQuality | Reason::UnmetExpectations => {
            mended(evidence).then_some("a real improvement answers a bad experience")
        }
        Reason::Situational | Reason::StrategicShift => news(
            &[
                SignalKind::FundingNews,
                SignalKind::Hiring,
                SignalKind::ExecutiveChange,
                SignalKind::OfficeExpansion,
                SignalKind::AccountProductLaunch,
            ],
            "their situation changed",
        ),
        Reason::RegretImpulse | Reason::PaymentInvoluntary => {
            let date = evidence.parts.iter().any(|part| part.kind.is(KindTrait::Date));
            date.then_some("it needs no other occasion than a date")
        }
        Reason::NotFit | Reason::Impossible | Reason::Unknown => None,
    }
}
