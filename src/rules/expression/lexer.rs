//! Source to tokens. Slips of newcomers (`and`, a single `=`, full-width punctuation) become a fault and the token
//! that was meant, so that reading goes on and the rest is checked too.

use super::fault::Fault;
use crate::values::Decimal;
use crate::values::text::{TextFault, clean};
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Int(i64),
    Number(Decimal),
    Text(String),
    Name,
    /// Operators and brackets, as they are written.
    Sign(&'static str),
    End,
}

#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub token: Token,
    pub at: Range<usize>,
}

/// Signs, longest first, with what they mean where that is not themselves.
const SIGNS: &[(&str, &str)] = &[
    ("===", "=="),
    ("!==", "!="),
    ("&&", ""),
    ("||", ""),
    ("==", ""),
    ("!=", ""),
    ("<=", ""),
    (">=", ""),
    ("<>", "!="),
    ("=<", "<="),
    ("=>", ">="),
    ("≠", "!="),
    ("≤", "<="),
    ("≥", ">="),
    ("×", "*"),
    ("÷", "/"),
    ("&", "&&"),
    ("|", "||"),
    ("=", "=="),
    ("<", ""),
    (">", ""),
    ("!", ""),
    ("+", ""),
    ("-", ""),
    ("*", ""),
    ("/", ""),
    ("%", ""),
    ("?", ""),
    (":", ""),
    (".", ""),
    (",", ""),
    ("(", ""),
    (")", ""),
    ("[", ""),
    ("]", ""),
];

/// The ASCII sign behind a full-width or typographic one.
fn plain(letter: char) -> char {
    match letter {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
        '\u{3000}' | '\u{A0}' => ' ',
        '“' | '”' | '„' | '«' | '»' | '「' | '」' | '『' | '』' => '"',
        '‘' | '’' => '\'',
        '、' => ',',
        '。' => '.',
        '−' | '–' | '—' => '-',
        other => other,
    }
}

struct Letter {
    offset: usize,
    plain: char,
    original: char,
}

struct Lexer<'s> {
    source: &'s str,
    letters: Vec<Letter>,
    next: usize,
    spots: Vec<Spot>,
    faults: &'s mut Vec<Fault>,
}

