//! Money: a whole number of minor units and an ISO 4217 currency. Two currencies never mix.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The largest whole number that every JSON client reads exactly: 2^53 - 1.
pub const LARGEST_EXACT: i64 = 9_007_199_254_740_991;

/// An ISO 4217 code, three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency with this code, if it has the form of one.
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimals of the minor unit (ISO 4217): 0 for yen, 3 for dinars, else 2.
    #[must_use]
    pub fn decimals(&self) -> u32 {
        match self.code() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
            | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }
}

/// An amount. Its minor units lie within what every JSON client reads exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    pub amount_minor: i64,
    pub currency: Currency,
}

impl Money {
    /// An amount of minor units, or nothing past 2^53 - 1.
    #[must_use]
    pub fn new(amount_minor: i64, currency: Currency) -> Option<Self> {
        (amount_minor.unsigned_abs() <= LARGEST_EXACT.unsigned_abs()).then_some(Self { amount_minor, currency })
    }

    /// `major` units (yuan, dollars), rounded half to even at the minor unit; nothing past 2^53 - 1.
    #[must_use]
    pub fn from_major(major: Decimal, currency: Currency) -> Option<Self> {
        let factor = Decimal::from(10_i64.pow(currency.decimals()));
        let minor = major.checked_mul(factor)?.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
        Self::new(minor.to_i64()?, currency)
    }

    /// The amount in major units.
    #[must_use]
    pub fn major(&self) -> Decimal {
        Decimal::new(self.amount_minor, self.currency.decimals())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.major(), self.currency)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::new(&code).ok_or_else(|| serde::de::Error::custom("a currency is three capital letters, such as CNY"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_units_round_half_to_even_at_the_minor_unit() {
        let cny = Currency::new("CNY").unwrap();
        let cases = [("1.005", 100), ("1.015", 102), ("-1.005", -100), ("100000", 10_000_000)];
        for (major, minor) in cases {
            assert_eq!(Money::from_major(major.parse().unwrap(), cny).unwrap().amount_minor, minor, "{major}");
        }
        assert_eq!(Money::from_major("7.5".parse().unwrap(), Currency::new("JPY").unwrap()).unwrap().amount_minor, 8);
    }

    #[test]
    fn an_amount_that_json_clients_would_garble_is_none() {
        let cny = Currency::new("CNY").unwrap();
        assert!(Money::new(LARGEST_EXACT, cny).is_some());
        assert!(Money::new(LARGEST_EXACT + 1, cny).is_none());
        assert!(Money::new(i64::MIN, cny).is_none());
        assert!(Money::from_major(Decimal::MAX, cny).is_none());
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert!(Currency::new("CNY").is_some());
        for bad in ["cny", "CN", "CNYX", "￥￥￥", ""] {
            assert!(Currency::new(bad).is_none(), "{bad}");
        }
    }
}
