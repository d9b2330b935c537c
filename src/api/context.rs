//! `Context`: what is known of a request before anybody looks at who sent it: its id, its reader's languages, the address
//! it came from, and the one `now` that everything about it is decided by.

use super::{ApiError, App};
use crate::settings::Network;
use crate::values::{Language, Time};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use uuid::Uuid;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id of a request that is taken over from the client, in characters.
const REQUEST_ID_LENGTH: usize = 64;

/// A request, before its sender is known. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    /// In the reply, the log, a problem's `instance` and the decision log.
    pub request_id: Arc<str>,
    /// The reader's, best first; never empty.
    pub languages: Arc<[Language]>,
    /// Where the request came from; behind a trusted proxy, what the proxy says.
    pub peer: IpAddr,
    /// Read once: everything about this request is decided as of this instant.
    pub now: Time,
}

impl Context {
    /// The context that `request` begins.
    #[must_use]
    pub fn of(request: &ServiceRequest, app: &App) -> Self {
        let headers = request.headers();
        let socket = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
        let mut languages = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .map(accepted_languages)
            .unwrap_or_default();
        languages.push(app.fallback_language());
        Self {
            request_id: request_id(headers),
            languages: languages.into(),
            peer: peer(socket, headers, &app.settings.trusted_proxies),
            now: app.now(),
        }
    }
}

impl FromRequest for Context {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.extensions().get::<Self>().cloned();
        ready(context.ok_or_else(|| ApiError::Internal { cause: "a request came in without `door`".into() }))
    }
}

/// The client's own id if it is short and plain, else a new one.
fn request_id(headers: &HeaderMap) -> Arc<str> {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    match given {
        Some(id) if (1..=REQUEST_ID_LENGTH).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) => {
            id.into()
        }
        _ => Uuid::now_v7().to_string().into(),
    }
}

/// The languages of an `Accept-Language`, best first, each followed by what it is a variety of (`zh-CN`, `zh`).
fn accepted_languages(header: &str) -> Vec<Language> {
    let mut ranges: Vec<(&str, f32)> = header
        .split(',')
        .take(20)
        .filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse().ok())?;
            let tag = tag.trim();
            let plain =
                (1..=35).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            (plain && weight > 0.0 && weight <= 1.0).then_some((tag, weight))
        })
        .collect();
    ranges.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let mut languages: Vec<Language> = Vec::new();
    for (tag, _) in ranges {
        let tag = tag.to_ascii_lowercase();
        let mut rest = Some(tag.as_str());
        while let Some(tag) = rest {
            if !languages.iter().any(|language| language.as_str() == tag) {
                languages.push(Language::new(tag));
            }
            rest = tag.rsplit_once('-').map(|(shorter, _)| shorter);
        }
    }
    languages
}

/// Where a request came from. What a header says counts only as far as trusted proxies vouch for it: from the right,
/// the first address that is not one of theirs.
fn peer(socket: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(socket) {
        return socket.to_canonical();
    }
    let texts = |name: HeaderName| {
        headers
            .get_all(name)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect::<Vec<_>>()
    };
    let forwarded: Vec<Option<IpAddr>> = texts(header::FORWARDED).into_iter().map(forwarded_for).collect();
    let hops = if forwarded.is_empty() {
        texts(header::X_FORWARDED_FOR).into_iter().map(|address| address_of(address.trim())).collect()
    } else {
        forwarded
    };
    let mut known = socket;
    for hop in hops.into_iter().rev() {
        // Something unreadable in the chain: what stands left of it is nobody's word.
        let Some(address) = hop else { break };
        known = address;
        if !is_trusted(address) {
            break;
        }
    }
    known.to_canonical()
}

/// The address of the `for=` of one element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        if name.eq_ignore_ascii_case("for") { address_of(value.trim_matches('"')) } else { None }
    })
}

/// An address, with or without a port or brackets.
fn address_of(text: &str) -> Option<IpAddr> {
    let plain = text.parse::<IpAddr>().ok();
    plain
        .or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()))
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn languages_come_best_first_with_what_they_are_varieties_of() {
        let tags =
            |text| accepted_languages(text).iter().map(|language| language.0.clone()).collect::<Vec<_>>().join(" ");
        assert_eq!(tags("en;q=0.5, zh-Hans-CN, fr;q=0"), "zh-hans-cn zh-hans zh en");
        assert_eq!(tags("*, zh;q=x, ../../etc"), "");
        assert_eq!(tags("zh-CN,zh;q=0.9"), "zh-cn zh");
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let proxies: Vec<Network> = vec!["10.0.0.0/8".parse().unwrap()];
        let cases: [(&str, &[(&'static str, &'static str)], &str); 9] = [
            ("203.0.113.9", &[("x-forwarded-for", "7.7.7.7")], "203.0.113.9"),
            ("203.0.113.9", &[("forwarded", "for=7.7.7.7;host=evil")], "203.0.113.9"),
            ("10.0.0.1", &[("x-forwarded-for", "7.7.7.7")], "7.7.7.7"),
            // What the client wrote itself stands left of what the proxy added.
            ("10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 7.7.7.7")], "7.7.7.7"),
            ("10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 7.7.7.7, 10.0.0.2")], "7.7.7.7"),
            ("10.0.0.1", &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "7.7.7.7")], "7.7.7.7"),
            ("10.0.0.1", &[("forwarded", "for=1.1.1.1, for=\"[2001:db8::7]:80\";proto=https")], "2001:db8::7"),
            ("10.0.0.1", &[("forwarded", "for=1.1.1.1, for=_hidden")], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ];
        for (socket, given, expected) in cases {
            assert_eq!(peer(socket.parse().unwrap(), &headers(given), &proxies).to_string(), expected, "{given:?}");
        }
    }

    #[test]
    fn an_id_of_the_client_is_kept_if_it_is_plain() {
        assert_eq!(&*request_id(&headers(&[("x-request-id", "abc-1")])), "abc-1");
        let long: &'static str = "x".repeat(65).leak();
        for wrong in ["", "a b", "a\tb", long] {
            let id = request_id(&headers(&[("x-request-id", wrong)]));
            assert!(Uuid::parse_str(&id).is_ok(), "{wrong:?} gave {id}");
        }
    }
}