/// All tokens, the last one `End`.
pub(super) fn tokens(source: &str, faults: &mut Vec<Fault>) -> Vec<Spot> {
    let letters =
        source.char_indices().map(|(offset, original)| Letter { offset, plain: plain(original), original }).collect();
    let mut lexer = Lexer { source, letters, next: 0, spots: Vec::new(), faults };
    while let Some(letter) = lexer.peek(0) {
        lexer.token(letter);
    }
    let end = source.len();
    lexer.spots.push(Spot { token: Token::End, at: end..end });
    lexer.spots
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.next + ahead).map(|letter| letter.plain)
    }

    /// Offset of the next letter.
    fn offset(&self) -> usize {
        self.letters.get(self.next).map_or(self.source.len(), |letter| letter.offset)
    }

    fn since(&self, start: usize) -> Range<usize> {
        start..self.offset()
    }

    fn text(&self, at: &Range<usize>) -> &str {
        self.source.get(at.clone()).unwrap_or_default()
    }

    fn push(&mut self, token: Token, start: usize) {
        let at = self.since(start);
        self.spots.push(Spot { token, at });
    }

    /// Tells the reader that what stands at `at` is written with other characters.
    fn told_plain(&mut self, at: &Range<usize>, plain: &str) {
        let found = self.text(at).to_owned();
        let fault = Fault::new(at, "expression_full_width").with("found", found).with("plain", plain);
        self.faults.push(fault.suggest(Some(plain.to_owned())));
    }

    fn token(&mut self, letter: char) {
        let start = self.offset();
        if letter.is_whitespace() {
            self.next += 1;
        } else if letter.is_ascii_digit() {
            self.number(start);
        } else if letter == '"' || letter == '\'' {
            self.quoted(letter, start);
        } else if letter.is_alphabetic() || letter == '_' {
            self.name(start);
        } else if let Some((sign, meant)) = SIGNS.iter().find(|(sign, _)| self.begins_with(sign)) {
            self.sign(sign, meant, start);
        } else {
            self.next += 1;
            let at = self.since(start);
            let found = self.text(&at).to_owned();
            self.faults.push(Fault::new(&at, "expression_character").with("found", found));
        }
    }

    fn begins_with(&self, sign: &str) -> bool {
        sign.chars().enumerate().all(|(ahead, letter)| self.peek(ahead) == Some(letter))
    }

    fn sign(&mut self, sign: &'static str, meant: &'static str, start: usize) {
        let length = sign.chars().count();
        let strange = self.letters.iter().skip(self.next).take(length).any(|letter| letter.plain != letter.original);
        self.next += length;
        let at = self.since(start);
        let token = if meant.is_empty() { sign } else { meant };
        if strange {
            self.told_plain(&at, token);
        } else if sign == "=" {
            self.faults.push(Fault::new(&at, "expression_single_equals").suggest(Some("==".to_owned())));
        } else if !meant.is_empty() {
            self.not_an_operator(&at, meant);
        }
        self.push(Token::Sign(token), start);
    }

    fn not_an_operator(&mut self, at: &Range<usize>, meant: &'static str) {
        let found = self.text(at).to_owned();
        let fault = Fault::new(at, "expression_operator").with("found", found).with("plain", meant);
        self.faults.push(fault.suggest(Some(meant.to_owned())));
    }

    fn name(&mut self, start: usize) {
        while self.peek(0).is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
            self.next += 1;
        }
        let at = self.since(start);
        let after_dot = self.spots.last().is_some_and(|spot| spot.token == Token::Sign("."));
        let word = self.text(&at).to_ascii_lowercase();
        match word.as_str() {
            _ if after_dot => self.push(Token::Name, start),
            "and" => self.word_operator(&at, "&&"),
            "or" => self.word_operator(&at, "||"),
            "not" if self.then_in() => {
                let at = self.since(start);
                self.faults.push(Fault::new(&at, "expression_not_in"));
                self.push(Token::Sign("in"), start);
            }
            "not" => self.word_operator(&at, "!"),
            "in" if self.text(&at) == "in" => self.push(Token::Sign("in"), start),
            _ => self.push(Token::Name, start),
        }
    }

    fn word_operator(&mut self, at: &Range<usize>, meant: &'static str) {
        self.not_an_operator(at, meant);
        self.push(Token::Sign(meant), at.start);
    }

    /// Whether the next word is `in`, which is then taken.
    fn then_in(&mut self) -> bool {
        let blanks = self.letters.iter().skip(self.next).take_while(|letter| letter.plain.is_whitespace()).count();
        let letter = |ahead: usize| self.peek(blanks + ahead);
        let found = blanks > 0
            && letter(0) == Some('i')
            && letter(1) == Some('n')
            && !letter(2).is_some_and(|next| next.is_alphanumeric() || next == '_');
        if found {
            self.next += blanks + 2;
        }
        found
    }

    /// `12`, `1.5`. Anything longer that begins so (`1e5`, `100_000`, `5wd`) is one faulty number.
    fn number(&mut self, start: usize) {
        let mut dots = 0;
        loop {
            match self.peek(0) {
                Some('.') if dots == 0 && self.peek(1).is_some_and(|next| next.is_ascii_digit()) => dots += 1,
                Some(letter) if letter.is_alphanumeric() || letter == '_' => {}
                _ => break,
            }
            self.next += 1;
        }
        let at = self.since(start);
        let text = self.text(&at).to_owned();
        let letters: String = text.chars().map(plain).collect();
        let plainly = letters.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let token = if !plainly {
            let quoted = letters.ends_with(['d', 'h']).then(|| format!("\"{letters}\""));
            self.faults.push(Fault::new(&at, "expression_number_form").with("found", text).suggest(quoted));
            Token::Int(0)
        } else if letters != text {
            self.told_plain(&at, &letters);
            Token::Int(0)
        } else {
            self.number_token(&at, &letters, dots > 0)
        };
        self.push(token, start);
    }

    fn number_token(&mut self, at: &Range<usize>, text: &str, part: bool) -> Token {
        let token = if part {
            Decimal::from_str_exact(text).ok().map(Token::Number)
        } else {
            text.parse::<i64>().ok().map(Token::Int)
        };
        token.unwrap_or_else(|| {
            self.faults.push(Fault::new(at, "expression_number_too_large").with("found", text));
            Token::Int(0)
        })
    }

    fn quoted(&mut self, quote: char, start: usize) {
        let strange = |lexer: &Self| lexer.letters.get(lexer.next).is_some_and(|l| l.plain != l.original);
        let opened_strangely = strange(self);
        self.next += 1;
        let mut text = String::new();
        loop {
            let Some(letter) = self.letters.get(self.next) else {
                let at = self.since(start);
                self.faults.push(Fault::new(&at, "expression_text_unclosed"));
                break;
            };
            let closes = if opened_strangely { letter.plain == quote } else { letter.original == quote };
            if closes {
                self.next += 1;
                break;
            }
            let original = letter.original;
            if original == '\\' {
                self.escape(&mut text);
            } else {
                text.push(original);
                self.next += 1;
            }
        }
        let at = self.since(start);
        if opened_strangely {
            self.told_plain(&at, &format!("\"{text}\""));
        }
        if matches!(clean(&text, usize::MAX, false), Err(TextFault::Control | TextFault::Direction)) {
            self.faults.push(Fault::new(&at, "expression_text_control"));
        }
        self.push(Token::Text(text.nfc().collect()), start);
    }

    /// `\"`, `\'`, `\\`, `\uXXXX`. Line breaks and tabs have no place in texts of one line.
    fn escape(&mut self, text: &mut String) {
        let start = self.offset();
        let escaped = self.letters.get(self.next + 1).map(|letter| letter.original);
        self.next += if escaped.is_some() { 2 } else { 1 };
        match escaped {
            Some(letter @ ('"' | '\'' | '\\')) => text.push(letter),
            Some('u') => {
                let digits: String =
                    self.letters.iter().skip(self.next).take(4).map(|letter| letter.original).collect();
                let hexadecimal = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                let letter = hexadecimal.then(|| u32::from_str_radix(&digits, 16).ok()).flatten();
                if let Some(letter) = letter.and_then(char::from_u32) {
                    self.next += 4;
                    text.push(letter);
                } else {
                    self.wrong_escape(start);
                }
            }
            _ => self.wrong_escape(start),
        }
    }

    fn wrong_escape(&mut self, start: usize) {
        let at = self.since(start);
        let found = self.text(&at).to_owned();
        self.faults.push(Fault::new(&at, "expression_text_escape").with("found", found));
    }
}
