//! The files of the core know each other in one direction only: no circle, and no layer knows one above it.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The layers of the debounce machine, the lowest first.
const LAYERS: [&str; 4] = ["model", "policy", "state", "engine"];

/// The modules of the core by path, such as `debounce::model::machine`, with their code.
#[derive(Default)]
struct Modules(BTreeMap<Vec<String>, String>);

impl Modules {
    fn read() -> Self {
        let mut modules = Self::default();
        modules.add(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &[]);
        modules
    }

    fn add(&mut self, dir: &Path, at: &[String]) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let below = [at, std::slice::from_ref(&name)].concat();
            if path.is_dir() {
                self.add(&path, &below);
                continue;
            }
            if path.extension().is_none_or(|ending| ending != "rs") {
                continue;
            }
            let own = if ["lib", "mod"].contains(&name.as_str()) { at.to_vec() } else { below };
            let text = std::fs::read_to_string(&path).unwrap();
            self.0.insert(own, code(&text));
        }
    }

    /// The modules that a module names, through re-exports to the file in which the name stands.
    fn named_by(&self, module: &[String]) -> BTreeSet<Vec<String>> {
        let mut named = BTreeSet::new();
        for path in paths(&self.0[module]) {
            if let Some(target) = absolute(module, &path).and_then(|path| self.file_of(&path)) {
                named.insert(target);
            }
        }
        named.remove(module);
        named
    }

    /// The file in which the item of that path stands.
    fn file_of(&self, path: &[String]) -> Option<Vec<String>> {
        let length = (0..=path.len()).rev().find(|&length| self.0.contains_key(&path[..length]))?;
        let (file, rest) = path.split_at(length);
        let Some(item) = rest.first() else { return Some(file.to_vec()) };
        for export in re_exports(&self.0[file]) {
            if export.last() == Some(item) {
                return self.file_of(&[file, &export].concat());
            }
        }
        Some(file.to_vec())
    }
}

/// The code without its tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Every path of the code that begins at `crate`, `super` or `self`, its groups unfolded.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    // A file's own children that it declares or hands on are no knowledge of theirs.
    let code: String = without_re_exports(code);
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                paths.extend(unfolded(&code[at..]));
            }
        }
    }
    paths
}

fn without_re_exports(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("pub use ") {
        kept.push_str(&rest[..at]);
        rest = rest[at..].split_once(';').map_or("", |(_, rest)| rest);
    }
    kept + rest
}

/// The paths that a module hands on, relative to itself.
fn re_exports(code: &str) -> Vec<Vec<String>> {
    let after = code.split("pub use ").skip(1);
    after.flat_map(|rest| unfolded(rest.split(';').next().unwrap())).collect()
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn unfolded(text: &str) -> Vec<Vec<String>> {
    let mut path = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        path.push(rest[..end].to_owned());
        rest = &rest[end..];
        let Some(next) = rest.strip_prefix("::") else { return vec![path] };
        if let Some(group) = next.strip_prefix('{') {
            return parts(group)
                .iter()
                .flat_map(|part| unfolded(part))
                .map(|p| [&*path, &*p].concat())
                .collect();
        }
        if !next.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return vec![path];
        }
        rest = next;
    }
}

/// The parts of a group up to its end.
fn parts(group: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[from..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// A path from the root of the crate.
fn absolute(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|part| *part == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        _ => Some([&module[..module.len().checked_sub(ups)?], &path[ups..]].concat()),
    }
}

/// The modules on a circle that begins at `at`; empty when there is none.
fn circle(
    graph: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>,
    at: &[String],
    way: &mut Vec<Vec<String>>,
    done: &mut BTreeSet<Vec<String>>,
) -> Vec<Vec<String>> {
    if let Some(first) = way.iter().position(|module| module == at) {
        return way[first..].to_vec();
    }
    if !done.insert(at.to_vec()) {
        return Vec::new();
    }
    way.push(at.to_vec());
    for next in &graph[at] {
        let found = circle(graph, next, way, done);
        if !found.is_empty() {
            return found;
        }
    }
    way.pop();
    Vec::new()
}

fn shown(modules: &[Vec<String>]) -> String {
    modules.iter().map(|module| module.join("::")).collect::<Vec<_>>().join(" -> ")
}

#[test]
fn no_files_of_the_core_know_each_other_in_a_circle() {
    let modules = Modules::read();
    assert!(modules.0.len() > 60, "the sources are there");
    let graph: BTreeMap<_, _> =
        modules.0.keys().map(|module| (module.clone(), modules.named_by(module))).collect();
    let edges: usize = graph.values().map(BTreeSet::len).sum();
    assert!(edges > 200, "{edges}: imports are found");
    let mut done = BTreeSet::new();
    for module in graph.keys() {
        let found = circle(&graph, module, &mut Vec::new(), &mut done);
        assert!(found.is_empty(), "a circle: {}", shown(&found));
    }
}

#[test]
fn a_layer_of_the_debounce_machine_knows_only_those_below_it() {
    let modules = Modules::read();
    let layer = |module: &[String]| match module {
        [debounce, layer, ..] if debounce == "debounce" => LAYERS.iter().position(|name| name == layer),
        _ => None,
    };
    let mut files = 0;
    for module in modules.0.keys() {
        let Some(own) = layer(module) else { continue };
        files += 1;
        for named in modules.named_by(module) {
            let is_below = layer(&named)
                .map_or_else(|| named.first().is_none_or(|name| name != "debounce"), |other| other <= own);
            assert!(is_below, "{} knows {}", module.join("::"), named.join("::"));
        }
    }
    assert!(files > 40, "{files}: the layers are there");
}

#[test]
fn paths_are_found_in_every_form() {
    let strings = |path: &[&str]| path.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
    let code = code(
        "use crate::a::{b, c::{d, e}};\n// crate::no\nfn f() -> super::g::H { $crate::x() }\npub use i::J;",
    );
    let expected = [
        &["crate", "a", "b"][..],
        &["crate", "a", "c", "d"],
        &["crate", "a", "c", "e"],
        &["super", "g", "H"],
    ];
    assert_eq!(paths(&code), expected.map(strings));
    assert_eq!(re_exports(&code), [strings(&["i", "J"])]);
    assert_eq!(absolute(&strings(&["m", "n"]), &strings(&["super", "g"])), Some(strings(&["m", "g"])));
}
