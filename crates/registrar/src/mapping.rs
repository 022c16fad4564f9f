//! The columns of an export, as `[accounts.mapping]` names them, and those of the CRMs whose exports are known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use winback_core::closed_enum;
use winback_core::text::nearest;

use crate::columns::{Column, plain};

closed_enum! {
    /// A CRM whose own export of accounts is known.
    CrmPreset {
        /// Salesforce.
        Salesforce = "salesforce",
        /// HubSpot.
        Hubspot = "hubspot",
    }
}

/// `[accounts.mapping]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mapping {
    /// The CRM whose standard columns are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<CrmPreset>,
    /// Columns that are not read; `billing*` is all that begin so.
    pub ignore: Vec<String>,
    /// The CRM's own words for reasons, by word.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, String>,
    /// The export's name of a column, or several, by winback's name.
    #[serde(flatten)]
    pub columns: BTreeMap<String, Names>,
}

/// One name or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Names {
    fn all(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

/// The standard columns of a CRM's export.
struct Standard {
    columns: &'static [(Column, &'static [&'static str])],
    ignore: &'static [&'static str],
}

const SALESFORCE: Standard = Standard {
    columns: &[
        (Column::AccountId, &["Account ID", "AccountId", "Account ID (18)", "Id"]),
        (Column::Name, &["Account Name"]),
        (Column::Domains, &["Website"]),
        (Column::Contacts, &["Email"]),
        (Column::Role, &["Title"]),
        (Column::OptedOut, &["Email Opt Out", "HasOptedOutOfEmail", "Do Not Call", "DoNotCall"]),
        (Column::Owner, &["Account Owner", "Owner.Name"]),
        (Column::Deleted, &["IsDeleted"]),
    ],
    // AnnualRevenue is what the company sells in a year, not what it paid.
    ignore: &[
        "AnnualRevenue",
        "NumberOfEmployees",
        "Employees",
        "Type",
        "Account Type",
        "Industry",
        "Rating",
        "Phone",
        "Fax",
        "Site",
        "Account Site",
        "Ownership",
        "TickerSymbol",
        "Description",
        "AccountNumber",
        "AccountSource",
        "Account Source",
        "ParentId",
        "Parent Account",
        "Parent Account ID",
        "MasterRecordId",
        "OwnerId",
        "Account Owner Alias",
        "RecordTypeId",
        "Sic*",
        "Naics*",
        "DunsNumber",
        "Tradestyle",
        "YearStarted",
        "Jigsaw*",
        "CleanStatus",
        "PhotoUrl",
        "Billing*",
        "Shipping*",
        "Mailing*",
        "CreatedDate",
        "Created Date",
        "CreatedById",
        "Created By",
        "Last*",
        "SystemModstamp",
        "Contact ID",
        "First Name",
        "Salutation",
        "Mobile",
        "Department",
        "Lead Source",
    ],
};

const HUBSPOT: Standard = Standard {
    columns: &[
        (Column::AccountId, &["Record ID", "hs_object_id", "Company ID"]),
        (Column::Name, &["Company name"]),
        (Column::Domains, &["Company Domain Name", "Website URL"]),
        (Column::Contacts, &["Email"]),
        (Column::Role, &["Job Title", "jobtitle"]),
        (Column::OptedOut, &["Unsubscribed from all email", "Opted out of all email", "hs_email_optout"]),
        (Column::Owner, &["Company owner"]),
    ],
    ignore: &[
        "Annual Revenue",
        "Number of*",
        "NumberOfEmployees",
        "Phone*",
        "City",
        "State*",
        "Country*",
        "Postal Code",
        "Zip",
        "Street Address*",
        "Address*",
        "Time Zone",
        "Industry",
        "Type",
        "Description",
        "About Us",
        "Lifecycle Stage",
        "Lead Status",
        "Marketing contact status",
        "Create Date",
        "Last*",
        "First*",
        "Recent*",
        "Original*",
        "Latest*",
        "Next Activity Date",
        "Associated*",
        "Founded Year",
        "Year Founded",
        "Is Public",
        "Total*",
        "Web Technologies",
        "LinkedIn*",
        "Facebook*",
        "Twitter*",
        "Logo URL",
        "Parent Company",
        "Company owner assigned date",
        "hs_*",
        "hubspot_*",
    ],
};

impl Mapping {
    fn standard(&self) -> Option<&'static Standard> {
        self.preset.map(|preset| match preset {
            CrmPreset::Salesforce => &SALESFORCE,
            CrmPreset::Hubspot => &HUBSPOT,
        })
    }

    /// The export's names, by column: the config's own, then the preset's.
    pub(crate) fn names(&self) -> Vec<(Column, String)> {
        let own =
            self.columns.iter().filter_map(|(column, names)| Some((Column::parse(column)?, names.all())));
        let own = own.flat_map(|(column, names)| names.iter().map(move |name| (column, plain(name))));
        let preset = self.standard().into_iter().flat_map(|standard| standard.columns);
        let preset = preset.flat_map(|(column, names)| names.iter().map(|name| (*column, plain(name))));
        own.chain(preset).collect()
    }

    /// The names that are not read, the config's own and the preset's; true for those of which only the beginning is written.
    pub(crate) fn ignored(&self) -> Vec<(String, bool)> {
        let preset = self.standard().into_iter().flat_map(|standard| standard.ignore.iter().copied());
        let all = self.ignore.iter().map(String::as_str).chain(preset);
        all.map(|name| (plain(name), name.ends_with('*'))).collect()
    }

    /// Checks the names.
    ///
    /// # Errors
    /// Names the key and the fix.
    pub fn check(&self) -> Result<(), String> {
        let known: Vec<&str> = Column::ALL.iter().map(|column| column.as_str()).collect();
        let mut taken: BTreeMap<String, &str> = BTreeMap::new();
        for (column, names) in &self.columns {
            if Column::parse(column).is_none() {
                let all: Vec<&str> = known.iter().copied().chain(["preset", "ignore", "reasons"]).collect();
                return Err(format!("accounts.mapping.{column}: no such column{}", nearest(column, &all)));
            }
            for name in names.all() {
                let plain = plain(name);
                if plain.is_empty() {
                    return Err(format!("accounts.mapping.{column} = \"{name}\": write a column's name"));
                }
                if let Some(other) = taken.insert(plain, column) {
                    return Err(format!(
                        "accounts.mapping.{column} = \"{name}\": accounts.mapping.{other} names it, too; a column has one meaning"
                    ));
                }
            }
        }
        let reasons = crate::reasons::known();
        for (word, reason) in &self.reasons {
            if !reasons.contains(&reason.as_str()) {
                return Err(format!(
                    "accounts.mapping.reasons.\"{word}\" = \"{reason}\": no such reason{}",
                    nearest(reason, &reasons)
                ));
            }
        }
        match self.ignore.iter().find(|name| plain(name).is_empty()) {
            Some(name) => Err(format!("accounts.mapping.ignore has \"{name}\": write a column's name")),
            None => Ok(()),
        }
    }
}
