//! Avro's binary form by a schema, as JSON.
//!
//! Written here and not taken from a library because a record is input from outside: what it claims to hold is bounded
//! by the bytes that it has, nothing is allocated on its word, and no byte can make it panic. Values become what a
//! mapping expects: a union is its value, bytes are base64, decimals and dates are text.

use std::collections::HashMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::Schema;
use crate::decoder::MAX_DEPTH;

/// The most values of one record: blocks of nulls cost no bytes.
const MAX_VALUES: usize = 1_000_000;

/// A schema, ready to read with.
#[derive(Debug)]
pub(super) struct Reader {
    root: Type,
    named: HashMap<String, Type>,
}

#[derive(Clone, Debug)]
enum Type {
    Null,
    Boolean,
    Int,
    /// Days since 1970.
    Date,
    Long,
    Float,
    Double,
    Bytes,
    /// Big-endian with so many digits behind the point, in so many bytes or as many as it says.
    Decimal {
        scale: usize,
        size: Option<usize>,
    },
    String,
    Fixed(usize),
    Enum(Vec<String>),
    Array(Box<Type>),
    Map(Box<Type>),
    Union(Vec<Type>),
    Record(Vec<(String, Type)>),
    Named(String),
}

impl Reader {
    pub(super) fn new(schema: &Schema) -> Result<Self, String> {
        let mut parser = Parser { named: HashMap::new() };
        for part in &schema.parts {
            parser.text(&part.text).map_err(|what| format!("{}: {what}", part.name))?;
        }
        let root = parser.text(&schema.text)?;
        let reader = Self { root, named: parser.named };
        reader.check(&reader.root)?;
        reader.named.values().try_for_each(|kind| reader.check(kind))?;
        Ok(reader)
    }

    /// Every name is defined.
    fn check(&self, kind: &Type) -> Result<(), String> {
        match kind {
            Type::Named(name) if !self.named.contains_key(name) => {
                Err(format!("it names `{name}`, which is defined nowhere"))
            }
            Type::Array(inner) | Type::Map(inner) => self.check(inner),
            Type::Union(all) => all.iter().try_for_each(|kind| self.check(kind)),
            Type::Record(fields) => fields.iter().try_for_each(|(_, kind)| self.check(kind)),
            _ => Ok(()),
        }
    }

    /// The datum as JSON; all bytes are used.
    pub(super) fn json(&self, bytes: &[u8]) -> Result<String, String> {
        let mut datum = Datum { reader: self, rest: bytes, left: MAX_VALUES };
        let value = datum.read(&self.root, 0)?;
        if !datum.rest.is_empty() {
            return Err(format!("{} bytes are left over", datum.rest.len()));
        }
        Ok(value.to_string())
    }
}

struct Parser {
    named: HashMap<String, Type>,
}

impl Parser {
    fn text(&mut self, text: &str) -> Result<Type, String> {
        let value =
            serde_json::from_str(text)
                // A bare name is a schema, too.
                .or_else(|error| {
                    if text.contains(['{', '[', '"']) { Err(error) } else { Ok(Value::from(text.trim())) }
                });
        self.parse(&value.map_err(|error| format!("not JSON: {error}"))?, "", 0)
    }

