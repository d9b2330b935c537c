//! Checking of what is asked about activities and stages, of constants, and of the calendar's functions.

use super::calls::period;
use super::check::{Checker, Typed};
use super::compare::named;
use super::fault::Fault;
use super::names::not_here;
use super::parser::{Ast, Kind};
use super::read::{Entity, Read};
use super::tree::{CalendarFunction, Node, Period};
use super::vocabulary::{Place, Type};
use crate::rules::model::Span;
use crate::rules::spelling::nearest;
use crate::texts::Message;
use crate::values::{Currency, Decimal, Key, Money, Time, Value};
use std::ops::Range;

const COUNT: &str = "count(\"call\", \"reached\", \"20wd\")";
const LAST: &str = "last(\"call\", \"reached\")";
const ENTERED: &str = "entered(\"contacted\")";
const PERIODS: [&str; 5] = ["day", "week", "month", "quarter", "year"];

impl<'s> Checker<'s> {
    pub(super) fn count(&mut self, kind: &Ast<'s>, rest: &[Ast<'s>], at: &Range<usize>) -> Typed {
        let kind = self.activity(kind, "count", COUNT);
        let (outcome, within) = match rest {
            [] => (Some(None), None),
            [one] => match &one.kind {
                // Lengths begin with a digit, ids never do.
                Kind::Text(text) if text.starts_with(|letter: char| letter.is_ascii_digit()) => (Some(None), Some(one)),
                _ => (self.outcome(kind.as_ref(), one, "count", COUNT), None),
            },
            [outcome, within, ..] => (self.outcome(kind.as_ref(), outcome, "count", COUNT), Some(within)),
        };
        let within = within.map(|within| self.span(within, "count", COUNT));
        match (kind, outcome, within) {
            (Some(kind), Some(outcome), None) => self.read(Read::Count { kind, outcome, within: None }, Type::Int, at),
            (Some(kind), Some(outcome), Some(Some(span))) => {
                self.read(Read::Count { kind, outcome, within: Some(span) }, Type::Int, at)
            }
            _ => self.faulty(at),
        }
    }

    pub(super) fn last(&mut self, kind: &Ast<'s>, rest: &[Ast<'s>], at: &Range<usize>) -> Typed {
        let kind = self.activity(kind, "last", LAST);
        let outcome = match rest.first() {
            None => Some(None),
            Some(outcome) => self.outcome(kind.as_ref(), outcome, "last", LAST),
        };
        let (Some(kind), Some(outcome)) = (kind, outcome) else { return self.faulty(at) };
        self.read(Read::Last { kind, outcome }, Type::Time, at)
    }

    fn activity(&mut self, tree: &Ast<'s>, name: &'static str, usage: &'static str) -> Option<Key> {
        let (text, at) = self.literal(tree, name, usage)?;
        let known: Vec<&str> = self.vocabulary.activities.keys().map(Key::as_str).collect();
        self.one_of("expression_unknown_activity", &text, &known, &at)
    }

    /// `Some(None)` is never the answer to a text: only faults are `None`.
    fn outcome(
        &mut self,
        kind: Option<&Key>,
        tree: &Ast<'s>,
        name: &'static str,
        usage: &'static str,
    ) -> Option<Option<Key>> {
        let (text, at) = self.literal(tree, name, usage)?;
        let known = self.vocabulary.activities.get(kind?)?;
        let known: Vec<&str> = known.iter().map(Key::as_str).collect();
        self.one_of("expression_unknown_outcome", &text, &known, &at).map(Some)
    }

    fn one_of(&mut self, code: &'static str, text: &str, known: &[&str], at: &Range<usize>) -> Option<Key> {
        if known.contains(&text) {
            return Some(Key::new(text));
        }
        let meant = nearest(text, known.iter().copied()).map(|value| format!("\"{value}\""));
        self.tell(Fault::new(at, code).with("value", text).with("values", named(known)).suggest(meant));
        None
    }

    fn span(&mut self, tree: &Ast<'s>, name: &'static str, usage: &'static str) -> Option<Span> {
        let (text, at) = self.literal(tree, name, usage)?;
        match Span::parse(&text) {
            Ok(span) => Some(span),
            Err(message) => {
                self.tell(Fault::from_message(&at, message));
                None
            }
        }
    }

    pub(super) fn entered(&mut self, stage: &Ast<'s>, at: &Range<usize>) -> Typed {
        match self.stage(stage, "entered", ENTERED) {
            Some((funnel, stage)) => self.read(Read::Entered { funnel, stage }, Type::Time, at),
            None => self.faulty(at),
        }
    }

    pub(super) fn holding(&mut self, of: &Ast<'s>, stage: &Ast<'s>, usage: &'static str, at: &Range<usize>) -> Typed {
        let entity = match &of.kind {
            Kind::Path(path) => path.first().filter(|_| path.len() == 1).map(|name| name.text),
            _ => None,
        };
        let entity = match entity {
            Some("owner") => Entity::Owner,
            Some("receiver") => Entity::Receiver,
            _ => return self.misused("holding", usage, at),
        };
        match self.stage(stage, "holding", usage) {
            Some((funnel, stage)) => self.read(Read::Holding { entity, funnel, stage }, Type::Int, at),
            None => self.faulty(at),
        }
    }

    /// A stage by its literal name: alone inside a funnel's part of the file, else with its funnel.
    fn stage(&mut self, tree: &Ast<'s>, name: &'static str, usage: &'static str) -> Option<(Key, Key)> {
        let (text, at) = self.literal(tree, name, usage)?;
        let Type::Stage(domain) = self.vocabulary.stages(&[]) else {
            self.faulty = true;
            return None;
        };
        if !self.can_match(&text, &domain, &at) {
            return None;
        }
        match text.split_once('/') {
            Some((funnel, stage)) => Some((Key::new(funnel), Key::new(stage))),
            None => Some((self.vocabulary.funnel.clone()?, Key::new(&text))),
        }
    }

    pub(super) fn money(&mut self, amount: &Ast<'s>, currency: &[Ast<'s>], at: &Range<usize>) -> Typed {
        let usage = "money(100000)";
        let found = self.check(amount);
        let number = match found.node {
            _ if found.kind == Type::Faulty => return self.faulty(at),
            Node::Constant(Value::Int(number)) => Decimal::from(number),
            Node::Constant(Value::Number(number)) => number,
            _ => return self.misused("money", usage, at),
        };
        let currency = match currency.first() {
            None => Some(self.vocabulary.currency),
            Some(tree) => match &tree.kind {
                Kind::Text(text) => Currency::new(text),
                _ => None,
            },
        };
        let Some(currency) = currency else { return self.misused("money", "money(100000, \"USD\")", at) };
        match Money::from_major(number, currency) {
            Some(money) => {
                let (node, kind) = (Node::Constant(Value::Money(money)), Type::Money(Some(currency)));
                Typed { node, kind, at: at.clone() }
            }
            None => {
                let text = self.text(&amount.at);
                self.fail(Fault::new(&amount.at, "expression_number_too_large").with("found", text))
            }
        }
    }

    pub(super) fn date(&mut self, of: &Ast<'s>, at: &Range<usize>) -> Typed {
        if let Kind::Text(text) = &of.kind {
            return match crate::rules::calendar::date(text) {
                Some(date) => Typed { node: Node::Constant(Value::Date(date)), kind: Type::Date, at: at.clone() },
                None => self.fail(Fault::new(&of.at, "expression_date").with("found", text.as_str())),
            };
        }
        let found = self.check(of);
        match found.kind {
            Type::Time => self.calendar(CalendarFunction::LocalDate, vec![found], Type::Date, at),
            Type::Faulty => self.faulty(at),
            _ => self.misused("date", "date(\"2026-10-01\")", at),
        }
    }

    pub(super) fn timestamp(&mut self, of: &Ast<'s>, at: &Range<usize>) -> Typed {
        if let Kind::Text(text) = &of.kind {
            return match text.parse::<Time>() {
                Ok(time) => Typed { node: Node::Constant(Value::Time(time)), kind: Type::Time, at: at.clone() },
                Err(_) => self.fail(Fault::new(&of.at, "expression_timestamp").with("found", text.as_str())),
            };
        }
        let found = self.check(of);
        match found.kind {
            Type::Date => self.calendar(CalendarFunction::Midnight, vec![found], Type::Time, at),
            Type::Faulty => self.faulty(at),
            _ => self.misused("timestamp", "timestamp(\"2026-10-01T09:00:00+08:00\")", at),
        }
    }

    pub(super) fn duration(&mut self, of: &Ast<'s>, at: &Range<usize>) -> Typed {
        match self.span(of, "duration", "duration(\"12h\")") {
            Some(Span::ElapsedMicros(micros)) => {
                Typed { node: Node::Constant(Value::Duration(micros)), kind: Type::Duration, at: at.clone() }
            }
            Some(Span::WorkdaysMilli(_)) => {
                self.fail(Fault::from_message(&of.at, Message::new("expression_duration_workdays")))
            }
            None => self.faulty(at),
        }
    }

    pub(super) fn between(
        &mut self,
        function: CalendarFunction,
        [from, to]: [&Ast<'s>; 2],
        usage: &'static str,
        at: &Range<usize>,
    ) -> Typed {
        let (from, to) = (self.check(from), self.check(to));
        let kind = match (&from.kind, &to.kind) {
            (Type::Date, Type::Date) => Type::Int,
            (Type::Time, Type::Time) => Type::Number,
            (Type::Faulty, _) | (_, Type::Faulty) => return self.faulty(at),
            _ => return self.misused(name_of(usage), usage, at),
        };
        self.calendar(function, vec![from, to], kind, at)
    }

    pub(super) fn add(
        &mut self,
        function: CalendarFunction,
        [of, n]: [&Ast<'s>; 2],
        usage: &'static str,
        at: &Range<usize>,
    ) -> Typed {
        let (of, n) = (self.check(of), self.check(n));
        let kind = match (&of.kind, &n.kind) {
            (Type::Date, Type::Int) => Type::Date,
            (Type::Time, Type::Int | Type::Number) => Type::Time,
            (Type::Faulty, _) | (_, Type::Faulty) => return self.faulty(at),
            _ => return self.misused(name_of(usage), usage, at),
        };
        self.calendar(function, vec![of, n], kind, at)
    }

    pub(super) fn period(
        &mut self,
        function: fn(Period) -> CalendarFunction,
        word: &Ast<'s>,
        of: &Ast<'s>,
        at: &Range<usize>,
    ) -> Typed {
        let of = self.check(of);
        let Some((text, word_at)) = self.literal(word, "start_of", "start_of(\"quarter\", today)") else {
            return self.faulty(at);
        };
        let Some(period) = period(&text) else {
            self.one_of("expression_period", &text, &PERIODS, &word_at);
            return self.faulty(at);
        };
        let of = match of.kind {
            Type::Date => of,
            Type::Time => {
                let node = Node::Calendar(CalendarFunction::LocalDate, vec![of.node]);
                Typed { node, kind: Type::Date, at: of.at }
            }
            Type::Faulty => return self.faulty(at),
            _ => return self.misused("start_of", "start_of(\"quarter\", today)", at),
        };
        self.calendar(function(period), vec![of], Type::Date, at)
    }

    /// A function of the calendar: where it must translate to SQL, only of what is known without the row.
    fn calendar(&mut self, function: CalendarFunction, of: Vec<Typed>, kind: Type, at: &Range<usize>) -> Typed {
        let arguments: Vec<Node> = of.into_iter().map(|argument| argument.node).collect();
        let found = Typed { node: Node::Calendar(function, arguments), kind, at: at.clone() };
        if self.place == Place::Grade {
            return self.fail(not_here(self.text(at), at, self.place));
        }
        if self.place == Place::Read && !self.is_constant(&found.node) {
            return self.fail(Fault::new(at, "expression_constant_only"));
        }
        found
    }
}

fn name_of(usage: &'static str) -> &'static str {
    usage.split('(').next().unwrap_or(usage)
}
