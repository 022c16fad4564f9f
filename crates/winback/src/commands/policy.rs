//! `winback policy`.

use std::process::ExitCode;

use crate::cli::PolicyCommand;
use crate::context::Context;
use crate::policies;

pub(crate) fn run(context: &Context, command: &PolicyCommand) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    match command {
        PolicyCommand::Apply => {
            let changed = policies::apply(&*log, &context.config, &context.topics)?;
            if changed.is_empty() {
                anstream::eprintln!("nothing to do: the files are in force as they are");
            }
            for (name, version) in changed {
                if context.json {
                    anstream::println!("{}", serde_json::json!({ "policy": name, "version": version }));
                } else {
                    anstream::println!(
                        "{name}: version {version} holds from here on; open bursts end under theirs"
                    );
                }
            }
        }
        PolicyCommand::List => {
            for (name, policy) in policies::applied(&*log, &context.topics)? {
                if context.json {
                    let line =
                        serde_json::json!({ "policy": name, "version": policy.version, "toml": policy.toml });
                    anstream::println!("{line}");
                } else {
                    anstream::println!("{name}: version {}", policy.version);
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