    fn parse(&mut self, value: &Value, space: &str, depth: usize) -> Result<Type, String> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deep".to_owned());
        }
        match value {
            Value::String(name) => Ok(primitive(name).unwrap_or_else(|| Type::Named(full(name, space)))),
            Value::Array(all) => {
                let all: Result<_, _> = all.iter().map(|kind| self.parse(kind, space, depth + 1)).collect();
                Ok(Type::Union(all?))
            }
            Value::Object(object) => self.object(object, space, depth),
            Value::Null | Value::Bool(_) | Value::Number(_) => Err(format!("`{value}` is no type")),
        }
    }

    fn object(&mut self, object: &Map<String, Value>, space: &str, depth: usize) -> Result<Type, String> {
        let kind = object.get("type").ok_or("a type has no `type`")?;
        let Some(kind) = kind.as_str() else { return self.parse(kind, space, depth + 1) };
        let part = |key: &str| object.get(key).ok_or_else(|| format!("{kind} has no `{key}`"));
        let size = || {
            part("size")?
                .as_u64()
                .and_then(|size| usize::try_from(size).ok())
                .ok_or("`size` is none".to_owned())
        };
        let logical =
            object.get("logicalType").or_else(|| object.get("connect.name")).and_then(Value::as_str);
        let scale = object.get("scale").and_then(Value::as_u64).and_then(|scale| usize::try_from(scale).ok());
        let decimal = |size| Type::Decimal { scale: scale.unwrap_or_default().min(100), size };
        match (kind, logical) {
            ("int", Some("date" | "io.debezium.time.Date")) => Ok(Type::Date),
            ("bytes", Some("decimal" | "org.apache.kafka.connect.data.Decimal")) => Ok(decimal(None)),
            ("array", _) => Ok(Type::Array(Box::new(self.parse(part("items")?, space, depth + 1)?))),
            ("map", _) => Ok(Type::Map(Box::new(self.parse(part("values")?, space, depth + 1)?))),
            ("fixed", Some("decimal")) => {
                let kind = decimal(Some(size()?));
                self.define(object, space, kind)
            }
            ("fixed", _) => {
                let kind = Type::Fixed(size()?);
                self.define(object, space, kind)
            }
            ("enum", _) => {
                let symbols = part("symbols")?.as_array().ok_or("`symbols` is no list")?;
                let symbols = symbols.iter().map(|symbol| symbol.as_str().unwrap_or_default().to_owned());
                let kind = Type::Enum(symbols.collect());
                self.define(object, space, kind)
            }
            ("record" | "error", _) => self.record(object, space, depth),
            (name, _) => Ok(primitive(name).unwrap_or_else(|| Type::Named(full(name, space)))),
        }
    }

    fn record(&mut self, object: &Map<String, Value>, space: &str, depth: usize) -> Result<Type, String> {
        let name = name_of(object, space)?;
        let inner = name.rsplit_once('.').map_or("", |(space, _)| space).to_owned();
        let fields = object.get("fields").and_then(Value::as_array).ok_or("a record has no `fields`")?;
        let mut read = Vec::new();
        for field in fields {
            let own = field.get("name").and_then(Value::as_str).ok_or("a field has no `name`")?;
            let kind = field.get("type").ok_or_else(|| format!("field `{own}` has no `type`"))?;
            read.push((own.to_owned(), self.parse(kind, &inner, depth + 1)?));
        }
        self.named.insert(name.clone(), Type::Record(read));
        Ok(Type::Named(name))
    }

    fn define(&mut self, object: &Map<String, Value>, space: &str, kind: Type) -> Result<Type, String> {
        let name = name_of(object, space)?;
        self.named.insert(name.clone(), kind);
        Ok(Type::Named(name))
    }
}

fn primitive(name: &str) -> Option<Type> {
    Some(match name {
        "null" => Type::Null,
        "boolean" => Type::Boolean,
        "int" => Type::Int,
        "long" => Type::Long,
        "float" => Type::Float,
        "double" => Type::Double,
        "bytes" => Type::Bytes,
        "string" => Type::String,
        _ => return None,
    })
}

fn name_of(object: &Map<String, Value>, space: &str) -> Result<String, String> {
    let name = object.get("name").and_then(Value::as_str).ok_or("a named type has no `name`")?;
    Ok(full(name, object.get("namespace").and_then(Value::as_str).unwrap_or(space)))
}

fn full(name: &str, space: &str) -> String {
    if name.contains('.') || space.is_empty() { name.to_owned() } else { format!("{space}.{name}") }
}

struct Datum<'d> {
    reader: &'d Reader,
    rest: &'d [u8],
    left: usize,
}

