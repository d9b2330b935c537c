//! Access tokens: JWTs that this product signs for itself (HS256, RFC 8725).
//!
//! Only one form of header is ever made, so only that form is read: any other algorithm, type, key hint or critical
//! extension is refused before its content is looked at. A token says who signed in and until when; what they may do is
//! looked up for every call.

use crate::values::{SessionId, Time, UserId};
use crate::workflow::call::Caller;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Serialize};

/// How long an access token is good for, in seconds. Short, since it is renewed by the refresh token.
pub const LIFE_SECONDS: i64 = 600;
/// How far the clocks of two of our processes may differ, in seconds.
const LEEWAY_SECONDS: i64 = 5;
/// Larger tokens are not ours.
const LONGEST: usize = 8192;
const ISSUER: &str = "loudou";
const AUDIENCE: &str = "loudou-api";
const TYPE: &str = "at+jwt";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Why no token could be made: the log's matter.
#[derive(Debug, thiserror::Error)]
#[error("signing an access token failed")]
pub struct SignFault(#[from] jsonwebtoken::errors::Error);

fn header() -> Header {
    Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::HS256) }
}

/// A token for a signed-in user, and when it ends.
pub fn sign(
    keys: &[SecretSlice<u8>],
    user: UserId,
    session: SessionId,
    now: Time,
) -> Result<(String, Time), SignFault> {
    let at = now.micros().div_euclid(1_000_000);
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: user,
        sid: session,
        iat: at,
        nbf: at,
        exp: at + LIFE_SECONDS,
    };
    let key = keys.first().map(|key| EncodingKey::from_secret(key.expose_secret()));
    let key =
        key.ok_or_else(|| jsonwebtoken::errors::Error::from(jsonwebtoken::errors::ErrorKind::InvalidKeyFormat))?;
    Ok((encode(&header(), &claims, &key)?, Time::from_micros((at + LIFE_SECONDS) * 1_000_000)))
}

/// Who signed in, if the token is ours and good at `now`.
#[must_use]
pub fn read(keys: &[SecretSlice<u8>], token: &str, now: Time) -> Option<Caller> {
    if token.len() > LONGEST || token.split('.').next()? != encoded_header()? {
        return None;
    }
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
    // Times are held against the call's own instant below.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = keys
        .iter()
        .find_map(|key| decode::<Claims>(token, &DecodingKey::from_secret(key.expose_secret()), &validation).ok())?
        .claims;
    let at = now.micros().div_euclid(1_000_000);
    let good = claims.nbf <= at + LEEWAY_SECONDS
        && at < claims.exp.saturating_add(LEEWAY_SECONDS)
        && claims.exp.saturating_sub(claims.nbf) <= LIFE_SECONDS;
    good.then_some(Caller::User { user: claims.sub, session: claims.sid })
}

