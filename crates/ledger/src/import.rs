//! Costs, spend on new customers, and rates, from CSV files. All lines are read before one is written; each wrong one is named.

use std::fmt::Write as _;

use csv::StringRecord;
use winback_core::closed_enum;
use winback_core::time::Time;

use crate::store::{transact, values};
use crate::{Database, LedgerError};

/// The most wrong lines that are named.
const NAMED: usize = 20;
/// The most digits behind the point of a rate.
const RATE_DIGITS: usize = 6;

closed_enum! {
    /// The content of a file.
    Table {
        /// The costs of the programme: month, kind (fixed, touch, hour), name, amount, currency.
        Costs = "costs",
        /// New customers: month, customers, amount, currency.
        Acquisition = "acquisition",
        /// Rates: month, currency, into, rate.
        Rates = "rates",
    }
}

impl Table {
    /// The columns of its file, in order.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Costs => &["month", "kind", "name", "amount", "currency"],
            Self::Acquisition => &["month", "customers", "amount", "currency"],
            Self::Rates => &["month", "currency", "into", "rate"],
        }
    }
}

/// A line that was read.
enum Line {
    Cost { month: String, kind: String, name: String, minor: i64, currency: String },
    Acquisition { month: String, customers: i64, minor: i64, currency: String },
    Rate { month: String, currency: String, into: String, millionths: i64 },
}

/// Writes the lines of a file; the number of them. A line of the same month and name replaces the one before.
///
/// # Errors
/// When a line is wrong, by number, column and fix; then nothing is written. When the database cannot be written.
pub fn import(
    database: &mut dyn Database,
    table: Table,
    text: &str,
    now: Time,
) -> Result<usize, LedgerError> {
    crate::schema::migrate(database)?;
    let lines = read(table, text)?;
    transact(database, |database| lines.iter().try_for_each(|line| put(database, line, now)))?;
    Ok(lines.len())
}

fn read(table: Table, text: &str) -> Result<Vec<Line>, LedgerError> {
    let mut rows = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let header =
        rows.headers().map_err(|error| LedgerError::Input(format!("line 1: {error}: write UTF-8")))?;
    let columns = table.columns();
    if header.iter().map(str::to_ascii_lowercase).ne(columns.iter().map(|column| (*column).to_owned())) {
        let text = format!("line 1: the columns of {table} are {}, in this order", columns.join(", "));
        return Err(LedgerError::Input(text));
    }
    let (mut lines, mut wrong) = (Vec::new(), Vec::new());
    let mut record = StringRecord::new();
    for number in 2_u64.. {
        let line = match rows.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) if record.len() != columns.len() => {
                Err(format!("it has {} fields, and the header has {}", record.len(), columns.len()))
            }
            Ok(true) => line(table, &record),
            Err(error) => Err(format!("{error}: write UTF-8")),
        };
        match line {
            Ok(line) => lines.push(line),
            Err(why) => wrong.push(format!("line {number}: {why}")),
        }
    }
    if wrong.is_empty() {
        return Ok(lines);
    }
    let mut text = wrong.iter().take(NAMED).cloned().collect::<Vec<_>>().join("\n");
    if wrong.len() > NAMED {
        // A String takes every write.
        let _ = write!(text, "\nand {} more", wrong.len() - NAMED);
    }
    Err(LedgerError::Input(text))
}

fn line(table: Table, record: &StringRecord) -> Result<Line, String> {
    let field = |at: usize| record.get(at).unwrap_or_default();
    let month = month(field(0))?;
    match table {
        Table::Costs => {
            let kind = field(1).to_ascii_lowercase();
            if !["fixed", "touch", "hour"].contains(&kind.as_str()) {
                return Err(format!("kind is `{}`: write fixed, touch or hour", field(1)));
            }
            if kind == "touch" && field(2).is_empty() {
                return Err("name is empty: write the channel of the touch, such as webhook".to_owned());
            }
            let currency = currency(field(4))?;
            let minor = amount(field(3), &currency)?;
            Ok(Line::Cost { month, kind, name: field(2).to_owned(), minor, currency })
        }
        Table::Acquisition => {
            let customers = field(1).parse().ok().filter(|number: &i64| *number >= 0);
            let customers =
                customers.ok_or_else(|| format!("customers is `{}`: write a whole number", field(1)))?;
            let currency = currency(field(3))?;
            Ok(Line::Acquisition { month, customers, minor: amount(field(2), &currency)?, currency })
        }
        Table::Rates => {
            let (own, into) = (currency(field(1))?, currency(field(2))?);
            if own == into {
                return Err(format!("currency and into are both {own}: write two currencies"));
            }
            Ok(Line::Rate { month, currency: own, into, millionths: rate(field(3))? })
        }
    }
}

