//! Our releases and what happens at competitors. They have a day, as news has.

use super::{Plot, Shape, push};
use crate::account::day;
use crate::words::{RAISED, SHIPPED};

pub(super) fn write(shape: Shape, plot: &Plot, into: &mut Vec<u8>) {
    let (nonce, date) = (plot.nonce, day(plot.at));
    if shape == Shape::Releases {
        let (feature, title) = SHIPPED;
        push!(into, r#"{{"id":"rel-{nonce:016x}","type":"feature","title":"{title}","#);
        push!(into, r#""features":["{feature}"],"date":"{date}"}}"#);
    } else {
        let (rival, title) = RAISED;
        push!(into, r#"{{"id":"ev-{nonce:016x}","competitor":"{rival}","type":"price_rise","#);
        push!(into, r#""title":"{title}","date":"{date}"}}"#);
    }
}
