//! Company signals as the producers write them: what is a sign, what is not, and that a post or a change has one id.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use common::decoder;
use winback_core::debounce::Impossible;
use winback_core::index::Method;
use winback_sources::{Decoder, Element};

/// `kind class at id | who | detail`, `dropped:reason` or `dead:reason text`.
fn told(decoder: &Decoder, record: &str) -> Vec<String> {
    let mut told = Vec::new();
    decoder.decode(record.as_bytes(), &mut |element| {
        told.push(match element {
            Element::Signal(signal) => {
                let who = [
                    signal.who.account_id.as_deref(),
                    signal.who.email.as_deref(),
                    signal.who.domain.as_deref(),
                    signal.who.name.as_deref(),
                ];
                let who: Vec<_> = who.into_iter().flatten().collect();
                let class = signal.class.as_deref().unwrap_or("-");
                format!("{} {class} {} {} | {}", signal.kind, signal.at, who.join(" "), signal.detail)
            }
            Element::Answer(answer) => format!("answer:{}", answer.kind),
            Element::Broadcast(event) => format!("broadcast:{}", event.kind),
            Element::Dropped(reason) => format!("dropped:{reason}"),
            Element::Dead(dead) => format!("dead:{} {}", dead.reason, dead.text),
        });
    });
    told
}

fn ids(decoder: &Decoder, record: &str) -> Vec<String> {
    let mut ids = Vec::new();
    decoder.decode(record.as_bytes(), &mut |element| {
        if let Element::Signal(signal) = element {
            ids.push(signal.id.into_owned());
        }
    });
    ids
}

/// A change event as the platform's bus carries it.
fn change(entity: &str, kind: &str, fields: &str) -> String {
    format!(
        r#"{{"schema":"IeRuaY6cbI_HsV8Rv1Mc5g","payload":{{"ChangeEventHeader":{{"entityName":"{entity}","recordIds":["006SG000001"],
        "changeType":"{kind}","changedFields":[],"transactionKey":"0002343d-9d90","sequenceNumber":1,"commitTimestamp":1769860800000,
        "commitNumber":10698}}{fields}}},"event":{{"replayId":6}}}}"#
    )
}

