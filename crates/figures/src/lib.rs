//! The figures of win-back: pure functions over facts.

pub mod facts;
