//! What an expression compares its reads with. Between two values that it is compared with, a read makes no difference to
//! the expression: trying one value of each kind decides whether it can hold at all.

use super::Expression;
use super::evaluate::Evaluation;
use super::read::{Facts, Read};
use super::tree::Node;
use crate::rules::calendar::Calendar;
use crate::values::{Date, Time, Value};
use std::borrow::Cow;

/// How an expression uses one of its reads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Used {
    pub read: Read,
    /// The constants that it is compared with.
    pub with: Vec<Value>,
    /// Whether it is only compared with constants, asked whether it is there, or taken as a truth value. If not, trying
    /// values decides nothing for good.
    pub only_compared: bool,
}

/// The clock of a decision, where it is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub now: Time,
    pub today: Date,
}

impl Facts for Clock {
    fn read(&self, _read: &Read) -> Option<Cow<'_, Value>> {
        None
    }

    fn now(&self) -> Time {
        self.now
    }

    fn today(&self) -> Date {
        self.today
    }
}

impl Expression {
    /// Its reads and what each is compared with; the clock's only where it is not known.
    pub(crate) fn compared(&self, clock: Option<Clock>, calendar: &Calendar) -> Vec<Used> {
        let used = |read: &Read| Used { read: read.clone(), with: Vec::new(), only_compared: true };
        let blank = Clock { now: Time::from_micros(0), today: Date::default() };
        let mut uses = Uses {
            used: self.reads.iter().map(used).collect(),
            evaluation: self.evaluation(clock.as_ref().unwrap_or(&blank), calendar),
            clock: clock.is_some(),
        };
        uses.truth(&self.tree);
        let known = clock.is_some();
        uses.used.retain(|used| !(known && matches!(used.read, Read::Now | Read::Today)));
        uses.used
    }

    /// Every constant in it: what values might be worth trying where trying does not decide.
    pub(crate) fn constants(&self) -> Vec<Value> {
        let mut found = Vec::new();
        let mut nodes = vec![&self.tree];
        while let Some(node) = nodes.pop() {
            if let Node::Constant(value) = node {
                found.push(value.clone());
            }
            nodes.extend(node.children());
        }
        found
    }
}

struct Uses<'a> {
    used: Vec<Used>,
    evaluation: Evaluation<'a>,
    clock: bool,
}

impl<'a> Uses<'a> {
    fn truth(&mut self, node: &'a Node) {
        match node {
            Node::Not(of) => self.truth(of),
            Node::And(parts) | Node::Or(parts) => parts.iter().for_each(|part| self.truth(part)),
            Node::If(parts) => parts.iter().for_each(|part| self.truth(part)),
            Node::Compare(_, sides) => {
                let [left, right] = &**sides;
                self.against(left, std::slice::from_ref(right), node, Some(right));
            }
            Node::In(item, among) => self.against(item, among, node, None),
            Node::Has(of) if self.term(of).is_some() => {}
            Node::Constant(_) => {}
            Node::Read(_) | Node::OrValue(_) if self.term(node).is_some() => {}
            _ => self.otherwise(node),
        }
    }

    /// A read against constants, or the other way round.
    fn against(&mut self, one: &'a Node, others: &'a [Node], whole: &'a Node, turned: Option<&'a Node>) {
        let constants: Option<Vec<Value>> = others.iter().map(|other| self.constant(other)).collect();
        if let (Some(place), Some(constants)) = (self.term(one), constants) {
            self.add(place, constants);
        } else if let Some((place, constant)) = turned.and_then(|other| Some((self.term(other)?, self.constant(one)?)))
        {
            self.add(place, vec![constant]);
        } else {
            self.otherwise(whole);
        }
    }

    fn add(&mut self, place: usize, constants: Vec<Value>) {
        if let Some(used) = self.used.get_mut(place) {
            used.with.extend(constants);
        }
    }

    /// The read that a node is, a whole number taken as a number and what stands in for a missing one included.
    fn term(&self, node: &'a Node) -> Option<usize> {
        match node {
            Node::Read(place) => (!self.is_clock(*place)).then_some(*place),
            Node::Widen(of) => self.term(of),
            Node::OrValue(sides) => {
                let [of, other] = &**sides;
                self.constant(other).and_then(|_| self.term(of))
            }
            _ => None,
        }
    }

    /// A value that no row changes.
    fn constant(&self, node: &'a Node) -> Option<Value> {
        self.is_constant(node).then(|| self.evaluation.value(node).map(Cow::into_owned)).flatten()
    }

    fn is_constant(&self, node: &Node) -> bool {
        match node {
            Node::Read(place) => self.clock && self.is_clock(*place),
            Node::Member(_) => false,
            _ => node.children().into_iter().all(|part| self.is_constant(part)),
        }
    }

    fn is_clock(&self, place: usize) -> bool {
        self.used.get(place).is_some_and(|used| matches!(used.read, Read::Now | Read::Today))
    }

    fn otherwise(&mut self, node: &Node) {
        if let Node::Read(place) = node
            && let Some(used) = self.used.get_mut(*place)
        {
            used.only_compared = false;
        }
        node.children().into_iter().for_each(|part| self.otherwise(part));
    }
}