fn month(text: &str) -> Result<String, String> {
    let wrong = || format!("month is `{text}`: write year and month, such as 2026-07");
    let (year, month) = text.split_once('-').ok_or_else(wrong)?;
    let is =
        |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let number: u8 = month.parse().map_err(|_| wrong())?;
    if is(year, 4) && is(month, 2) && (1..=12).contains(&number) { Ok(text.to_owned()) } else { Err(wrong()) }
}

fn currency(text: &str) -> Result<String, String> {
    let code = text.to_ascii_uppercase();
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(code);
    }
    Err(format!("currency is `{text}`: write its code of three letters, such as USD"))
}

/// An amount as whole minor units: `1200`, `1200.50`. What can mean two things is refused.
fn amount(text: &str, currency: &str) -> Result<i64, String> {
    let digits = if winback_figures::has_no_minor(currency) { 0 } else { 2 };
    decimal(text, digits, digits).ok_or_else(|| {
        format!("amount is `{text}`: write whole units or all digits of the cents, such as 1200 or 1200.50")
    })
}

fn rate(text: &str) -> Result<i64, String> {
    decimal(text, 0, RATE_DIGITS).filter(|millionths| *millionths > 0).ok_or_else(|| {
        format!("rate is `{text}`: write a number with at most six digits behind the point, such as 1.0855")
    })
}

/// The number times ten to the power of `most`; a point has between `least` and `most` digits behind it.
fn decimal(text: &str, least: usize, most: usize) -> Option<i64> {
    let (whole, rest) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = match rest {
        None => String::new(),
        Some(rest) if is_number(rest) && (least..=most).contains(&rest.len()) => rest.to_owned(),
        Some(_) => return None,
    };
    if !is_number(whole) {
        return None;
    }
    format!("{whole}{rest:0<most$}").parse().ok()
}

fn put(database: &mut dyn Database, line: &Line, now: Time) -> Result<(), LedgerError> {
    let (sql, values) = match line {
        Line::Cost { month, kind, name, minor, currency } => (
            "INSERT INTO costs (month, kind, name, amount_minor, currency, learned_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (month, kind, name) DO UPDATE SET amount_minor = excluded.amount_minor, \
             currency = excluded.currency, learned_at = excluded.learned_at",
            values![month, kind, name, *minor, currency, now.millis()].to_vec(),
        ),
        Line::Acquisition { month, customers, minor, currency } => (
            "INSERT INTO acquisition (month, customers, amount_minor, currency, learned_at) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (month) DO UPDATE SET customers = excluded.customers, amount_minor = excluded.amount_minor, \
             currency = excluded.currency, learned_at = excluded.learned_at",
            values![month, *customers, *minor, currency, now.millis()].to_vec(),
        ),
        Line::Rate { month, currency, into, millionths } => (
            "INSERT INTO rates (month, currency, into_currency, millionths, learned_at) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (month, currency, into_currency) DO UPDATE SET millionths = excluded.millionths, \
             learned_at = excluded.learned_at",
            values![month, currency, into, *millionths, now.millis()].to_vec(),
        ),
    };
    database.execute(sql, &values).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_line_is_named_with_its_column_and_a_fix() {
        let text = "month,kind,name,amount,currency\n2026-07,fixed,tool,1200.5,USD\n2026-13,fixed,tool,1,USD\n\
                    2026-07,gift,x,1,USD\n2026-07,touch,,1,USD\n2026-07,fixed,x,1,dollars\n2026-07,fixed\n";
        let why = read(Table::Costs, text).err().unwrap().to_string();
        for part in [
            "line 2: amount",
            "line 3: month",
            "line 4: kind",
            "line 5: name",
            "line 6: currency",
            "line 7: it has 2",
        ] {
            assert!(why.contains(part), "{part} is not in\n{why}");
        }
        let why = read(Table::Rates, "month,rate\n").err().unwrap().to_string();
        assert!(why.contains("month, currency, into, rate"), "{why}");
    }

    #[test]
    fn amounts_and_rates_are_whole_numbers() {
        assert_eq!(amount("1200.50", "USD"), Ok(120_050));
        assert_eq!(amount("1200", "JPY"), Ok(1_200));
        assert!(amount("1200.50", "JPY").is_err() && amount("1.200,50", "USD").is_err());
        assert_eq!((rate("1.0855"), rate("0.0067")), (Ok(1_085_500), Ok(6_700)));
        assert!(rate("0").is_err() && rate("1.1234567").is_err() && rate("-1").is_err());
    }
}
