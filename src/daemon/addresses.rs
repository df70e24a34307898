use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nix::ifaddrs::getifaddrs;

/// Returns the addresses at which other computers reach this one, those of IPv4 first: not loopback, and not addresses
/// that are valid on one link only. There are none if the system does not list them.
pub(crate) fn addresses_for_others() -> Vec<IpAddr> {
    let interfaces = getifaddrs().into_iter().flatten().filter_map(|interface| interface.address);
    let mut addresses: Vec<_> = interfaces
        .filter_map(|address| match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
            (Some(v4), _) => Some(IpAddr::V4(v4.ip())),
            (_, Some(v6)) => Some(IpAddr::V6(v6.ip())),
            _ => None,
        })
        .filter(|address| is_for_others(*address))
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

fn is_for_others(address: IpAddr) -> bool {
    let is_of_link = match address {
        IpAddr::V4(v4) => Ipv4Addr::is_link_local(&v4),
        IpAddr::V6(v6) => Ipv6Addr::is_unicast_link_local(&v6),
    };
    !address.is_loopback() && !address.is_unspecified() && !is_of_link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_only_this_computer_or_link_has_are_left_out() {
        for (address, expected) in [
            ("127.0.0.1", false),
            ("::1", false),
            ("0.0.0.0", false),
            ("169.254.1.2", false),
            ("fe80::1", false),
            ("192.0.2.1", true),
            ("2001:db8::1", true),
        ] {
            assert_eq!(is_for_others(address.parse().unwrap()), expected, "{address}");
        }
        assert!(addresses_for_others().into_iter().all(is_for_others));
    }
}
