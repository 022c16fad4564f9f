//! A row of a CSV file as the JSON object that mappings read: header to field, every value a string.
//!
//! Bytes stay as they are: a row that is not UTF-8 becomes a record that is not UTF-8, and the decoder says so, or
//! reads it in the encoding that the source states.

use std::io::Write;

use csv::ByteRecord;

/// The row as a JSON object. Names are trimmed and lose a byte order mark; what has no name is `column_3` (from 1).
pub fn csv_row(header: &ByteRecord, row: &ByteRecord) -> Vec<u8> {
    let mut json = Vec::with_capacity(row.as_slice().len() * 2 + 64);
    json.push(b'{');
    for (at, value) in row.iter().enumerate() {
        if at > 0 {
            json.push(b',');
        }
        let name = header.get(at).map(|name| name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name).trim_ascii());
        match name {
            Some(name) if !name.is_empty() => push_text(&mut json, name),
            _ => push_text(&mut json, format!("column_{}", at + 1).as_bytes()),
        }
        json.push(b':');
        push_text(&mut json, value);
    }
    json.push(b'}');
    json
}

fn push_text(json: &mut Vec<u8>, text: &[u8]) {
    json.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => json.extend_from_slice(&[b'\\', byte]),
            0..=0x1f => {
                // A Vec takes every write.
                let _ = write!(json, "\\u{byte:04x}");
            }
            _ => json.push(byte),
        }
    }
    json.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_becomes_an_object_and_keeps_its_bytes() {
        let header = ByteRecord::from(vec![&b"\xef\xbb\xbfSr No"[..], b"Date ", b""]);
        let row = ByteRecord::from(vec![&b"1"[..], b"a\"b\\c\n", b"BYJU\x92S", b"more"]);
        let json = csv_row(&header, &row);
        let expected =
            b"{\"Sr No\":\"1\",\"Date\":\"a\\\"b\\\\c\\u000a\",\"column_3\":\"BYJU\x92S\",\"column_4\":\"more\"}";
        assert_eq!(json, expected);
    }
}
