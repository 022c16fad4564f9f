use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use winback_core::ids::Partition;
use winback_log::{Append, Cleanup, Clock, SharedLog, SystemClock, TimestampKind, TopicSpec};
use winback_log_embedded::EmbeddedLog;

use super::load::{RECORDS, Step};
use super::*;
use crate::role::Row;

const TOMBSTONES: Span = Span::from_days(7);

struct World {
    log: SharedLog,
    snapshots: Snapshots,
    changelog: TopicPartition,
    _folder: tempfile::TempDir,
}

type Rows = BTreeMap<String, String>;

#[derive(Debug)]
struct Later(AtomicI64);

impl Clock for Later {
    fn now(&self) -> Time {
        Time::from_millis(self.0.load(Ordering::Relaxed))
    }
}

impl World {
    fn new() -> Self {
        let log = Arc::new(EmbeddedLog::memory(Arc::new(SystemClock)));
        Self::on(log, Cleanup::Compact { tombstones: TOMBSTONES })
    }

    fn on(log: SharedLog, cleanup: Cleanup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let spec = TopicSpec {
            name: "changelog".to_owned(),
            partitions: 2,
            replication: 1,
            cleanup,
            timestamps: TimestampKind::Append,
            max_record_bytes: 1 << 20,
        };
        log.create(&spec).unwrap();
        let snapshots = Snapshots::new(folder.path().join("snapshots"), TOMBSTONES);
        Self { log, snapshots, changelog: TopicPartition::new("changelog", 1), _folder: folder }
    }

    fn write(&self, rows: &[(&str, Option<&str>)]) {
        let mut writer = self.log.writer().unwrap();
        for (key, value) in rows {
            let record = Append {
                topic: "changelog",
                partition: Some(Partition(1)),
                key: Some(key.as_bytes()),
                value: value.map(str::as_bytes),
                headers: &[],
                timestamp: None,
            };
            writer.append(&record).unwrap();
        }
        writer.flush().unwrap();
    }

    fn try_keep(&self, least: u64) -> Result<Option<Kept>, KeepError> {
        let Self { log, snapshots, changelog, .. } = self;
        Keep { log: &**log, snapshots, changelog, now: SystemClock.now(), least, stop: &|| false }.run()
    }

    fn keep(&self, least: u64) -> Option<Kept> {
        self.try_keep(least).unwrap()
    }

    fn id(&self) -> String {
        self.log.describe(&["changelog"]).unwrap().remove(0).unwrap().id
    }

    fn open(&self, id: &str, range: (i64, i64), now: Time) -> Option<Loading> {
        let (beginning, end) = (Offset(range.0), Offset(range.1));
        let standing = Standing { changelog: &self.changelog, topic_id: id, beginning, end, now };
        Loading::open(&self.snapshots, &standing)
    }

    fn rows(&self) -> Result<Rows, SnapshotError> {
        let mut loading = self.open(&self.id(), (0, i64::MAX), SystemClock.now()).unwrap();
        let mut rows = Rows::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut visit = |some: &[Row<'_>]| -> Result<(), SnapshotError> {
            for row in some {
                assert_eq!(rows.insert(text(row.key), text(row.value.unwrap())), None);
            }
            Ok(())
        };
        while loading.step(&mut visit)? == Step::More {}
        Ok(rows)
    }
}

fn rows(pairs: &[(&str, &str)]) -> Rows {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_snapshot_is_what_the_changelog_comes_to_and_the_next_one_adds_the_tail() {
    let world = World::new();
    world.write(&[("b", Some("1")), ("a", Some("1")), ("b", Some("2")), ("c", Some("1")), ("c", None)]);
    assert_eq!(world.keep(1), Some(Kept { next: Offset(5), read: 5 }));
    assert_eq!(world.rows().unwrap(), rows(&[("a", "1"), ("b", "2")]));
    world.write(&[("a", None), ("0", Some("3")), ("d", Some("4")), ("b", Some("5")), ("zz", None)]);
    assert_eq!(world.keep(6), None, "five records are not yet worth it");
    assert_eq!(world.keep(5), Some(Kept { next: Offset(10), read: 5 }));
    assert_eq!(world.rows().unwrap(), rows(&[("0", "3"), ("b", "5"), ("d", "4")]));
}

#[cfg(unix)]
#[test]
fn a_snapshot_is_its_owners_alone_also_over_what_a_killed_attempt_left() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("snapshots/winback");
    file::own_folder(&folder).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(folder.parent().unwrap())), (0o700, 0o700));
    let left_over = folder.join("a.new");
    std::fs::write(&left_over, "half").unwrap();
    std::fs::set_permissions(&left_over, std::fs::Permissions::from_mode(0o644)).unwrap();
    file::own_file(&left_over).unwrap();
    assert_eq!(mode(&left_over), 0o600);
}

