//! Checking of functions and methods: a closed list, each with its usage and its places.

use super::check::{Checker, Typed};
use super::fault::{Fault, MOST_PATTERN_BYTES};
use super::names::{self, EVERYWHERE};
use super::parser::{Ast, Kind, Name};
use super::predicate::TextTest;
use super::read::Read;
use super::tree::{CalendarFunction, Node, Period};
use super::vocabulary::{Place, Type};
use crate::rules::spelling::nearest;
use std::ops::Range;

use Place::{Decision, Figure, Grade};

/// A function and how it is used; for methods what stands before the dot is left out.
struct Known {
    name: &'static str,
    usage: &'static str,
    places: &'static [Place],
    arguments: std::ops::RangeInclusive<usize>,
}

const fn known(
    name: &'static str,
    usage: &'static str,
    places: &'static [Place],
    (least, most): (usize, usize),
) -> Known {
    Known { name, usage, places, arguments: least..=most }
}

/// Where something is read, only of constants.
const CALENDAR: &[Place] = &[Place::Read, Decision, Figure];

const FUNCTIONS: [Known; 14] = [
    known("has", "has(customer.phone)", EVERYWHERE, (1, 1)),
    known("count", "count(\"call\", \"reached\", \"20wd\")", &[Decision], (1, 3)),
    known("last", "last(\"call\", \"reached\")", &[Decision], (1, 2)),
    known("entered", "entered(\"contacted\")", &[Decision], (1, 1)),
    known("money", "money(100000)", EVERYWHERE, (1, 2)),
    known("date", "date(\"2026-10-01\")", EVERYWHERE, (1, 1)),
    known("timestamp", "timestamp(\"2026-10-01T09:00:00+08:00\")", EVERYWHERE, (1, 1)),
    known("duration", "duration(\"12h\")", EVERYWHERE, (1, 1)),
    known("days", "days(deal.created_at, now)", CALENDAR, (2, 2)),
    known("workdays", "workdays(deal.created_at, now)", CALENDAR, (2, 2)),
    known("add_days", "add_days(today, 30)", CALENDAR, (2, 2)),
    known("add_workdays", "add_workdays(today, 5)", CALENDAR, (2, 2)),
    known("start_of", "start_of(\"quarter\", today)", CALENDAR, (2, 2)),
    known("end_of", "end_of(\"quarter\", today)", CALENDAR, (2, 2)),
];

const METHODS: [Known; 11] = [
    known("orValue", "deal.sales_target.orValue(money(0))", EVERYWHERE, (1, 1)),
    known("contains", "customer.name.contains(\"Ltd\")", EVERYWHERE, (1, 1)),
    known("startsWith", "customer.phone.startsWith(\"+86\")", EVERYWHERE, (1, 1)),
    known("endsWith", "customer.email.endsWith(\".cn\")", EVERYWHERE, (1, 1)),
    known("matches", "customer.name.matches(\"[0-9]+\")", &[Decision, Grade], (1, 1)),
    known("lower", "customer.name.lower()", &[Decision, Grade], (0, 0)),
    known("size", "customer.contacts.size()", &[Decision, Grade], (0, 0)),
    known("containsIgnoreCase", "customer.name.containsIgnoreCase(\"ltd\")", &[Decision, Grade], (1, 1)),
    known("exists", "customer.contacts.exists(c, c.role == \"decision_maker\")", &[Decision, Grade], (2, 2)),
    known("all", "customer.contacts.all(c, has(c.phone))", &[Decision, Grade], (2, 2)),
    known("holding", "owner.holding(\"intent\")", &[Decision, Figure], (1, 1)),
];

/// How each function and method is used, and where.
pub(super) fn usages() -> impl Iterator<Item = (&'static str, &'static [Place])> {
    FUNCTIONS.iter().chain(&METHODS).map(|known| (known.usage, known.places))
}

