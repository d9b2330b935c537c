//! The product's own sentences, in every language it speaks: `en/*.ftl` and `zh/*.ftl` (Fluent).
//!
//! Everything that is told to a person is a `Message`: a stable code and its arguments. Codes are stored and compared;
//! sentences are made here, at the last moment, in the reader's language. A test demands every code in every language.

use crate::values::{Language, Localized, Time};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

/// Languages the product itself speaks; the first is used when none of the wanted ones is spoken.
pub const SPOKEN: [&str; 2] = ["en", "zh"];

const SOURCES: [(&str, &[&str]); 2] = [
    (
        "en",
        &[
            include_str!("en/problems.ftl"),
            include_str!("en/fields.ftl"),
            include_str!("en/refusals.ftl"),
            include_str!("en/rules.ftl"),
            include_str!("en/keys.ftl"),
            include_str!("en/expressions.ftl"),
            include_str!("en/diff.ftl"),
            include_str!("en/figures.ftl"),
            include_str!("en/picture.ftl"),
            include_str!("en/document.ftl"),
        ],
    ),
    (
        "zh",
        &[
            include_str!("zh/problems.ftl"),
            include_str!("zh/fields.ftl"),
            include_str!("zh/refusals.ftl"),
            include_str!("zh/rules.ftl"),
            include_str!("zh/keys.ftl"),
            include_str!("zh/expressions.ftl"),
            include_str!("zh/diff.ftl"),
            include_str!("zh/figures.ftl"),
            include_str!("zh/picture.ftl"),
            include_str!("zh/document.ftl"),
        ],
    ),
];

/// An argument of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arg {
    Text(String),
    Int(i64),
    Time(Time),
    /// A label or message of the company's own, in its languages.
    Label(Localized),
    /// A word of the product's own, by its code in the catalogue.
    Word(Cow<'static, str>),
}

/// A coded sentence: what happened, and with what. Rendered only for a reader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub code: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<Cow<'static, str>, Arg>,
}

