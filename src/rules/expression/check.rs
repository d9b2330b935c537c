//! What is written to what it means: names, types, choice values, places. Every fault of a text is told at once; a
//! part with a fault has the type `Faulty`, which goes with everything.

use super::fault::{Fault, MOST_COST};
use super::names;
use super::parser::{Ast, Kind, Name, Sign};
use super::read::Read;
use super::tree::{Node, Operator};
use super::vocabulary::{Domain, Place, Type, Vocabulary};
use crate::values::{Decimal, Value};
use indexmap::IndexSet;
use std::ops::Range;

/// A checked part and where it stands.
#[derive(Debug)]
pub(super) struct Typed {
    pub node: Node,
    pub kind: Type,
    pub at: Range<usize>,
}

pub(super) struct Checker<'s> {
    pub source: &'s str,
    pub place: Place,
    pub vocabulary: &'s Vocabulary,
    pub faults: Vec<Fault>,
    /// Something stood in the way that was told here or elsewhere.
    pub faulty: bool,
    pub reads: IndexSet<Read>,
    /// The name that a list test gives to each contact.
    pub each: Option<&'s str>,
    /// What a value here is compared with: for words that lack their quotes.
    pub expected: Option<Domain>,
}

impl<'s> Checker<'s> {
    pub(super) fn new(source: &'s str, place: Place, vocabulary: &'s Vocabulary, faults: Vec<Fault>) -> Self {
        let (reads, each, expected) = (IndexSet::new(), None, None);
        Self { source, place, vocabulary, faults, faulty: false, reads, each, expected }
    }

    /// The whole expression, of the wanted type and within the limit of cost.
    pub(super) fn whole(&mut self, tree: &Ast<'s>, wanted: &Type) -> (Node, u64) {
        let found = self.check(tree);
        let found = self.adapt(found, wanted);
        if found.kind != Type::Faulty && !goes_as(&found.kind, wanted) {
            let fault = Fault::new(&found.at, "expression_wanted").with("wanted", wanted.word());
            self.tell(fault.with("found", found.kind.word()));
        }
        let cost = found.node.cost();
        if cost > MOST_COST {
            let told = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
            let fault = Fault::new(&found.at, "expression_too_costly").with("cost", told(cost));
            self.tell(fault.with("most", told(MOST_COST)));
        }
        (found.node, cost)
    }

    pub(super) fn tell(&mut self, fault: Fault) {
        self.faulty = true;
        self.faults.push(fault);
    }

    /// A part about which the fault was told.
    pub(super) fn faulty(&mut self, at: &Range<usize>) -> Typed {
        self.faulty = true;
        Typed { node: Node::Constant(Value::Bool(false)), kind: Type::Faulty, at: at.clone() }
    }

    pub(super) fn fail(&mut self, fault: Fault) -> Typed {
        let at = fault.offset..fault.offset + fault.length;
        self.tell(fault);
        self.faulty(&at)
    }

