//! The formats that are built in. Each is one entry of the list at the end of this file.

use winback_core::closed_enum;
use winback_core::signal::SignalKind;

use crate::mail::{self, DecodeMail};
use crate::web::{self, WebFormat};

/// The part of a decoder that a preset brings along.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    /// Code that reads page views.
    Web(WebFormat),
    /// Code that reads the events of a mail provider.
    Mail(DecodeMail),
    /// A mapping or a jq filter, as TOML.
    File(&'static str),
}

/// One line of help about a preset.
#[derive(Clone, Copy, Debug)]
pub struct PresetInfo {
    /// Its name in config.
    pub preset: Preset,
    /// The shape of its records.
    pub reads: &'static str,
    /// The kinds of signals it gives.
    pub kinds: &'static [SignalKind],
    pub(crate) format: Format,
}

/// Makes the enum and the list of presets: name in code, name in config, kinds of signals, format, help.
macro_rules! presets {
    ($($name:ident = $text:literal, $kinds:ident, $variant:ident($format:expr), $reads:literal;)+) => {
        closed_enum! {
            /// A format that needs no mapping.
            Preset {
                $(#[doc = $reads] $name = $text,)+
            }
        }

        const ALL: &[PresetInfo] = &[$(PresetInfo {
            preset: Preset::$name,
            reads: $reads,
            kinds: $kinds,
            format: Format::$variant($format),
        }),+];
    };
}

/// All presets, in the order of the documentation.
pub const fn presets() -> &'static [PresetInfo] {
    ALL
}

impl Preset {
    /// The part of a decoder that the preset stands for.
    pub(crate) fn format(self) -> Format {
        ALL[self as usize].format
    }

    /// The preset whose name is written most like that.
    pub(crate) fn nearest(name: &str) -> Self {
        let far = |preset: &&Self| strsim::damerau_levenshtein(preset.as_str(), name);
        Self::ALL.iter().min_by_key(far).copied().unwrap_or(Self::Web)
    }
}

const WEB: &[SignalKind] = &[SignalKind::WebVisit];
const MAIL: &[SignalKind] = &[SignalKind::EmailOpen, SignalKind::EmailClick, SignalKind::EmailReply];
const OPENS: &[SignalKind] = &[SignalKind::EmailOpen, SignalKind::EmailClick];
const FUNDING: &[SignalKind] = &[SignalKind::FundingNews];
const HIRING: &[SignalKind] = &[SignalKind::Hiring];
const BOUGHT: &[SignalKind] = &[SignalKind::Acquisition];
const SALES: &[SignalKind] =
    &[SignalKind::DealStageChange, SignalKind::ExecutiveChange, SignalKind::SelfReactivation];
const NEWS: &[SignalKind] = &[
    SignalKind::ExecutiveChange,
    SignalKind::OfficeExpansion,
    SignalKind::Acquisition,
    SignalKind::AccountProductLaunch,
    SignalKind::TechStackChange,
    SignalKind::Conference,
    SignalKind::SocialMention,
    SignalKind::DealStageChange,
    SignalKind::FundingNews,
    SignalKind::Hiring,
];

const RELEASES: &[SignalKind] = &[SignalKind::ProductRelease];
const COMPETITOR: &[SignalKind] = &[SignalKind::CompetitorEvent];
/// Answers are no signals.
const NONE: &[SignalKind] = &[];

