//! How the words of `values` look in the document. They stay plain texts there (`normal` puts them where they are used):
//! a client should not need a type of its own for every kind of id. A date is written `NaiveDate` in bodies and views:
//! the generator knows it by that name.

use crate::values::{
    ActivityId, ContractId, Currency, CustomerId, DealId, DecisionId, Key, Language, Money, PaymentId, SessionId,
    TeamId, Time, UserId,
};
use std::borrow::Cow;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! words {
    ($($word:ident => $schema:expr),* $(,)?) => {
        /// Components that are put where they are used.
        pub const IN_PLACE: &[&str] = &[$(stringify!($word)),*];

        $(
            impl PartialSchema for $word {
                fn schema() -> RefOr<Schema> {
                    RefOr::T(Schema::Object($schema.build()))
                }
            }

            impl ToSchema for $word {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($word))
                }
            }
        )*
    };
}

words! {
    ActivityId => id(),
    ContractId => id(),
    CustomerId => id(),
    DealId => id(),
    DecisionId => id(),
    PaymentId => id(),
    SessionId => id(),
    TeamId => id(),
    UserId => id(),
    Time => text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).max_length(Some(64)),
    Key => text().max_length(Some(100)),
    Language => text().max_length(Some(35)),
    Currency => text().pattern(Some("^[A-Z]{3}$")).min_length(Some(3)).max_length(Some(3)),
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn id() -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))).max_length(Some(36))
}

impl PartialSchema for Money {
    fn schema() -> RefOr<Schema> {
        let minor = "Whole minor units: cents, fen.";
        let amount = ObjectBuilder::new().schema_type(Type::Integer).description(Some(minor));
        let object = ObjectBuilder::new()
            .description(Some("An amount of money."))
            .property("amount_minor", amount)
            .required("amount_minor")
            .property("currency", Currency::schema())
            .required("currency");
        RefOr::T(Schema::Object(object.build()))
    }
}

impl ToSchema for Money {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Money")
    }
}
