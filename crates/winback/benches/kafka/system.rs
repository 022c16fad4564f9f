//! The throughput part of the Kafka benchmark under the system's allocator, to set beside `--bench kafka`, which has
//! the binary's: see `docs/adr/0005-allocator.md`.
#![expect(clippy::print_stdout, reason = "a benchmark reports by printing")]

mod bench;

use std::process::ExitCode;

use bench::Part;

fn main() -> ExitCode {
    bench::main("the system's", &[Part::Throughput])
}
