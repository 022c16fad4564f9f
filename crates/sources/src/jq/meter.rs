//! A filter rewritten so that it counts what it does: behind each term that makes or gives values stands one that charges
//! the run's [`Budget`].
//!
//! Their names begin with `!`, which no filter can write. They change no value and no path.

use std::collections::HashSet;

use jaq_core::data::HasLut;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::native::{Fun, bome, run, v};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};
use jaq_core::{Ctx, DataT, Error, Exn, Lut, Native, ValXs};
use jaq_json::Val;
use jaq_std::ValT as _;

use super::budget::{Budget, Limit};

/// Values are jaq's own; a run has a budget.
pub(super) struct Metered;

/// One run.
#[derive(Clone)]
pub(super) struct Run<'r> {
    pub(super) lut: &'r Lut<Metered>,
    pub(super) budget: &'r Budget,
}

impl DataT for Metered {
    type V<'a> = Val;
    type Data<'a> = Run<'a>;
}

impl<'a> HasLut<'a, Metered> for Run<'a> {
    fn lut(&self) -> &'a Lut<Metered> {
        self.lut
    }
}

const STEP: &str = "!step";
const MADE: &str = "!made";
const KEPT: &str = "!kept";
const TIMES: &str = "!times";
const PARTS: &str = "!parts";
const CROSS: &str = "!cross";
const TEXT: &str = "!text";
const LEFT: &str = "$!left";
const RIGHT: &str = "$!right";
const RIGHT_OF_UPDATE: &str = "$!update";

/// Functions behind a guard, by the name they are called by, their own name, their arguments and the guard.
const GUARDED: [(&str, &str, usize, &str); 5] = [
    ("contains", "!contains", 1, CROSS),
    ("indices", "!indices", 1, CROSS),
    ("matches", "!matches", 2, TEXT),
    ("split_", "!split_", 2, TEXT),
    ("split_matches", "!split_matches", 2, TEXT),
];
/// Functions that keep what their argument gives for each element.
const KEYED: [&str; 4] = ["sort_by", "group_by", "min_by_or_empty", "max_by_or_empty"];
/// Functions that look at no more of a value than their arguments do.
const LIGHT: [&str; 8] = ["first", "last", "limit", "skip", "path", "path_value", "range", "has"];
/// The longest text that is searched by a pattern or split.
const TEXT_BYTES: usize = 64 * 1024;

/// The name that a guarded function has behind its guard.
pub(super) fn behind_guard(name: &'static str) -> &'static str {
    GUARDED.iter().find(|(called, ..)| *called == name).map_or(name, |(_, own, ..)| own)
}

/// The definitions that put the guards in front.
pub(super) fn guards() -> impl Iterator<Item = Def<&'static str>> {
    const ARGUMENTS: [&str; 2] = ["$a", "$b"];
    GUARDED.into_iter().map(|(name, own, count, guard)| {
        let arguments = || ARGUMENTS.iter().take(count).map(|name| Term::Var(*name)).collect::<Vec<_>>();
        let guard = Term::Call(guard, if guard == CROSS { arguments() } else { Vec::new() });
        let body = piped(guard, None, Term::Call(own, arguments()));
        Def { name, args: ARGUMENTS[..count].to_vec(), body }
    })
}

/// The functions that count.
pub(super) fn functions() -> impl Iterator<Item = Fun<Metered>> {
    let same = |name, native: Native<Metered>| {
        let native = native.with_paths(|cv| Box::new(std::iter::once(Ok(cv.1)))).with_update(|cv, f| f(cv.1));
        (name, v(0), native)
    };
    let own = [
        run::<Metered>((TIMES, v(2), |mut cv| {
            let (right, left) = (cv.0.pop_var(), cv.0.pop_var());
            times(&cv.0, left, right)
        })),
        run::<Metered>((PARTS, v(2), |mut cv| {
            let (right, left) = (cv.0.pop_var(), cv.0.pop_var());
            if text(&left).is_some_and(|text| text > TEXT_BYTES) && text(&right).is_some() {
                return stopped(&cv.0, Limit::Text);
            }
            bome(left / right)
        })),
        run::<Metered>((CROSS, v(1), |mut cv| {
            let with = cv.0.pop_var();
            let crossed = cv.0.data().budget.crossed(&cv.1, &with);
            passed(crossed, cv.1)
        })),
        run::<Metered>((TEXT, v(0), |cv| match text(&cv.1) {
            Some(text) if text > TEXT_BYTES => stopped(&cv.0, Limit::Text),
            _ => bome(Ok(cv.1)),
        })),
    ];
    [
        same(STEP, Native::new(|cv| passed(cv.0.data().budget.work(1), cv.1))),
        same(MADE, Native::new(|cv| passed(cv.0.data().budget.made(&cv.1), cv.1))),
        same(KEPT, Native::new(|cv| passed(cv.0.data().budget.kept(&cv.1), cv.1))),
    ]
    .into_iter()
    .chain(own)
}

