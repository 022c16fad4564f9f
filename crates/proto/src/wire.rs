//! A message's bytes: protobuf by default, canonical proto3 JSON by config.

use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::DecodeError;

/// The encoding of winback's own topics. Reading takes either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Protobuf.
    #[default]
    Protobuf,
    /// Canonical proto3 JSON.
    Json,
}

impl Encoding {
    /// The `content-type` of it.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/protobuf",
            Self::Json => "application/json",
        }
    }
}

/// A message that travels in a topic.
pub trait WireMessage: Message + Default + Serialize + DeserializeOwned {
    /// Its name, as `ce_type` says it: `winback.v1.Trigger`.
    const NAME: &'static str;

    /// Writes it at the end of `into`.
    fn write(&self, encoding: Encoding, into: &mut Vec<u8>) {
        match encoding {
            // A `Vec` grows: encoding into it cannot run out of room.
            Encoding::Protobuf => drop(self.encode(into)),
            // The generated serializers write strings, numbers and lists: nothing that JSON cannot say.
            Encoding::Json => drop(serde_json::to_writer(into, self)),
        }
    }

    /// Its bytes.
    fn to_bytes(&self, encoding: Encoding) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.encoded_len());
        self.write(encoding, &mut bytes);
        bytes
    }

    /// Reads it in either encoding. A protobuf record of these messages never begins with `{`: that byte would be a
    /// group, which they do not have.
    ///
    /// # Errors
    /// When the bytes are neither.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.first() == Some(&b'{') {
            let error = |why: serde_json::Error| malformed::<Self>("JSON", &why);
            return serde_json::from_slice(bytes).map_err(error);
        }
        Self::decode(bytes).map_err(|why| malformed::<Self>("protobuf", &why))
    }
}

fn malformed<M: WireMessage>(encoding: &'static str, why: &dyn std::fmt::Display) -> DecodeError {
    DecodeError::Malformed { message: M::NAME, encoding, why: why.to_string() }
}

macro_rules! travels {
    ($($name:ident),+) => {
        $(impl WireMessage for crate::v1::$name {
            const NAME: &'static str = concat!("winback.v1.", stringify!($name));
        })+
    };
}

travels!(
    Account,
    InboxRecord,
    Trigger,
    Decision,
    Action,
    DeadLetter,
    StateRecord,
    MatcherPosition,
    PolicyVersion,
    Response,
    Hold,
    Suppression,
    Sequence
);
