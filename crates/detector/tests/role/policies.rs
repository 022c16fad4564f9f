//! A partition without a policy: the role goes on, and says what somebody must do.

use winback_core::ids::{Offset, Partition};
use winback_core::time::Time;
use winback_lane::{At, Output, Role, Step};
use winback_log::{Message, Record};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage, inbox, v1};

use crate::role;

#[test]
fn a_role_lacks_a_policy_until_each_of_its_partitions_has_one() {
    let (mut role, input) = role();
    let missing = role.missing().unwrap();
    assert!(
        missing.contains("in 1 of the inbox's partitions") && missing.contains("winback policy apply"),
        "{missing}"
    );
    let policy = winback_policy::record("p", 1, "name=\"p\"\n");
    let body = v1::InboxRecord { body: Some(Body::Policy(inbox::policy_to_wire(&policy))) };
    let value = body.to_bytes(Encoding::Protobuf);
    let record = Record { key: None, value: Some(value.into()), headers: Vec::new() };
    let now = Time::from_millis(1);
    let message = Message::owned(0, Partition(0), Offset(0), now, 1, record);
    assert_eq!(role.step(At { input: &input, now }, &message, &mut Output::default()), Step::Done);
    assert_eq!(role.missing(), None);
    role.released(&input);
    assert_eq!(role.missing(), None);
}