impl<'d> Datum<'d> {
    fn read(&mut self, kind: &Type, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH}"));
        }
        self.left = self.left.checked_sub(1).ok_or_else(|| format!("more than {MAX_VALUES} values"))?;
        match kind {
            Type::Null => Ok(Value::Null),
            Type::Boolean => Ok(Value::Bool(self.take(1)?[0] != 0)),
            Type::Int | Type::Long => long(&mut self.rest).map(Value::from),
            Type::Date => long(&mut self.rest).and_then(date),
            Type::Float => Ok(number(f64::from(f32::from_le_bytes(self.array()?)))),
            Type::Double => Ok(number(f64::from_le_bytes(self.array()?))),
            Type::Bytes => self.counted().map(|bytes| Value::from(STANDARD.encode(bytes))),
            Type::Fixed(size) => self.take(*size).map(|bytes| Value::from(STANDARD.encode(bytes))),
            Type::Decimal { scale, size } => {
                let bytes = match size {
                    Some(size) => self.take(*size)?,
                    None => self.counted()?,
                };
                decimal(bytes, *scale)
            }
            Type::String => self.text().map(Value::from),
            Type::Enum(symbols) => {
                let at = long(&mut self.rest)?;
                let symbol = usize::try_from(at).ok().and_then(|at| symbols.get(at));
                symbol
                    .map(|symbol| Value::from(symbol.as_str()))
                    .ok_or_else(|| format!("an enum has no symbol {at}"))
            }
            Type::Union(all) => {
                let at = long(&mut self.rest)?;
                let chosen = usize::try_from(at).ok().and_then(|at| all.get(at));
                self.read(chosen.ok_or_else(|| format!("a union has no branch {at}"))?, depth + 1)
            }
            Type::Array(inner) => {
                let mut items = Vec::new();
                while let Some(count) = self.block()? {
                    for _ in 0..count {
                        items.push(self.read(inner, depth + 1)?);
                    }
                }
                Ok(Value::Array(items))
            }
            Type::Map(inner) => {
                let mut map = Map::new();
                while let Some(count) = self.block()? {
                    for _ in 0..count {
                        map.insert(self.text()?, self.read(inner, depth + 1)?);
                    }
                }
                Ok(Value::Object(map))
            }
            Type::Record(fields) => {
                let mut map = Map::new();
                for (name, kind) in fields {
                    map.insert(name.clone(), self.read(kind, depth + 1)?);
                }
                Ok(Value::Object(map))
            }
            Type::Named(name) => {
                let reader = self.reader;
                let kind = reader.named.get(name).ok_or_else(|| format!("`{name}` is defined nowhere"))?;
                self.read(kind, depth + 1)
            }
        }
    }

    fn take(&mut self, size: usize) -> Result<&'d [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(size).ok_or("it ends too early")?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let taken = self.take(N)?;
        taken.first_chunk().copied().ok_or_else(|| "it ends too early".to_owned())
    }

    fn counted(&mut self) -> Result<&'d [u8], String> {
        let size = long(&mut self.rest)?;
        self.take(usize::try_from(size).map_err(|_| format!("a length is {size}"))?)
    }

    fn text(&mut self) -> Result<String, String> {
        String::from_utf8(self.counted()?.to_vec()).map_err(|_| "a string is not UTF-8".to_owned())
    }

    /// The number of items that follow; `None` at the end. A negative count has its size in bytes behind it.
    fn block(&mut self) -> Result<Option<u64>, String> {
        let count = long(&mut self.rest)?;
        if count < 0 {
            long(&mut self.rest)?;
        }
        Ok((count != 0).then(|| count.unsigned_abs()))
    }
}

/// A number of variable length, its sign in the lowest bit.
pub(super) fn long(rest: &mut &[u8]) -> Result<i64, String> {
    let (mut value, mut shift) = (0_u64, 0_u32);
    loop {
        let (byte, behind) = rest.split_first().ok_or("it ends too early")?;
        *rest = behind;
        if shift > 63 {
            return Err("a number is longer than 64 bits".to_owned());
        }
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
}

/// Not a number and the infinities have no JSON.
fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn date(days: i64) -> Result<Value, String> {
    let wrong = || format!("a date is {days} days from 1970");
    let seconds = days.checked_mul(86_400).ok_or_else(wrong)?;
    let at = jiff::Timestamp::from_second(seconds).map_err(|_| wrong())?;
    Ok(Value::from(at.strftime("%Y-%m-%d").to_string()))
}

/// Two's complement, big-endian; numbers of more than 16 bytes are no money.
fn decimal(bytes: &[u8], scale: usize) -> Result<Value, String> {
    if bytes.len() > 16 {
        return Err("a decimal has more than 16 bytes".to_owned());
    }
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let unscaled =
        bytes.iter().fold(if negative { -1_i128 } else { 0 }, |all, byte| (all << 8) | i128::from(*byte));
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, rest) = digits.split_at(digits.len() - scale);
    let mut text = String::new();
    // A String takes every write.
    let _ = write!(text, "{}{whole}", if unscaled < 0 { "-" } else { "" });
    if scale > 0 {
        let _ = write!(text, ".{rest}");
    }
    Ok(Value::from(text))
}