#[test]
fn one_of_several_slices_gives_each_record_once() {
    for count in [RECORDS, 2 * RECORDS + 1] {
        let world = World::new();
        let keys: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        let written: Vec<_> = keys.iter().map(|key| (key.as_str(), Some(key.as_str()))).collect();
        world.write(&written);
        assert!(world.keep(1).is_some());
        let given = world.rows().unwrap();
        assert_eq!(given.len(), count);
        assert!(given.iter().all(|(key, value)| key == value));
    }
}

#[test]
fn one_that_does_not_fit_the_log_is_not_used() {
    let world = World::new();
    world.write(&[("a", Some("1")), ("b", Some("1"))]);
    world.keep(1).unwrap();
    let (id, now) = (world.id(), SystemClock.now());
    assert!(world.open(&id, (0, 2), now).is_some());
    assert!(world.open("another", (0, 2), now).is_none(), "the topic was made anew");
    assert!(world.open(&id, (3, 9), now).is_none(), "the log begins behind it");
    assert!(world.open(&id, (0, 1), now).is_none(), "the log ends before it");
    let later = |span| now + span;
    assert!(world.open(&id, (0, 2), later(Span::from_days(3))).is_some());
    assert!(world.open(&id, (0, 2), later(Span::from_days(4))).is_none(), "tombstones may be gone");
    std::fs::rename(
        world.snapshots.path(&world.changelog),
        world.snapshots.path(&TopicPartition::new("changelog", 0)),
    )
    .unwrap();
    let zero = TopicPartition::new("changelog", 0);
    let standing = Standing { changelog: &zero, topic_id: &id, beginning: Offset(0), end: Offset(2), now };
    assert!(Loading::open(&world.snapshots, &standing).is_none(), "it is of another partition");
}

#[test]
fn a_torn_one_is_noticed_before_a_record_of_it_is_given() {
    let world = World::new();
    world.write(&[("a", Some("1")), ("b", Some("1"))]);
    world.keep(1).unwrap();
    let path = world.snapshots.path(&world.changelog);
    let whole = std::fs::read(&path).unwrap();
    let head = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut flipped = whole.clone();
    flipped[head + 9] ^= 1;
    for torn in [flipped, whole[..whole.len() - 1].to_vec(), whole[..head].to_vec()] {
        std::fs::write(&path, torn).unwrap();
        let error = world.rows().unwrap_err().to_string();
        assert!(error.contains("is torn"), "{error}");
    }
    for no_head in [&whole[..head - 1], b"", b"{}\n", b"hello\n"] {
        std::fs::write(&path, no_head).unwrap();
        assert!(world.open(&world.id(), (0, 2), SystemClock.now()).is_none());
    }
    // The next one is made from the beginning.
    assert_eq!(world.keep(1), Some(Kept { next: Offset(2), read: 2 }));
    assert_eq!(world.rows().unwrap(), rows(&[("a", "1"), ("b", "1")]));
}

#[test]
fn one_that_breaks_in_its_body_is_not_merged_into_the_next() {
    let world = World::new();
    world.write(&[("a", Some("1"))]);
    world.keep(1).unwrap();
    let path = world.snapshots.path(&world.changelog);
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    world.write(&[("b", Some("1"))]);
    assert_eq!(world.keep(1).map(|kept| kept.next), Some(Offset(2)));
    assert_eq!(world.rows().unwrap(), rows(&[("a", "1"), ("b", "1")]));
}

