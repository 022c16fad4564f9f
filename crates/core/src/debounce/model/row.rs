//! The state of a partition as rows: a record of the changelog a row.

use super::clock::InboxClock;
use super::keys::RowKey;
use super::rows::Counts;
use super::tables::prelude::*;
use super::tables::tables;

/// The letter of the clock's key.
const CLOCK: u8 = b'c';

macro_rules! rows {
    ($($(#[$doc:meta])* $letter:literal $name:ident $field:ident: $key:ty => $row:ty, $indexes:ident;)*) => {
        /// Names a row.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum StateKey {
            /// The clock and the position.
            Clock,
            $($(#[$doc])* $name($key),)*
        }

        /// The content of a row. `None` instead of a row means that it is gone.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum StateRow {
            /// The clock, the offset that is read next, the counts.
            Clock(Box<InboxClock>, Offset, Counts),
            $($(#[$doc])* $name($row),)*
        }

        impl StateKey {
            /// The account of the row; `None` for a row of the whole partition, such as an event's id.
            pub fn account(&self) -> Option<&AccountId> {
                match self {
                    Self::Clock => None,
                    $(Self::$name(key) => RowKey::account(key),)*
                }
            }

            /// The key's bytes: a letter for the table, then the row's own key.
            pub fn to_bytes(&self) -> Vec<u8> {
                let mut bytes = Vec::new();
                match self {
                    Self::Clock => bytes.push(CLOCK),
                    $(Self::$name(key) => {
                        bytes.push($letter);
                        key.write(&mut bytes);
                    })*
                }
                bytes
            }

            /// The key of those bytes; `None` for bytes of no table.
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                let (letter, rest) = bytes.split_first()?;
                match *letter {
                    CLOCK => rest.is_empty().then_some(Self::Clock),
                    $($letter => <$key as RowKey>::read(rest).map(Self::$name),)*
                    _ => None,
                }
            }

            /// The row in a few words.
            pub fn describe(&self) -> String {
                match self {
                    Self::Clock => "the clock".to_owned(),
                    $(Self::$name(key) => key.describe(),)*
                }
            }
        }

        impl StateRow {
            /// True when the row is of the key's table.
            pub const fn is_of(&self, key: &StateKey) -> bool {
                match (self, key) {
                    (Self::Clock(..), StateKey::Clock) => true,
                    $((Self::$name(_), StateKey::$name(_)) => true,)*
                    _ => false,
                }
            }
        }
    };
}

tables!(rows);
