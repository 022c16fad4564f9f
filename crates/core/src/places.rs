//! Places of the elements of a record, as ranges: what a dead letter names and a replay steps.

/// A set of places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// First and last place of each range, in order and apart.
    ranges: Vec<(u32, u32)>,
}

impl Places {
    /// Adds a place; cheap behind the last one, since a record is read in order.
    pub fn add(&mut self, place: u32) {
        match self.ranges.last_mut() {
            Some((_, last)) if place > *last && place - *last == 1 => *last = place,
            Some((_, last)) if place <= *last => {
                if !self.contains(place) {
                    let at = self.ranges.partition_point(|(first, _)| *first < place);
                    self.ranges.insert(at, (place, place));
                }
            }
            _ => self.ranges.push((place, place)),
        }
    }

    /// Adds all places of another set.
    pub fn extend(&mut self, other: &Self) {
        for (first, last) in &other.ranges {
            match self.ranges.last_mut() {
                Some((_, end)) if *first > *end && *first - *end == 1 => *end = *last,
                Some((_, end)) if *first <= *end => (*first..=*last).for_each(|place| self.add(place)),
                _ => self.ranges.push((*first, *last)),
            }
        }
    }

    /// Whether a place is in it.
    pub fn contains(&self, place: u32) -> bool {
        let behind = self.ranges.partition_point(|(first, _)| *first <= place);
        behind > 0 && self.ranges[behind - 1].1 >= place
    }

    /// The one place, when it is one.
    pub fn single(&self) -> Option<u32> {
        match self.ranges.as_slice() {
            [(first, last)] if first == last => Some(*first),
            _ => None,
        }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// First and last place of each range.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    /// The set in pairs: how many places are passed over, how many follow that belong to it.
    pub fn steps(&self) -> Vec<u32> {
        let mut next = 0;
        let mut steps = Vec::with_capacity(self.ranges.len() * 2);
        for (first, last) in &self.ranges {
            steps.extend([first - next, last - first + 1]);
            next = last.saturating_add(1);
        }
        steps
    }

    /// The set that [`Self::steps`] wrote; `None` when the numbers are none.
    pub fn from_steps(steps: &[u32]) -> Option<Self> {
        let mut places = Self::default();
        let mut next = 0_u32;
        for pair in steps.chunks(2) {
            let [passed, count] = *pair else { return None };
            let first = next.checked_add(passed)?;
            let last = first.checked_add(count.checked_sub(1)?)?;
            places.ranges.push((first, last));
            next = last.saturating_add(1);
        }
        Some(places)
    }

    /// Those of its places that are not before `first`.
    #[must_use]
    pub fn not_before(&self, first: u32) -> Self {
        let behind = self.ranges.iter().filter(|(_, last)| *last >= first);
        Self { ranges: behind.map(|(begin, last)| ((*begin).max(first), *last)).collect() }
    }

    /// The set in sets of at most `most` ranges.
    pub fn parts(&self, most: usize) -> impl Iterator<Item = Self> + '_ {
        self.ranges.chunks(most.max(1)).map(|ranges| Self { ranges: ranges.to_vec() })
    }
}

impl From<u32> for Places {
    fn from(place: u32) -> Self {
        Self { ranges: vec![(place, place)] }
    }
}

impl std::fmt::Display for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for Places {
    type Err = ();

    /// As it is displayed: `3-5,9`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut places = Self::default();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.parse().map_err(drop)?, last.parse().map_err(drop)?);
            let apart = places.ranges.last().is_none_or(|(_, before): &(u32, u32)| *before < first);
            if first > last || !apart {
                return Err(());
            }
            places.ranges.push((first, last));
        }
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(places: &[u32]) -> Places {
        let mut set = Places::default();
        places.iter().for_each(|place| set.add(*place));
        set
    }

    #[test]
    fn places_in_a_row_are_one_range_and_each_is_found() {
        let set = of(&[3, 4, 4, 5, 9, 11, 12]);
        assert_eq!(set.to_string(), "3-5,9,11-12");
        let found: Vec<u32> = (0..20).filter(|place| set.contains(*place)).collect();
        assert_eq!(found, [3, 4, 5, 9, 11, 12]);
        assert!(!Places::default().contains(0) && of(&[0]).contains(0));
        let mut both = of(&[1, 5]);
        both.extend(&of(&[2, 6, 7, 9]));
        assert_eq!((0..11).filter(|place| both.contains(*place)).collect::<Vec<_>>(), [1, 2, 5, 6, 7, 9]);
        let late = of(&[7, 3, 5, 4, 7]);
        assert_eq!((0..9).filter(|place| late.contains(*place)).collect::<Vec<_>>(), [3, 4, 5, 7]);
    }

    #[test]
    fn what_is_written_in_steps_comes_back_and_what_is_none_is_refused() {
        for places in [&[][..], &[0], &[0, 1, 7], &[5, u32::MAX - 1, u32::MAX]] {
            assert_eq!(Places::from_steps(&of(places).steps()), Some(of(places)));
        }
        for wrong in [&[1][..], &[0, 0], &[u32::MAX, 2], &[0, 1, 3]] {
            assert_eq!(Places::from_steps(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_text_is_read_as_it_is_shown_and_refused_out_of_order() {
        assert_eq!("3-5,9".parse(), Ok(of(&[3, 4, 5, 9])));
        for wrong in ["", "5-3", "4,4", "9,3", "1-", "-1", "1;2"] {
            assert_eq!(wrong.parse::<Places>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn its_parts_are_together_what_it_is() {
        let set = of(&[1, 3, 5, 7, 9]);
        let parts: Vec<String> = set.parts(2).map(|part| part.to_string()).collect();
        assert_eq!(parts, ["1,3", "5,7", "9"]);
        assert_eq!(of(&[1, 2, 3, 7]).not_before(2).to_string(), "2-3,7");
        assert_eq!((of(&[4]).single(), set.single()), (Some(4), None));
    }
}
