//! The functions that a filter may call: jq's standard library. Left out are functions that depend on more than the
//! record, and those that may never end.

use std::collections::HashSet;

use jaq_core::load::parse::Def;
use jaq_core::load::{Arena, File, Loader, parse};
use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Compiler, Error, Exn, Filter, ValXs};
use jaq_json::Val;
use jaq_std::ValT as _;

use super::check;
use super::meter::{self, Meter, Metered};
use crate::element::Refusal;
use crate::json;
use crate::titles;

/// The name of the filter itself among the definitions.
const MAIN: &str = "winback_filter";

/// The most numbers that `range` gives.
const MAX_RANGE: i128 = 1_000;

/// The part of a title that is looked at, in bytes.
const TITLE_BYTES: usize = 512;

/// Functions that read a clock, a zone or the environment, write, or end the process.
pub(super) const REFUSED: [&str; 13] = [
    "now",
    "env",
    "localtime",
    "strflocaltime",
    "debug",
    "debug_empty",
    "stderr",
    "stderr_empty",
    "halt",
    "halt_error",
    "input",
    "inputs",
    "input_filename",
];

/// Functions that may go on for ever, by name and number of arguments.
pub(super) const ENDLESS: [(&str, usize); 6] =
    [("repeat", 1), ("while", 2), ("until", 2), ("recurse", 1), ("recurse", 2), ("combinations", 1)];

/// Those of the library that are written with one of these, written without.
const INSTEAD: &str = "def recurse: ..; def flatten: flatten(64);";

/// The filter in that code, counting what it does; or what is wrong with it and where.
pub(super) fn compile(code: &str) -> Result<Filter<Metered>, String> {
    if let Some(wrong) = check::refused(code) {
        return Err(wrong);
    }
    let arena = Arena::default();
    Loader::new(definitions())
        .load(&arena, File { code, path: () })
        .map_err(|errors| check::unread(code, &errors))?;
    let Some(term) = parse(code, |parser| parser.term()) else {
        return Err("it is no single filter: leave `module` and `import` out".to_owned());
    };
    if code.contains(MAIN) {
        return Err(format!("`{MAIN}` is a name of winback's own: choose another"));
    }
    let meter = Meter { natives: natives() };
    let main = Def { name: MAIN, args: Vec::new(), body: meter.term(term) };
    let library = meter::guards().chain(definitions().map(|def| meter.def(def))).map(shorter);
    let modules = Loader::new(library.chain([main]))
        .load(&arena, File { code: MAIN, path: () })
        .map_err(|errors| check::unread(code, &errors))?;
    let compiled = Compiler::<_, Metered>::default().with_funs(functions()).compile(modules);
    compiled.map_err(|errors| check::unknown(code, &errors))
}

/// A definition of the library beside one that lives as long as its code.
const fn shorter<'s>(def: Def<&'static str>) -> Def<&'s str> {
    def
}

fn natives() -> HashSet<&'static str> {
    functions().map(|fun| fun.0).collect()
}

fn definitions() -> impl Iterator<Item = Def<&'static str>> {
    let kept = |def: &Def<&'static str>| {
        let (name, arguments) = (def.name, def.args.len());
        let replaced = matches!((name, arguments), ("recurse" | "flatten", 0));
        !replaced && !REFUSED.contains(&name) && !ENDLESS.contains(&(name, arguments))
    };
    let instead = parse(INSTEAD, |parser| parser.defs()).unwrap_or_default();
    let all = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    all.filter(kept).chain(instead)
}

fn functions() -> impl Iterator<Item = Fun<Metered>> {
    let replaced = ["range", "fromjson"];
    let all = jaq_core::funs::<Metered>().chain(jaq_std::funs()).chain(jaq_json::funs());
    let kept = move |fun: &Fun<Metered>| !replaced.contains(&fun.0) && !REFUSED.contains(&fun.0);
    let own = [
        run::<Metered>(("range", v(3), |mut cv| {
            let (by, to) = (cv.0.pop_var(), cv.0.pop_var());
            range(&cv.0.pop_var(), &to, &by)
        })),
        run::<Metered>(("fromjson", v(0), |cv| bome(from_json(&cv.1)))),
        run::<Metered>(("decides", v(0), |cv| bome(Ok(Val::from(decides(&cv.1)))))),
    ];
    let guarded = all.filter(kept).map(|(name, args, native)| (meter::behind_guard(name), args, native));
    guarded.chain(own).chain(meter::functions())
}

/// True for the job title of somebody who decides about buying; false for what is no text.
fn decides(value: &Val) -> bool {
    let text = value.as_utf8_bytes().and_then(|text| std::str::from_utf8(text).ok());
    text.is_some_and(|title| titles::decides(crate::text::cut(title, TITLE_BYTES)))
}

/// `range` of whole numbers, bounded.
fn range<'a>(from: &Val, to: &Val, by: &Val) -> ValXs<'a, Val> {
    let fail = |text: &str| bome(Err(Error::str(text)));
    let (Some(from), Some(to), Some(by)) = (from.as_isize(), to.as_isize(), by.as_isize()) else {
        return fail("range takes whole numbers");
    };
    let (first, last, step) = (from as i128, to as i128, by as i128);
    let count = match step {
        0 => return fail("range with a step of 0 does not end"),
        step => ((last - first + step - step.signum()) / step).max(0),
    };
    if count > MAX_RANGE {
        return fail("range gives at most 1,000 numbers");
    }
    let numbers = (0..count).filter_map(move |at| isize::try_from(first + at * step).ok());
    Box::new(numbers.map(|number| Ok::<_, Exn<'_, Val>>(Val::from(number))))
}

/// A document within a text; its depth is bounded like the record's own.
fn from_json(value: &Val) -> Result<Val, Error<Val>> {
    let fail = |what: String| Error::str(format!("cannot parse a text as JSON: {what}"));
    let text = value.as_utf8_bytes().ok_or_else(|| Error::typ(value.clone(), "string"))?;
    let text = std::str::from_utf8(text).map_err(|error| fail(error.to_string()))?;
    json::parse::<serde::de::IgnoredAny>(text).map_err(|refusal| match refusal {
        Refusal::Dead(_, what) => fail(what),
        Refusal::Drop(reason) => fail(reason.to_string()),
    })?;
    jaq_json::read::parse_single(text.as_bytes()).map_err(|error| fail(error.to_string()))
}
