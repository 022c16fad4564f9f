//! The list as text: what tests pin and what `docs/metrics.md` shows.

use std::fmt::Write as _;

use super::list::{self, Info};

/// One line a metric: name, type, unit, labels.
pub fn text() -> String {
    list::ALL.iter().fold(String::new(), |mut text, info| {
        let labels = info.labels.join(",");
        let _ = writeln!(text, "{} {} {} [{labels}]", info.name, info.shape.name(), info.unit);
        text
    })
}

/// The page of the documentation.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Metrics\n\nWritten from the list in `crates/telemetry/src/metrics/list.rs`; a test holds the two together \
         (`WINBACK_UPDATE=1 cargo test -p winback-telemetry` writes this page anew). Alerts are in \
         `deploy/prometheus/rules.yml`, what to do about them in [runbook.md](runbook.md).\n\n\
         Counters count since the process started. Gauges of several lanes are joined as the type says. Points in time \
         are seconds since 1970, so that an age is `time() - metric`. Histogram series end in `_bucket`, `_sum` and \
         `_count`.\n\n| metric | type | unit | labels | what it says | watch for |\n|---|---|---|---|---|---|\n",
    );
    list::ALL.iter().for_each(|info| row(&mut page, info));
    page
}

fn row(page: &mut String, info: &Info) {
    let labels: Vec<String> = info.labels.iter().map(|label| format!("`{label}`")).collect();
    let _ = writeln!(
        page,
        "| `{}` | {} | {} | {} | {} | {} |",
        info.name,
        info.shape.name(),
        info.unit,
        if labels.is_empty() { "–".to_owned() } else { labels.join(", ") },
        info.help,
        info.alert,
    );
}
