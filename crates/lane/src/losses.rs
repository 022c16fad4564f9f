//! The dead letters of one transaction, counted by source and reason.

/// Counts that are reported when the transaction is committed.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    dead: Vec<(String, &'static str, u64)>,
    /// Of these, those without a letter, by source.
    without_letter: Vec<(String, u64)>,
}

impl Losses {
    pub(crate) fn add(&mut self, source: &str, reason: &'static str, count: u64) {
        match self.dead.iter_mut().find(|(own, why, _)| own == source && *why == reason) {
            Some((.., counted)) => *counted += count,
            None => self.dead.push((source.to_owned(), reason, count)),
        }
    }

    pub(crate) fn add_without_letter(&mut self, source: &str, count: u64) {
        match self.without_letter.iter_mut().find(|(own, _)| own == source) {
            Some((_, counted)) => *counted += count,
            None => self.without_letter.push((source.to_owned(), count)),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.dead.is_empty()
    }

    /// All of them.
    pub(crate) fn total(&self) -> u64 {
        self.dead.iter().map(|(.., count)| count).sum()
    }

    /// Those of one reason.
    pub(crate) fn of(&self, reason: &str) -> u64 {
        self.dead.iter().filter(|(_, own, _)| *own == reason).map(|(.., count)| count).sum()
    }

    pub(crate) fn each(&self, mut visit: impl FnMut(&str, &'static str, u64)) {
        self.dead.iter().for_each(|(source, reason, count)| visit(source, reason, *count));
    }

    pub(crate) fn each_without_letter(&self, mut visit: impl FnMut(&str, u64)) {
        self.without_letter.iter().for_each(|(source, count)| visit(source, *count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_added_up_by_source_and_reason() {
        let mut losses = Losses::default();
        assert!(losses.is_empty());
        for (source, reason) in
            [("web", "bad_time"), ("web", "mapping"), ("mail", "bad_time"), ("web", "bad_time")]
        {
            losses.add(source, reason, 2);
        }
        losses.add_without_letter("web", 1);
        losses.add_without_letter("web", 3);
        let (mut dead, mut without) = (Vec::new(), Vec::new());
        losses.each(|source, reason, count| dead.push(format!("{source} {reason} {count}")));
        losses.each_without_letter(|source, count| without.push(format!("{source} {count}")));
        assert_eq!(dead, ["web bad_time 4", "web mapping 2", "mail bad_time 2"]);
        assert_eq!(without, ["web 4"]);
        assert_eq!((losses.total(), losses.of("bad_time"), losses.of("panicked")), (8, 6, 0));
    }
}
