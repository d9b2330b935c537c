//! An expression as a condition on rows, for the store to translate: every value of the caller and of the clock is
//! bound already, what is left names fields of the row. No SQL in here.
//!
//! Meaning is three-valued as in `evaluate`, which is also what SQL does with NULL; rows pass only where it is true.

use super::check::{Checker, Typed};
use super::evaluate::Evaluation;
use super::fault::Fault;
use super::read::{Path, Read};
use super::tree::Node;
use super::vocabulary::{Place, Type};
use crate::values::Value;

/// A condition on a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// Decided without the row; `None` = unknown (SQL NULL).
    Known(Option<bool>),
    Compare {
        left: Operand,
        comparison: Comparison,
        right: Operand,
    },
    /// One of these values. Never an empty list.
    In {
        operand: Operand,
        values: Vec<Value>,
    },
    /// A `choices` field holds this value; unknown where the field is missing.
    Includes {
        list: Path,
        value: Value,
    },
    /// The field is present: not NULL, not blank, not an empty list. Never unknown.
    Has(Path),
    /// A test on text, case-sensitive, no wildcards.
    Text {
        operand: Operand,
        test: TextTest,
        part: Operand,
    },
    Not(Box<Predicate>),
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Field(Path),
    /// The field, or this value where it is missing.
    FieldOr(Path, Value),
    Value(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

impl Checker<'_> {
    /// Whether a part is known without any row.
    pub(super) fn is_constant(&self, node: &Node) -> bool {
        node.is_constant(&|place| self.reads.get_index(place))
    }

    /// Where everything must translate: refuses a side of a comparison that is more than a field of the row, such a
    /// field with a value for where it is missing, or something known without the row.
    pub(super) fn operand(&mut self, of: &Typed) {
        // What stands in `orValue` was looked at with it.
        let simple = matches!(of.node, Node::Read(_) | Node::OrValue(_)) || self.is_constant(&of.node);
        if self.place == Place::Read && !simple && of.kind != Type::Faulty {
            self.tell(Fault::new(&of.at, "expression_simple_only"));
        }
    }
}

/// Translates typed trees, with what is known without the row evaluated for one actor and moment.
pub(super) struct Translation<'a> {
    pub evaluation: Evaluation<'a>,
}

impl<'a> Translation<'a> {
    pub(super) fn predicate(&self, node: &'a Node) -> Option<Predicate> {
        if self.is_constant(node) {
            return Some(Predicate::Known(self.evaluation.truth(node)));
        }
        match node {
            Node::Not(of) => Some(Predicate::Not(Box::new(self.predicate(of)?))),
            Node::And(parts) => self.predicates(parts).map(Predicate::And),
            Node::Or(parts) => self.predicates(parts).map(Predicate::Or),
            Node::Compare(comparison, sides) => self.compare(*comparison, sides),
            Node::In(item, among) => self.among(item, among),
            Node::Includes(sides) => self.includes(sides),
            Node::Has(of) => self.path(of).map(Predicate::Has),
            Node::Text(test, sides) => {
                let [of, part] = &**sides;
                let both = self.operand(of)?.zip(self.operand(part)?);
                let test = |(operand, part)| Predicate::Text { operand, test: *test, part };
                Some(both.map_or(Predicate::Known(None), test))
            }
            Node::Read(_) | Node::OrValue(_) => {
                let right = Operand::Value(Value::Bool(true));
                let left = self.operand(node)?;
                let holds = |left| Predicate::Compare { left, comparison: Comparison::Equal, right };
                Some(left.map_or(Predicate::Known(None), holds))
            }
            _ => None,
        }
    }

    fn predicates(&self, parts: &'a [Node]) -> Option<Vec<Predicate>> {
        parts.iter().map(|part| self.predicate(part)).collect()
    }

    fn is_constant(&self, node: &Node) -> bool {
        node.is_constant(&|place| self.evaluation.reads.get(place))
    }

    /// The field of the row that a part is.
    fn path(&self, node: &Node) -> Option<Path> {
        let Node::Read(place) = node else { return None };
        match self.evaluation.reads.get(*place)? {
            Read::Field(path) => Some(path.clone()),
            _ => None,
        }
    }

    /// `None`: does not translate; `Some(None)`: unknown whatever the row.
    fn operand(&self, node: &'a Node) -> Option<Option<Operand>> {
        if self.is_constant(node) {
            return Some(self.evaluation.value(node).map(|value| Operand::Value(value.into_owned())));
        }
        match node {
            Node::OrValue(sides) => {
                let [of, other] = &**sides;
                let path = self.path(of)?;
                self.is_constant(other).then(|| {
                    Some(match self.evaluation.value(other) {
                        Some(value) => Operand::FieldOr(path, value.into_owned()),
                        None => Operand::Field(path),
                    })
                })
            }
            node => self.path(node).map(|path| Some(Operand::Field(path))),
        }
    }

    fn compare(&self, comparison: Comparison, sides: &'a [Node; 2]) -> Option<Predicate> {
        let [left, right] = sides;
        let both = self.operand(left)?.zip(self.operand(right)?);
        let compare = |(left, right)| Predicate::Compare { left, comparison, right };
        Some(both.map_or(Predicate::Known(None), compare))
    }

    /// One `In` for the values that are known; the others each for itself, as three-valued `or` says.
    fn among(&self, item: &'a Node, among: &'a [Node]) -> Option<Predicate> {
        let Some(item) = self.operand(item)? else { return Some(Predicate::Known(None)) };
        let (mut values, mut others) = (Vec::new(), Vec::new());
        for node in among {
            match self.operand(node)? {
                None => others.push(Predicate::Known(None)),
                Some(Operand::Value(value)) => values.push(value),
                Some(right) => {
                    let (left, comparison) = (item.clone(), Comparison::Equal);
                    others.push(Predicate::Compare { left, comparison, right });
                }
            }
        }
        let known = (!values.is_empty()).then_some(Predicate::In { operand: item, values });
        Some(match (known, others.is_empty()) {
            (Some(known), true) => known,
            (known, _) => Predicate::Or(known.into_iter().chain(others).collect()),
        })
    }

    fn includes(&self, sides: &'a [Node; 2]) -> Option<Predicate> {
        let [item, list] = sides;
        if let Some(list) = self.path(list).filter(|_| !self.is_constant(list)) {
            return match self.operand(item)? {
                Some(Operand::Value(value)) => Some(Predicate::Includes { list, value }),
                None => Some(Predicate::Known(None)),
                Some(Operand::Field(_) | Operand::FieldOr(..)) => None,
            };
        }
        let operand = self.operand(item)??;
        match self.evaluation.value(list).as_deref() {
            Some(Value::Choices(keys)) => {
                let values = keys.iter().cloned().map(Value::Choice).collect();
                Some(Predicate::In { operand, values })
            }
            _ => Some(Predicate::Known(None)),
        }
    }
}
