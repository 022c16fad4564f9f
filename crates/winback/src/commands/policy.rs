//! `winback policy`: what is in force, what the files say, and whether they hold their own tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use winback_core::debounce::{PolicyRecord, shadow};
use winback_deployment::config::ConfigError;
use winback_deployment::{Context, holds, policies, policy_files};
use winback_policy::{Tested, policy_schema, test_policy};
use winback_proto::v1;
use winback_show::words;
use winback_terminal::{EXIT_FAILED, EXIT_PARTLY, Out, until_closed};

/// `policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Put the policy files into force, from the next record of the inbox on.
    Apply {
        /// Put this file in shadow instead: it decides beside the policy of its name, and nobody acts on its triggers.
        #[arg(long, value_name = "FILE")]
        shadow: Option<PathBuf>,
        /// Put everything that is in force, in shadow and held into the inbox again, whether it changed or not: for an inbox
        /// that no longer has it. What the detector knows it takes no second time.
        #[arg(long, conflicts_with = "shadow")]
        again: bool,
    },
    /// End the shadow of a policy.
    EndShadow {
        /// The policy's name.
        name: String,
    },
    /// The policies in force and in shadow.
    List,
    /// Show differences between the policy files and the policies in force. Exit code 4 if they differ.
    Diff,
    /// Run the tests in policy files; exit code 1 when one fails.
    Test {
        /// A policy file; those in policies_dir without it.
        file: Option<PathBuf>,
    },
    /// The JSON schema of a policy file, for editors.
    Schema,
}

pub(crate) fn run(context: &Context, command: PolicyCommand) -> anyhow::Result<ExitCode> {
    until_closed(match command {
        PolicyCommand::Apply { shadow: None, again } => apply(context, again),
        PolicyCommand::Apply { shadow: Some(file), .. } => in_shadow(context, &file),
        PolicyCommand::EndShadow { name } => end_shadow(context, &name),
        PolicyCommand::List => list(context),
        PolicyCommand::Diff => diff(context),
        PolicyCommand::Test { file } => test(context, file),
        PolicyCommand::Schema => schema(),
    })
}

fn apply(context: &Context, again: bool) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let (config, topics) = (&context.config, &context.topics);
    // Holds come first, so that nothing fires between.
    let held = holds::put_again(&*log, config, topics, again)?;
    let changed = policies::apply(&*log, config, topics)?;
    let mut stood = policies::put_again(&*log, config, topics, again)?;
    stood.retain(|policy| !changed.contains(policy));
    if changed.is_empty() && stood.is_empty() && held.is_empty() {
        winback_terminal::note!(
            "nothing to do: the files are in force as they are; `winback policy apply --again` puts them into an inbox that \
             does not have them"
        );
    }
    held.iter().try_for_each(|hold| held_again(context, hold))?;
    changed.iter().try_for_each(|(name, version)| applied(context, name, *version))?;
    stood.iter().try_for_each(|(name, version)| put_again(context, name, *version))?;
    Ok(ExitCode::SUCCESS)
}

fn held_again(context: &Context, hold: &v1::Hold) -> anyhow::Result<()> {
    let mut out = Out::new();
    if context.json {
        out.json(&json!({ "hold": hold.policy, "again": true }))?;
    } else {
        out.line(&format!("{}: held as before, put into the inbox again", super::holds::whose(hold)))?;
    }
    Ok(out.flush()?)
}

fn put_again(context: &Context, name: &str, version: u32) -> anyhow::Result<()> {
    let mut out = Out::new();
    if context.json {
        let in_shadow = shadow::is_shadow(name);
        out.json(&json!({ "policy": name, "version": version, "shadow": in_shadow, "again": true }))?;
    } else {
        out.line(&format!("{}: version {version} was put into the inbox again", words::safe(name)))?;
    }
    Ok(out.flush()?)
}

fn in_shadow(context: &Context, file: &Path) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    match policies::apply_in_shadow(&*log, &context.config, &context.topics, file)? {
        Some((name, version)) => applied(context, &name, version)?,
        None => winback_terminal::note!("nothing to do: it is in shadow as it is"),
    }
    Ok(ExitCode::SUCCESS)
}

fn applied(context: &Context, name: &str, version: u32) -> anyhow::Result<()> {
    let mut out = Out::new();
    if context.json {
        let in_shadow = shadow::is_shadow(name);
        out.json(&json!({ "policy": name, "version": version, "shadow": in_shadow }))?;
    } else if shadow::is_shadow(name) {
        let live = shadow::in_force(name);
        out.line(&format!(
            "{name}: version {version} decides beside {live} from here on: see `winback triggers --shadow`"
        ))?;
    } else {
        out.line(&format!("{name}: version {version} holds from here on; open bursts end under theirs"))?;
    }
    out.flush()?;
    Ok(())
}

fn end_shadow(context: &Context, name: &str) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    if policies::end_shadow(&*log, &context.config, &context.topics, name)? {
        let mut out = Out::new();
        out.line(&format!("{}: nothing of it is in shadow any more", words::safe(name)))?;
        out.flush()?;
        return Ok(ExitCode::SUCCESS);
    }
    winback_terminal::note!("nothing to do: nothing of `{}` is in shadow", words::safe(name));
    Ok(ExitCode::from(EXIT_PARTLY))
}

/// The policies that were applied and have not ended.
fn policies_in_force(context: &Context) -> anyhow::Result<BTreeMap<String, PolicyRecord>> {
    let mut applied = policies::applied(&*context.log()?, &context.topics)?;
    applied.retain(|_, policy| !policy.is_end());
    Ok(applied)
}

