//! The writes of a copier for each record, and at the end of each transaction.

/// A record of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The `index`-th record that the transaction copies.
    Copy {
        /// The transaction's number; none is used twice.
        number: u64,
        /// From 0.
        index: u64,
        /// The record.
        payload: String,
    },
    /// The last record of a transaction.
    Sealed {
        /// The transaction's number.
        number: u64,
        /// The number of copied records.
        count: u64,
    },
}

impl Mark {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Copy { number, index, payload } => format!("{number} {index} {payload}"),
            Self::Sealed { number, count } => format!("{number} sealed {count}"),
        }
    }

    pub(crate) fn read(text: &str) -> Self {
        let mut parts = text.splitn(3, ' ');
        let mut part = || parts.next().unwrap();
        let (number, what, last) = (part().parse().unwrap(), part(), part());
        match what {
            "sealed" => Self::Sealed { number, count: last.parse().unwrap() },
            index => Self::Copy { number, index: index.parse().unwrap(), payload: last.to_owned() },
        }
    }
}

/// The state after all copied records: the number, and a hash over all of them in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    pub(crate) hash: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, payload: &str) {
        self.count += 1;
        for byte in payload.bytes().chain([0]) {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(crate) fn of<'a>(payloads: impl IntoIterator<Item = &'a String>) -> Self {
        let mut sum = Self::default();
        payloads.into_iter().for_each(|payload| sum.add(payload));
        sum
    }
}