/// The first part of every token of ours.
fn encoded_header() -> Option<String> {
    use base64::Engine;
    let json = serde_json::to_vec(&header()).ok()?;
    Some(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
    use serde_json::{Value, json};

    fn keys() -> Vec<SecretSlice<u8>> {
        vec![vec![7_u8; 32].into()]
    }

    fn now() -> Time {
        "2026-03-02T10:00:00Z".parse().unwrap()
    }

    fn claims() -> Value {
        let at = now().micros() / 1_000_000;
        json!({"iss": ISSUER, "aud": AUDIENCE, "sub": UserId::new(), "sid": SessionId::new(),
               "iat": at, "nbf": at, "exp": at + LIFE_SECONDS})
    }

    fn raw(header: &Value, claims: &Value, key: &[u8]) -> String {
        signed(header, &claims.to_string(), key)
    }

    fn signed(header: &Value, claims: &str, key: &[u8]) -> String {
        use hmac::{Hmac, KeyInit, Mac};
        let text = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims));
        macro_rules! sealed {
            ($hash:ty) => {{
                let mut mac = Hmac::<$hash>::new_from_slice(key).unwrap();
                mac.update(text.as_bytes());
                mac.finalize().into_bytes().to_vec()
            }};
        }
        // As whoever chooses the algorithm would: what is refused is refused for it, and not for a seal that does not fit.
        let seal = match header["alg"].as_str().unwrap() {
            "HS384" => sealed!(sha2::Sha384),
            "HS512" => sealed!(sha2::Sha512),
            none if none.eq_ignore_ascii_case("none") => Vec::new(),
            _ => sealed!(sha2::Sha256),
        };
        format!("{text}.{}", B64.encode(seal))
    }

    #[test]
    fn a_token_is_good_from_its_making_to_its_end() {
        let (user, session) = (UserId::new(), SessionId::new());
        let (token, end) = sign(&keys(), user, session, now()).unwrap();
        let caller = Some(Caller::User { user, session });
        assert_eq!(read(&keys(), &token, now()), caller);
        assert_eq!(read(&keys(), &token, end.plus_micros(4_000_000)), caller);
        assert_eq!(read(&keys(), &token, end.plus_micros(5_000_000)), None);
        assert_eq!(read(&keys(), &token, now().plus_micros(-5_000_000)), caller);
        assert_eq!(read(&keys(), &token, now().plus_micros(-6_000_000)), None);
        let rotated: Vec<SecretSlice<u8>> = vec![vec![9_u8; 32].into(), vec![7_u8; 32].into()];
        assert_eq!(read(&rotated, &token, now()), caller);
    }

    #[test]
    fn forged_tokens_are_refused() {
        let ours = json!({"typ": TYPE, "alg": "HS256"});
        let key = [7_u8; 32];
        assert!(read(&keys(), &raw(&ours, &claims(), &key), now()).is_some(), "the forge itself works");
        let with = |name: &str, value: Value| {
            let mut claims = claims();
            claims[name] = value;
            claims
        };
        let without = |name: &str| {
            let mut claims = claims();
            claims.as_object_mut().unwrap().remove(name);
            claims
        };
        let at = now().micros() / 1_000_000;
        let mut forged: Vec<(String, String)> = Vec::new();
        for header in [
            json!({"typ": TYPE, "alg": "none"}),
            json!({"typ": TYPE, "alg": "None"}),
            json!({"typ": TYPE, "alg": "NONE"}),
            json!({"typ": TYPE, "alg": "HS384"}),
            json!({"typ": TYPE, "alg": "HS512"}),
            json!({"typ": TYPE, "alg": "RS256"}),
            json!({"typ": TYPE, "alg": "ES256"}),
            json!({"typ": "JWT", "alg": "HS256"}),
            json!({"alg": "HS256"}),
            json!({"typ": TYPE, "alg": "HS256", "kid": "../../dev/null"}),
            json!({"typ": TYPE, "alg": "HS256", "jku": "https://evil.example/keys"}),
            json!({"typ": TYPE, "alg": "HS256", "x5u": "https://evil.example/cert"}),
            json!({"typ": TYPE, "alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}}),
            json!({"typ": TYPE, "alg": "HS256", "crit": ["exp"]}),
            json!({"typ": TYPE, "alg": "HS256", "crit": ["unheard-of"], "unheard-of": true}),
        ] {
            forged.push((header.to_string(), raw(&header, &claims(), &key)));
        }
        for claims in [
            with("iss", json!("someone")),
            with("aud", json!("loudou-refresh")),
            with("aud", json!(["loudou-api", "other"])),
            with("exp", json!(at - 10)),
            with("exp", json!(at + 86_400)),
            with("exp", json!(i64::MAX)),
            with("nbf", json!(at + 60)),
            with("sub", json!("1")),
            with("admin", json!(true)),
            without("iss"),
            without("aud"),
            without("exp"),
            without("nbf"),
            without("sub"),
            without("sid"),
        ] {
            forged.push((claims.to_string(), raw(&ours, &claims, &key)));
        }
        let good = raw(&ours, &claims(), &key);
        let parts: Vec<&str> = good.split('.').collect();
        forged.push(("another key".into(), raw(&ours, &claims(), &[8_u8; 32])));
        forged.push(("an empty key".into(), raw(&ours, &claims(), &[])));
        forged.push(("no signature".into(), format!("{}.{}.", parts[0], parts[1])));
        forged.push(("two parts".into(), format!("{}.{}", parts[0], parts[1])));
        forged.push(("four parts".into(), format!("{good}.x")));
        forged.push(("empty".into(), String::new()));
        forged.push(("oversized".into(), format!("{}{}", good, "A".repeat(LONGEST))));
        let blanks = format!("{}{}", claims(), " ".repeat(LONGEST));
        forged.push(("signed, and oversized".into(), signed(&ours, &blanks, &key)));
        forged.push((
            "other claims".into(),
            format!("{}.{}.{}", parts[0], B64.encode(with("iat", json!(2)).to_string()), parts[2]),
        ));
        for (what, token) in forged {
            assert_eq!(read(&keys(), &token, now()), None, "{what}");
        }
    }
}
