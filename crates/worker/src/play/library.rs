//! The plays of a deployment: those in the program, or those in a directory instead.

use std::fs;
use std::path::Path;

use super::error::PlayError;
use super::{Play, file};
use crate::render::Texts;

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../../config/plays/", $name)))),+]
    };
}

const BUILT_IN: [(&str, &str); 12] = built_in![
    "adoption.toml",
    "bad-experience.toml",
    "budget.toml",
    "competitor.toml",
    "fit.toml",
    "gap-check-in.toml",
    "gap-closed.toml",
    "general.toml",
    "payment.toml",
    "regret.toml",
    "service.toml",
    "situational.toml",
];
const OWNER_NOTE: &str = "owner-note.txt";
const BUILT_IN_NOTE: &str = include_str!("../../../../config/plays/owner-note.txt");

/// Checked plays in the order in which they are tried, with their compiled texts.
#[derive(Debug)]
pub struct Plays {
    plays: Vec<Play>,
    texts: Texts,
}

impl Plays {
    /// The plays in the program.
    ///
    /// # Errors
    /// Never with the files as they are; a test holds that.
    pub fn built_in() -> Result<Self, PlayError> {
        let plays = BUILT_IN.iter().map(|(name, text)| file::parse(name, text)).collect::<Result<_, _>>()?;
        Self::of(plays, BUILT_IN_NOTE)
    }

    /// The plays of a directory, `*.toml`, instead of those in the program; `owner-note.txt` where it is there.
    ///
    /// # Errors
    /// When the directory or a file cannot be read, or a play breaks a rule.
    pub fn from_dir(dir: &Path) -> Result<Self, PlayError> {
        let mut files = Vec::new();
        for entry in fs::read_dir(dir).map_err(|why| unreadable(dir, &why))? {
            let path = entry.map_err(|why| unreadable(dir, &why))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
        if files.is_empty() {
            return Err(PlayError::Read {
                path: dir.display().to_string(),
                why: "no *.toml in it".to_owned(),
            });
        }
        files.sort();
        let plays = files
            .iter()
            .map(|path| file::parse(&path.display().to_string(), &read(path)?))
            .collect::<Result<_, _>>()?;
        let note = dir.join(OWNER_NOTE);
        if note.exists() { Self::of(plays, &read(&note)?) } else { Self::of(plays, BUILT_IN_NOTE) }
    }

    /// Plays from named texts, such as a test's.
    ///
    /// # Errors
    /// When a play breaks a rule.
    pub fn from_texts(files: &[(&str, &str)]) -> Result<Self, PlayError> {
        let plays = files.iter().map(|(name, text)| file::parse(name, text)).collect::<Result<_, _>>()?;
        Self::of(plays, BUILT_IN_NOTE)
    }

    fn of(mut plays: Vec<Play>, note: &str) -> Result<Self, PlayError> {
        plays.sort_by(|a, b| (a.rank, &a.name).cmp(&(b.rank, &b.name)));
        for (at, play) in plays.iter().enumerate() {
            if let Some(other) = plays[..at].iter().find(|other| other.name == play.name) {
                return Err(PlayError::Value {
                    file: play.file.clone(),
                    key: "name".to_owned(),
                    value: play.name.clone(),
                    fix: format!("{} has this name, too: choose another", other.file),
                });
            }
        }
        let texts = Texts::compile(&plays, OWNER_NOTE, note)?;
        Ok(Self { plays, texts })
    }

    /// The plays, in the order in which they are tried.
    pub fn iter(&self) -> impl Iterator<Item = &Play> {
        self.plays.iter()
    }

    /// Their compiled texts.
    pub const fn texts(&self) -> &Texts {
        &self.texts
    }
}

fn read(path: &Path) -> Result<String, PlayError> {
    fs::read_to_string(path).map_err(|why| unreadable(path, &why))
}

fn unreadable(path: &Path, why: &std::io::Error) -> PlayError {
    PlayError::Read { path: path.display().to_string(), why: why.to_string() }
}
