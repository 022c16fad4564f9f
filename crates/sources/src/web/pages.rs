//! Which page it was: its class by pattern, and what is no page at all.

use std::ops::Range;

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

/// The classes of pages of a source, in order.
#[derive(Debug)]
pub(crate) struct Pages(Vec<PageClass>);

const BUILT_IN: &str = include_str!("../../../../config/sources/pages.toml");

impl Pages {
    /// The stated classes.
    pub(crate) fn new(classes: &[PageClass]) -> Self {
        Self(classes.to_vec())
    }

    /// The built-in classes.
    pub(crate) fn built_in() -> Result<Self, toml::de::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            pages: Vec<PageClass>,
        }
        toml::from_str(BUILT_IN).map(|file: File| Self(file.pages))
    }

    /// The first class with a pattern that fits. `origin` is what stands before the path, scheme and host.
    pub(crate) fn class(&self, origin: &str, path: &str) -> Option<&str> {
        let host = origin.rsplit_once("//").map_or("", |(_, host)| host);
        let local = without_language(path);
        let fits = |pattern: &str| match pattern.as_bytes().first() {
            Some(b'/' | b'*') => matches_path(pattern.as_bytes(), local.as_bytes()),
            _ => !host.is_empty() && matches_host(pattern.as_bytes(), host, path),
        };
        self.0
            .iter()
            .find(|class| class.paths.iter().any(|path| fits(path)))
            .map(|class| class.class.as_str())
    }
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

fn matches_host(pattern: &[u8], host: &str, path: &str) -> bool {
    let whole = [host.as_bytes(), path.as_bytes()].concat();
    matches_path(pattern, &whole)
}

/// Whether the pattern is the text, or the text's beginning up to a `/` or a `.` (an extension).
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

/// Where the path stands in a URL or path: no scheme, host, query or fragment. `None` where there is none.
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

/// Whether that path is something that a page loads, a feed or a download.
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
        let pages = Pages::built_in().unwrap();
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
            ("https://example.com", "", None),
            ("", "/", None),
        ];
        for (origin, path, class) in table {
            assert_eq!(pages.class(origin, path), class, "{origin}{path}");
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
