//! A mapping at work on what is about many accounts: it must say about which.

use winback_core::privacy::{head, told_apart, words};
use winback_core::signal::{MAX_DETAIL_BYTES, SignalKind, truncated};

use super::compile::Compiled;
use super::pointer::Document;
use super::read::{missing, names};
use crate::element::{Broadcast, DeadReason, Refusal};
use crate::text::quoted;
use crate::walk::Raw;

/// The most features that a release names.
pub const MAX_FEATURES: usize = 32;
/// The longest name of a feature, a competitor or a class, in bytes.
const MAX_NAME_BYTES: usize = 80;
/// The classes of a release that concern accounts by why they left, also without a feature.
const ANSWERS: [&str; 5] = ["service", "quality", "onboarding", "price", "major_version"];

impl Compiled {
    pub(super) fn broadcast(
        &self,
        document: Document<'_>,
        kind: SignalKind,
        raw: Raw<'_>,
    ) -> Result<Broadcast, Refusal> {
        let cut = |text: &str| truncated(&told_apart(head(text.trim())), MAX_NAME_BYTES).to_owned();
        let class = self.class(document).map(|class| cut(&class)).unwrap_or_default();
        let (mut features, mut competitor) = (Vec::new(), String::new());
        if kind == SignalKind::CompetitorEvent {
            let name = document.text(&self.competitor).ok_or_else(|| missing(&names(&self.competitor)))?;
            competitor = cut(&name);
        } else {
            features = document.texts(&self.features, MAX_FEATURES).iter().map(|name| cut(name)).collect();
            if features.is_empty() && !ANSWERS.contains(&class.as_str()) {
                return Err(self.concerns_nobody(&class));
            }
        }
        Ok(Broadcast {
            id: self.id(document, raw).into_owned(),
            kind,
            class,
            at: self.time(document)?,
            title: words(&self.words(document), MAX_DETAIL_BYTES).into_owned(),
            features,
            competitor,
        })
    }

    fn concerns_nobody(&self, class: &str) -> Refusal {
        let text = format!(
            "a release of class {} without a feature concerns nobody: give `{}` a value, or a class of {}",
            quoted(class),
            names(&self.features),
            ANSWERS.join(", ")
        );
        Refusal::Dead(DeadReason::MissingField, text)
    }
}