fn passed<'a>(charged: Result<(), Limit>, value: Val) -> ValXs<'a, Val> {
    let passed = charged.map(|()| value).map_err(|limit| Error::str(limit.text()));
    Box::new(std::iter::once(passed.map_err(Exn::from)))
}

fn stopped<'a>(context: &Ctx<'a, Metered>, limit: Limit) -> ValXs<'a, Val> {
    passed(context.data().budget.stop(limit), Val::Null)
}

fn times<'a>(context: &Ctx<'a, Metered>, left: Val, right: Val) -> ValXs<'a, Val> {
    let repeated = match (&left, &right) {
        (Val::Num(_), text) => text_bytes(text).zip(left.as_f64()),
        (text, Val::Num(_)) => text_bytes(text).zip(right.as_f64()),
        _ => None,
    };
    if let Some((bytes, count)) = repeated
        && let Err(limit) = context.data().budget.announced(bytes * count)
    {
        return stopped(context, limit);
    }
    bome(left * right)
}

fn text(value: &Val) -> Option<usize> {
    match value {
        Val::TStr(text) | Val::BStr(text) => Some(text.len()),
        _ => None,
    }
}

fn text_bytes(value: &Val) -> Option<f64> {
    text(value).map(|bytes| f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)))
}

/// Rewrites terms.
pub(super) struct Meter {
    /// Names of functions that are no definitions.
    pub(super) natives: HashSet<&'static str>,
}

