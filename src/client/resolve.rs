use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use thiserror::Error;

use super::{ClientError, Family};
use crate::stop::{Stop, is_interruption};
use crate::wire::Printable;

/// The error of a host without an address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: unknown host ({reason})", Printable(host.as_bytes()).brief())]
pub struct UnknownHost {
    /// The host as the user wrote it.
    pub host: String,
    /// The reason, as the resolver gives it.
    pub reason: String,
}

/// Looks a host up, and returns its addresses of the family in the order to try them; at least one.
///
/// `host` is a name or an address without brackets. An IPv6 address may have a scope (`fe80::1%eth0`). The look-up of a
/// name is abandoned when `stop` is raised.
pub(crate) fn resolve(host: &str, port: u16, family: Family, stop: &Stop) -> Result<Vec<SocketAddr>, ClientError> {
    let unknown = |reason: String| ClientError::UnknownHost(UnknownHost { host: host.to_owned(), reason });
    if host.is_empty() {
        return Err(unknown("its name is empty".to_owned()));
    }
    let all = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => {
            let name = (host.to_owned(), port);
            let found = stop.abandonable(move || name.to_socket_addrs().map(Iterator::collect::<Vec<_>>));
            found.flatten().map_err(|error| match error {
                error if is_interruption(&error) => ClientError::Interrupted,
                // The standard library repeats that the look-up failed.
                error => unknown(error.to_string().replace("failed to lookup address information: ", "")),
            })?
        }
    };
    let wanted: Vec<_> = all
        .into_iter()
        .filter(|address| match family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        })
        .collect();
    if wanted.is_empty() {
        return Err(unknown(match family {
            Family::Any => "no address".to_owned(),
            Family::V4 => "no IPv4 address".to_owned(),
            Family::V6 => "no IPv6 address".to_owned(),
        }));
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(host: &str, port: u16, family: Family) -> Result<Vec<SocketAddr>, ClientError> {
        super::resolve(host, port, family, &Stop::new())
    }

    #[test]
    fn addresses_keep_family_and_scope() {
        let one = |host, family| resolve(host, 69, family).unwrap().into_iter().next();
        assert_eq!(one("127.0.0.1", Family::Any), "127.0.0.1:69".parse().ok());
        assert_eq!(one("::1", Family::V6), "[::1]:69".parse().ok());
        assert_eq!(one("fe80::1%1", Family::Any), "[fe80::1%1]:69".parse().ok());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_scope_may_be_an_interface_name() {
        let one = |host| resolve(host, 69, Family::Any).unwrap();
        assert_eq!(one("fe80::1%lo"), one("fe80::1%1"));
    }

    #[test]
    fn a_host_without_an_address_of_the_family_is_named() {
        let error = resolve("127.0.0.1", 69, Family::V6).unwrap_err();
        assert_eq!(error.to_string(), "127.0.0.1: unknown host (no IPv6 address)");
        let error = resolve("", 69, Family::Any).unwrap_err();
        assert_eq!(error.to_string(), ": unknown host (its name is empty)");
    }

    #[test]
    fn an_unknown_name_comes_with_one_reason() {
        // The resolver rejects an empty label without a query.
        let message = resolve("no..such\nhost", 69, Family::Any).unwrap_err().to_string();
        assert!(message.starts_with("no..such\\x0ahost: unknown host ("), "{message}");
        assert!(!message.contains("failed to lookup"), "{message}");
    }
}