impl Message {
    #[must_use]
    pub fn new(code: &'static str) -> Self {
        Self { code: Cow::Borrowed(code), args: BTreeMap::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.args.insert(Cow::Borrowed(name), value.into());
        self
    }

    /// The sentence in the first of `wanted` that the product speaks, else in English.
    #[must_use]
    pub fn render(&self, wanted: &[Language]) -> String {
        render(&self.code, &self.args, wanted)
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Time> for Arg {
    fn from(at: Time) -> Self {
        Self::Time(at)
    }
}

impl From<Localized> for Arg {
    fn from(label: Localized) -> Self {
        Self::Label(label)
    }
}

struct Spoken {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

static CATALOGUE: LazyLock<Vec<Spoken>> = LazyLock::new(|| {
    SOURCES
        .iter()
        .map(|(tag, sources)| {
            let identifier: LanguageIdentifier = tag.parse().unwrap_or_default();
            let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
            bundle.set_use_isolating(false);
            for source in *sources {
                // A faulty entry is left out here and found by the test below.
                let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(resource, _)| resource);
                let _ = bundle.add_resource(resource);
            }
            Spoken { language: Language::new(tag), bundle }
        })
        .collect()
});

/// The tag of the language that `wanted` readers are spoken to in.
#[must_use]
pub fn spoken(wanted: &[Language]) -> &'static str {
    chosen(wanted).map_or("en", |spoken| spoken.language.as_str())
}

fn chosen(wanted: &[Language]) -> Option<&'static Spoken> {
    let spoken = wanted.iter().find_map(|language| CATALOGUE.iter().find(|spoken| spoken.language == *language));
    spoken.or_else(|| CATALOGUE.first())
}

fn render(code: &str, args: &BTreeMap<Cow<'static, str>, Arg>, wanted: &[Language]) -> String {
    let Some(spoken) = chosen(wanted) else { return code.to_owned() };
    let Some(pattern) = spoken.bundle.get_message(&identifier(code)).and_then(|message| message.value()) else {
        return code.to_owned();
    };
    let mut values = FluentArgs::new();
    for (name, value) in args {
        values.set(
            name.clone(),
            match value {
                Arg::Text(text) => FluentValue::from(text.clone()),
                Arg::Int(number) => FluentValue::from(number.to_string()),
                Arg::Time(at) => FluentValue::from(at.to_string()),
                Arg::Label(label) => FluentValue::from(label.get(wanted).to_owned()),
                Arg::Word(code) => FluentValue::from(render(code, &BTreeMap::new(), wanted)),
            },
        );
    }
    let mut errors = Vec::new();
    spoken.bundle.format_pattern(pattern, Some(&values), &mut errors).into_owned()
}

/// Fluent's identifiers have no dots; codes such as `deal_moved` are used as they are.
fn identifier(code: &str) -> String {
    code.replace('.', "-")
}

/// Whether every spoken language has a sentence for `code`.
#[must_use]
pub fn is_known(code: &str) -> bool {
    CATALOGUE.iter().all(|spoken| spoken.bundle.has_message(&identifier(code)))
}

/// What the checker of the rules file can say: each code with its English sentence, `...` where a word of the file
/// stands. The order is that of the catalogue.
#[must_use]
pub fn of_the_checker() -> Vec<(&'static str, String)> {
    // Beginnings of codes that are parts of sentences, not sentences.
    let parts =
        ["severity_", "problem_", "did_you_mean", "check_", "word_", "kind_of_", "place_of_", "scenario_named_"];
    let sources = [include_str!("en/rules.ftl"), include_str!("en/expressions.ftl")];
    let lines = sources.iter().flat_map(|source| source.lines());
    lines
        .filter_map(|line| line.split_once(" = "))
        .filter(|(code, _)| code.starts_with(|letter: char| letter.is_ascii_lowercase()))
        .filter(|(code, _)| !parts.iter().any(|part| code.starts_with(part)))
        .map(|(code, sentence)| (code, without_words(sentence)))
        .collect()
}

/// A pattern of the catalogue as it reads: `{ $word }` becomes `...`, `{"literal"}` itself.
fn without_words(pattern: &str) -> String {
    let mut parts = pattern.split('{');
    let mut said = parts.next().unwrap_or_default().to_owned();
    let mut inside = String::new();
    for part in parts {
        inside.push_str(part);
        // A brace within a literal is one of the sentence's own.
        let Some((what, rest)) = inside.rsplit_once('}').filter(|(what, _)| what.matches('"').count() % 2 == 0) else {
            inside.push('{');
            continue;
        };
        let literal = what.trim().strip_prefix('"').and_then(|what| what.strip_suffix('"'));
        said.push_str(literal.unwrap_or("..."));
        said.push_str(rest);
        inside.clear();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn codes(sources: &[&str]) -> BTreeSet<String> {
        sources
            .iter()
            .flat_map(|source| {
                let resource = FluentResource::try_new((*source).to_owned());
                assert!(resource.is_ok(), "a faulty entry: {:?}", resource.err().map(|(_, errors)| errors));
                source
                    .lines()
                    .filter_map(|line| line.split_once(" ="))
                    .filter(|(name, _)| name.starts_with(|letter: char| letter.is_ascii_lowercase()))
                    .map(|(name, _)| name.to_owned())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn every_language_has_the_same_codes() {
        let all: Vec<_> = SOURCES.iter().map(|(_, sources)| codes(sources)).collect();
        for (one, (tag, _)) in all.iter().zip(SOURCES) {
            for (other, (other_tag, _)) in all.iter().zip(SOURCES) {
                let missing: Vec<_> = other.difference(one).collect();
                assert!(missing.is_empty(), "`{tag}` lacks {missing:?}, which `{other_tag}` has");
            }
        }
    }

    /// The first would win, and be given the arguments of the other.
    #[test]
    fn no_code_stands_for_two_sentences() {
        for (tag, sources) in SOURCES {
            let mut seen = BTreeSet::new();
            for code in sources.iter().flat_map(|source| codes(&[source])) {
                assert!(seen.insert(code.clone()), "`{code}` is in two files of `{tag}`");
            }
        }
    }

    #[test]
    fn what_the_checker_says_reads_without_the_words_of_a_file() {
        let all = of_the_checker();
        let of = |code: &str| all.iter().find(|(one, _)| *one == code).unwrap().1.clone();
        assert_eq!(of("unknown_key"), "unknown key `...`; known here: ...");
        assert!(of("yaml_brackets").contains("check `[ ]`, `{ }` and commas"), "{}", of("yaml_brackets"));
        assert!(all.iter().all(|(code, _)| is_known(code)));
    }

    #[test]
    fn a_sentence_comes_in_the_readers_language() {
        let message = Message::new("not_found");
        assert_ne!(message.render(&[Language::new("zh")]), message.render(&[Language::new("en")]));
        assert_eq!(message.render(&[Language::new("de")]), message.render(&[Language::new("en")]));
        assert_eq!(Message::new("no_such_code").render(&[]), "no_such_code");
    }
}
