//! The class of a page by its path, and the paths that are no page.

use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, BuildError};
use serde::{Deserialize, Serialize};

/// A class of pages and how its paths look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageClass {
    /// The name that policies weigh, such as `pricing`.
    pub class: String,
    /// Any of these. `/pricing` is that path and all below it, after a language such as `/de` or `/en-gb`; `*` stands
    /// for any run of characters; a pattern that begins with neither is matched against host and path, `docs.*`.
    /// The case does not matter.
    pub paths: Vec<String>,
}

/// The classes of pages of a source, in order, with what rules most patterns out at a glance: a page view has hardly
/// ever a class, and is asked for one each time.
#[derive(Debug)]
pub(crate) struct Pages {
    names: Vec<String>,
    /// Patterns that begin with `/` and a plain character, by that character in lower case.
    rooted: HashMap<u8, Vec<Pattern>>,
    /// All others.
    wild: Vec<Pattern>,
    /// Texts of which one must stand in a path for any of `wild` to fit: the longest part between stars of each.
    hints: AhoCorasick,
}

#[derive(Debug)]
struct Pattern {
    class: usize,
    text: String,
    /// Matched against host and path, else against the path behind its language.
    with_host: bool,
}

const BUILT_IN: &str = include_str!("../../../../config/sources/pages.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    pages: Vec<PageClass>,
}

impl Pages {
    /// The stated classes. `Err` where there are too many.
    pub(crate) fn new(classes: &[PageClass]) -> Result<Self, BuildError> {
        let (mut rooted, mut wild) = (HashMap::<u8, Vec<Pattern>>::new(), Vec::new());
        for (class, page) in classes.iter().enumerate() {
            for text in page.paths.iter().cloned() {
                let second = text.as_bytes().get(1).copied().filter(|second| *second != b'*');
                let with_host = !text.starts_with(['/', '*']);
                match second.filter(|_| text.starts_with('/')) {
                    Some(second) => {
                        let same = rooted.entry(second.to_ascii_lowercase()).or_default();
                        same.push(Pattern { class, text, with_host });
                    }
                    None => wild.push(Pattern { class, text, with_host }),
                }
            }
        }
        let hints = wild.iter().map(|pattern| hint(&pattern.text));
        let hints = AhoCorasick::builder().ascii_case_insensitive(true).build(hints)?;
        let names = classes.iter().map(|page| page.class.clone()).collect();
        Ok(Self { names, rooted, wild, hints })
    }

    /// The built-in classes.
    pub(crate) fn built_in() -> Result<Vec<PageClass>, toml::de::Error> {
        toml::from_str(BUILT_IN).map(|file: File| file.pages)
    }

    /// The first class with a pattern that fits; `path` is where the path stands in the URL.
    pub(crate) fn class(&self, url: &str, path: Range<usize>) -> Option<&str> {
        let host = url[..path.start].rsplit_once("//").map_or(path.start, |(scheme, _)| scheme.len() + 2);
        let whole = &url[host..path.end];
        let local = without_language(&url[path.clone()]);
        let fits = |pattern: &&Pattern| match pattern.with_host {
            false => matches_path(pattern.text.as_bytes(), local.as_bytes()),
            true => host < path.start && matches_path(pattern.text.as_bytes(), whole.as_bytes()),
        };
        let letter = local.as_bytes().get(1).map(u8::to_ascii_lowercase);
        let rooted =
            letter.and_then(|letter| self.rooted.get(&letter)).and_then(|same| same.iter().find(fits));
        let hinted = self.hints.is_match(whole);
        let wild = hinted.then(|| self.wild.iter().find(fits)).flatten();
        let first = rooted.into_iter().chain(wild).map(|pattern| pattern.class).min()?;
        self.names.get(first).map(String::as_str)
    }
}

/// The longest part of a pattern between its stars.
fn hint(pattern: &str) -> &str {
    pattern.split('*').max_by_key(|part| part.len()).unwrap_or_default()
}

/// `/de/preise` is `/preise`, `/en-gb/pricing` is `/pricing`.
fn without_language(path: &str) -> &str {
    let bytes = path.as_bytes();
    let letters =
        |range: Range<usize>| bytes.get(range).is_some_and(|b| b.iter().all(u8::is_ascii_alphabetic));
    if letters(1..3) && bytes.get(3) == Some(&b'/') {
        return &path[3..];
    }
    if letters(1..3)
        && matches!(bytes.get(3), Some(b'-' | b'_'))
        && letters(4..6)
        && bytes.get(6) == Some(&b'/')
    {
        return &path[6..];
    }
    path
}

/// True if the pattern is the text, or the text's beginning up to a `/` or a `.` (an extension).
fn matches_path(mut pattern: &[u8], mut text: &[u8]) -> bool {
    // Where the last star was: the pattern behind it, and the text that it has not taken yet.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), text.split_first()) {
            (Some((b'*', rest)), _) => {
                star = Some((rest, text));
                pattern = rest;
                continue;
            }
            (None, None | Some((b'/' | b'.', _))) => return true,
            (Some((p, rest)), Some((t, tail))) if p.eq_ignore_ascii_case(t) => {
                (pattern, text) = (rest, tail);
                continue;
            }
            _ => {}
        }
        let Some((behind, [_, left @ ..])) = star else { return false };
        star = Some((behind, left));
        (pattern, text) = (behind, left);
    }
}

