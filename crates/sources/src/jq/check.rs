//! The errors in a filter, by line and column, and the refusal of calls that jq itself would take.

use jaq_core::compile::{Errors as CompileErrors, Undefined};
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::load::{Error, Errors, parse};
use jaq_core::path::Part;

use super::library::{ENDLESS, REFUSED};

/// A filter that calls itself need not end.
pub(super) fn refused(code: &str) -> Option<String> {
    // What cannot be parsed is told by the loader, with the place.
    let term = parse(code, |parser| parser.term())?;
    let name = recursive(&term)?;
    Some(format!(
        "{}: `{name}` calls itself, and a filter must end: use map, .., paths, reduce or walk",
        place(code, name)
    ))
}

/// The text that the parser did not understand.
pub(super) fn unread(code: &str, errors: &Errors<&str, ()>) -> String {
    let first = errors.iter().map(|(_, error)| match error {
        Error::Io(all) => all.first().map(|(at, _)| (*at, "a filter may not include others".to_owned())),
        Error::Lex(all) => all.first().map(|(expect, at)| (*at, format!("expected {}", expect.as_str()))),
        Error::Parse(all) => all.first().map(|(expect, at)| {
            let found = if at.is_empty() { "the end".to_owned() } else { format!("`{at}`") };
            (*at, format!("expected {}, found {found}", expect.as_str()))
        }),
    });
    told(code, first.flatten().next())
}

/// The name that the filter uses and nobody defined.
pub(super) fn unknown(code: &str, errors: &CompileErrors<&str, ()>) -> String {
    let first = errors.iter().flat_map(|(_, errors)| errors.iter()).next();
    told(code, first.map(|(name, what)| (*name, undefined(name, what))))
}

fn undefined(name: &str, what: &Undefined) -> String {
    let arguments = match what {
        Undefined::Filter(arguments) => Some(*arguments),
        _ => None,
    };
    if REFUSED.contains(&name) || name == "$ENV" {
        return format!(
            "`{name}` is not a function of the record: the same record must give the same signals whenever it is read"
        );
    }
    if arguments.is_some_and(|arguments| ENDLESS.contains(&(name, arguments))) {
        return format!("`{name}` need not end: use map, .., paths, reduce or range (up to 1,000)");
    }
    match arguments {
        Some(0) => format!("there is no filter `{name}`"),
        Some(arguments) => format!("there is no filter `{name}` of {arguments} arguments"),
        None => format!("there is no {} `{name}`", what.as_str()),
    }
}

fn told(code: &str, found: Option<(&str, String)>) -> String {
    match found {
        Some((at, what)) => format!("{}: {what}", place(code, at)),
        None => "it is no jq filter".to_owned(),
    }
}

/// `line 3, column 7` of a part of the code; the parser's slices point into it.
fn place(code: &str, part: &str) -> String {
    let offset = (part.as_ptr() as usize).wrapping_sub(code.as_ptr() as usize);
    let before = code.get(..offset).unwrap_or(code);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}")
}

/// The first definition that calls itself.
fn recursive<'s>(term: &Term<&'s str>) -> Option<&'s str> {
    let own = match term {
        Term::Def(defs, _) => defs.iter().find(|def| calls(&def.body, def)).map(|def| def.name),
        _ => None,
    };
    own.or_else(|| parts(term).into_iter().find_map(recursive))
}

fn calls(term: &Term<&str>, def: &Def<&str>) -> bool {
    let own = matches!(term, Term::Call(name, args) if *name == def.name && args.len() == def.args.len());
    own || parts(term).into_iter().any(|part| calls(part, def))
}

/// The terms that stand in a term.
fn parts<'t, 's>(term: &'t Term<&'s str>) -> Vec<&'t Term<&'s str>> {
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => Vec::new(),
        Term::Str(_, parts) => parts
            .iter()
            .filter_map(|part| match part {
                StrPart::Term(term) => Some(term),
                StrPart::Str(_) | StrPart::Char(_) => None,
            })
            .collect(),
        Term::Arr(inner) => inner.as_deref().into_iter().collect(),
        Term::Obj(pairs) => pairs.iter().flat_map(|(key, value)| [key].into_iter().chain(value)).collect(),
        Term::Neg(inner) | Term::Label(_, inner) => vec![inner],
        Term::BinOp(left, op, right) => {
            let mut all = vec![&**left, &**right];
            if let BinaryOp::Pipe(Some(pattern)) = op {
                pattern_terms(pattern, &mut all);
            }
            all
        }
        Term::Fold(_, over, pattern, rest) => {
            let mut all: Vec<_> = [&**over].into_iter().chain(rest).collect();
            pattern_terms(pattern, &mut all);
            all
        }
        Term::TryCatch(tried, caught) => [&**tried].into_iter().chain(caught.as_deref()).collect(),
        Term::IfThenElse(cases, otherwise) => {
            cases.iter().flat_map(|(test, then)| [test, then]).chain(otherwise.as_deref()).collect()
        }
        Term::Def(defs, then) => defs.iter().map(|def| &def.body).chain([&**then]).collect(),
        Term::Call(_, args) => args.iter().collect(),
        Term::Path(head, path) => {
            let steps = path.0.iter().flat_map(|(part, _)| match part {
                Part::Index(index) => [Some(index), None],
                Part::Range(from, to) => [from.as_ref(), to.as_ref()],
            });
            [&**head].into_iter().chain(steps.flatten()).collect()
        }
    }
}

fn pattern_terms<'t, 's>(pattern: &'t Pattern<&'s str>, into: &mut Vec<&'t Term<&'s str>>) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(patterns) => patterns.iter().for_each(|pattern| pattern_terms(pattern, into)),
        Pattern::Obj(pairs) => {
            for (key, pattern) in pairs {
                into.push(key);
                pattern_terms(pattern, into);
            }
        }
    }
}
