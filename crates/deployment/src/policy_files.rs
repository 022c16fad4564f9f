//! The policy files of a deployment, or the policy that is built in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use winback_core::debounce::Policy;
use winback_core::limits::POLICY_BYTES;

use crate::config::{Config, ConfigError};

/// The policy of a deployment that has no files of its own.
pub const BUILT_IN: &str = include_str!("../../../config/policies/default.toml");

/// The policy files as they are now, by name: from `policies_dir`, or the one built in when there is no such folder.
///
/// # Errors
/// Names the file, the key, the value and the fix.
pub fn files(config: &Config) -> Result<BTreeMap<String, String>, ConfigError> {
    let dir = &config.policies_dir;
    if !dir.is_dir() {
        return Ok([("default".to_owned(), BUILT_IN.to_owned())].into());
    }
    let unreadable = |path: &Path, why| ConfigError::Unreadable { path: path.to_path_buf(), why };
    let paths = paths(dir)?;
    let mut files = BTreeMap::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|why| unreadable(&path, why))?;
        let wrong = |text: String| ConfigError::Wrong { path: path.display().to_string(), text };
        let policy = parse(&path, &text)?;
        if files.insert(policy.name.to_string(), text).is_some() {
            return Err(wrong(format!(
                "name = \"{}\": another file has that name; names are unique",
                policy.name
            )));
        }
    }
    if files.is_empty() {
        let text = "no policy file: put one there, or name another folder in policies_dir".to_owned();
        return Err(ConfigError::Wrong { path: dir.display().to_string(), text });
    }
    Ok(files)
}

/// The policy files of a folder, by name.
///
/// # Errors
/// When it cannot be read.
pub fn paths(dir: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let entries =
        std::fs::read_dir(dir).map_err(|why| ConfigError::Unreadable { path: dir.to_path_buf(), why })?;
    let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    Ok(paths)
}

/// A policy file; what is wrong with it names the file, the line, the key, the value and the fix.
///
/// # Errors
/// When it is no policy.
pub fn parse(path: &Path, toml: &str) -> Result<Policy, ConfigError> {
    if toml.len() > POLICY_BYTES {
        let text =
            format!("the file has {} bytes, and at most {POLICY_BYTES} are taken: shorten it", toml.len());
        return Err(ConfigError::Wrong { path: path.display().to_string(), text });
    }
    winback_policy::parse(toml, 1).map_err(|error| {
        let (path, text) = error.located(&path.display().to_string(), toml);
        ConfigError::Wrong { path, text }
    })
}
