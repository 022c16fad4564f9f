//! An input of which nothing is heard for long is left out of the clock, and the gauge says so.

use winback_core::debounce::{Progress, Reached};
use winback_core::ids::{Offset, Partition};
use winback_core::time::{Span, Time};
use winback_lane::{At, Output, Role};
use winback_log::{Message, Record};
use winback_proto::{Encoding, WireMessage, inbox};
use winback_telemetry::Metrics;

use crate::counted;

const START: Time = Time::from_millis(1_760_000_000_000);
const GAUGE: &str = "winback_inputs_left_out ";

fn left_out(metrics: &Metrics) -> String {
    let page = metrics.render();
    page.lines().find_map(|line| line.strip_prefix(GAUGE)).unwrap_or_default().to_owned()
}

#[test]
fn an_input_that_stands_still_while_others_move_is_left_out() {
    let metrics = Metrics::new();
    let (mut role, input) = counted(&metrics);
    for number in 0..200 {
        let now = START + Span::from_secs(number * 10);
        let reached = |name: &str| (name.into(), Reached::NewestAppend(now));
        let mut inputs = vec![reached("web:moves/0")];
        inputs.extend((number < 3).then(|| reached("web:stands/0")));
        let known = vec!["web:moves/0".into(), "web:stands/0".into()];
        let record = inbox::progress_to_wire(&Progress { inputs, known });
        let value = Some(record.to_bytes(Encoding::Protobuf).into());
        let record = Record { key: None, value, headers: Vec::new() };
        let message = Message::owned(0, Partition(0), Offset(number), now, 1, record);
        role.step(At { input: &input, now }, &message, &mut Output::default());
        role.committed();
        if number == 10 {
            assert_eq!(left_out(&metrics), "0");
        }
    }
    assert_eq!(left_out(&metrics), "1", "{}", metrics.render());
}