#[test]
fn what_is_left_of_a_changelog_that_was_cut_is_not_made_a_snapshot_of() {
    // A topic whose records go after a millisecond: retention, where only compaction should be.
    let clock = Arc::new(Later(AtomicI64::new(1_000_000)));
    let log = Arc::new(EmbeddedLog::simulated(clock.clone()));
    let world = World::on(log.clone(), Cleanup::Delete(Some(Span::from_millis(1))));
    world.write(&[("a", Some("1"))]);
    clock.0.fetch_add(10_000, Ordering::Relaxed);
    world.write(&[("b", Some("1"))]);
    while log.maintain(Duration::from_secs(1)).unwrap() {}
    let error = world.try_keep(1).unwrap_err();
    assert!(matches!(error, KeepError::Cut { beginning: Offset(1) }), "{error}");
    assert!(!world.snapshots.path(&world.changelog).exists());
}

/// The bytes of the form that is read and written: what wrote version 1 must be read by whoever says that it reads it.
#[test]
fn the_form_of_the_file_is_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pinned.snapshot");
    let head = Head {
        form: file::FORM.to_owned(),
        topic: "changelog".to_owned(),
        topic_id: "id".to_owned(),
        partition: 1,
        next: Offset(7),
        made_at: Time::from_millis(1_760_000_000_000),
    };
    let mut writer = file::SnapshotWriter::create(&path, &head).unwrap();
    writer.record(b"k", b"value").unwrap();
    writer.finish().unwrap();
    let mut pinned = b"{\"form\":\"winback-snapshot-1\",\"topic\":\"changelog\",\"topic_id\":\"id\",\"partition\":1,\"next\":7,\
        \"made_at\":1760000000000}\n\x01\0\0\0\x05\0\0\0kvalue"
        .to_vec();
    let checksum = crc32fast::hash(&pinned).to_le_bytes();
    pinned.extend(checksum);
    assert_eq!(std::fs::read(&path).unwrap(), pinned);
    let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "it is its owner's alone");
    assert_eq!(Loading::begin(&path).unwrap().unwrap().head, head);
}

/// Snapshots of the next version and of the version before are neither used nor in the way.
#[test]
fn a_snapshot_of_another_form_is_named_not_used_and_made_anew() {
    let world = World::new();
    world.write(&[("a", Some("1")), ("b", Some("1"))]);
    world.keep(1).unwrap();
    let path = world.snapshots.path(&world.changelog);
    let whole = std::fs::read(&path).unwrap();
    let head = whole.iter().position(|byte| *byte == b'\n').unwrap();
    // One with a head of its own, one with ours and records that we would misread.
    let same_head =
        String::from_utf8(whole[..head].to_vec()).unwrap().replace(file::FORM, "winback-snapshot-0");
    for (head_line, form) in [
        ("{\"form\":\"winback-snapshot-2\",\"of\":[1]}".to_owned(), "winback-snapshot-2"),
        (same_head, "winback-snapshot-0"),
    ] {
        std::fs::write(&path, [head_line.as_bytes(), &whole[head..]].concat()).unwrap();
        let error = Loading::begin(&path).unwrap_err().to_string();
        assert!(error.contains(form) && error.contains(file::FORM) && error.contains("made anew"), "{error}");
        assert!(world.open(&world.id(), (0, 2), SystemClock.now()).is_none());
        assert_eq!(world.keep(1), Some(Kept { next: Offset(2), read: 2 }));
        assert_eq!(world.rows().unwrap(), rows(&[("a", "1"), ("b", "1")]));
    }
}

#[test]
fn what_a_later_version_adds_to_the_head_is_read_over() {
    let world = World::new();
    world.write(&[("a", Some("1"))]);
    world.keep(1).unwrap();
    let path = world.snapshots.path(&world.changelog);
    let whole = std::fs::read(&path).unwrap();
    let records = whole.len() - 4;
    let mut longer = b"{\"added\":{\"x\":1},".to_vec();
    longer.extend(&whole[1..records]);
    let checksum = crc32fast::hash(&longer).to_le_bytes();
    longer.extend(checksum);
    std::fs::write(&path, longer).unwrap();
    assert_eq!(world.rows().unwrap(), rows(&[("a", "1")]));
}
