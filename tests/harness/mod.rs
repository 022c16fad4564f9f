//! Running winback as a user would, and reading back what it wrote.

mod deadline;
mod deployment;
mod facts;
mod pages;
mod process;
mod read;
mod summary;

pub(crate) use deadline::eventually;
pub(crate) use deployment::{Deployment, Place, Settings, Shape, Source, places, utf8, winback};
pub(crate) use facts::{
    Facts, Fired, Matched, Replayed, counted, difference, replay, restored, state_positions, values,
};
pub(crate) use pages::{page, value};
pub(crate) use process::{Ended, Running};
pub(crate) use read::{end_of, messages, messages_of};
pub(crate) use summary::Summary;
