//! The formats that are built in, and what each reads.

use winback_core::closed_enum;
use winback_core::signal::SignalKind;

closed_enum! {
    /// A format that needs no mapping.
    Preset {
        /// Segment's `page` and `track` calls.
        Segment = "segment",
        /// Page views as plain JSON.
        Web = "web",
        /// A web server's access log.
        CombinedLog = "combined_log",
        /// Snowplow's enriched stream.
        SnowplowTsv = "snowplow_tsv",
        /// Snowplow's enriched events as its analytics SDKs write them.
        SnowplowJson = "snowplow_json",
        /// RudderStack's `page` and `track` calls.
        RudderStack = "rudderstack",
        /// PostHog's page views.
        PostHog = "posthog",
        /// Google Analytics 4's export to BigQuery.
        Ga4Export = "ga4_export",
        /// SendGrid's event webhook.
        SendGrid = "sendgrid",
        /// Postmark's webhooks.
        Postmark = "postmark",
        /// Amazon SES event publishing.
        Ses = "ses",
        /// Brevo's webhooks.
        Brevo = "brevo",
        /// Mailgun's webhooks and events.
        Mailgun = "mailgun",
        /// Mailjet's webhooks.
        Mailjet = "mailjet",
        /// Mailchimp Transactional's webhooks.
        Mandrill = "mandrill",
        /// SparkPost's webhooks.
        SparkPost = "sparkpost",
        /// Resend's webhooks.
        Resend = "resend",
        /// Funding rounds as plain JSON or CSV.
        Funding = "funding",
        /// Job posts as plain JSON or CSV.
        Hiring = "hiring",
        /// Changes of a public list of job posts.
        JobPostings = "job_postings",
        /// Funding rounds of US companies.
        FundingUs = "funding_us",
        /// Funding rounds of Indian companies.
        FundingIndia = "funding_india",
        /// What accounts answer, as plain JSON.
        Responses = "responses",
        /// Our own releases as plain JSON or CSV.
        Releases = "releases",
        /// What happens at competitors as plain JSON or CSV.
        CompetitorEvents = "competitor_events",
        /// Salesforce's change data capture.
        Salesforce = "salesforce",
        /// HubSpot's webhooks.
        HubSpot = "hubspot",
        /// News of companies as plain JSON or CSV.
        CompanyNews = "company_news",
        /// Funding rounds as Crunchbase writes them.
        CrunchbaseRounds = "crunchbase_rounds",
        /// Acquisitions as Crunchbase writes them.
        CrunchbaseAcquisitions = "crunchbase_acquisitions",
        /// Greenhouse's public job board.
        Greenhouse = "greenhouse",
        /// Lever's public postings.
        Lever = "lever",
        /// Ashby's public job board.
        Ashby = "ashby",
    }
}

/// One line of help about a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresetInfo {
    /// Its name in config.
    pub preset: Preset,
    /// What a record of it looks like.
    pub reads: &'static str,
    /// The kinds of signals it gives.
    pub kinds: &'static [SignalKind],
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

const fn info(preset: Preset, kinds: &'static [SignalKind], reads: &'static str) -> PresetInfo {
    PresetInfo { preset, reads, kinds }
}

