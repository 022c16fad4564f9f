//! The columns of a row of the list of accounts, and the names that people give them.

use winback_core::closed_enum;

closed_enum! {
    /// A column of a row.
    Column {
        /// The account's id.
        AccountId = "account_id",
        /// Its name.
        Name = "name",
        /// Other names.
        Aliases = "aliases",
        /// Domains or pages.
        Domains = "domains",
        /// People.
        Contacts = "contacts",
        /// The role of the contacts that the row names by address alone.
        Role = "role",
        /// True if these contacts must not be written to.
        OptedOut = "opted_out",
        /// Networks.
        Ranges = "ranges",
        /// The time of leaving.
        ChurnedAt = "churned_at",
        /// The reason.
        Reason = "reason",
        /// The reason in the books' words.
        ReasonDetail = "reason_detail",
        /// Features that it missed.
        MissingFeatures = "missing_features",
        /// The competitor.
        Competitor = "competitor",
        /// The term of the contract there.
        CompetitorTermMonths = "competitor_term_months",
        /// Yearly revenue.
        ArrUsd = "arr_usd",
        /// Seats.
        Seats = "seats",
        /// Months as a customer.
        TenureMonths = "tenure_months",
        /// Usage before it left.
        UsagePercent = "usage_percent",
        /// The manner of leaving.
        Manner = "manner",
        /// Promises at exit.
        Concessions = "concessions",
        /// Kept in sight whatever the tier.
        Strategic = "strategic",
        /// The person who looks after it.
        Owner = "owner",
        /// The time zone.
        Zone = "zone",
        /// Not before.
        EarliestAt = "earliest_at",
        /// Never.
        DoNotContact = "do_not_contact",
        /// The last no.
        DeclinedAt = "declined_at",
        /// The status.
        Status = "status",
        /// The agreement to be written to.
        Consent = "consent",
        /// Never contacted, for measure.
        HoldOut = "hold_out",
        /// Ids in other systems.
        Ids = "ids",
        /// The language to write in.
        Language = "language",
        /// No longer in the list.
        Deleted = "deleted",
    }
}

impl Column {
    /// Other names of the column.
    pub const fn also(self) -> &'static [&'static str] {
        match self {
            Self::AccountId => &["id"],
            Self::Name => &["company"],
            Self::Domains => &["domain", "website"],
            Self::Contacts => &["emails", "email"],
            Self::OptedOut => &["opt_out", "unsubscribed", "email_opt_out", "has_opted_out_of_email"],
            Self::Ranges => &["ip_ranges"],
            Self::ChurnedAt => &["churn_date"],
            Self::Reason => &["churn_reason"],
            Self::MissingFeatures => &["missing_feature"],
            Self::ArrUsd => &["arr"],
            Self::Zone => &["time_zone"],
            Self::Ids => &["other_ids", "external_ids"],
            Self::Language => &["locale", "preferred_language"],
            _ => &[],
        }
    }

    /// True if it holds a list: several columns of that meaning are joined.
    pub(crate) const fn is_list(self) -> bool {
        matches!(
            self,
            Self::Aliases
                | Self::Domains
                | Self::Contacts
                | Self::Ranges
                | Self::MissingFeatures
                | Self::Concessions
                | Self::Ids
        )
    }

    /// True if it forbids: an empty value says nothing, and only an explicit one lifts.
    pub(crate) const fn forbids(self) -> bool {
        matches!(
            self,
            Self::OptedOut
                | Self::EarliestAt
                | Self::DoNotContact
                | Self::DeclinedAt
                | Self::Status
                | Self::Consent
                | Self::HoldOut
        )
    }

    /// True if it is a flag that forbids where it is set: of two columns of that meaning, the one that forbids holds.
    pub(crate) const fn is_flag_that_forbids(self) -> bool {
        matches!(self, Self::OptedOut | Self::DoNotContact | Self::HoldOut | Self::Deleted)
    }
}

/// A set of columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns(u32);

impl Columns {
    pub(crate) const fn add(&mut self, column: Column) {
        self.0 |= 1 << column as u32;
    }

    pub(crate) const fn has(self, column: Column) -> bool {
        self.0 & (1 << column as u32) != 0
    }
}

/// A name without case, blanks, hyphens and underscores, and without the ending that a CRM gives to a field of one's own.
pub(crate) fn plain(name: &str) -> String {
    let name = name.trim().trim_start_matches('\u{feff}');
    let name = name.strip_suffix("__c").or_else(|| name.strip_suffix("__C")).unwrap_or(name);
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_any_case_and_with_any_blanks() {
        for name in [
            "do_not_contact",
            "Do Not Contact",
            "doNotContact",
            "DO-NOT-CONTACT",
            "Do_Not_Contact__c",
            "\u{feff}do_not_contact",
        ] {
            assert_eq!(plain(name), "donotcontact", "{name}");
        }
    }

    #[test]
    fn the_columns_fit_into_a_set_and_no_two_have_one_name() {
        let mut all = Columns::default();
        let mut names: Vec<String> = Vec::new();
        for column in Column::ALL {
            assert!(!all.has(*column));
            all.add(*column);
            names.push(plain(column.as_str()));
            names.extend(column.also().iter().map(|name| plain(name)));
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