/// The range of the path in a URL or path: no scheme, host, query or fragment. `None` if there is none.
pub(crate) fn path_in(url: &str) -> Option<Range<usize>> {
    let end = memchr::memchr2(b'?', b'#', url.as_bytes()).unwrap_or(url.len());
    let head = &url[..end];
    if head.starts_with('/') && !head.starts_with("//") {
        return Some(0..end);
    }
    let host = head.find("//").filter(|at| *at == 0 || matches!(&head[..*at], "http:" | "https:"))? + 2;
    match memchr::memchr(b'/', &head.as_bytes()[host..]) {
        Some(at) => Some(host + at..end),
        None if host < end => Some(end..end),
        None => None,
    }
}

/// True if the path is a file that a page loads, a feed or a download.
pub(crate) fn is_asset(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "7z", "atom", "avi", "avif", "bmp", "bz2", "c", "conf", "css", "csv", "deb", "diff", "dmg", "eot",
        "exe", "gif", "gz", "h", "ico", "iso", "jar", "jpeg", "jpg", "js", "json", "log", "m4a", "m4v",
        "map", "mjs", "mov", "mp3", "mp4", "mpeg", "msi", "ogg", "otf", "patch", "pl", "png", "pom", "py",
        "rb", "rdf", "rpm", "rss", "sh", "svg", "swf", "tar", "tgz", "tif", "tiff", "ttf", "txt", "wasm",
        "wav", "webm", "webp", "woff", "woff2", "xml", "zip",
    ];
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((_, ending)) = name.rsplit_once('.') else { return false };
    if ending.is_empty() || ending.len() > 5 {
        return false;
    }
    ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_in_every_form_of_url() {
        let table = [
            ("https://example.com/pricing?plan=a#top", Some("/pricing")),
            ("http://example.com", Some("")),
            ("//example.com/a/b", Some("/a/b")),
            ("/pricing?u=jane@example.com", Some("/pricing")),
            ("/?q=http://x/y", Some("/")),
            ("about:blank", None),
            ("ftp://example.com/a", None),
            ("http://", None),
            ("", None),
            ("*", None),
        ];
        for (url, expected) in table {
            assert_eq!(path_in(url).map(|range| &url[range]), expected, "{url}");
        }
    }

    #[test]
    fn pages_have_the_class_of_the_first_pattern_that_fits() {
        let pages = Pages::new(&Pages::built_in().unwrap()).unwrap();
        let table = [
            ("https://example.com", "/pricing", Some("pricing")),
            ("", "/Pricing/enterprise", Some("pricing")),
            ("", "/pricing.html", Some("pricing")),
            ("", "/pricingmodels", None),
            ("", "/en-gb/plans", Some("pricing")),
            ("", "/settings/billing/invoices", Some("billing")),
            ("", "/signup", Some("sign_up")),
            ("", "/reactivate", Some("reactivation")),
            ("", "/docs/sso", Some("docs")),
            ("https://docs.example.com", "/sso", Some("docs")),
            ("", "/blog/2015/pricing", Some("blog")),
            ("", "/features/sso", Some("product")),
            ("", "/acme-vs-us", Some("comparison")),
            ("", "/account/PRICING", Some("pricing")),
            ("https://docs.example.com", "/pricing", Some("docs")),
            ("", "/pricing/acme-vs-us", Some("pricing")),
            ("https://example.com", "", None),
            ("", "/", None),
        ];
        for (origin, path, class) in table {
            let url = format!("{origin}{path}");
            assert_eq!(pages.class(&url, origin.len()..url.len()), class, "{url}");
        }
    }

    #[test]
    fn a_star_stands_for_anything_and_a_prefix_ends_at_a_boundary() {
        let table = [
            ("/a", "/a/b", true),
            ("/a", "/ab", false),
            ("*/pricing", "/x/y/pricing", true),
            ("*/pricing", "/pricing", true),
            ("/a*c", "/abbc/d", true),
            ("/a*c", "/abbd", false),
            ("*", "", true),
            ("/*/x*y", "/1/2/x3y.html", true),
        ];
        for (pattern, path, fits) in table {
            assert_eq!(matches_path(pattern.as_bytes(), path.as_bytes()), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn what_a_page_loads_is_no_page() {
        for path in
            ["/a.png", "/style.CSS", "/favicon.ico", "/feed.xml", "/x.tar.gz", "/a.zip", "/robots.txt"]
        {
            assert!(is_asset(path), "{path}");
        }
        for path in
            ["/", "", "/pricing", "/index.html", "/a.php", "/v1.2/notes", "/john.smith", "/a.", "/report.pdf"]
        {
            assert!(!is_asset(path), "{path}");
        }
    }
}
