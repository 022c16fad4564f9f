//! Marketo's activities, as its REST API lists them below `result`, or one a record. An activity names its lead by a number:
//! whoever forwards it adds the lead's address as `email`, or a webhook's template says it.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::{By, Delivered, Heard, Mail, OptOut, Touch, by_email, list_in, name_of, other};
use crate::element::{DropReason, Refusal};
use crate::json::{Lenient, Scalar, first_of};
use crate::walk::{Placed, Wanted};

/// Decodes the events of a record.
pub(crate) fn decode(
    mail: &Mail,
    text: &str,
    wanted: Wanted<'_>,
    sink: &mut Placed<'_>,
) -> Result<(), Refusal> {
    mail.each_in(&list_in(text, "result")?, wanted, sink, hear)
}

const OTHERS: [&str; 6] = ["6", "8", "27", "send_email", "email_bounced", "email_bounced_soft"];

/// An activity, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Activity<'a> {
    #[serde(borrow, default)]
    activity_type_id: Scalar<'a>,
    /// Its type in words, as a template of a webhook writes it.
    #[serde(borrow, default)]
    activity_type: Scalar<'a>,
    #[serde(borrow, rename = "marketoGUID", default)]
    guid: Scalar<'a>,
    #[serde(borrow, default)]
    activity_date: Scalar<'a>,
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, default)]
    lead: Lenient<Lead<'a>>,
    /// The mail, by its number; of a changed field, its name is the value.
    #[serde(borrow, default)]
    primary_attribute_value_id: Scalar<'a>,
    #[serde(borrow, default)]
    primary_attribute_value: Scalar<'a>,
    #[serde(borrow, default)]
    attributes: Lenient<Attribute<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Lead<'a> {
    #[serde(borrow, default)]
    email: Scalar<'a>,
}

/// One attribute of a list, or all of them as an object.
#[derive(Debug, Default, Deserialize)]
struct Attribute<'a> {
    #[serde(borrow, default)]
    name: Scalar<'a>,
    #[serde(borrow, default)]
    value: Scalar<'a>,
    #[serde(borrow, rename = "User Agent", default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, rename = "Link", default)]
    link: Scalar<'a>,
    #[serde(borrow, rename = "Is Bot Activity", default)]
    is_bot: Scalar<'a>,
    #[serde(borrow, rename = "New Value", default)]
    new_value: Scalar<'a>,
    #[serde(borrow, rename = "Email Address", alias = "email", default)]
    email: Scalar<'a>,
}

impl<'a> Attribute<'a> {
    /// All attributes as one object.
    fn all(listed: Lenient<Self>) -> Self {
        let mut all = Self::default();
        for mut one in listed.objects() {
            let name = std::mem::take(&mut one.name);
            let value = std::mem::take(&mut one.value);
            match name.as_str() {
                Some("User Agent") => all.user_agent = value,
                Some("Link") => all.link = value,
                Some("Is Bot Activity" | "Bot Activity") => all.is_bot = value,
                Some("New Value") => all.new_value = value,
                Some("Email Address") => all.email = value,
                Some(_) => {}
                None => all = one,
            }
        }
        all
    }
}

/// Fields of a lead that say that nobody may write or call.
fn forbids(field: &str) -> bool {
    let plain: String =
        field.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    matches!(
        plain.as_str(),
        "unsubscribed" | "donotcall" | "donotemail" | "donotcontact" | "marketingsuspended"
    )
}

/// The meaning of an activity.
fn hear(mut activity: Activity<'_>) -> Heard<'_> {
    let number = std::mem::take(&mut activity.activity_type_id).text().unwrap_or_default();
    let words =
        activity.activity_type.as_str().unwrap_or_default().trim().to_ascii_lowercase().replace(' ', "_");
    let name = match (number.is_empty(), words.is_empty()) {
        (true, true) => name_of("activityTypeId", "Marketo", &Scalar::Missing)?,
        (false, _) => number.as_ref(),
        (true, false) => words.as_str(),
    };
    let mut said = Attribute::all(activity.attributes);
    let mut lead = activity.lead.object().unwrap_or_default().email;
    let people =
        [("email", &mut activity.email), ("lead.email", &mut lead), ("Email Address", &mut said.email)];
    let (_, who) = first_of(people, "email");
    let at = ("activityDate", activity.activity_date);
    let message = activity.primary_attribute_value_id;
    let changed = activity.primary_attribute_value.as_str().is_some_and(forbids);
    let opt_out = |message, who, at| OptOut::of("marketo", message, who, at);
    let kind = match name {
        "10" | "open_email" => SignalKind::EmailOpen,
        "11" | "click_email" => SignalKind::EmailClick,
        "7" | "email_delivered" => return Delivered::said(message, who, at.1),
        "9" | "unsubscribe_email" => return opt_out(message, who, at).with_id(activity.guid).said(),
        "13" | "change_data_value" if changed && said.new_value.is_true() => {
            return opt_out(message, who, at).with_id(activity.guid).said();
        }
        // The other activities of a lead have numbers, too.
        name if name.bytes().all(|b| b.is_ascii_digit()) || name == "change_data_value" => {
            return Err(DropReason::NotInterest.into());
        }
        name => return Err(other("activityType", "Marketo", name, &OTHERS)),
    };
    Touch {
        id: activity.guid.text(),
        message: message.text(),
        user_agent: said.user_agent.text(),
        by: By::machine_if(said.is_bot.is_true()),
        link: said.link.text(),
        ..Touch::new("marketo", kind, by_email(who), at)
    }
    .said()
}
