//! What may stand under a key.

use super::Shape;
use crate::texts::{Arg, Message};
use crate::values::Language;

/// What may stand under a key, as far as it can be said without the rest of the file.
#[derive(Debug)]
pub enum Kind {
    /// Plain text on one line.
    Text,
    /// A text, or one for each language.
    Label,
    /// A name that the company gives here.
    Id,
    /// The name of something declared elsewhere in the file; the word says what.
    Ref(&'static str),
    /// `customer.phone`
    Name,
    Expression,
    Bool,
    Whole {
        from: u32,
        to: u32,
    },
    Number,
    Money,
    /// `30%`
    Share,
    /// `5wd`, `12h`, `3d`
    Span,
    /// `5wd`
    Workdays,
    Date,
    /// `2026-10-01` or `2026-10-01..2026-10-07`
    DateRange,
    /// `2026-03-02 10:00`
    LocalTime,
    /// `09:00-18:00`
    Hours,
    TimeZone,
    Currency,
    Language,
    Country,
    Pattern,
    Action,
    /// A value of the type of a field.
    Value,
    Word(&'static [&'static str]),
    Shape(&'static Shape),
    ListOf(&'static Kind),
    /// Under ids that the company gives.
    MapOf(&'static Kind),
    Either(&'static [Kind]),
    /// One of these, or a list of cases `{when, is}`.
    Figure(&'static Kind),
    /// Known by name, of a later version.
    Later,
}

impl Kind {
    /// What may stand there, as a sentence.
    #[must_use]
    pub fn sentence(&self, wanted: &[Language]) -> String {
        let plain = |code: &'static str| Message::new(code).render(wanted);
        match self {
            Self::Text => plain("kind_text"),
            Self::Label => plain("kind_label"),
            Self::Id => plain("kind_id"),
            Self::Ref(what) => {
                Message::new("kind_ref").with("what", Arg::Word(format!("word_{what}").into())).render(wanted)
            }
            Self::Name => plain("kind_name"),
            Self::Expression => plain("kind_expression"),
            Self::Bool => plain("kind_bool"),
            Self::Whole { from, to } => {
                Message::new("kind_whole").with("from", i64::from(*from)).with("to", i64::from(*to)).render(wanted)
            }
            Self::Number => plain("kind_number"),
            Self::Money => plain("kind_money"),
            Self::Share => plain("kind_share"),
            Self::Span => plain("kind_span"),
            Self::Workdays => plain("kind_workdays"),
            Self::Date => plain("kind_date"),
            Self::DateRange => plain("kind_date_range"),
            Self::LocalTime => plain("kind_local_time"),
            Self::Hours => plain("kind_hours"),
            Self::TimeZone => plain("kind_time_zone"),
            Self::Currency => plain("kind_currency"),
            Self::Language => plain("kind_language"),
            Self::Country => plain("kind_country"),
            Self::Pattern => plain("kind_pattern"),
            Self::Action => plain("kind_action"),
            Self::Value => plain("kind_value"),
            Self::Word(words) => Message::new("kind_word").with("words", listed(words)).render(wanted),
            Self::Shape(shape) => {
                let names: Vec<&str> = shape.keys.iter().filter(|key| key.is_known()).map(|key| key.name).collect();
                Message::new("kind_shape").with("keys", listed(&names)).render(wanted)
            }
            Self::ListOf(kind) => Message::new("kind_list").with("of", kind.sentence(wanted)).render(wanted),
            Self::MapOf(kind) => Message::new("kind_map").with("of", kind.sentence(wanted)).render(wanted),
            Self::Either(kinds) => {
                let each: Vec<String> = kinds.iter().map(|kind| kind.sentence(wanted)).collect();
                each.join(&Message::new("kind_or").render(wanted))
            }
            Self::Figure(kind) => Message::new("kind_figure").with("of", kind.sentence(wanted)).render(wanted),
            Self::Later => plain("not_yet_known"),
        }
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ")
}
