//! Topics and what the log says about them.

use winback_core::time::Span;
use winback_log::{Cleanup, LogError, SessionSpec, TimestampKind, TopicSpec};

use crate::harness::{Harness, plain, spec, topic, topic_with};

pub(crate) fn a_missing_topic_is_an_error_that_names_it(harness: &dyn Harness) {
    let missing = harness.unique("missing");
    let spec = SessionSpec {
        group: harness.unique("group"),
        transactional_id: harness.unique("id"),
        topics: vec![missing.as_str().into()],
    };
    match harness.log().session(spec).map(drop) {
        Err(LogError::NoTopic(name)) => assert_eq!(name, missing),
        other => panic!("{other:?}"),
    }
    let mut writer = harness.log().writer().unwrap();
    let written = writer.append(&plain(&missing, 0, b"x")).and_then(|()| writer.flush());
    assert!(written.unwrap_err().to_string().contains(&missing));
}

pub(crate) fn making_a_topic_again_changes_nothing(harness: &dyn Harness) {
    let name = topic(harness, "twice", 2);
    let before = harness.log().describe(&[&name]).unwrap();
    harness.log().create(&spec(&name, 5)).unwrap();
    assert_eq!(harness.log().describe(&[&name]).unwrap(), before);
    let cut = |bad: &TopicSpec| harness.log().create(bad).is_err();
    assert!(cut(&spec(&harness.unique("none"), 0)), "no partitions at all");
}

pub(crate) fn topics_are_described_in_the_order_asked(harness: &dyn Harness) {
    let kept = Cleanup::Delete(Some(Span::from_hours(3)));
    let kept = TopicSpec { cleanup: kept, timestamps: TimestampKind::Create, ..spec("kept", 2) };
    let compact =
        TopicSpec { cleanup: Cleanup::Compact { tombstones: Span::from_days(7) }, ..spec("compact", 3) };
    let (one, two) = (topic_with(harness, &kept), topic_with(harness, &compact));
    let missing = harness.unique("missing");
    let found = harness.log().describe(&[&two, &missing, &one]).unwrap();
    let specs: Vec<_> = found.iter().map(|info| info.as_ref().map(|info| info.spec.clone())).collect();
    let expected =
        [Some(TopicSpec { name: two.clone(), ..compact }), None, Some(TopicSpec { name: one, ..kept })];
    assert_eq!(specs, expected);
    assert_ne!(found[0].as_ref().unwrap().id, found[2].as_ref().unwrap().id);
    let all: Vec<_> = harness.log().topics().unwrap().into_iter().map(|info| info.spec.name).collect();
    assert!(all.is_sorted() && all.contains(&two), "{all:?}");
}