    pub(super) fn text(&self, at: &Range<usize>) -> &'s str {
        self.source.get(at.clone()).unwrap_or_default()
    }

    pub(super) fn check(&mut self, tree: &Ast<'s>) -> Typed {
        let at = &tree.at;
        let constant = |value: Value, kind: Type| Typed { node: Node::Constant(value), kind, at: at.clone() };
        match &tree.kind {
            Kind::Bool(value) => constant(Value::Bool(*value), Type::Bool),
            Kind::Int(value) => constant(Value::Int(*value), Type::Int),
            Kind::Number(value) => constant(Value::Number(*value), Type::Number),
            Kind::Text(text) if text.trim().is_empty() => self.fail(Fault::new(at, "expression_text_blank")),
            Kind::Text(text) => constant(Value::Text(text.clone()), Type::Text),
            Kind::Path(path) => self.path(path, at),
            Kind::Call(name, arguments) => self.call(name, arguments, at),
            Kind::Method(of, name, arguments) => self.method(of, name, arguments, at),
            Kind::List(_) => self.fail(Fault::new(at, "expression_list_here")),
            Kind::Not(of) => self.not(of, at),
            Kind::Negate(of) => self.negate(of, at),
            Kind::Chain(first, rest) => self.chain(first, rest, at),
            Kind::If(parts) => self.choice(parts, at),
        }
    }

    fn path(&mut self, path: &[Name<'s>], at: &Range<usize>) -> Typed {
        let words: Vec<&str> = path.iter().map(|name| name.text).collect();
        match words.as_slice() {
            [each, ..] if self.each == Some(*each) => self.contact(&words, at),
            [word @ ("now" | "today")] => self.clock(word, at),
            [word] => self.bare(word, at),
            [entity, name] => match names::qualified((*entity, *name), at, self.place, self.vocabulary) {
                Ok((_, Type::Faulty)) => self.faulty(at),
                Ok((path, kind)) => self.read(Read::Field(path), kind, at),
                Err(fault) => self.fail(fault),
            },
            _ => self.fail(Fault::new(at, "expression_no_members").with("name", self.text(at))),
        }
    }

    pub(super) fn read(&mut self, read: Read, kind: Type, at: &Range<usize>) -> Typed {
        let (place, _) = self.reads.insert_full(read);
        Typed { node: Node::Read(place), kind, at: at.clone() }
    }

    fn clock(&mut self, word: &str, at: &Range<usize>) -> Typed {
        if !names::OF_CLOCK.contains(&self.place) {
            return self.fail(names::not_here(word, at, self.place));
        }
        match word {
            "now" => self.read(Read::Now, Type::Time, at),
            _ => self.read(Read::Today, Type::Date, at),
        }
    }

    fn contact(&mut self, words: &[&str], at: &Range<usize>) -> Typed {
        const MEMBERS: [&str; 4] = ["name", "phone", "email", "role"];
        match words {
            [_, member] if MEMBERS.contains(member) => {
                Typed { node: Node::Member((*member).into()), kind: Type::Text, at: at.clone() }
            }
            [each, member] => {
                let meant = crate::rules::spelling::nearest(member, MEMBERS).map(|member| format!("{each}.{member}"));
                self.fail(Fault::new(at, "expression_contact").with("name", *member).suggest(meant))
            }
            _ => self.fail(Fault::new(at, "expression_contact").with("name", self.text(at))),
        }
    }

    fn bare(&mut self, word: &str, at: &Range<usize>) -> Typed {
        if self.expected.as_ref().is_some_and(|domain| domain.iter().any(|value| *value == *word)) {
            let fault = Fault::new(at, "expression_unquoted").with("name", word);
            return self.fail(fault.suggest(Some(format!("\"{word}\""))));
        }
        self.fail(names::bare(word, at, self.place, self.vocabulary))
    }

    /// Checks a part that must be a yes or no.
    pub(super) fn condition(&mut self, tree: &Ast<'s>) -> Node {
        let found = self.check(tree);
        if !matches!(found.kind, Type::Bool | Type::Faulty) {
            let fault = Fault::new(&found.at, "expression_yes_no").with("found", found.kind.word());
            self.tell(fault);
        }
        found.node
    }

    fn not(&mut self, of: &Ast<'s>, at: &Range<usize>) -> Typed {
        let node = Node::Not(Box::new(self.condition(of)));
        Typed { node, kind: Type::Bool, at: at.clone() }
    }

    fn negate(&mut self, of: &Ast<'s>, at: &Range<usize>) -> Typed {
        let found = self.check(of);
        let at = at.clone();
        match (found.node, found.kind) {
            (_, Type::Faulty) => self.faulty(&at),
            (Node::Constant(Value::Int(value)), kind) => {
                Typed { node: Node::Constant(Value::Int(value.saturating_neg())), kind, at }
            }
            (Node::Constant(Value::Number(value)), kind) => {
                Typed { node: Node::Constant(Value::Number(-value)), kind, at }
            }
            (node, kind @ (Type::Int | Type::Number | Type::Money(_) | Type::Duration)) => {
                let found = Typed { node: Node::Negate(Box::new(node)), kind, at };
                self.not_in_read("-", found)
            }
            (_, kind) => self.fail(Fault::new(&at, "expression_operand").with("sign", "-").with("found", kind.word())),
        }
    }

    /// Refuses what does not translate to SQL where that is needed.
    pub(super) fn not_in_read(&mut self, name: &str, found: Typed) -> Typed {
        if self.place == Place::Read {
            return self.fail(names::not_here(name, &found.at, self.place));
        }
        found
    }

    fn chain(&mut self, first: &Ast<'s>, rest: &[(Sign, Ast<'s>)], at: &Range<usize>) -> Typed {
        match rest.first().map_or("", |(sign, _)| sign.text) {
            sign @ ("&&" | "||") => {
                let parts = std::iter::once(first).chain(rest.iter().map(|(_, part)| part));
                let parts = parts.map(|part| self.condition(part)).collect();
                let node = if sign == "&&" { Node::And(parts) } else { Node::Or(parts) };
                Typed { node, kind: Type::Bool, at: at.clone() }
            }
            "+" | "-" | "*" | "/" | "%" => self.arithmetic(first, rest, at),
            _ => match rest {
                [(sign, second)] => self.comparison(first, sign, second, at),
                _ => self.fail(Fault::new(at, "expression_chained_comparison")),
            },
        }
    }

    fn arithmetic(&mut self, first: &Ast<'s>, rest: &[(Sign, Ast<'s>)], at: &Range<usize>) -> Typed {
        let first = self.check(first);
        let mut kind = first.kind;
        let mut parts = Vec::with_capacity(rest.len());
        for (sign, part) in rest {
            let part = self.check(part);
            let operator = match sign.text {
                "+" => Operator::Add,
                "-" => Operator::Subtract,
                "*" => Operator::Multiply,
                "/" => Operator::Divide,
                _ => Operator::Remainder,
            };
            kind = match result(operator, &kind, &part.kind) {
                Some(kind) => kind,
                None => {
                    let (left, right) = (kind.word(), part.kind.word());
                    let fault = Fault::new(&sign.at, "expression_operands").with("sign", sign.text);
                    self.fail(fault.with("left", left).with("right", right)).kind
                }
            };
            parts.push((operator, part.node));
        }
        if kind == Type::Faulty {
            return self.faulty(at);
        }
        let found = Typed { node: Node::Arithmetic(Box::new(first.node), parts), kind, at: at.clone() };
        let sign = rest.first().map_or("+", |(sign, _)| sign.text);
        self.not_in_read(sign, found)
    }

    fn choice(&mut self, [condition, yes, no]: &[Ast<'s>; 3], at: &Range<usize>) -> Typed {
        let condition = self.condition(condition);
        let (yes, no) = (self.check(yes), self.check(no));
        let Some((yes, no, kind)) = self.unify(yes, no, at) else { return self.faulty(at) };
        let found = Typed { node: Node::If(Box::new([condition, yes.node, no.node])), kind, at: at.clone() };
        self.not_in_read("? :", found)
    }
}

