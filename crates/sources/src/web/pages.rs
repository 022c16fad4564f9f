//! The class of a page by its path, and the paths that are no page.

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
    rooted: Vec<Vec<Pattern>>,
    /// All others.
    wild: Vec<Pattern>,
    /// Texts of which one must stand in a path for any of `wild` to fit: the longest part between stars of each.
    hints: AhoCorasick,
}

#[derive(Debug)]
struct Pattern {
    class: usize,
    text: Vec<u8>,
    /// Matched against host and path, else against the path behind its language.
    with_host: bool,
}

impl Pattern {
    /// True unless the third character rules it out.
    fn may_fit(&self, third: Option<u8>) -> bool {
        match (self.text.get(2), third) {
            (None | Some(b'*'), _) => true,
            (Some(own), Some(third)) => own.eq_ignore_ascii_case(&third),
            (Some(_), None) => false,
        }
    }
}

/// The longest address of a page that is looked at where parts of it are percent-encoded, in bytes.
const DECODED_BYTES: usize = 512;

const BUILT_IN: &str = include_str!("../../../../config/sources/pages.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    pages: Vec<PageClass>,
}

impl Pages {
    /// The stated classes. `Err` where there are too many.
    pub(crate) fn new(classes: &[PageClass]) -> Result<Self, BuildError> {
        let mut rooted: Vec<Vec<Pattern>> = std::iter::repeat_with(Vec::new).take(256).collect();
        let mut wild = Vec::new();
        for (class, page) in classes.iter().enumerate() {
            for text in &page.paths {
                let with_host = !text.starts_with(['/', '*']);
                let mut buffer = [0; DECODED_BYTES];
                let text = decoded(text.as_bytes(), &mut buffer).to_vec();
                let second = text.get(1).copied().filter(|second| *second != b'*' && text[0] == b'/');
                let pattern = Pattern { class, text, with_host };
                match second {
                    Some(second) => rooted[usize::from(second.to_ascii_lowercase())].push(pattern),
                    None => wild.push(pattern),
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
        let host = url[..path.start].find("//").map_or(0, |scheme| scheme + 2);
        let (whole, local) = (&url.as_bytes()[host..path.end], path.start - host);
        if memchr::memchr(b'%', whole).is_none() {
            return self.class_of(whole, local);
        }
        let mut buffer = [0; DECODED_BYTES];
        self.class_of(decoded(whole, &mut buffer), local)
    }

    /// The class of host and path, of which the path begins at `local`.
    fn class_of(&self, whole: &[u8], local: usize) -> Option<&str> {
        let path = without_language(whole.get(local..)?);
        let fits = |pattern: &&Pattern| match pattern.with_host {
            false => matches_path(&pattern.text, path),
            true => local > 0 && matches_path(&pattern.text, whole),
        };
        let third = path.get(2).copied();
        let letter = path.get(1).map(u8::to_ascii_lowercase);
        let same = letter.and_then(|letter| self.rooted.get(usize::from(letter)));
        let rooted =
            same.and_then(|same| same.iter().find(|pattern| pattern.may_fit(third) && fits(pattern)));
        let hinted = self.hints.is_match(whole);
        let wild = hinted.then(|| self.wild.iter().find(fits)).flatten();
        let first = rooted.into_iter().chain(wild).map(|pattern| pattern.class).min()?;
        self.names.get(first).map(String::as_str)
    }
}

/// The text with its percent-encoded bytes decoded, as far as the buffer holds it; what is no encoding stays.
fn decoded<'b>(text: &[u8], buffer: &'b mut [u8; DECODED_BYTES]) -> &'b [u8] {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (mut rest, mut length) = (text, 0);
    while let ([first, tail @ ..], Some(place)) = (rest, buffer.get_mut(length)) {
        let escaped = match (first, tail) {
            (b'%', [high, low, left @ ..]) => {
                digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4 | low, left))
            }
            _ => None,
        };
        (*place, rest) = escaped.unwrap_or((*first, tail));
        length += 1;
    }
    &buffer[..length]
}

