//! The outbox over HTTP: folders as lists, files as plain text, and nothing outside of the folder.
//!
//! A path must consist of ordinary names, and what it leads to, links followed, must still lie in the outbox.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{Html, IntoResponse, Response};

use super::{Shared, TEXT, plain};

/// More of a file is not shown.
const SHOWN_BYTES: u64 = 1 << 20;
/// More names of a folder are not shown.
const SHOWN_NAMES: usize = 5_000;

enum Found {
    Folder { names: Vec<String>, more: usize },
    File(Vec<u8>),
}

pub(super) async fn top(state: State<Arc<Shared>>) -> Response {
    page(state, UrlPath(String::new())).await
}

pub(super) async fn page(State(shared): State<Arc<Shared>>, UrlPath(path): UrlPath<String>) -> Response {
    let Some(root) = shared.pages.outbox.clone() else {
        return plain(StatusCode::NOT_FOUND, "there is no outbox\n");
    };
    let wanted = path.clone();
    let found = tokio::task::spawn_blocking(move || find(&root, &wanted)).await;
    match found {
        Ok(Ok(Found::Folder { names, more })) => Html(list(&path, &names, more)).into_response(),
        Ok(Ok(Found::File(bytes))) => file(bytes),
        Ok(Err(why)) if why.kind() == ErrorKind::NotFound => {
            plain(StatusCode::NOT_FOUND, "not in the outbox\n")
        }
        Ok(Err(why)) => {
            plain(StatusCode::INTERNAL_SERVER_ERROR, format!("the outbox cannot be read: {why}\n"))
        }
        Err(why) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("{why}\n")),
    }
}

fn file(bytes: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, TEXT),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    (headers, bytes).into_response()
}

fn find(root: &Path, wanted: &str) -> std::io::Result<Found> {
    let root = match root.canonicalize() {
        Err(why) if why.kind() == ErrorKind::NotFound && wanted.is_empty() => {
            return Ok(Found::Folder { names: Vec::new(), more: 0 });
        }
        root => root?,
    };
    let path = root.join(ordinary(wanted)?).canonicalize()?;
    if !path.starts_with(&root) {
        return Err(ErrorKind::NotFound.into());
    }
    if path.is_dir() { folder(&path) } else { read(&path) }
}

/// The path, when it consists of ordinary names that do not begin with a dot.
fn ordinary(wanted: &str) -> std::io::Result<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(wanted).components() {
        match component {
            Component::Normal(name) if !hidden(name) && !wanted.contains(['\\', '\0']) => path.push(name),
            _ => return Err(ErrorKind::NotFound.into()),
        }
    }
    Ok(path)
}

fn hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn folder(path: &Path) -> std::io::Result<Found> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if hidden(&entry.file_name()) {
            continue;
        }
        let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.push(format!("{}{slash}", entry.file_name().to_string_lossy()));
    }
    names.sort_unstable();
    let more = names.len().saturating_sub(SHOWN_NAMES);
    names.truncate(SHOWN_NAMES);
    Ok(Found::Folder { names, more })
}

fn read(path: &Path) -> std::io::Result<Found> {
    let mut bytes = Vec::new();
    if !path.is_file() {
        return Err(ErrorKind::NotFound.into());
    }
    std::fs::File::open(path)?.take(SHOWN_BYTES).read_to_end(&mut bytes)?;
    Ok(Found::File(bytes))
}

fn list(path: &str, names: &[String], more: usize) -> String {
    let place = path.trim_matches('/');
    let base = if place.is_empty() { "/outbox/".to_owned() } else { format!("/outbox/{}/", href(place)) };
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>outbox</title><h1>outbox/{}</h1><ul>",
        escaped(place)
    );
    for name in names {
        let _ = write!(page, "<li><a href=\"{base}{}\">{}</a></li>", href(name), escaped(name));
    }
    page.push_str(match (names.len(), more) {
        (0, _) => "</ul><p>nothing yet</p>",
        (_, 0) => "</ul>",
        _ => "</ul><p>and more than this page shows</p>",
    });
    page.push_str("</html>");
    page
}

/// For the text of a page.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// For a link: everything but letters, digits and what a path is made of, as percent signs.
fn href(path: &str) -> String {
    path.bytes().fold(String::new(), |mut link, byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            link.push(char::from(byte));
        } else {
            let _ = write!(link, "%{byte:02X}");
        }
        link
    })
}
