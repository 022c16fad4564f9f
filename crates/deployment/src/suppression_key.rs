//! The key of the hashes that say who was erased: from the config, or from a file beside the file log, made once.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use winback_registrar::SuppressionKey;

use crate::config::{Config, ConfigError};

/// Bytes of a key that is made; the file has them as text.
const BYTES: usize = 32;

/// The file beside the log of that URL; none beside Kafka and memory.
pub fn file(log: &str) -> Option<PathBuf> {
    let path = log.strip_prefix("sqlite:")?;
    Some(PathBuf::from(format!("{path}.key")))
}

/// The key, where there is one.
pub fn known(config: &Config) -> Option<SuppressionKey> {
    SuppressionKey::new(&config.privacy.key).or_else(|| {
        let text = std::fs::read_to_string(file(&config.log)?).ok()?;
        SuppressionKey::new(&text)
    })
}

/// The key; made where the log is a file that has none yet.
///
/// # Errors
/// On Kafka without `privacy.key`, or when the file cannot be written.
pub fn needed(config: &Config) -> anyhow::Result<SuppressionKey> {
    if let Some(key) = known(config) {
        return Ok(key);
    }
    let Some(path) = file(&config.log) else {
        let text = "privacy.key is not set, and an erasure leaves a hash under that key: set it to \"env:NAME\" with 32 \
                    characters or more in the variable (`openssl rand -hex 32`), the same for every process, and keep it";
        return Err(ConfigError::Wrong { path: "config".to_owned(), text: text.to_owned() }.into());
    };
    make(&path).with_context(|| format!("cannot make the key {}", path.display()))?;
    known(config)
        .with_context(|| format!("{} holds no key: remove it, if nobody was erased yet", path.display()))
}

fn make(path: &Path) -> std::io::Result<()> {
    let mut bytes = [0; BYTES];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            writeln!(file, "{text}")?;
            file.sync_all()
        }
        // Another process made it in this moment.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_log_gets_a_key_once_that_only_its_owner_reads() {
        let dir = tempfile::tempdir().unwrap();
        let log = format!("sqlite:{}", dir.path().join("a.db").display());
        let config = Config { log: log.clone(), ..Config::default() };
        assert!(known(&config).is_none());
        let key = needed(&config).unwrap();
        assert_eq!(needed(&config).unwrap(), key);
        let path = file(&log).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn without_a_key_kafka_is_refused_with_the_fix() {
        let config = Config { log: "kafka://127.0.0.1:9".to_owned(), ..Config::default() };
        let text = needed(&config).unwrap_err().to_string();
        assert!(text.contains("privacy.key") && text.contains("openssl rand -hex 32"), "{text}");
    }
}
