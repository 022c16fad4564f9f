//! The sequences of a deployment: those in the program, or those in a folder instead.

use std::path::{Path, PathBuf};

use crate::error::SequenceError;
use crate::file::parse;
use crate::fit::lacks;
use crate::material::{self, Material};
use crate::model::Sequence;
use crate::situation::Situation;
use crate::test::{Tested, test_sequence};
use crate::words::{Kind, Rule};

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../config/sequences/", $name)))),+]
    };
}

const BUILT_IN: [(&str, &str); 16] = built_in![
    "budget.toml",
    "competitor.toml",
    "experience.toml",
    "gap-closed.toml",
    "ninety-days.toml",
    "no-hard-feelings.toml",
    "onboarding.toml",
    "payment.toml",
    "price.toml",
    "return.toml",
    "service.toml",
    "situational.toml",
    "standard.toml",
    "tier-1.toml",
    "way-back.toml",
    "yearly.toml",
];

/// A sequence file, or a fault of one, with its place: `gap-closed.toml:12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The file, with the line where there is one.
    pub place: String,
    /// The fault.
    pub text: String,
}

/// The folder or a file in it cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// It cannot be read.
    #[error("cannot read {path}: {why}; set sequences_dir to a folder with *.toml files, or leave it out", path = path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// The system's message.
        why: std::io::Error,
    },
    /// Files break rules.
    #[error("{}; run `winback sequence check`", faults.first().map(|one| format!("{}: {}", one.place, one.text)).unwrap_or_default())]
    Wrong {
        /// Every fault.
        faults: Vec<Located>,
    },
}

/// A file of the library.
#[derive(Clone, Debug)]
struct SourceFile {
    name: String,
    text: String,
}

/// Checked sequences in the order in which they are tried, with what their texts may show.
#[derive(Clone, Debug, Default)]
pub struct Library {
    sequences: Vec<(Sequence, SourceFileName)>,
    material: Material,
}

type SourceFileName = String;

impl Library {
    /// The sequences of a folder, or those in the program where it holds none, with what their texts may show.
    ///
    /// # Errors
    /// When a file cannot be read, or breaks a rule.
    pub fn load(dir: &Path) -> Result<Self, LibraryError> {
        let (sequences, material) = files(dir)?;
        Self::of(&sequences, material.as_ref()).map_err(|faults| LibraryError::Wrong { faults })
    }