impl Meter {
    pub(super) fn def<'s>(&self, def: Def<&'s str>) -> Def<&'s str> {
        Def { body: self.term(def.body), ..def }
    }

    pub(super) fn term<'s>(&self, term: Term<&'s str>) -> Term<&'s str> {
        match term {
            Term::Id | Term::Num(_) | Term::Var(_) | Term::Break(_) | Term::Arr(None) => term,
            Term::Recurse => charged(term, STEP),
            Term::Str(format, parts) => self.text(format, parts),
            Term::Arr(Some(inner)) => {
                let inner = charged(self.term(*inner), KEPT);
                charged(Term::Arr(Some(Box::new(inner))), MADE)
            }
            Term::Obj(pairs) => {
                let pairs = pairs.into_iter().map(|(key, value)| match value {
                    Some(value) => (self.term(key), Some(self.term(value))),
                    // A key alone stands for its value, too, and has to stay what it is.
                    None => (key, None),
                });
                charged(Term::Obj(pairs.collect()), MADE)
            }
            Term::Neg(inner) => Term::Neg(self.boxed(inner)),
            Term::BinOp(left, op, right) => self.operation(*left, op, *right),
            Term::Label(name, inner) => Term::Label(name, self.boxed(inner)),
            Term::Fold(name, over, pattern, rest) => {
                let rest = rest.into_iter().map(|term| self.term(term)).collect();
                Term::Fold(name, self.boxed(over), self.pattern(pattern), rest)
            }
            Term::TryCatch(tried, caught) => {
                Term::TryCatch(self.boxed(tried), caught.map(|caught| self.boxed(caught)))
            }
            Term::IfThenElse(cases, otherwise) => {
                let cases = cases.into_iter().map(|(test, then)| (self.term(test), self.term(then)));
                Term::IfThenElse(cases.collect(), otherwise.map(|term| self.boxed(term)))
            }
            Term::Def(defs, then) => {
                Term::Def(defs.into_iter().map(|def| self.def(def)).collect(), self.boxed(then))
            }
            Term::Call(name, args) => self.call(name, args),
            Term::Path(head, path) => self.path(head, path),
        }
    }

    #[expect(clippy::boxed_local, reason = "a term is boxed where it stands in another")]
    fn boxed<'s>(&self, term: Box<Term<&'s str>>) -> Box<Term<&'s str>> {
        Box::new(self.term(*term))
    }

    fn text<'s>(
        &self,
        format: Option<&'s str>,
        parts: Vec<StrPart<&'s str, Term<&'s str>>>,
    ) -> Term<&'s str> {
        let is_fixed = parts.iter().all(|part| !matches!(part, StrPart::Term(_)));
        let parts = parts.into_iter().map(|part| match part {
            // What is put into a text is written out whole.
            StrPart::Term(term) => StrPart::Term(charged(self.term(term), MADE)),
            fixed => fixed,
        });
        let text = Term::Str(format, parts.collect());
        if is_fixed { text } else { charged(text, MADE) }
    }

    fn operation<'s>(
        &self,
        left: Term<&'s str>,
        op: BinaryOp<&'s str>,
        right: Term<&'s str>,
    ) -> Term<&'s str> {
        let both = |meter: &Self, left, op, right| {
            Term::BinOp(Box::new(meter.term(left)), op, Box::new(meter.term(right)))
        };
        match op {
            BinaryOp::Pipe(pattern) => {
                let pattern = pattern.map(|pattern| self.pattern(pattern));
                both(self, left, BinaryOp::Pipe(pattern), right)
            }
            BinaryOp::Alt | BinaryOp::Or | BinaryOp::And => both(self, left, op, right),
            BinaryOp::Comma => charged(both(self, left, op, right), STEP),
            BinaryOp::Cmp(_) => {
                let (left, right) = (charged(self.term(left), MADE), charged(self.term(right), MADE));
                Term::BinOp(Box::new(left), op, Box::new(right))
            }
            BinaryOp::Math(Math::Mul) => self.bound(left, TIMES, right),
            BinaryOp::Math(Math::Div) => self.bound(left, PARTS, right),
            BinaryOp::Math(_) | BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateAlt => {
                charged(both(self, left, op, right), MADE)
            }
            BinaryOp::UpdateMath(math) => {
                // As jq defines it: `r as $x | l |= (. op $x)`.
                let value = self.operation(Term::Id, BinaryOp::Math(math), Term::Var(RIGHT_OF_UPDATE));
                let update = Term::BinOp(Box::new(self.term(left)), BinaryOp::Update, Box::new(value));
                charged(piped(self.term(right), Some(RIGHT_OF_UPDATE), update), MADE)
            }
        }
    }

    /// `l as $left | r as $right | name($left; $right)`.
    fn bound<'s>(&self, left: Term<&'s str>, name: &'static str, right: Term<&'s str>) -> Term<&'s str> {
        let done = Term::Call(name, vec![Term::Var(LEFT), Term::Var(RIGHT)]);
        let right = piped(self.term(right), Some(RIGHT), charged(done, MADE));
        piped(self.term(left), Some(LEFT), right)
    }

    fn call<'s>(&self, name: &'s str, args: Vec<Term<&'s str>>) -> Term<&'s str> {
        let is_keyed = KEYED.contains(&name);
        let args = args.into_iter().map(|arg| match self.term(arg) {
            arg if is_keyed => charged(arg, KEPT),
            arg => arg,
        });
        let call = Term::Call(name, args.collect());
        if LIGHT.contains(&name) || !self.natives.contains(name) {
            return charged(call, STEP);
        }
        // It may look at all of its input, too.
        charged(piped(Term::Call(MADE, Vec::new()), None, call), MADE)
    }

    fn path<'s>(&self, head: Box<Term<&'s str>>, path: Path<Term<&'s str>>) -> Term<&'s str> {
        let is_cut = |part: &Part<_>| matches!(part, Part::Range(from, to) if from.is_some() || to.is_some());
        let copies = path.0.iter().any(|(part, _)| is_cut(part));
        let parts = path.0.into_iter().map(|(part, opt)| {
            let part = match part {
                Part::Index(index) => Part::Index(self.term(index)),
                Part::Range(from, to) => {
                    Part::Range(from.map(|term| self.term(term)), to.map(|term| self.term(term)))
                }
            };
            (part, opt)
        });
        let path = Term::Path(self.boxed(head), Path(parts.collect()));
        charged(path, if copies { MADE } else { STEP })
    }

    fn pattern<'s>(&self, pattern: Pattern<&'s str>) -> Pattern<&'s str> {
        match pattern {
            Pattern::Var(_) => pattern,
            Pattern::Arr(parts) => Pattern::Arr(parts.into_iter().map(|part| self.pattern(part)).collect()),
            Pattern::Obj(pairs) => {
                let pairs = pairs.into_iter().map(|(key, part)| (self.term(key), self.pattern(part)));
                Pattern::Obj(pairs.collect())
            }
        }
    }
}

fn charged<'s>(term: Term<&'s str>, by: &'static str) -> Term<&'s str> {
    piped(term, None, Term::Call(by, Vec::new()))
}

fn piped<'s>(left: Term<&'s str>, name: Option<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(name.map(Pattern::Var)), Box::new(right))
}
