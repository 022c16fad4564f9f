//! Policy files: their TOML, their JSON schema, the lines of their errors and the tests in them.
//!
//! The core knows a policy as plain data ([`winback_core::debounce::Policy`]); this crate compiles a file to it.

mod calendar;
mod error;
mod file;
mod lines;
mod record;
mod schema;
mod sections;
mod shadow;
mod test;
mod text;

pub use error::PolicyError;
pub use file::parse;
pub use lines::line_of;
pub use record::record;
pub use schema::{names, policy_schema, schema_of};
pub use shadow::{as_live, as_shadow};
pub use test::{Tested, test_policy};
pub use text::explain_toml;
