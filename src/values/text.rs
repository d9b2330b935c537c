//! Text: one normal form, no invisible tricks, and texts in several languages.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// Bytes of a text for each character it may have, at most: a syllable of Hangul is one character composed and nine
/// bytes before. What has more is not looked at any further.
const BYTES_A_CHARACTER: usize = 12;

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFault {
    /// NUL or another control character.
    Control,
    /// A character that turns the direction of what follows, which can make a name read as another.
    Direction,
    /// More characters than allowed.
    TooLong { at_most: usize },
}

/// `text` in Unicode normal form C, without leading or trailing blanks; refused if it holds control characters
/// (tab and line break are allowed when `lines`), characters that turn direction, or more than `at_most` characters.
pub fn clean(text: &str, at_most: usize, lines: bool) -> Result<String, TextFault> {
    if text.len() > at_most.saturating_mul(BYTES_A_CHARACTER) {
        return Err(TextFault::TooLong { at_most });
    }
    let clean: String = text.nfc().collect::<String>().trim().to_owned();
    for letter in clean.chars() {
        if letter.is_control() && !(lines && matches!(letter, '\t' | '\n' | '\r')) {
            return Err(TextFault::Control);
        }
        if matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}') {
            return Err(TextFault::Direction);
        }
    }
    if clean.chars().count() > at_most {
        return Err(TextFault::TooLong { at_most });
    }
    Ok(clean)
}

/// A language tag of the rules file, such as `zh` or `en`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Language(pub String);

impl Language {
    #[must_use]
    pub fn new(tag: &str) -> Self {
        Self(tag.to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text in one or more languages, cheap to clone. Never empty: what the company left out is its id in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Localized(Arc<Texts>);

/// The same text in its languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Texts {
    /// The language to fall back on.
    first: Language,
    texts: BTreeMap<Language, String>,
}

impl Localized {
    #[must_use]
    pub fn one(language: &Language, text: &str) -> Self {
        Self::new(language.clone(), BTreeMap::from([(language.clone(), text.to_owned())]))
    }

    /// `first`: the language to fall back on.
    #[must_use]
    pub fn new(first: Language, texts: BTreeMap<Language, String>) -> Self {
        Self(Arc::new(Texts { first, texts }))
    }

    /// The text in each of its languages.
    #[must_use]
    pub fn texts(&self) -> &BTreeMap<Language, String> {
        &self.0.texts
    }

    /// An id in words: `bought_elsewhere` reads `bought elsewhere`.
    #[must_use]
    pub fn from_id(language: &Language, id: &str) -> Self {
        Self::one(language, &id.replace('_', " "))
    }

    /// The text in the first of `wanted` that there is, else in the first language, else any.
    #[must_use]
    pub fn get(&self, wanted: &[Language]) -> &str {
        wanted
            .iter()
            .chain(std::iter::once(&self.0.first))
            .find_map(|language| self.0.texts.get(language))
            .or_else(|| self.0.texts.values().next())
            .map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_composed_and_trimmed() {
        assert_eq!(clean("  Cafe\u{301} ", 10, false).unwrap(), "Café");
    }

    #[test]
    fn tricks_are_refused() {
        let cases = [
            ("a\0b", false, TextFault::Control),
            ("a\nb", false, TextFault::Control),
            ("a\u{9b}b", true, TextFault::Control),
            ("gpj.\u{202E}exe", false, TextFault::Direction),
            ("abcdef", false, TextFault::TooLong { at_most: 5 }),
        ];
        for (text, lines, fault) in cases {
            assert_eq!(
                clean(text, 5.max(if fault == TextFault::Direction { 20 } else { 5 }), lines),
                Err(fault),
                "{text:?}"
            );
        }
        assert_eq!(clean("a\nb\tc", 5, true).unwrap(), "a\nb\tc");
        assert_eq!(clean("漏斗漏斗漏", 5, false).unwrap().chars().count(), 5);
        let decomposed = "\u{1112}\u{1161}\u{11ab}".repeat(5);
        assert_eq!(clean(&decomposed, 5, false).unwrap(), "한한한한한");
        // Blanks at its ends are no characters of a text, but not for nothing either.
        assert_eq!(clean(&format!("{}a", " ".repeat(59)), 5, false).unwrap(), "a");
        assert_eq!(clean(&format!("{}a", " ".repeat(60)), 5, false), Err(TextFault::TooLong { at_most: 5 }));
    }

    #[test]
    fn a_text_falls_back_to_the_first_language() {
        let (zh, en, de) = (Language::new("zh"), Language::new("en"), Language::new("de"));
        let text = Localized::one(&zh, "签约");
        assert_eq!(text.get(&[en.clone(), de.clone()]), "签约");
        let text = Localized::new(zh.clone(), [(zh.clone(), "签约".into()), (en.clone(), "Signed".into())].into());
        assert_eq!(text.get(&[de, en]), "Signed");
        assert_eq!(Localized::from_id(&zh, "bought_elsewhere").get(&[]), "bought elsewhere");
    }
}
