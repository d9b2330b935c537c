//! How many requests one address and one user may make. Counted in this process: with several, each grants its share.

use crate::settings::Http;
use crate::values::UserId;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

/// Both limits.
#[derive(Debug)]
pub struct Limits {
    address: Option<Limit<IpAddr>>,
    user: Option<Limit<UserId>>,
}

/// What is left of a limit, as the reply's headers say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    pub name: &'static str,
    /// Requests a minute.
    pub quota: u32,
    /// Requests that are left now.
    pub left: u32,
    /// Until it is whole again, or until the next request where none is left.
    pub seconds: u64,
}

struct Limit<K: Hash + Eq + Clone> {
    name: &'static str,
    quota: NonZeroU32,
    limiter: RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>,
    counted: AtomicU32,
}

impl Limits {
    #[must_use]
    pub fn of(settings: &Http) -> Self {
        Self {
            address: Limit::new("address", settings.limit_address_per_minute),
            user: Limit::new("user", settings.limit_user_per_minute),
        }
    }

    /// Counts a request of `address`; `Err` = too many. `None` = there is no limit.
    pub(super) fn address(&self, address: IpAddr) -> Option<Result<Left, Left>> {
        let network = match address {
            IpAddr::V4(_) => address,
            // Who has one IPv6 address has 2^64 of them.
            IpAddr::V6(whole) => IpAddr::V6(Ipv6Addr::from_bits(whole.to_bits() >> 64 << 64)),
        };
        self.address.as_ref().map(|limit| limit.count(&network))
    }

    /// Counts a request of `user`.
    pub(super) fn user(&self, user: UserId) -> Option<Result<Left, Left>> {
        self.user.as_ref().map(|limit| limit.count(&user))
    }
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(name: &'static str, per_minute: u32) -> Option<Self> {
        let quota = NonZeroU32::new(per_minute)?;
        let limiter = RateLimiter::dashmap(Quota::per_minute(quota)).with_middleware::<StateInformationMiddleware>();
        Some(Self { name, quota, limiter, counted: AtomicU32::new(0) })
    }

    fn count(&self, key: &K) -> Result<Left, Left> {
        // Those who stopped asking are forgotten now and then, so that addresses passing by do not fill the memory.
        if self.counted.fetch_add(1, Ordering::Relaxed) % 65_536 == 65_535 {
            self.limiter.retain_recent();
        }
        let quota = self.quota.get();
        match self.limiter.check_key(key) {
            Ok(snapshot) => {
                let left = snapshot.remaining_burst_capacity();
                let used = u64::from(quota.saturating_sub(left));
                Ok(Left { name: self.name, quota, left, seconds: (used * 60).div_ceil(u64::from(quota)) })
            }
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                Err(Left { name: self.name, quota, left: 0, seconds: wait.as_secs() + 1 })
            }
        }
    }
}

impl<K: Hash + Eq + Clone> std::fmt::Debug for Limit<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} a minute for each {}", self.quota, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_does_not_use_up_the_limit_of_another() {
        let limit = Limit::new("address", 2).unwrap();
        let (one, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        assert_eq!(limit.count(&one).unwrap().left, 1);
        assert_eq!(limit.count(&one).unwrap().left, 0);
        let refused = limit.count(&one).unwrap_err();
        assert!((1..=31).contains(&refused.seconds), "{refused:?}");
        assert!(limit.count(&other).is_ok());
        assert!(Limit::<IpAddr>::new("address", 0).is_none());
    }

    #[test]
    fn an_ipv6_network_of_64_bits_counts_as_one() {
        let limits = Limits { address: Limit::new("address", 1), user: None };
        assert!(limits.address("2001:db8::1".parse().unwrap()).unwrap().is_ok());
        assert!(limits.address("2001:db8::2".parse().unwrap()).unwrap().is_err());
        assert!(limits.address("2001:db8:0:1::1".parse().unwrap()).unwrap().is_ok());
    }
}