/// The longest part of a pattern between its stars.
fn hint(pattern: &[u8]) -> &[u8] {
    pattern.split(|byte| *byte == b'*').max_by_key(|part| part.len()).unwrap_or_default()
}

/// `/de/preise` is `/preise`, `/en-gb/pricing` and `/zh-hans/pricing` are `/pricing`.
fn without_language(path: &[u8]) -> &[u8] {
    let letters =
        |range: Range<usize>| path.get(range).is_some_and(|b| b.iter().all(u8::is_ascii_alphabetic));
    if path.first() != Some(&b'/') || !letters(1..3) {
        return path;
    }
    let ends = |at: usize| path.get(at) == Some(&b'/');
    let is_region = |end: usize| letters(4..end) && ends(end);
    match path.get(3) {
        Some(b'/') => &path[3..],
        Some(b'-' | b'_') => match [6, 8].into_iter().find(|end| is_region(*end)) {
            Some(end) => &path[end..],
            None => path,
        },
        _ => path,
    }
}

/// True if the pattern is the text, or the text's beginning up to a `/`, a `.` (an extension) or a `;` (a parameter).
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
            (None, None | Some((b'/' | b'.' | b';', _))) => return true,
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

/// The range of the path in a URL or path: no scheme, host, parameters, query or fragment. `None` if there is none.
pub(crate) fn path_in(url: &str) -> Option<Range<usize>> {
    let end = memchr::memchr2(b'?', b'#', url.as_bytes()).unwrap_or(url.len());
    let head = &url[..end];
    let begin = if head.starts_with('/') && !head.starts_with("//") {
        0
    } else {
        let host = match head.find("//") {
            Some(at) if at == 0 || is_web(&head[..at]) => at + 2,
            _ if begins_with_host(head) => 0,
            _ => return None,
        };
        match memchr::memchr(b'/', &head.as_bytes()[host..]) {
            Some(at) => host + at,
            None if host < end => return Some(end..end),
            None => return None,
        }
    };
    let end = without_parameters(url, begin..end);
    Some(begin..whole_parts_to(url, begin..end, |part| part.ends_with(b"&")))
}

/// The range of a path that a script shows, behind the `#`: `/#/pricing`, `/app#!/billing`.
pub(crate) fn route_in(url: &str) -> Option<Range<usize>> {
    let hash = memchr::memchr(b'#', url.as_bytes())? + 1;
    let begin = if url[hash..].starts_with('!') { hash + 1 } else { hash };
    if !url[begin..].starts_with('/') {
        return None;
    }
    let end = memchr::memchr2(b'?', b'#', &url.as_bytes()[begin..]).map_or(url.len(), |at| begin + at);
    Some(begin..without_parameters(url, begin..end))
}

/// The range of the path of the page that a URL shows.
pub(crate) fn page_in(url: &str) -> Option<Range<usize>> {
    let path = path_in(url)?;
    Some(route_in(url).unwrap_or(path))
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http:") || scheme.eq_ignore_ascii_case("https:")
}

/// True if a text without a scheme begins with the name of a host, maybe with a port.
fn begins_with_host(text: &str) -> bool {
    /// What stands behind the dot of a file.
    const PAGES: [&str; 9] = ["html", "htm", "xhtml", "php", "asp", "aspx", "jsp", "do", "cgi"];
    let (host, is_all) = text.split_once('/').map_or((text, true), |(host, _)| (host, false));
    let (name, port) = host.split_once(':').map_or((host, "0"), |(name, port)| (name, port));
    let Some((_, suffix)) = name.rsplit_once('.') else { return false };
    name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
        && suffix.len() > 1
        && suffix.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
        && !port.is_empty()
        && port.bytes().all(|b| b.is_ascii_digit())
        && !(is_all && PAGES.iter().any(|page| suffix.eq_ignore_ascii_case(page)))
}