const ALL: &[PresetInfo] = &[
    info(Preset::Segment, WEB, "Segment `page` and `track` calls, one a record or a list of them"),
    info(
        Preset::Web,
        WEB,
        "JSON {id, url or path, ip, email, user_agent, account_id, domain, company, time}",
    ),
    info(Preset::CombinedLog, WEB, "Apache or nginx access logs in the combined format, one line a record"),
    info(
        Preset::SnowplowTsv,
        WEB,
        "Snowplow's enriched stream: page views as lines of 131 columns between tabs",
    ),
    info(Preset::SnowplowJson, WEB, "Snowplow's enriched page views as its analytics SDKs make JSON of them"),
    info(Preset::RudderStack, WEB, "RudderStack `page` and `track` calls, one a record or a list of them"),
    info(Preset::PostHog, WEB, "PostHog's `$pageview` events: captured, batched, posted or exported"),
    info(Preset::Ga4Export, WEB, "GA4 `page_view` rows of the BigQuery export, as JSON"),
    info(Preset::SendGrid, OPENS, "SendGrid's event webhook: a list of events a record"),
    info(Preset::Postmark, MAIL, "Postmark's open, click and inbound webhooks"),
    info(Preset::Ses, MAIL, "Amazon SES events and received mail, bare or wrapped by SNS"),
    info(Preset::Brevo, MAIL, "Brevo's transactional and inbound webhooks"),
    info(Preset::Mailgun, OPENS, "Mailgun's webhooks, or its events as the API lists them"),
    info(Preset::Mailjet, MAIL, "Mailjet's event and parse webhooks"),
    info(Preset::Mandrill, MAIL, "Mailchimp Transactional's webhooks: a form, or its field as JSON"),
    info(Preset::SparkPost, MAIL, "SparkPost's event and relay webhooks: a list of events a record"),
    info(Preset::Resend, MAIL, "Resend's webhooks"),
    info(Preset::Funding, FUNDING, "JSON or CSV {id, company, domain, amount, currency, round, date}"),
    info(Preset::Hiring, HIRING, "JSON or CSV {id, company, domain, title, location, posted_at, status}"),
    info(Preset::JobPostings, HIRING, "JSON {change, id, company_name, title, date_posted, seen_at}"),
    info(Preset::FundingUs, FUNDING, "CSV permalink, company, fundedDate (1-May-07), raisedAmt, round"),
    info(Preset::FundingIndia, FUNDING, "CSV Sr No, Date (31/12/2019), StartupName, AmountInUSD"),
    info(
        Preset::Responses,
        &[],
        "JSON {id, account_id or email or email_sha256, kind, time}: answers, not signals",
    ),
    info(Preset::Releases, RELEASES, "JSON {id, type, title, features, date}: told to whom it concerns"),
    info(
        Preset::CompetitorEvents,
        COMPETITOR,
        "JSON {id, competitor, type, title, date}: told to those who went there",
    ),
    info(Preset::Salesforce, SALES, "Salesforce change events of Opportunity, Contact and Lead"),
    info(Preset::HubSpot, SALES, "HubSpot's webhooks of deals and contacts, a list a record"),
    info(Preset::CompanyNews, NEWS, "JSON or CSV {id, kind, company, domain, title, class, date}"),
    info(Preset::CrunchbaseRounds, FUNDING, "Crunchbase's funding rounds, CSV or API entities"),
    info(
        Preset::CrunchbaseAcquisitions,
        BOUGHT,
        "Crunchbase's acquisitions, CSV or API entities: two signals each",
    ),
    info(Preset::Greenhouse, HIRING, "Greenhouse's public board: a job, or {jobs: [...]}"),
    info(Preset::Lever, HIRING, "Lever's public postings: one, a list, or {company, domain, jobs: [...]}"),
    info(Preset::Ashby, HIRING, "Ashby's public board: a job, or {jobs: [...]}"),
];

/// All presets, in the order of the documentation.
pub const fn presets() -> &'static [PresetInfo] {
    ALL
}

impl Preset {
    /// The mapping or filter that the preset stands for, as TOML; `None` where it is code.
    pub(crate) const fn mapping(self) -> Option<&'static str> {
        match self {
            Self::Funding => Some(include_str!("../../../config/sources/funding.toml")),
            Self::Hiring => Some(include_str!("../../../config/sources/hiring.toml")),
            Self::JobPostings => Some(include_str!("../../../config/sources/job_postings.toml")),
            Self::FundingUs => Some(include_str!("../../../config/sources/funding_us.toml")),
            Self::FundingIndia => Some(include_str!("../../../config/sources/funding_india.toml")),
            Self::Responses => Some(include_str!("../../../config/sources/responses.toml")),
            Self::Releases => Some(include_str!("../../../config/sources/releases.toml")),
            Self::CompetitorEvents => Some(include_str!("../../../config/sources/competitor_events.toml")),
            Self::Salesforce => Some(include_str!("../../../config/sources/salesforce.toml")),
            Self::HubSpot => Some(include_str!("../../../config/sources/hubspot.toml")),
            Self::CompanyNews => Some(include_str!("../../../config/sources/company_news.toml")),
            Self::CrunchbaseRounds => Some(include_str!("../../../config/sources/crunchbase_rounds.toml")),
            Self::CrunchbaseAcquisitions => {
                Some(include_str!("../../../config/sources/crunchbase_acquisitions.toml"))
            }
            Self::Greenhouse => Some(include_str!("../../../config/sources/greenhouse.toml")),
            Self::Lever => Some(include_str!("../../../config/sources/lever.toml")),
            Self::Ashby => Some(include_str!("../../../config/sources/ashby.toml")),
            _ => None,
        }
    }

    /// The preset whose name is written most like that.
    pub(crate) fn nearest(name: &str) -> Self {
        let far = |preset: &&Self| strsim::damerau_levenshtein(preset.as_str(), name);
        Self::ALL.iter().min_by_key(far).copied().unwrap_or(Self::Web)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_documented_once() {
        let documented: Vec<_> = presets().iter().map(|info| info.preset).collect();
        assert_eq!(documented, Preset::ALL);
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
