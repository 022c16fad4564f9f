//! The receiver's address. It may hold a token in its path or query, so only its host is ever shown.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use crate::config::{WebhookConfig, WorkerConfigError};

/// A checked address.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) url: Url,
}

impl Endpoint {
    pub(super) fn of(config: &WebhookConfig) -> Result<Self, WorkerConfigError> {
        let error = |value: &str, fix: &str| WorkerConfigError {
            key: "webhook.url",
            value: value.to_owned(),
            fix: fix.to_owned(),
        };
        let url = Url::parse(config.url.reveal()).map_err(|why| {
            error(
                "(not shown)",
                &format!("not an address ({why}): write one such as https://hooks.example.com/winback"),
            )
        })?;
        let endpoint = Self { url };
        let shown = endpoint.to_string();
        if !endpoint.url.username().is_empty() || endpoint.url.password().is_some() {
            return Err(error(
                &shown,
                "take name and password out and put them into webhook.headers.authorization",
            ));
        }
        match endpoint.url.scheme() {
            "https" => Ok(endpoint),
            "http" if config.allow_insecure || endpoint.is_loopback() => Ok(endpoint),
            "http" => Err(error(
                &shown,
                "use https, or write webhook.allow_insecure = true and accept that others can read it",
            )),
            _ => Err(error(&shown, "use https://, or http:// to this machine")),
        }
    }

    pub(super) fn is_loopback(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || bare.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
            || bare.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Endpoint {
    /// Scheme, host and port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.url.scheme(), self.url.host_str().unwrap_or_default())?;
        self.url.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, allow_insecure: bool) -> Result<String, String> {
        let config = WebhookConfig { allow_insecure, ..WebhookConfig::new(url, "whsec_c2VjcmV0") };
        Endpoint::of(&config).map(|endpoint| endpoint.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn http_goes_to_this_machine_only_unless_it_is_allowed() {
        for url in
            ["http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]:8080/", "https://example.com/h"]
        {
            assert!(check(url, false).is_ok(), "{url}");
        }
        for url in [
            "http://example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://10.0.0.1/",
        ] {
            assert!(check(url, false).unwrap_err().contains("allow_insecure"), "{url}");
            assert!(check(url, true).is_ok(), "{url}");
        }
        for url in ["ftp://example.com/", "example.com", "", "file:///etc/passwd"] {
            assert!(check(url, true).is_err(), "{url}");
        }
    }

    #[test]
    fn an_address_is_shown_by_its_host_only() {
        assert_eq!(
            check("https://example.com:8443/hook/t0ken?key=t0ken", false).unwrap(),
            "https://example.com:8443"
        );
        for url in ["https://me:t0ken@example.com/", "http://example.com/t0ken", "https://exa mple/t0ken"] {
            assert!(!check(url, false).unwrap_err().contains("t0ken"), "{url}");
        }
    }
}