impl<'s> Checker<'s> {
    pub(super) fn call(&mut self, name: &Name<'s>, arguments: &[Ast<'s>], at: &Range<usize>) -> Typed {
        let Some(known) = self.known(name, &FUNCTIONS, arguments.len(), at) else { return self.faulty(at) };
        match (known.name, arguments) {
            ("has", [of]) => self.has(of, at),
            ("count", [kind, rest @ ..]) => self.count(kind, rest, at),
            ("last", [kind, rest @ ..]) => self.last(kind, rest, at),
            ("entered", [stage]) => self.entered(stage, at),
            ("money", [amount, currency @ ..]) => self.money(amount, currency, at),
            ("date", [of]) => self.date(of, at),
            ("timestamp", [of]) => self.timestamp(of, at),
            ("duration", [of]) => self.duration(of, at),
            ("days", [from, to]) => self.between(CalendarFunction::Days, [from, to], known.usage, at),
            ("workdays", [from, to]) => self.between(CalendarFunction::Workdays, [from, to], known.usage, at),
            ("add_days", [of, n]) => self.add(CalendarFunction::AddDays, [of, n], known.usage, at),
            ("add_workdays", [of, n]) => self.add(CalendarFunction::AddWorkdays, [of, n], known.usage, at),
            ("start_of", [period, of]) => self.period(CalendarFunction::StartOf, period, of, at),
            (_, [period, of]) => self.period(CalendarFunction::EndOf, period, of, at),
            _ => self.misused(known.name, known.usage, at),
        }
    }

    pub(super) fn method(&mut self, of: &Ast<'s>, name: &Name<'s>, arguments: &[Ast<'s>], at: &Range<usize>) -> Typed {
        let Some(known) = self.known(name, &METHODS, arguments.len(), at) else { return self.faulty(at) };
        match (known.name, arguments) {
            ("orValue", [other]) => self.or_value(of, other, at),
            ("contains", [part]) => self.text_test(TextTest::Contains, of, part, at),
            ("startsWith", [part]) => self.text_test(TextTest::StartsWith, of, part, at),
            ("endsWith", [part]) => self.text_test(TextTest::EndsWith, of, part, at),
            ("containsIgnoreCase", [part]) => {
                let sides = [self.text_of(of), self.text_of(part)];
                Typed { node: Node::ContainsIgnoreCase(Box::new(sides)), kind: Type::Bool, at: at.clone() }
            }
            ("matches", [pattern]) => self.matches(of, pattern, at),
            ("lower", []) => Typed { node: Node::Lower(Box::new(self.text_of(of))), kind: Type::Text, at: at.clone() },
            ("size", []) => self.size(of, at),
            ("exists" | "all", [each, test]) => self.list_test(known, of, [each, test], at),
            (_, [stage]) => self.holding(of, stage, known.usage, at),
            _ => self.misused(known.name, known.usage, at),
        }
    }

    /// The function of this name, if it may stand here and has so many arguments.
    fn known(
        &mut self,
        name: &Name<'s>,
        among: &'static [Known],
        arguments: usize,
        at: &Range<usize>,
    ) -> Option<&'static Known> {
        let Some(known) = among.iter().find(|known| known.name == name.text) else {
            let fault = self.unknown_function(name);
            self.tell(fault);
            return None;
        };
        if !known.places.contains(&self.place) {
            self.tell(names::not_here(name.text, &name.at, self.place));
            return None;
        }
        if !known.arguments.contains(&arguments) {
            self.misused(known.name, known.usage, at);
            return None;
        }
        Some(known)
    }

    fn unknown_function(&self, name: &Name<'s>) -> Fault {
        let other_form = |among: &'static [Known]| among.iter().find(|known| known.name == name.text);
        if let Some(known) = other_form(&FUNCTIONS).or_else(|| other_form(&METHODS)) {
            return Fault::new(&name.at, "expression_usage").with("name", known.name).with("usage", known.usage);
        }
        let known = FUNCTIONS.iter().chain(&METHODS).filter(|known| known.places.contains(&self.place));
        let meant = match name.text {
            "len" | "length" => Some("size"),
            "lowerAscii" | "to_lower" | "toLower" | "lowercase" => Some("lower"),
            "some" | "any" => Some("exists"),
            _ => nearest(name.text, known.map(|known| known.name)),
        };
        let fault = Fault::new(&name.at, "expression_unknown_function").with("name", name.text);
        fault.suggest(meant.map(str::to_owned))
    }

    pub(super) fn misused(&mut self, name: &str, usage: &'static str, at: &Range<usize>) -> Typed {
        self.fail(Fault::new(at, "expression_usage").with("name", name).with("usage", usage))
    }

    fn has(&mut self, of: &Ast<'s>, at: &Range<usize>) -> Typed {
        let of = self.check(of);
        let asks = match &of.node {
            Node::Member(_) => true,
            Node::Read(place) => match self.reads.get_index(*place) {
                Some(Read::Field(_)) => true,
                Some(Read::Last { .. } | Read::Entered { .. }) => self.place != Place::Read,
                _ => false,
            },
            _ => of.kind == Type::Faulty,
        };
        if !asks {
            return self.misused("has", "has(customer.phone)", at);
        }
        Typed { node: Node::Has(Box::new(of.node)), kind: Type::Bool, at: at.clone() }
    }

    fn or_value(&mut self, of: &Ast<'s>, other: &Ast<'s>, at: &Range<usize>) -> Typed {
        let (of, other) = (self.check(of), self.check(other));
        let Some((of, other, kind)) = self.unify(of, other, at) else { return self.faulty(at) };
        if self.place == Place::Read {
            self.operand(&of);
            if !self.is_constant(&other.node) || matches!(of.node, Node::OrValue(_)) {
                self.tell(Fault::new(&other.at, "expression_simple_only"));
            }
        }
        Typed { node: Node::OrValue(Box::new([of.node, other.node])), kind, at: at.clone() }
    }

    /// Checks a part that must be text.
    fn text_of(&mut self, tree: &Ast<'s>) -> Node {
        let found = self.check(tree);
        if !matches!(found.kind, Type::Text | Type::Faulty) {
            let fault = Fault::new(&found.at, "expression_text_needed").with("found", found.kind.word());
            self.tell(fault);
        }
        self.operand(&found);
        found.node
    }

    fn text_test(&mut self, test: TextTest, of: &Ast<'s>, part: &Ast<'s>, at: &Range<usize>) -> Typed {
        let sides = [self.text_of(of), self.text_of(part)];
        Typed { node: Node::Text(test, Box::new(sides)), kind: Type::Bool, at: at.clone() }
    }

    fn matches(&mut self, of: &Ast<'s>, pattern: &Ast<'s>, at: &Range<usize>) -> Typed {
        let of = self.text_of(of);
        let Some((text, pattern_at)) = self.literal(pattern, "matches", "customer.name.matches(\"[0-9]+\")") else {
            return self.faulty(at);
        };
        let built = regex::RegexBuilder::new(&text)
            .size_limit(MOST_PATTERN_BYTES)
            .dfa_size_limit(MOST_PATTERN_BYTES)
            .nest_limit(50)
            .build();
        match built {
            Ok(pattern) => {
                let node = Node::Matches(Box::new(of), Box::new(pattern));
                Typed { node, kind: Type::Bool, at: at.clone() }
            }
            Err(regex::Error::CompiledTooBig(_)) => self.fail(Fault::new(&pattern_at, "expression_pattern_too_large")),
            Err(_) => self.fail(Fault::new(&pattern_at, "expression_pattern").with("found", text)),
        }
    }

    fn size(&mut self, of: &Ast<'s>, at: &Range<usize>) -> Typed {
        let of = self.check(of);
        match of.kind {
            Type::Text | Type::Choices(_) | Type::Contacts | Type::Faulty => {
                Typed { node: Node::Size(Box::new(of.node)), kind: Type::Int, at: at.clone() }
            }
            _ => self.misused("size", "customer.contacts.size()", at),
        }
    }

    fn list_test(&mut self, known: &Known, of: &Ast<'s>, [each, test]: [&Ast<'s>; 2], at: &Range<usize>) -> Typed {
        if self.each.is_some() {
            return self.fail(Fault::new(at, "expression_nested_list"));
        }
        let list = self.check(of);
        let name = match &each.kind {
            Kind::Path(path) => path.first().filter(|_| path.len() == 1).map(|name| name.text),
            _ => None,
        };
        let free = |name: &&str| names::entity(name).is_none() && !["now", "today"].contains(name);
        let Some(name) = name.filter(free) else {
            return self.fail(Fault::new(&each.at, "expression_list_variable").with("usage", known.usage));
        };
        if !matches!(list.kind, Type::Contacts | Type::Faulty) {
            return self.misused(known.name, known.usage, at);
        }
        self.each = Some(name);
        let test = self.condition(test);
        self.each = None;
        let parts = Box::new([list.node, test]);
        let node = if known.name == "exists" { Node::Exists(parts) } else { Node::All(parts) };
        Typed { node, kind: Type::Bool, at: at.clone() }
    }

    /// A text that must stand in the source itself.
    pub(super) fn literal(
        &mut self,
        tree: &Ast<'s>,
        name: &'static str,
        usage: &'static str,
    ) -> Option<(String, Range<usize>)> {
        if let Kind::Text(text) = &tree.kind {
            return Some((text.clone(), tree.at.clone()));
        }
        self.tell(Fault::new(&tree.at, "expression_literal").with("name", name).with("usage", usage));
        None
    }
}

/// The period of `start_of` and `end_of`.
pub(super) fn period(word: &str) -> Option<Period> {
    Some(match word {
        "day" => Period::Day,
        "week" => Period::Week,
        "month" => Period::Month,
        "quarter" => Period::Quarter,
        "year" => Period::Year,
        _ => return None,
    })
}