    /// The names and texts of the sequence files of a folder, or of those in the program where it holds none.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn texts(dir: &Path) -> Result<Vec<(String, String)>, LibraryError> {
        Ok(files(dir)?.0.into_iter().map(|file| (file.name, file.text)).collect())
    }

    /// Every fault of the files of a folder, and every test of theirs that fails.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn faults(dir: &Path) -> Result<Vec<Located>, LibraryError> {
        let (sequences, material) = files(dir)?;
        let mut faults = Self::of(&sequences, material.as_ref()).err().unwrap_or_default();
        if faults.is_empty() {
            faults.extend(sequences.iter().flat_map(SourceFile::failures));
        }
        Ok(faults)
    }

    /// Every fault of one sequence file, and every test of it that fails.
    pub fn faults_of(name: &str, text: &str) -> Vec<Located> {
        let file = SourceFile { name: name.to_owned(), text: text.to_owned() };
        match parse(text, 1) {
            Ok(_) => file.failures(),
            Err(errors) => errors.iter().map(|error| file.located(error)).collect(),
        }
    }

    fn of(files: &[SourceFile], material: Option<&SourceFile>) -> Result<Self, Vec<Located>> {
        let mut faults = Vec::new();
        let mut library = Self::default();
        for file in files {
            match parse(&file.text, 1) {
                Ok(sequence) => library.sequences.push((sequence, file.name.clone())),
                Err(errors) => faults.extend(errors.iter().map(|error| file.located(error))),
            }
        }
        faults.extend(library.twice(files));
        if let Some(file) = material {
            match Material::parse(&file.text) {
                Ok(material) => library.material = material,
                Err(errors) => faults.extend(errors.iter().map(|error| file.located(error))),
            }
            faults.extend(library.untranslated(file));
            faults.extend(library.too_cheap(files));
        }
        library.sequences.sort_by_key(|(sequence, _)| sequence.rank);
        if faults.is_empty() { Ok(library) } else { Err(faults) }
    }

    /// Names and ranks that two files have.
    fn twice(&self, files: &[SourceFile]) -> Vec<Located> {
        let mut faults = Vec::new();
        for (at, (sequence, name)) in self.sequences.iter().enumerate() {
            let before = &self.sequences[..at];
            let other = |is: &dyn Fn(&Sequence) -> bool| {
                before.iter().find(|(other, _)| is(other)).map(|(_, file)| file)
            };
            let same_name = other(&|other| other.name == sequence.name)
                .map(|file| ("name", format!("{:?}", sequence.name), file));
            let same_rank = other(&|other| other.rank == sequence.rank)
                .map(|file| ("rank", sequence.rank.to_string(), file));
            for (key, value, other) in same_name.into_iter().chain(same_rank) {
                let error = SequenceError::new(
                    Rule::Enrol,
                    key,
                    value,
                    format!("choose another: {other} has it, too"),
                );
                faults.extend(files.iter().find(|file| file.name == *name).map(|file| file.located(&error)));
            }
        }
        faults
    }

    /// Material that a language of the sequences lacks.
    fn untranslated(&self, file: &SourceFile) -> Vec<Located> {
        let mut languages: Vec<String> =
            self.sequences.iter().flat_map(|(one, _)| one.languages.clone()).collect();
        languages.sort();
        languages.dedup();
        let fault = |(at, language): (usize, &String)| {
            let fix = format!("write words.{language}: sequences have texts in it");
            file.located(&SequenceError::new(Rule::Language, &format!("proofs[{at}].words"), "nothing", fix))
        };
        self.material.lacking(&languages).map(fault).collect()
    }

    /// Discounts that are better than what loyal customers get.
    fn too_cheap(&self, files: &[SourceFile]) -> Vec<Located> {
        let Some(most) = self.material.loyal_discount else { return Vec::new() };
        let mut faults = Vec::new();
        for (sequence, name) in &self.sequences {
            for (offer, terms) in sequence.offers.iter().filter(|(_, terms)| terms.percent > most) {
                let key = format!("offers.{offer}.percent");
                let fix = format!(
                    "write {most} or less: who left gets no better price than who stayed (loyal_discount)"
                );
                let error = SequenceError::new(Rule::Content, &key, terms.percent, fix);
                faults.extend(files.iter().find(|file| file.name == *name).map(|file| file.located(&error)));
            }
        }
        faults
    }

    /// All, in the order in which they are tried, with their files.
    pub fn iter(&self) -> impl Iterator<Item = (&Sequence, &str)> {
        self.sequences.iter().map(|(sequence, file)| (sequence, file.as_str()))
    }

    /// The sequence of that name.
    pub fn get(&self, name: &str) -> Option<&Sequence> {
        self.iter().map(|(sequence, _)| sequence).find(|sequence| sequence.name == name)
    }

    /// The material of texts.
    pub const fn material(&self) -> &Material {
        &self.material
    }

    /// The first outreach that fits.
    pub fn first_for(&self, situation: &Situation<'_>) -> Option<&Sequence> {
        let outreach = self.iter().map(|(sequence, _)| sequence).filter(|one| one.kind == Kind::Outreach);
        outreach.into_iter().find(|sequence| lacks(sequence, situation).is_empty())
    }
}

impl SourceFile {
    fn failures(&self) -> Vec<Located> {
        let tests = match test_sequence(&self.text) {
            Ok(tests) => tests,
            Err(errors) => return errors.iter().map(|error| self.located(error)).collect(),
        };
        let failed = |test: Tested| {
            let text = format!("the test `{}` fails: {}", test.name, test.failure?);
            Some(Located { place: format!("{}:{}", self.name, test.line), text })
        };
        tests.into_iter().filter_map(failed).collect()
    }

    fn located(&self, error: &SequenceError) -> Located {
        let (place, text) = error.located(&self.name, &self.text);
        Located { place, text }
    }
}