fn list(context: &Context) -> anyhow::Result<ExitCode> {
    let mut out = Out::new();
    for (name, policy) in policies_in_force(context)? {
        let in_shadow = shadow::is_shadow(&name);
        if context.json {
            let PolicyRecord { version, text: toml, .. } = policy;
            out.json(&json!({ "policy": name, "version": version, "shadow": in_shadow, "toml": &*toml }))?;
        } else {
            let place = if in_shadow { ", in shadow" } else { "" };
            out.line(&format!("{}: version {}{place}", words::safe(&name), policy.version))?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn diff(context: &Context) -> anyhow::Result<ExitCode> {
    let files = policy_files::files(&context.config)?;
    let policies_in_force = policies_in_force(context)?;
    let names: BTreeSet<&String> = files.keys().chain(policies_in_force.keys()).collect();
    let mut out = Out::new();
    let mut differs = false;
    for name in names {
        let (file, applied) = (files.get(name), policies_in_force.get(name));
        let text = |toml: Option<&str>| toml.map_or_else(BTreeMap::new, flattened);
        let (new, old) = (text(file.map(String::as_str)), text(applied.map(|applied| &*applied.text)));
        let keys: BTreeSet<&String> =
            new.keys().chain(old.keys()).filter(|key| new.get(*key) != old.get(*key)).collect();
        let state = match (file, applied) {
            (Some(_), None) => "new",
            (None, Some(_)) if shadow::is_shadow(name) => "in shadow, no file",
            (None, Some(_)) => "in force, no file: it stays",
            _ if keys.is_empty() => "the same",
            _ => "changed",
        };
        differs |= matches!(state, "new" | "changed");
        if context.json {
            let change =
                |key: &&String| json!({ "key": key, "inForce": old.get(*key), "file": new.get(*key) });
            let changes: Vec<_> = keys.iter().filter(|_| state == "changed").map(change).collect();
            out.json(&json!({ "policy": name, "state": state, "changes": changes }))?;
            continue;
        }
        out.line(&format!("{}: {state}", words::safe(name)))?;
        for key in keys.iter().filter(|_| state == "changed") {
            let values = |side: &BTreeMap<String, String>| {
                side.get(*key).map_or("nothing".to_owned(), |value| words::safe(value))
            };
            out.line(&format!("  {}: {} -> {}", words::safe(key), values(&old), values(&new)))?;
        }
    }
    out.flush()?;
    Ok(if differs { ExitCode::from(EXIT_PARTLY) } else { ExitCode::SUCCESS })
}

/// The keys of a file with their values, tests aside.
fn flattened(toml: &str) -> BTreeMap<String, String> {
    fn flatten(value: &toml::Value, key: &str, into: &mut BTreeMap<String, String>) {
        let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
        match value {
            toml::Value::Table(table) => {
                table.iter().for_each(|(name, value)| flatten(value, &below(name), into));
            }
            toml::Value::Array(array) => {
                let items = array.iter().enumerate();
                items.for_each(|(at, value)| flatten(value, &format!("{key}[{at}]"), into));
            }
            value => drop(into.insert(key.to_owned(), value.to_string())),
        }
    }
    let mut keys = BTreeMap::new();
    if let Ok(mut table) = toml.parse::<toml::Table>() {
        table.remove("test");
        flatten(&toml::Value::Table(table), "", &mut keys);
    }
    keys
}

/// The files whose tests are run, with their texts.
fn tested_files(context: &Context, file: Option<PathBuf>) -> anyhow::Result<Vec<(String, String)>> {
    let paths = match file {
        Some(file) => vec![file],
        None if context.config.policies_dir.is_dir() => policy_files::paths(&context.config.policies_dir)?,
        None => return Ok(vec![("the policy built in".to_owned(), policy_files::BUILT_IN.to_owned())]),
    };
    let read = |path: PathBuf| match std::fs::read_to_string(&path) {
        Ok(text) => Ok((path.display().to_string(), text)),
        Err(why) => Err(ConfigError::Unreadable { path, why }.into()),
    };
    paths.into_iter().map(read).collect()
}

fn test(context: &Context, file: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let mut out = Out::new();
    let (mut held, mut failed) = (0_u32, 0_u32);
    for (path, toml) in tested_files(context, file)? {
        let tests = test_policy(&toml).map_err(|error| {
            let (path, text) = error.located(&path, &toml);
            ConfigError::Wrong { path, text }
        })?;
        for Tested { name, line, failure } in tests {
            *(if failure.is_none() { &mut held } else { &mut failed }) += 1;
            if context.json {
                let ok = failure.is_none();
                out.json(&json!({ "file": path, "line": line, "test": name, "ok": ok, "failure": failure }))?;
                continue;
            }
            let (name, place) = (words::safe(&name), words::safe(&path));
            match failure {
                None => out.line(&format!("{}  {name}", words::styled(words::GOOD, "ok    ")))?,
                Some(failure) => {
                    let mark = words::styled(words::BAD, "failed");
                    out.line(&format!("{mark}  {name}\n        {place}:{line}: {}", words::safe(&failure)))?;
                }
            }
        }
    }
    if !context.json {
        out.line(&format!("{}, {failed} failed", words::count(held + failed, "test")))?;
    }
    out.flush()?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) })
}

fn schema() -> anyhow::Result<ExitCode> {
    let mut out = Out::new();
    out.line(&serde_json::to_string_pretty(&policy_schema())?)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