presets! {
    Segment = "segment", WEB, Web(web::segment::FORMAT),
        "Segment `page` and `track` calls, one a record or a list of them";
    Web = "web", WEB, Web(web::plain::FORMAT),
        "JSON {id, url or path, ip, email, user_agent, account_id, domain, company, time}";
    CombinedLog = "combined_log", WEB, Web(web::combined_log::FORMAT),
        "Apache or nginx access logs in the combined format, one line a record";
    SnowplowTsv = "snowplow_tsv", WEB, Web(web::snowplow::TSV),
        "Snowplow's enriched stream: page views as lines of 131 columns between tabs";
    SnowplowJson = "snowplow_json", WEB, Web(web::snowplow::JSON),
        "Snowplow's enriched page views as its analytics SDKs make JSON of them";
    RudderStack = "rudderstack", WEB, Web(web::rudderstack::FORMAT),
        "RudderStack `page` and `track` calls, one a record or a list of them";
    PostHog = "posthog", WEB, Web(web::posthog::FORMAT),
        "PostHog's `$pageview` events: captured, batched, posted or exported";
    Ga4Export = "ga4_export", WEB, Web(web::ga4::FORMAT),
        "GA4 `page_view` rows of the BigQuery export, as JSON";
    SendGrid = "sendgrid", MAIL, Mail(mail::sendgrid::decode),
        "SendGrid's event webhook, a list of events a record, and its inbound parser's forms";
    Postmark = "postmark", MAIL, Mail(mail::postmark::decode),
        "Postmark's open, click and inbound webhooks";
    Ses = "ses", MAIL, Mail(mail::ses::decode),
        "Amazon SES events and received mail, bare or wrapped by SNS";
    Brevo = "brevo", MAIL, Mail(mail::brevo::decode),
        "Brevo's transactional and inbound webhooks";
    Mailgun = "mailgun", MAIL, Mail(mail::mailgun::decode),
        "Mailgun's webhooks, its events as the API lists them, and its routes' forms";
    Mailjet = "mailjet", MAIL, Mail(mail::mailjet::decode),
        "Mailjet's event and parse webhooks";
    Mandrill = "mandrill", MAIL, Mail(mail::mandrill::decode),
        "Mailchimp Transactional's webhooks: a form, or its field as JSON";
    SparkPost = "sparkpost", MAIL, Mail(mail::sparkpost::decode),
        "SparkPost's event and relay webhooks: a list of events a record";
    Resend = "resend", MAIL, Mail(mail::resend::decode),
        "Resend's webhooks";
    MailerSend = "mailersend", MAIL, Mail(mail::mailersend::decode),
        "MailerSend's webhooks and inbound routes";
    Mailtrap = "mailtrap", OPENS, Mail(mail::mailtrap::decode),
        "Mailtrap's webhooks: {events: [...]}, or one event a record";
    Postal = "postal", MAIL, Mail(mail::postal::decode),
        "Postal's webhooks and HTTP endpoints";
    CustomerIo = "customerio", OPENS, Mail(mail::customerio::decode),
        "Customer.io's reporting webhooks";
    Braze = "braze", OPENS, Mail(mail::braze::decode),
        "Braze Currents: {events: [...]}, or one event a record with its `event_type`";
    Iterable = "iterable", OPENS, Mail(mail::iterable::decode),
        "Iterable's system webhooks";
    Klaviyo = "klaviyo", OPENS, Mail(mail::klaviyo::decode),
        "Klaviyo's system webhooks: a list of events below `data`";
    HubSpotEmail = "hubspot_email", OPENS, Mail(mail::hubspot_email::decode),
        "HubSpot's email events: {events: [...]}, or one a record";
    Marketo = "marketo", OPENS, Mail(mail::marketo::decode),
        "Marketo's activities of mails: {result: [...]}, or one a record, with the lead's `email`";
    Funding = "funding", FUNDING, File(include_str!("../../../config/sources/funding.toml")),
        "JSON or CSV {id, company, domain, amount, currency, round, date}";
    Hiring = "hiring", HIRING, File(include_str!("../../../config/sources/hiring.toml")),
        "JSON or CSV {id, company, domain, title, location, posted_at, status}";
    JobPostings = "job_postings", HIRING, File(include_str!("../../../config/sources/job_postings.toml")),
        "JSON {change, id, company_name, title, date_posted, seen_at}";
    FundingUs = "funding_us", FUNDING, File(include_str!("../../../config/sources/funding_us.toml")),
        "CSV permalink, company, fundedDate (1-May-07), raisedAmt, round";
    FundingIndia = "funding_india", FUNDING, File(include_str!("../../../config/sources/funding_india.toml")),
        "CSV Sr No, Date (31/12/2019), StartupName, AmountInUSD";
    Responses = "responses", NONE, File(include_str!("../../../config/sources/responses.toml")),
        "JSON {id, account_id or email or email_sha256, kind, time}: answers, not signals";
    Releases = "releases", RELEASES, File(include_str!("../../../config/sources/releases.toml")),
        "JSON {id, type, title, features, date}: told to whom it concerns";
    CompetitorEvents = "competitor_events", COMPETITOR, File(include_str!("../../../config/sources/competitor_events.toml")),
        "JSON {id, competitor, type, title, date}: told to those who went there";
    Salesforce = "salesforce", SALES, File(include_str!("../../../config/sources/salesforce.toml")),
        "Salesforce change events of Opportunity, Contact and Lead";
    HubSpot = "hubspot", SALES, File(include_str!("../../../config/sources/hubspot.toml")),
        "HubSpot's webhooks of deals and contacts, a list a record";
    CompanyNews = "company_news", NEWS, File(include_str!("../../../config/sources/company_news.toml")),
        "JSON or CSV {id, kind, company, domain, title, class, date}";
    CrunchbaseRounds = "crunchbase_rounds", FUNDING, File(include_str!("../../../config/sources/crunchbase_rounds.toml")),
        "Crunchbase's funding rounds, CSV or API entities";
    CrunchbaseAcquisitions = "crunchbase_acquisitions", BOUGHT, File(include_str!("../../../config/sources/crunchbase_acquisitions.toml")),
        "Crunchbase's acquisitions, CSV or API entities: two signals each";
    Greenhouse = "greenhouse", HIRING, File(include_str!("../../../config/sources/greenhouse.toml")),
        "Greenhouse's public board: a job, or {jobs: [...]}";
    Lever = "lever", HIRING, File(include_str!("../../../config/sources/lever.toml")),
        "Lever's public postings: one, a list, or {company, domain, jobs: [...]}";
    Ashby = "ashby", HIRING, File(include_str!("../../../config/sources/ashby.toml")),
        "Ashby's public board: a job, or {jobs: [...]}";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_finds_its_own_entry() {
        for (at, info) in presets().iter().enumerate() {
            assert_eq!(info.preset as usize, at, "{}", info.preset);
        }
    }

    #[test]
    fn the_nearest_preset_is_the_one_that_was_meant() {
        for (typed, meant) in [
            ("segmnt", Preset::Segment),
            ("send-grid", Preset::SendGrid),
            ("job_posting", Preset::JobPostings),
        ] {
            assert_eq!(Preset::nearest(typed), meant, "{typed}");
        }
    }
}
