//! The contents of a backtest's page and picture. They escape all text from outside.

use winback_core::debounce::{Edge, FiredBecause};
use winback_core::time::Time;
use winback_oracle::backtest::{Change, Fired, Tally, Why};

use super::*;

fn report() -> Report {
    let at = Time::from_millis(1_767_603_600_000);
    let fired =
        Fired { edge: Edge::Trailing, because: FiredBecause::GapElapsed, at, score: 4, play: String::new() };
    let change = Change {
        change: ChangeKind::Removed,
        account: "acc-1".to_owned(),
        name: "<script>alert('x')</script> & \u{1b}[31mSons".to_owned(),
        policy: "default".to_owned(),
        live: Some(fired),
        candidate: None,
        why: Why { outcome: "below_threshold".to_owned(), detail: "score 4, 6 needed".to_owned() },
    };
    let mut tally = Tally { records: 10, signals: 4, ..Tally::default() };
    tally.live.triggers.insert("trailing", 1);
    tally.candidate.refusals.insert("gated(hold_out)".to_owned(), 2);
    tally.days.insert(Day::of(at), (1, 0));
    tally.changes.insert((ChangeKind::Removed, "below_threshold".to_owned()), 1);
    let outcome = Outcome { tally, changes: vec![change], not_kept: 0 };
    let took = Duration::from_millis(5);
    Report {
        policy: "default".to_owned(),
        file: "next.toml".to_owned(),
        asked: String::new(),
        estimate: None,
        outcome,
        took,
    }
}

#[test]
fn the_page_says_it_all_and_escapes_names() {
    let page = html(&report());
    for part in
        ["&lt;script&gt;", "2026-01-05", "below_threshold (score 4, 6 needed)", "gated(hold_out)", "<svg"]
    {
        assert!(page.contains(part), "no {part}");
    }
    assert!(
        !page.contains("<script")
            && !page.contains("src=")
            && !page.contains("href=")
            && !page.contains('\u{1b}')
    );
}

#[test]
fn the_picture_has_a_bar_for_each_side_with_a_count() {
    let picture = svg(&report());
    assert!(picture.starts_with("<svg xmlns=") && picture.trim_end().ends_with("</svg>"));
    assert_eq!(picture.matches("<title>2026-01-05: 1</title>").count(), 1, "one side fired");
}

#[test]
fn the_table_names_the_change_and_why() {
    let table = text(&report(), 20);
    for part in ["starting triggers", "gone", "below_threshold 1", "acc-1", "score 4, 6 needed", "2026-01-05"]
    {
        assert!(table.contains(part), "no {part} in\n{table}");
    }
    assert!(
        !table.contains('\u{1b}') || !table.contains("\u{1b}[31mSons"),
        "what came from outside colours nothing"
    );
}

#[test]
fn where_nothing_changes_that_is_all_that_is_said() {
    let same = Report { outcome: Outcome::default(), ..report() };
    assert!(text(&same, 20).contains("nothing changes") && same.json()["same"] == true);
    assert_eq!(
        report().json()["days"][0],
        serde_json::json!({ "day": "2026-01-05", "live": 1, "candidate": 0 })
    );
}
