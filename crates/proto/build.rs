//! Compiles `proto/winback/v1` without a system protoc.

use std::error::Error;
use std::path::PathBuf;

const FILES: [&str; 9] =
    ["account", "inbox", "trigger", "decision", "action", "dead_letter", "state", "suppression", "sequence"];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let files = FILES.map(|name| root.join(format!("winback/v1/{name}.proto")));
    let descriptors = protox::compile(files, [&root])?;
    prost_build::Config::new()
        .compile_well_known_types()
        .extern_path(".google.protobuf.Timestamp", "crate::Timestamp")
        .compile_fds(descriptors.clone())?;
    let bytes = prost::Message::encode_to_vec(&descriptors);
    // As with protobuf, what a newer version adds is read over.
    let mut json = pbjson_build::Builder::new();
    json.ignore_unknown_fields().register_descriptors(&bytes)?.build(&[".winback"])?;
    Ok(())
}
