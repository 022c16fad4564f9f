use rdkafka::config::RDKafkaLogLevel;

use super::*;

#[test]
fn a_url_names_one_or_more_brokers() {
    for (url, bootstrap) in [
        ("kafka://127.0.0.1:9092", Some("127.0.0.1:9092")),
        ("kafka://a:1,b:2/", Some("a:1,b:2")),
        ("kafka://[::1]:9092", Some("[::1]:9092")),
        ("kafka://", None),
        ("kafka://a", None),
        ("kafka://a:x", None),
        ("kafka://a:1,", None),
        ("http://a:1", None),
    ] {
        let read = KafkaOptions::from_url(url).ok().map(|options| options.bootstrap);
        assert_eq!(read.as_deref(), bootstrap, "{url}");
    }
}

#[test]
fn a_password_in_a_url_is_refused_without_repeating_it() {
    let error = KafkaOptions::from_url("kafka://me:hunter2@a:1").unwrap_err().to_string();
    assert!(error.contains("sasl.password") && !error.contains("hunter2"), "{error}");
}

#[test]
fn secrets_are_not_shown() {
    let mut options = KafkaOptions::new("a:1");
    for key in ["sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.oauthbearer.client.secret"] {
        options.properties.insert(key.to_owned(), "hunter2".to_owned());
    }
    options.properties.insert("security.protocol".to_owned(), "SASL_SSL".to_owned());
    let shown = format!("{options:?}");
    assert!(!shown.contains("hunter2") && shown.contains("SASL_SSL"), "{shown}");
}

#[test]
fn time_outs_that_would_block_a_successor_are_refused() {
    let mut options = KafkaOptions::new("a:1");
    assert!(options.check().is_ok());
    options.transaction_timeout = options.session_timeout;
    assert!(options.check().is_err());
    options = KafkaOptions::new("a:1");
    options.commit_deadline = options.transaction_timeout;
    assert!(options.check().is_err());
}

fn set(properties: &[(&str, &str)]) -> Result<KafkaOptions, String> {
    let mut options = KafkaOptions::new("a:1");
    let owned = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    options.set_properties(owned).and_then(|()| options.check()).map_err(|error| error.to_string())?;
    Ok(options)
}

#[test]
fn a_session_time_out_that_is_set_takes_the_others_along() {
    let short = set(&[("session.timeout.ms", "4000")]).unwrap();
    assert_eq!(short.session_timeout, Duration::from_millis(4_000));
    assert_eq!(short.transaction_timeout, Duration::from_millis(3_200));
    assert_eq!(short.commit_deadline, Duration::from_millis(2_400));
    let longer = set(&[("transaction.timeout.ms", "9000")]).unwrap();
    assert_eq!((longer.transaction_timeout, longer.commit_deadline.as_secs()), (Duration::from_secs(9), 6));
    let error = set(&[("session.timeout.ms", "4000"), ("transaction.timeout.ms", "5000")]).unwrap_err();
    assert!(error.contains("must be below session time-out"), "{error}");
    let error = set(&[("session.timeout.ms", "4s")]).unwrap_err();
    assert!(error.contains("session.timeout.ms") && error.contains("milliseconds"), "{error}");
}

#[test]
fn brokers_that_seldom_look_for_dead_transactions_are_told_of() {
    let options = KafkaOptions::new("a:1");
    let warning = options.standstill(Duration::from_secs(10)).unwrap();
    assert!(!warning.contains("  "), "{warning}");
    assert!(warning.contains("18s") && warning.contains("10000") && warning.contains("1000"), "{warning}");
    assert_eq!(options.standstill(Duration::from_secs(1)), None);
}

#[test]
fn the_groups_protocol_is_one_switch() {
    for (properties, protocol) in [
        (&[][..], GroupProtocol::Cooperative),
        (&[("partition.assignment.strategy", "cooperative-sticky")][..], GroupProtocol::Cooperative),
        (&[("group.protocol", "consumer")][..], GroupProtocol::Consumer),
        (&[("group.protocol", "classic")][..], GroupProtocol::Cooperative),
    ] {
        assert_eq!(set(properties).unwrap().protocol, protocol, "{properties:?}");
    }
    for (properties, word) in [
        (&[("group.protocol", "new")][..], "classic"),
        (&[("partition.assignment.strategy", "range")][..], "cooperative-sticky"),
        (&[("partition.assignment.strategy", "eager")][..], "cooperative-sticky"),
        (&[("group.protocol", "consumer"), ("partition.assignment.strategy", "eager")][..], "leave it out"),
    ] {
        let error = set(properties).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_transactional_producer_tells_of_every_connection_that_ends_whatever_else_it_shall_tell() {
    let mut options = KafkaOptions::new("a:1");
    assert_eq!(options.transactional("id").get("debug"), Some("broker"));
    options.properties.insert("debug".to_owned(), "eos,protocol".to_owned());
    let config = options.transactional("id");
    assert_eq!(config.get("debug"), Some("eos,protocol,broker"));
    assert!(matches!(config.log_level, RDKafkaLogLevel::Debug));
}

#[test]
fn what_the_promises_rest_on_cannot_be_a_property() {
    let mut options = KafkaOptions::new("a:1");
    options.properties.insert("isolation.level".to_owned(), "read_uncommitted".to_owned());
    assert!(options.check().unwrap_err().to_string().contains("isolation.level"));
}
