//! winback on a real Kafka, beside a bare client in the same process: `cargo bench -p winback --bench kafka`.
//!
//! See `docs/benchmarks.md` for its parts and the variables that size them. Without `--bench`, as `cargo test` calls it,
//! it ends at once.
#![expect(clippy::print_stdout, reason = "a benchmark reports by printing")]

mod bench;

use std::process::ExitCode;

use bench::Part;

/// The binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    bench::main("mimalloc", &Part::ALL)
}
