//! A full disk, which only the writing connection can be made to see, and files of another schema.

use std::sync::Arc;

use bytes::Bytes;
use winback_core::ids::{Offset, Partition};
use winback_core::time::Time;
use winback_log::Record;

use super::*;
use crate::storage::{Limit, Slot};

const NOW: Time = Time::from_millis(1_000);

fn records(topic: &Arc<Topic>, count: u8) -> Vec<Pending> {
    let value = |number: u8| Some(Bytes::from(vec![number; 10_000]));
    let record = |number| Record { value: value(number), ..Record::default() };
    let pending = |number| Pending {
        topic: Arc::clone(topic),
        partition: Partition(0),
        timestamp: None,
        record: record(number),
    };
    (0..count).map(pending).collect()
}

#[test]
fn a_full_disk_leaves_an_unknown_outcome_and_after_reopening_nothing_is_lost_or_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Sqlite::open(&folder.path().join("log.db")).unwrap();
    let spec = TopicSpec {
        name: "in".to_owned(),
        partitions: 1,
        replication: 1,
        cleanup: Cleanup::Delete(None),
        timestamps: TimestampKind::Append,
        max_record_bytes: 1 << 20,
    };
    storage.create(&spec).unwrap();
    let topic = Arc::new(storage.topics().unwrap().remove(0));
    let slot = Slot { topic: topic.id, partition: Partition(0) };
    let position = |next| Positions { group: "g", at: vec![(slot, Offset(next))] };
    storage.write(&mut records(&topic, 5), &position(5), NOW, None).unwrap();

    let cap = "PRAGMA max_page_count = 1";
    storage.writer.lock().as_ref().unwrap().query_row(cap, [], |_| Ok(())).unwrap();
    let mut batch = records(&topic, 50);
    let error = storage.write(&mut batch, &position(55), NOW, None).unwrap_err();
    assert!(matches!(error, WriteError::Unknown(_)), "{error:?}");
    assert_eq!(batch.len(), 50, "nothing was taken out of the batch");

    storage.reopen().unwrap();
    let mut view = storage.view().unwrap();
    assert_eq!(view.committed("g", slot).unwrap(), Some(Offset(5)));
    assert_eq!(view.bounds(slot).unwrap().end, Offset(5));
    storage.write(&mut batch, &position(55), NOW, None).unwrap();
    let mut offsets = Vec::new();
    let limit = Limit { records: 1_000, bytes: usize::MAX };
    view.fetch(slot, Offset::ZERO, limit, &mut |offset, _, _| offsets.push(offset.0)).unwrap();
    assert_eq!(offsets, (0..55).collect::<Vec<_>>());
    assert_eq!(view.committed("g", slot).unwrap(), Some(Offset(55)));
}

/// The file's schema is a stored format: what a newer winback made is refused before anything of it is touched.
#[test]
fn a_file_of_a_later_schema_is_refused_with_what_to_do_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    drop(Sqlite::open(&path).unwrap());
    let version = |set: Option<i32>| -> i32 {
        let connection = Connection::open(&path).unwrap();
        if let Some(version) = set {
            connection.pragma_update(None, "user_version", version).unwrap();
        }
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(version(None), schema::VERSION);
    version(Some(schema::VERSION + 1));
    let error = Sqlite::open(&path).err().unwrap().to_string();
    for part in ["log.db", "newer winback", "schema 2", "reads up to 1", "use that one"] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
    assert_eq!(version(None), schema::VERSION + 1);
    version(Some(schema::VERSION));
    Sqlite::open(&path).unwrap();
}

/// A change of the tables is a new version, with a way from the one before: these are the tables of version 1.
#[test]
fn the_tables_of_the_schemas_version_are_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    drop(Sqlite::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT m.name || '(' || group_concat(c.name || ' ' || c.type, ', ') || ')' FROM sqlite_schema m, \
             pragma_table_info(m.name) c WHERE m.type = 'table' GROUP BY m.name ORDER BY m.name",
        )
        .unwrap();
    let tables: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    // `marks` and `records.checksum` came later: the versions before write and read beside them.
    let pinned = [
        "marks(name TEXT)",
        "newest(topic INTEGER, partition INTEGER, key BLOB, offset INTEGER, tombstone INTEGER)",
        "partitions(topic INTEGER, partition INTEGER, beginning INTEGER, end INTEGER, newest INTEGER, \
         compacted INTEGER)",
        "positions(group TEXT, topic INTEGER, partition INTEGER, offset INTEGER)",
        "records(topic INTEGER, partition INTEGER, offset INTEGER, timestamp INTEGER, key BLOB, value BLOB, \
         headers TEXT, checksum INTEGER)",
        "topics(id INTEGER, name TEXT, incarnation TEXT, partitions INTEGER, cleanup TEXT, retention_ms INTEGER, \
         timestamps TEXT, max_record_bytes INTEGER)",
    ];
    assert_eq!((schema::VERSION, tables), (1, pinned.map(str::to_owned).to_vec()));
}