#[test]
fn a_salesforce_change_is_a_signal_where_it_says_something_and_whose_it_is() {
    let salesforce = decoder("salesforce");
    let account = r#","AccountId":"001SG00000abcdeYAA""#;
    let opportunity =
        |stage: &str| change("Opportunity", "UPDATE", &format!(r#"{account},"StageName":"{stage}""#));
    let table = [
        (
            opportunity("Negotiation"),
            "deal_stage_change Negotiation 2026-01-31T12:00:00Z 001SG00000abcdeYAA | deal now at: Negotiation",
        ),
        (
            opportunity("Closed Won"),
            "self_reactivation closed_won 2026-01-31T12:00:00Z 001SG00000abcdeYAA | deal won",
        ),
        (opportunity("Closed Lost"), "dropped:not_interest"),
        (change("Opportunity", "UPDATE", r#","Amount":7"#), "dropped:not_interest"),
        (change("Opportunity", "DELETE", account), "dropped:not_interest"),
        (
            change("Contact", "UPDATE", r#","Title":"VP Engineering","Email":"j@acme.example""#),
            "executive_change VP Engineering 2026-01-31T12:00:00Z j@acme.example | new title: VP Engineering",
        ),
        (
            change("Contact", "UPDATE", r#","Title":"Accountant","Email":"j@acme.example""#),
            "dropped:not_interest",
        ),
        (
            change("Lead", "CREATE", r#","Title":"Chief Data Officer","Company":"Acme""#),
            "executive_change Chief Data Officer 2026-01-31T12:00:00Z Acme | new title: Chief Data Officer",
        ),
        (change("Account", "UPDATE", r#","Industry":"Mining""#), "dropped:not_interest"),
        (
            change("Opportunity", "UPDATE", r#","StageName":"Negotiation""#),
            "dead:mapping the change of Opportunity 006SG000001 names no account: add AccountId to the channel's enriched \
             fields",
        ),
        ("{}".to_owned(), "dead:mapping no `ChangeEventHeader`: this is no change event of Salesforce"),
    ];
    for (record, expected) in table {
        assert_eq!(told(&salesforce, &record), [expected], "{record}");
        let streamed = format!(r#"{{"channel":"/data/ChangeEvents","data":{record}}}"#);
        assert_eq!(told(&salesforce, &streamed), [expected], "the streaming client's form");
    }
    assert_eq!(ids(&salesforce, &opportunity("Negotiation")), ["0002343d-9d90:1"]);
}

#[test]
fn a_deal_is_won_where_salesforce_says_so_whatever_its_stage_is_called() {
    let salesforce = decoder("salesforce");
    let deal = |fields: &str| change("Opportunity", "UPDATE", &format!(r#","AccountId":"001"{fields}"#));
    let won = "self_reactivation closed_won 2026-01-31T12:00:00Z 001 | deal won";
    for stage in ["Closed-Won", "7. Signed", "Vertrag unterschrieben", "成約", "Closed Lost", "Proposal"] {
        let both = deal(&format!(r#","StageName":"{stage}","IsWon":true,"IsClosed":true"#));
        assert_eq!(told(&salesforce, &both), [won], "{stage}");
    }
    assert_eq!(told(&salesforce, &deal(r#","IsWon":true"#)), [won], "without its stage");
    for stage in [
        "Closed Won",
        "Closed-Won",
        "Closed - Won",
        "Closed/Won",
        "06 closed won",
        "Gewonnen",
        "Gagné",
        "Won",
        "赢单",
    ] {
        assert_eq!(told(&salesforce, &deal(&format!(r#","StageName":"{stage}""#))), [won], "{stage}");
    }
    for (fields, expected) in [
        (r#","StageName":"Closed Won","IsWon":false,"IsClosed":true"#, "dropped:not_interest"),
        (r#","StageName":"Signed","IsWon":false,"IsClosed":true"#, "dropped:not_interest"),
        (r#","StageName":"Verloren""#, "dropped:not_interest"),
        (r#","IsWon":false"#, "dropped:not_interest"),
        (
            r#","StageName":"Proposal","IsWon":false,"IsClosed":false"#,
            "deal_stage_change Proposal 2026-01-31T12:00:00Z 001 | deal now at: Proposal",
        ),
        (
            r#","StageName":"Wonder list""#,
            "deal_stage_change Wonder list 2026-01-31T12:00:00Z 001 | deal now at: Wonder list",
        ),
    ] {
        assert_eq!(told(&salesforce, &deal(fields)), [expected], "{fields}");
    }
}

#[test]
fn who_may_not_be_written_to_by_a_crm_is_an_answer() {
    let person = |more: &str| {
        change("Contact", "UPDATE", &format!(r#","AccountId":"001","Email":"ann@acme.example"{more}"#))
    };
    let salesforce = [
        (person(r#","HasOptedOutOfEmail":true"#), "answer:opted_out"),
        (person(r#","HasOptedOutOfEmail":"true""#), "answer:opted_out"),
        (person(r#","DoNotCall":true"#), "answer:opted_out"),
        (person(r#","Do_Not_Contact__c":true"#), "answer:opted_out"),
        (person(r#","GDPR_Deletion__c":1"#), "answer:opted_out"),
        (person(r#","HasOptedOutOfEmail":false,"DoNotCall":false"#), "dropped:not_interest"),
        (person(r#","HasOptedOutOfFax":true"#), "dropped:not_interest"),
        (
            change("Lead", "CREATE", r#","Email":"ann@acme.example","HasOptedOutOfEmail":true"#),
            "answer:opted_out",
        ),
        (
            change("Individual", "UPDATE", r#","Email":"ann@acme.example","ShouldForget":true"#),
            "answer:opted_out",
        ),
        (
            change(
                "ContactPointTypeConsent",
                "CREATE",
                r#","Email":"ann@acme.example","PrivacyConsentStatus":"OptOut""#,
            ),
            "answer:opted_out",
        ),
        (change("Account", "UPDATE", r#","DoNotContact__c":true"#), "answer:opted_out"),
        (
            change("Contact", "UPDATE", r#","AccountId":"001","HasOptedOutOfEmail":true"#),
            "dead:mapping somebody opted out, and the change of Contact 006SG000001 names no mail address: add Email to the channel's enriched fields",
        ),
    ];
    for (record, expected) in salesforce {
        assert_eq!(told(&decoder("salesforce"), &record), [expected], "{record}");
    }
    let both = told(&decoder("salesforce"), &person(r#","DoNotCall":true,"Title":"CFO""#));
    assert!(
        both.len() == 2 && both[0] == "answer:opted_out" && both[1].starts_with("executive_change CFO"),
        "{both:?}"
    );
    let changed = |kind: &str, property: &str, value: &str, more: &str| {
        format!(
            r#"{{"occurredAt":1769860800000,"subscriptionType":"{kind}","objectId":5,"propertyName":"{property}","propertyValue":{value}{more}}}"#
        )
    };
    let email = r#","email":"ann@acme.example""#;
    let contact = "contact.propertyChange";
    let hubspot = [
        (changed(contact, "hs_email_optout", "\"true\"", email), "answer:opted_out"),
        (changed(contact, "hs_email_optout", "true", email), "answer:opted_out"),
        (changed(contact, "hs_email_optout_8812", "\"true\"", email), "answer:opted_out"),
        (changed(contact, "do_not_call", "\"Yes\"", email), "answer:opted_out"),
        (changed(contact, "hs_email_optout", "\"false\"", email), "dropped:not_interest"),
        (changed(contact, "hs_email_optout", "null", email), "dropped:not_interest"),
        (changed("contact.privacyDeletion", "", "null", email), "answer:opted_out"),
        (
            changed("object.privacyDeletion", "", "null", &format!(r#"{email},"objectTypeId":"0-1""#)),
            "answer:opted_out",
        ),
        (changed("company.propertyChange", "do_not_contact", "\"true\"", ""), "answer:opted_out"),
        (changed("contact.deletion", "", "null", email), "dropped:not_interest"),
        (
            changed("contact.privacyDeletion", "", "null", ""),
            "dead:mapping somebody opted out or was deleted, and the change of object 5 names no mail address: let the forwarder add email",
        ),
    ];
    for (record, expected) in hubspot {
        assert_eq!(told(&decoder("hubspot"), &format!("[{record}]")), [expected], "{record}");
    }
}

#[test]
fn a_new_title_counts_for_who_decides_and_is_in_office() {
    let title =
        |title: &str| change("Contact", "UPDATE", &format!(r#","AccountId":"001","Title":"{title}""#));
    for (text, counts) in [
        ("Geschäftsführerin", true),
        ("C.F.O.", true),
        ("Directora Comercial", true),
        ("Product Owner", false),
        ("Former CEO", false),
        ("Assistant to the CEO", false),
    ] {
        let seen = told(&decoder("salesforce"), &title(text));
        assert_eq!(seen[0].starts_with("executive_change"), counts, "{text}: {seen:?}");
        let hubspot = format!(
            r#"{{"occurredAt":1769860800000,"subscriptionType":"contact.propertyChange","objectId":5,"propertyName":"jobtitle","propertyValue":"{text}","companyId":7}}"#
        );
        let seen = told(&decoder("hubspot"), &hubspot);
        assert_eq!(seen[0].starts_with("executive_change"), counts, "{text}: {seen:?}");
    }
}

#[test]
fn the_name_of_a_board_is_read_from_its_address_as_it_is_meant() {
    for (preset, job) in [
        (
            "ashby",
            r#"{"title":"Engineer","isListed":true,"publishedAt":"2026-01-31T12:00:00Z","jobUrl":"https://jobs.ashbyhq.com/Bright%20Mill/1"}"#,
        ),
        (
            "lever",
            r#"{"id":"1","text":"Engineer","createdAt":1769860800000,"hostedUrl":"https://jobs.lever.co/Bright%20Mill/1"}"#,
        ),
        (
            "greenhouse",
            r#"{"id":1,"title":"Engineer","first_published":"2026-01-31T12:00:00Z","absolute_url":"https://boards.greenhouse.io/Bright%20Mill/jobs/1"}"#,
        ),
    ] {
        assert_eq!(
            told(&decoder(preset), job),
            ["hiring - 2026-01-31T12:00:00Z Bright Mill | Engineer"],
            "{preset}"
        );
    }
}

#[test]
fn a_hubspot_batch_is_judged_change_by_change_and_one_that_fails_takes_no_other_along() {
    let hubspot = decoder("hubspot");
    let change = |kind: &str, property: &str, value: &str, rest: &str| {
        format!(
            r#"{{"eventId":100,"subscriptionId":1,"portalId":62515,"occurredAt":1769860800000,"subscriptionType":"{kind}",
            "attemptNumber":0,"objectId":123,"changeSource":"CRM","propertyName":"{property}","propertyValue":"{value}"{rest}}}"#
        )
    };
    let deal = |stage: &str, rest: &str| change("deal.propertyChange", "dealstage", stage, rest);
    let company = r#","companyId":77"#;
    let batch = [
        deal("contractsent", company),
        deal("contractsent", ""),
        deal("closedwon", company),
        deal("closedlost", company),
        change("contact.propertyChange", "jobtitle", "Head of Data", r#","email":"j@acme.example""#),
        change("contact.propertyChange", "jobtitle", "Intern", company),
        change("company.propertyChange", "name", "Acme", company),
        r#"{"objectId":1}"#.to_owned(),
    ];
    let expected = [
        "deal_stage_change contractsent 2026-01-31T12:00:00Z 77 | deal now at: contractsent",
        "dead:mapping the change of object 123 names no company: let the forwarder add companyId, email or domain",
        "self_reactivation closed_won 2026-01-31T12:00:00Z 77 | deal won",
        "dropped:not_interest",
        "executive_change Head of Data 2026-01-31T12:00:00Z j@acme.example | new title: Head of Data",
        "dropped:not_interest",
        "dropped:not_interest",
        "dead:mapping no `subscriptionType`: this is no webhook of HubSpot",
    ];
    assert_eq!(told(&hubspot, &format!("[{}]", batch.join(","))), expected);
    let generic: Vec<_> = batch.iter().map(|change| as_generic(change)).collect();
    assert_eq!(told(&hubspot, &format!("[{}]", generic.join(","))), expected, "in the generic form");
    assert_eq!(ids(&hubspot, &batch[0]), ids(&hubspot, &generic[0]), "the same change in both forms");
    let again = batch[0].replace("\"attemptNumber\":0", "\"attemptNumber\":3").replace("100", "101");
    assert_eq!(ids(&hubspot, &batch[0]), ids(&hubspot, &again), "a second attempt is the same change");
}

/// The change as HubSpot's generic subscriptions write it.
fn as_generic(change: &str) -> String {
    [("deal", "0-3"), ("contact", "0-1"), ("company", "0-2")].iter().fold(
        change.to_owned(),
        |text, (object, id)| {
            text.replace(
                &format!(r#""subscriptionType":"{object}."#),
                &format!(r#""objectTypeId":"{id}","subscriptionType":"object."#),
            )
        },
    )
}

#[test]
fn a_deal_in_a_pipeline_with_numbers_for_stages_is_won_or_lost_by_its_own_properties() {
    let change = |property: &str, value: &str| {
        format!(
            r#"{{"occurredAt":1769860800000,"subscriptionType":"object.propertyChange","objectTypeId":"0-3","objectId":123,
            "propertyName":"{property}","propertyValue":"{value}","companyId":77}}"#
        )
    };
    for (property, value, expected) in [
        ("dealstage", "1042517", "deal_stage_change 1042517 2026-01-31T12:00:00Z 77 | deal now at: 1042517"),
        ("hs_is_closed_won", "true", "self_reactivation closed_won 2026-01-31T12:00:00Z 77 | deal won"),
        ("hs_is_closed_won", "false", "dropped:not_interest"),
        ("hs_is_closed_lost", "true", "dropped:not_interest"),
    ] {
        assert_eq!(told(&decoder("hubspot"), &change(property, value)), [expected], "{property} {value}");
    }
    let of_another = change("hs_is_closed_won", "true").replace("0-3", "2-7");
    assert_eq!(told(&decoder("hubspot"), &of_another), ["dropped:not_interest"], "an object of their own");
}

#[test]
fn news_that_a_company_cannot_come_back_says_so_in_the_word_that_shuts_it_out() {
    let news = decoder("company_news");
    for word in ["bankruptcy", "Bankruptcy", "insolvency", "acquired_other_tool"] {
        let mut classes = Vec::new();
        let record = format!(r#"{{"id":"n-1","kind":"{word}","domain":"acme.example","date":"2026-01-31"}}"#);
        news.decode(record.as_bytes(), &mut |element| match element {
            Element::Signal(signal) => {
                let class = signal.class.as_deref().unwrap_or_default();
                classes.push(Impossible::of(signal.kind, class, Method::Domain));
            }
            other => panic!("{record}: {other:?}"),
        });
        assert!(matches!(classes[..], [Some(_)]), "{word}: {classes:?}");
    }
}

#[test]
fn every_word_of_company_news_is_a_kind_and_a_word_that_is_none_is_not_lost() {
    let news = decoder("company_news");
    let table = [
        ("executive_change", "executive_change"),
        ("Leadership", "executive_change"),
        ("new_office", "office_expansion"),
        ("M&A", "acquisition"),
        ("product_launch", "account_product_launch"),
        ("technology_added", "tech_stack_change"),
        ("speaker", "conference"),
        ("mention", "social_mention"),
        ("deal_stage", "deal_stage_change"),
        ("funding", "funding_news"),
    ];
    for (word, kind) in table {
        let record =
            format!(r#"{{"id":"n-1","kind":"{word}","company":"Acme","title":"News","date":"2026-01-31"}}"#);
        let expected = format!("{kind} {word} 2026-01-31T00:00:00Z Acme | News");
        assert_eq!(told(&news, &record), [expected], "{word}");
    }
    let record = r#"{"articles":[{"id":"n-2","kind":"layoffs"},{"id":"n-3","kind":"rumour"}]}"#;
    let told = told(&news, record);
    assert_eq!(told[0], "dropped:not_interest");
    assert!(told[1].starts_with("dead:unknown_event `/kind or /type"), "{told:?}");
}

#[test]
fn an_acquisition_is_news_of_both_sides() {
    let acquisitions = decoder("crunchbase_acquisitions");
    let row = r#"{"uuid":"u-1","acquirer_name":"Globex","acquiree_name":"Acme","acquired_on":"2026-01-31"}"#;
    let both = [
        "acquisition acquired 2026-01-31T00:00:00Z Acme | acquired by Globex",
        "acquisition acquirer 2026-01-31T00:00:00Z Globex | acquired Acme",
    ];
    assert_eq!(told(&acquisitions, row), both);
    assert_eq!(ids(&acquisitions, row), ["u-1:acquired", "u-1:acquirer"]);
    let entity = r#"{"uuid":"u-1","properties":{"announced_on":{"value":"2026-01-31","precision":"day"},
        "acquirer_identifier":{"value":"Globex"},"acquiree_identifier":{"value":"Acme"}}}"#;
    assert_eq!(told(&acquisitions, entity), both);
    let unnamed = r#"{"uuid":"u-1","acquirer_name":"","acquiree_name":"Acme","acquired_on":"2026-01-31"}"#;
    assert_eq!(told(&acquisitions, unnamed).len(), 1);
    let nobody = told(&acquisitions, r#"{"acquiree_name":"Acme"}"#);
    assert_eq!(nobody, ["dead:mapping an acquisition has no `uuid`: export it, so that it counts once"]);
}

#[test]
fn a_crunchbase_round_is_read_from_the_export_and_from_the_api() {
    let rounds = decoder("crunchbase_rounds");
    let row = r#"{"uuid":"r-1","org_name":"Acme","investment_type":"series_b","raised_amount":"5000000",
        "raised_amount_currency_code":"USD","announced_on":"2026-01-31"}"#;
    let expected = ["funding_news series_b 2026-01-31T00:00:00Z Acme | series_b: 5000000 USD"];
    assert_eq!(told(&rounds, row), expected);
    let entities = r#"{"entities":[{"uuid":"r-1","properties":{"announced_on":"2026-01-31","investment_type":"series_b",
        "money_raised":{"value":5000000,"currency":"USD"},"funded_organization_identifier":{"value":"Acme"}}}]}"#;
    assert_eq!(told(&rounds, entities), expected);
    assert_eq!(ids(&rounds, row), ids(&rounds, entities));
    for between_owners in ["secondary_market", "post_ipo_secondary"] {
        let row = row.replace("series_b", between_owners);
        assert_eq!(told(&rounds, &row), ["dropped:not_interest"], "{between_owners}");
    }
}

#[test]
fn a_post_that_opens_is_growth_and_one_that_flaps_is_not() {
    let posts = decoder("job_postings");
    let opened = "hiring - 2026-01-31T12:00:00Z Acme | Data Engineer · Oslo";
    for (change, expected) in [
        ("opened", opened),
        ("reopened", "dropped:flap"),
        ("closed", "dropped:closed_post"),
        ("edited", "dropped:edited"),
    ] {
        let record = format!(
            r#"{{"change":"{change}","id":"p-1","company_name":"Acme","title":"Data Engineer","locations":"Oslo",
            "date_posted":1769860800,"seen_at":1769947200}}"#
        );
        assert_eq!(told(&posts, &record), [expected], "{change}");
    }
}

#[test]
fn a_board_that_is_read_again_and_a_post_that_is_opened_again_bring_no_new_id() {
    let greenhouse = |updated: &str, post: u32| {
        format!(
            r#"{{"jobs":[{{"id":{post},"internal_job_id":144381,"title":"Data Engineer","updated_at":"{updated}",
            "first_published":"2026-01-31T07:00:00-05:00","location":{{"name":"Oslo"}},"departments":[{{"name":"Data"}}],
            "absolute_url":"https://boards.greenhouse.io/acme/jobs/{post}"}}],"meta":{{"total":1}}}}"#
        )
    };
    let board = decoder("greenhouse");
    let first = greenhouse("2026-02-01T00:00:00Z", 127_817);
    assert_eq!(told(&board, &first), ["hiring Data 2026-01-31T12:00:00Z acme | Data Engineer · Oslo"]);
    assert_eq!(ids(&board, &first), ids(&board, &greenhouse("2026-05-01T00:00:00Z", 127_817)), "read again");
    assert_eq!(
        ids(&board, &first),
        ids(&board, &greenhouse("2026-05-01T00:00:00Z", 200_000)),
        "opened again"
    );

    let posting = r#"{"id":"5ac2","text":"Data Engineer","createdAt":1769860800000,"hostedUrl":"https://jobs.lever.co/acme/5ac2",
        "categories":{"team":"Data","location":"Oslo"}}"#;
    let expected = "hiring Data 2026-01-31T12:00:00Z acme | Data Engineer · Oslo";
    let lever = decoder("lever");
    assert_eq!(told(&lever, posting), [expected]);
    assert_eq!(told(&lever, &format!("[{posting},{posting}]")), [expected, expected]);
    let named = format!(r#"{{"company":"Acme Corp","domain":"acme.example","jobs":[{posting}]}}"#);
    assert_eq!(
        told(&lever, &named),
        ["hiring Data 2026-01-31T12:00:00Z acme.example Acme Corp | Data Engineer · Oslo"]
    );
    assert_eq!(ids(&lever, posting), ids(&lever, &named));

    let ashby = decoder("ashby");
    let job = |listed: bool| {
        format!(
            r#"{{"apiVersion":"1","jobs":[{{"id":"a-1","title":"Data Engineer","location":"Oslo","team":"Data","isListed":{listed},
            "publishedAt":"2026-01-31T12:00:00.000+00:00","jobUrl":"https://jobs.ashbyhq.com/acme/a-1"}}]}}"#
        )
    };
    assert_eq!(told(&ashby, &job(true)), [expected]);
    assert_eq!(told(&ashby, &job(false)), ["dropped:closed_post"]);
    let documented = job(true).replace(r#""id":"a-1","#, "");
    assert_eq!(told(&ashby, &documented), [expected]);
    assert_eq!(ids(&ashby, &documented), ["ashby-https://jobs.ashbyhq.com/acme/a-1"]);
    let nameless = documented.replace("jobUrl", "url");
    assert_eq!(
        told(&ashby, &nameless),
        ["dead:mapping a job has neither `id` nor `jobUrl`: send the board's own jobs"]
    );
}

#[test]
fn a_board_with_a_job_that_cannot_be_read_loses_no_other() {
    let job = |id: &str| format!(r#"{{{id}"text":"Engineer","createdAt":1769860800000}}"#);
    let board = format!(
        r#"{{"company":"Acme","jobs":[{},{},{}]}}"#,
        job("\"id\":\"1\","),
        job(""),
        job("\"id\":\"3\",")
    );
    let told = told(&decoder("lever"), &board);
    assert_eq!(told.len(), 3);
    assert!(told[1].starts_with("dead:mapping a posting has no `id`"), "{told:?}");
    assert!(told[0].starts_with("hiring") && told[2].starts_with("hiring"), "{told:?}");
}