/// The end of a path without the parameters of its last part: `/pricing;jsessionid=…`.
fn without_parameters(url: &str, path: Range<usize>) -> usize {
    let bytes = &url.as_bytes()[path.clone()];
    let Some(first) = memchr::memchr(b';', bytes) else { return path.end };
    let last = memchr::memrchr(b'/', bytes).map_or(0, |slash| slash + 1);
    match memchr::memchr(b';', &bytes[last.min(bytes.len())..]) {
        Some(at) => whole_parts_to(url, path.start..path.start + last + at, is_entity),
        None => {
            debug_assert!(first < last, "it stands in an earlier part");
            path.end
        }
    }
}

/// The end of a path whose last part is not cut within an HTML entity, such as that of `jane&#64;acme.com`: such a part is left
/// out, since what stands before the cut may be of an address.
fn whole_parts_to(url: &str, path: Range<usize>, is_cut: impl Fn(&[u8]) -> bool) -> usize {
    let bytes = &url.as_bytes()[path.clone()];
    let last = memchr::memrchr(b'/', bytes).map_or(0, |slash| slash + 1);
    if is_cut(&bytes[last..]) { path.start + last } else { path.end }
}

/// True if the end of a text is the beginning of `&commat;` or its like.
fn is_entity(text: &[u8]) -> bool {
    let name = memchr::memrchr(b'&', text).map(|at| &text[at + 1..]);
    name.is_some_and(|name| !name.is_empty() && name.iter().all(u8::is_ascii_alphanumeric))
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
            ("HTTPS://example.com/a", Some("/a")),
            ("example.com/pricing?plan=a", Some("/pricing")),
            ("www.example.com:8443/a", Some("/a")),
            ("example.com", Some("")),
            ("index.html", None),
            ("mailto:jane@example.com", None),
            ("jane@example.com/a", None),
            ("/pricing;jsessionid=0A1B?x=1", Some("/pricing")),
            ("/a;v=1/pricing", Some("/a;v=1/pricing")),
            ("/;", Some("/")),
            ("/blog/jane&#64;acme.com", Some("/blog/")),
            ("/blog/jane&commat;acme.com", Some("/blog/")),
            ("/r&d#top", Some("/r&d")),
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
    fn a_page_that_a_script_shows_is_found_behind_the_hash() {
        let table = [
            ("https://example.com/#/pricing", Some("/pricing")),
            ("https://example.com/app?x=1#!/billing/plan?y=2#z", Some("/billing/plan")),
            ("/#/a;jsessionid=1", Some("/a")),
            ("https://example.com/docs#pricing", None),
            ("https://example.com/#", None),
            ("https://example.com/#!", None),
            ("https://example.com/", None),
        ];
        for (url, expected) in table {
            assert_eq!(route_in(url).map(|range| &url[range]), expected, "{url}");
        }
    }

    #[test]
    fn an_encoded_path_has_the_class_of_what_it_says() {
        let pages = Pages::new(&Pages::built_in().unwrap()).unwrap();
        for (url, class) in [
            ("https://example.com/%70ricing", Some("pricing")),
            ("https://example.com/pricing%3Bjsessionid=1", Some("pricing")),
            ("https://example.com/%E6%96%99%E9%87%91", Some("pricing")),
            ("https://example.com/de/preis%C3%BCbersicht", Some("pricing")),
            ("example.com/pricing", Some("pricing")),
            ("docs.example.com/a", Some("docs")),
            ("https://example.com/%zz%", None),
            ("https://example.com/pricing%", None),
        ] {
            assert_eq!(pages.class(url, path_in(url).unwrap()), class, "{url}");
        }
        let long = format!("/pricing/{}", "%41".repeat(2_000));
        assert_eq!(pages.class(&long, 0..long.len()), Some("pricing"));
        let stated = [PageClass { class: "a".into(), paths: vec!["/%C3%A9".into()] }];
        assert_eq!(Pages::new(&stated).unwrap().class("/é", 0.."/é".len()), Some("a"));
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