/// Whether a value of one type is one of another.
fn goes_as(found: &Type, wanted: &Type) -> bool {
    match (found, wanted) {
        (_, Type::Faulty) | (Type::Money(_), Type::Money(_)) => true,
        (Type::Choice(found), Type::Choice(wanted)) => found.iter().all(|value| wanted.contains(value)),
        _ => found == wanted,
    }
}

/// A whole number as a number.
pub(super) fn widen(found: Typed) -> Typed {
    let node = match found.node {
        Node::Constant(Value::Int(value)) => Node::Constant(Value::Number(Decimal::from(value))),
        node => Node::Widen(Box::new(node)),
    };
    Typed { node, kind: Type::Number, at: found.at }
}

/// What an operator makes of two types.
fn result(operator: Operator, left: &Type, right: &Type) -> Option<Type> {
    use Operator::{Add, Divide, Multiply, Remainder, Subtract};
    use Type::{Duration, Faulty, Int, Money, Number, Time};
    Some(match (operator, left, right) {
        (_, Faulty, _) | (_, _, Faulty) => Faulty,
        (_, Int, Int) => Int,
        (_, Int | Number, Int | Number) => Number,
        (Add | Subtract, Money(left), Money(right)) => match (left, right) {
            (Some(left), Some(right)) if left != right => return None,
            _ => Money(left.or(*right)),
        },
        (Multiply | Divide, Money(currency), Int | Number) | (Multiply, Int | Number, Money(currency)) => {
            Money(*currency)
        }
        (Divide, Money(left), Money(right)) if left == right || left.is_none() || right.is_none() => Number,
        (Add | Subtract, Time, Duration) | (Add, Duration, Time) => Time,
        (Subtract, Time, Time) | (Add | Subtract, Duration, Duration) => Duration,
        (Remainder | Add | Subtract | Multiply | Divide, _, _) => return None,
    })
}