/// The sequence files, and the file of what their texts may show.
fn files(dir: &Path) -> Result<(Vec<SourceFile>, Option<SourceFile>), LibraryError> {
    let unreadable = |path: &Path, why| LibraryError::Unreadable { path: path.to_path_buf(), why };
    let mut paths = Vec::new();
    if dir.is_dir() {
        for entry in std::fs::read_dir(dir).map_err(|why| unreadable(dir, why))? {
            let path = entry.map_err(|why| unreadable(dir, why))?.path();
            if path.extension().is_some_and(|ending| ending == "toml") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let (mut sequences, mut material) = (Vec::new(), None);
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|why| unreadable(&path, why))?;
        let file = SourceFile { name: path.display().to_string(), text };
        if path.file_name().is_some_and(|name| name == material::FILE) {
            material = Some(file);
        } else {
            sequences.push(file);
        }
    }
    if sequences.is_empty() {
        sequences = built_in();
    }
    Ok((sequences, material))
}

fn built_in() -> Vec<SourceFile> {
    BUILT_IN
        .iter()
        .map(|(name, text)| SourceFile { name: (*name).to_owned(), text: (*text).to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sequence of the program, whatever folder a deployment has.
    fn in_program() -> Library {
        Library::of(&built_in(), None).unwrap_or_else(|faults| panic!("{faults:#?}"))
    }

    #[test]
    fn what_is_built_in_keeps_every_rule_in_english_japanese_and_malay() {
        let library = in_program();
        assert_eq!(library.sequences.len(), BUILT_IN.len());
        for (sequence, _) in library.iter() {
            assert_eq!(sequence.languages, ["en", "ja", "ms"], "{}", sequence.name);
        }
    }

    #[test]
    fn what_is_built_in_holds_its_own_tests() {
        for (name, text) in BUILT_IN {
            let tests = test_sequence(text).unwrap_or_else(|faults| panic!("{name}: {faults:#?}"));
            assert!(!tests.is_empty(), "{name} has no test");
            for test in tests {
                assert_eq!(test.failure, None, "{name}:{} {}", test.line, test.name);
            }
        }
    }

    #[test]
    fn s1_two_files_have_neither_a_name_nor_a_rank_together() {
        let [first, ..] = BUILT_IN;
        let file = |name: &str| SourceFile { name: name.to_owned(), text: first.1.to_owned() };
        let faults = Library::of(&[file("a.toml"), file("b.toml")], None).unwrap_err();
        let texts: Vec<&str> = faults.iter().map(|fault| fault.text.as_str()).collect();
        assert!(texts[0].contains("S1: name") && texts[0].contains("a.toml has it, too"), "{texts:?}");
        assert!(texts[1].contains("S1: rank") && faults[1].place.starts_with("b.toml:"), "{faults:?}");
    }

    const GUIDE: &str = include_str!("../../../docs/sequences.md");

    #[test]
    fn the_guide_names_every_sequence_of_the_program_with_its_rank() {
        for (sequence, _) in in_program().iter() {
            let row = format!("| {} | `{}` |", sequence.rank, sequence.name);
            assert!(GUIDE.contains(&row), "docs/sequences.md has no row that begins with {row}");
        }
    }

    #[test]
    fn the_examples_of_the_guide_keep_the_rules_and_hold_their_tests() {
        let examples: Vec<&str> =
            GUIDE.split("```toml\n").skip(1).filter_map(|part| part.split("```").next()).collect();
        assert_eq!(Library::faults_of("docs", examples[0]), []);
        let material = Material::parse(examples[1]).unwrap();
        assert_eq!((material.loyal_discount, material.links.len()), (Some(20), 1));
    }

    #[test]
    fn s11_a_proof_exists_in_every_language_of_the_sequences() {
        let file = |name: &str, text: &str| SourceFile { name: name.to_owned(), text: text.to_owned() };
        let material = "link_back = \"ours\"\n\n[[proofs]]\nid = \"a\"\nkind = \"story\"\nwords = { en = \"In 20 % of the time.\" }\n";
        let faults = Library::of(&built_in(), Some(&file("material.toml", material))).unwrap_err();
        let texts: Vec<String> =
            faults.iter().map(|fault| format!("{} {}", fault.place, fault.text)).collect();
        for words in ["material.toml:1 S8: link_back", "S8: proofs[0].words.en = \"0 %\""] {
            assert!(texts.iter().any(|text| text.contains(words)), "{words}: {texts:#?}");
        }
        let material =
            "[[proofs]]\nid = \"a\"\nkind = \"story\"\nwords = { en = \"Fast.\", ja = \"速い\" }\n";
        let faults = Library::of(&built_in(), Some(&file("material.toml", material))).unwrap_err();
        assert!(faults[0].text.contains("S11") && faults[0].text.contains("words.ms"), "{faults:#?}");
    }
}
