//! Breakdowns: groups are described, not compared.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::facts::Spell;
use crate::interval::Share;
use crate::money::{Exchange, MissingRate};
use crate::period::{Period, month_of, quarter_of};

/// A group of a breakdown: described, not compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The group.
    pub name: String,
    /// Returns over spells at risk.
    pub share: Share,
    /// Yearly revenue that came back.
    pub recovered: i128,
}

/// The property that a report is broken down by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The churn reason.
    Reason,
    /// The tier.
    Tier,
    /// The segment.
    Segment,
    /// The owner.
    Owner,
    /// The quarter of the churn.
    Cohort,
    /// The play of the last touch.
    Play,
    /// The sequence of the last touch.
    Sequence,
    /// The channel of the last touch.
    Channel,
    /// The arm of the last touch.
    Arm,
}

impl By {
    /// Every property, with its name.
    pub const ALL: [(&'static str, Self); 9] = [
        ("reason", Self::Reason),
        ("tier", Self::Tier),
        ("segment", Self::Segment),
        ("owner", Self::Owner),
        ("cohort", Self::Cohort),
        ("play", Self::Play),
        ("sequence", Self::Sequence),
        ("channel", Self::Channel),
        ("arm", Self::Arm),
    ];

    /// The group of a spell. A touch's property groups only who was touched.
    fn group(self, spell: &Spell) -> Option<String> {
        let touch = || {
            let last = spell.attempts().max_by_key(|touch| touch.at);
            spell.last_touch().or(last)
        };
        let named = |text: &str| if text.is_empty() { "(none)".to_owned() } else { text.to_owned() };
        Some(match self {
            Self::Reason => named(&spell.reason),
            Self::Tier => named(&spell.tier),
            Self::Segment => named(&spell.segment),
            Self::Owner => named(&spell.owner),
            Self::Cohort => quarter_of(spell.churned_at),
            Self::Play => named(&touch()?.play),
            Self::Sequence => named(&touch()?.sequence),
            Self::Channel => named(&touch()?.channel),
            Self::Arm => named(&touch()?.arm),
        })
    }
}

/// The groups, the one of the greatest revenue first.
pub(crate) fn rows(
    by: By,
    at_risk: &[&Spell],
    period: &Period,
    exchange: &Exchange<'_>,
) -> Result<Vec<Row>, MissingRate> {
    let mut groups: BTreeMap<String, (u64, u64, i128)> = BTreeMap::new();
    for spell in at_risk {
        let Some(name) = by.group(spell) else { continue };
        let (back, all, recovered) = groups.entry(name).or_default();
        *all += 1;
        let Some(at) = spell.back_in(period) else { continue };
        *back += 1;
        let arr = spell.returned.as_ref().and_then(|returned| returned.arr.as_ref());
        *recovered += arr.map_or(Ok(0), |arr| exchange.amount(arr, &month_of(at)))?;
    }
    let row = |(name, (back, all, recovered))| Row { name, share: Share::new(back, all), recovered };
    let mut rows: Vec<Row> = groups.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.recovered, row.share.of)));
    Ok(rows)
}
