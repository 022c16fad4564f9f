//! The outreach to an account, before it happens.

mod known;
mod shown;

pub(crate) use known::{Known, gates};
pub(crate) use shown::{heading, json, moment, paragraph};
