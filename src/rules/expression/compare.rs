//! Checking of comparisons, `in`, and of two values that must be of one type. No value is converted silently, but a
//! whole number goes as a number, and a literal text as the choice or stage that it names.

use super::check::{Checker, Typed, widen};
use super::fault::Fault;
use super::parser::{Ast, Kind, Sign};
use super::predicate::Comparison;
use super::read::{Entity, Path, Read};
use super::tree::Node;
use super::vocabulary::{Domain, Place, Type};
use crate::rules::spelling::nearest;
use crate::values::{Key, Value};
use std::ops::Range;

/// Choices named in a message, at most.
const MOST_NAMED: usize = 12;

impl<'s> Checker<'s> {
    pub(super) fn comparison(&mut self, first: &Ast<'s>, sign: &Sign, second: &Ast<'s>, at: &Range<usize>) -> Typed {
        let left = self.check(first);
        if sign.text == "in" {
            return self.among(left, second, at);
        }
        let right = self.expecting(&left.kind, second);
        let comparison = match sign.text {
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            _ => Comparison::GreaterOrEqual,
        };
        let node = self.compare(comparison, left, right, at);
        Typed { node, kind: Type::Bool, at: at.clone() }
    }

    /// Checks what is compared with a value of this type.
    fn expecting(&mut self, kind: &Type, tree: &Ast<'s>) -> Typed {
        self.expected = domain(kind).cloned();
        let found = self.check(tree);
        self.expected = None;
        found
    }

    fn compare(&mut self, comparison: Comparison, left: Typed, right: Typed, at: &Range<usize>) -> Node {
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if equality {
            let stage = match (&left.kind, &right.kind) {
                (Type::Stage(_), Type::Text) => Some((&left, &right)),
                (Type::Text, Type::Stage(_)) => Some((&right, &left)),
                _ => None,
            };
            if let Some((of, named)) = stage {
                let node = self.stage_is(of, named);
                return if comparison == Comparison::Equal { node } else { Node::Not(Box::new(node)) };
            }
        }
        let Some((left, right, kind)) = self.unify(left, right, at) else { return self.faulty(at).node };
        let ordered =
            matches!(kind, Type::Int | Type::Number | Type::Money(_) | Type::Date | Type::Time | Type::Duration);
        if matches!(kind, Type::Choices(_) | Type::Contacts) || !(ordered || equality) {
            let fault = Fault::new(at, "expression_not_ordered").with("found", kind.word());
            return self.fail(fault).node;
        }
        self.operand(&left);
        self.operand(&right);
        Node::Compare(comparison, Box::new([left.node, right.node]))
    }

    /// Two values of one type, and that type. Tells why not.
    pub(super) fn unify(&mut self, left: Typed, right: Typed, at: &Range<usize>) -> Option<(Typed, Typed, Type)> {
        let left = if left.node.literal_text().is_some() { self.adapt(left, &right.kind) } else { left };
        let right = self.adapt(right, &left.kind);
        let kind = match (&left.kind, &right.kind) {
            (Type::Faulty, _) | (_, Type::Faulty) => return None,
            (Type::Number, Type::Int) => return Some((left, widen(right), Type::Number)),
            (Type::Int, Type::Number) => return Some((widen(left), right, Type::Number)),
            (Type::Money(one), Type::Money(other)) => match (one, other) {
                (Some(one), Some(other)) if one != other => {
                    let fault = Fault::new(at, "expression_currencies").with("left", one.code());
                    self.tell(fault.with("right", other.code()));
                    return None;
                }
                _ => Type::Money(one.or(*other)),
            },
            (Type::Choice(one), Type::Choice(other)) | (Type::Stage(one), Type::Stage(other)) => {
                if !one.iter().any(|value| other.contains(value)) {
                    self.tell(Fault::new(at, "expression_nothing_common"));
                    return None;
                }
                let all = one.iter().chain(other.iter().filter(|value| !one.contains(value))).cloned().collect();
                if matches!(left.kind, Type::Stage(_)) { Type::Stage(all) } else { Type::Choice(all) }
            }
            (one, other) if one == other => one.clone(),
            _ => {
                let fault = self.mismatch(&left, &right, at);
                self.tell(fault);
                return None;
            }
        };
        Some((left, right, kind))
    }

    /// A literal as a value of the wanted type, where it is one; anything else as it is.
    pub(super) fn adapt(&mut self, found: Typed, wanted: &Type) -> Typed {
        match (wanted, found.node.literal_text()) {
            (Type::Choice(domain) | Type::Stage(domain), Some(text)) => {
                if !self.can_match(text, domain, &found.at) {
                    return self.faulty(&found.at);
                }
                // Outside of a funnel a stage is two facts, its funnel and its id: only comparisons know both.
                let plain = !text.contains('/');
                if plain {
                    let node = Node::Constant(Value::Choice(Key::new(text)));
                    return Typed { node, kind: wanted.clone(), at: found.at };
                }
                found
            }
            (Type::Number, None) if found.kind == Type::Int => widen(found),
            _ => found,
        }
    }

    /// Whether a literal is one of the values; tells if not.
    pub(super) fn can_match(&mut self, text: &str, domain: &Domain, at: &Range<usize>) -> bool {
        if domain.iter().any(|value| *value == *text) {
            return true;
        }
        let values: Vec<&str> = domain.iter().map(Key::as_str).collect();
        let in_funnel = values.iter().find(|value| value.rsplit_once('/').is_some_and(|(_, stage)| stage == text));
        let own =
            self.vocabulary.funnel.as_ref().and_then(|funnel| text.strip_prefix(funnel.as_str())?.strip_prefix('/'));
        let own = own.and_then(|stage| values.iter().find(|value| **value == stage));
        let meant = in_funnel.or(own).copied().or_else(|| nearest(text, values.iter().copied()));
        let named = named(&values);
        let fault = Fault::new(at, "expression_cannot_match").with("value", text).with("values", named);
        self.tell(fault.suggest(meant.map(|value| format!("\"{value}\""))));
        false
    }

    /// `deal.stage == "standard/intent"`: its funnel is that one and its stage this one.
    fn stage_is(&mut self, of: &Typed, named: &Typed) -> Node {
        let (Type::Stage(domain), Some(text)) = (&of.kind, named.node.literal_text()) else {
            let fault = self.mismatch(of, named, &named.at);
            return self.fail(fault).node;
        };
        if !self.can_match(text, domain, &named.at) {
            return self.faulty(&named.at).node;
        }
        self.operand(of);
        let is = |node: Node, value: &str| {
            let value = Node::Constant(Value::Choice(Key::new(value)));
            Node::Compare(Comparison::Equal, Box::new([node, value]))
        };
        match text.split_once('/') {
            None => is(of.node.clone(), text),
            Some((funnel, stage)) => {
                let path = Path { entity: Entity::Deal, name: Key::new("funnel") };
                let (place, _) = self.reads.insert_full(Read::Field(path));
                Node::And(vec![is(Node::Read(place), funnel), is(of.node.clone(), stage)])
            }
        }
    }

    fn among(&mut self, item: Typed, list: &Ast<'s>, at: &Range<usize>) -> Typed {
        let node = match &list.kind {
            Kind::List(values) => self.among_literals(&item, values, &list.at),
            _ => self.among_values(item, list),
        };
        Typed { node, kind: Type::Bool, at: at.clone() }
    }

    fn among_literals(&mut self, item: &Typed, values: &[Ast<'s>], at: &Range<usize>) -> Node {
        if values.is_empty() {
            return self.fail(Fault::new(at, "expression_list_empty")).node;
        }
        let mut nodes = Vec::with_capacity(values.len());
        for value in values {
            let value = self.expecting(&item.kind, value);
            if let (Type::Stage(_), Type::Text) = (&item.kind, &value.kind) {
                nodes.push(self.stage_is(item, &value));
                continue;
            }
            let same = Typed { node: item.node.clone(), kind: item.kind.clone(), at: item.at.clone() };
            let value_at = value.at.clone();
            if let Some((_, value, kind)) = self.unify(same, value, &value_at) {
                if matches!(kind, Type::Choices(_) | Type::Contacts) {
                    self.tell(Fault::new(at, "expression_not_ordered").with("found", kind.word()));
                }
                self.operand(&value);
                nodes.push(value.node);
            }
        }
        self.operand(item);
        if matches!(item.kind, Type::Stage(_)) { Node::Or(nodes) } else { Node::In(Box::new(item.node.clone()), nodes) }
    }

    fn among_values(&mut self, item: Typed, list: &Ast<'s>) -> Node {
        let list = self.check(list);
        let domain = match &list.kind {
            Type::Choices(domain) => domain.clone(),
            Type::Faulty => return list.node,
            found => {
                let fault = Fault::new(&list.at, "expression_list_needed").with("found", found.word());
                return self.fail(fault).node;
            }
        };
        let item_at = item.at.clone();
        let wanted =
            Typed { node: Node::Constant(Value::Bool(false)), kind: Type::Choice(domain), at: list.at.clone() };
        let Some((_, item, _)) = self.unify(wanted, item, &item_at) else { return self.faulty(&item_at).node };
        if self.place == Place::Read {
            let translates = match (self.is_constant(&item.node), self.is_constant(&list.node)) {
                (true, _) => matches!(list.node, Node::Read(_)),
                (false, true) => matches!(item.node, Node::Read(_)),
                (false, false) => false,
            };
            if !translates {
                self.tell(Fault::new(&item.at, "expression_simple_only"));
            }
        }
        Node::Includes(Box::new([item.node, list.node]))
    }

    /// Why two values cannot be compared, and what may have been meant.
    fn mismatch(&self, left: &Typed, right: &Typed, at: &Range<usize>) -> Fault {
        let written = |wanted: &Type, found: &Typed| self.meant(wanted, found);
        written(&left.kind, right).or_else(|| written(&right.kind, left)).unwrap_or_else(|| {
            Fault::new(at, "expression_types").with("left", left.kind.word()).with("right", right.kind.word())
        })
    }

    /// How a value of the wanted type is written, if `found` looks like one.
    fn meant(&self, wanted: &Type, found: &Typed) -> Option<Fault> {
        let text = self.text(&found.at);
        let literal = found.node.literal_text();
        let write = |suggestion: String| {
            Some(Fault::new(&found.at, "expression_write_as").with("found", text).suggest(Some(suggestion)))
        };
        let number = matches!(found.node, Node::Constant(Value::Int(_) | Value::Number(_)));
        match (wanted, literal) {
            (Type::Money(currency), None) if number => {
                let currency = currency.filter(|currency| *currency != self.vocabulary.currency);
                let currency = currency.map(|currency| format!(", \"{currency}\"")).unwrap_or_default();
                let suggestion = format!("money({text}{currency})");
                Some(Fault::new(&found.at, "expression_money").with("found", text).suggest(Some(suggestion)))
            }
            (Type::Date, None) if found.kind == Type::Time => write(format!("date({text})")),
            (Type::Date, Some(_)) => write(format!("date({text})")),
            (Type::Time, Some(_)) => write(format!("timestamp({text})")),
            (Type::Duration, Some(_)) => write(format!("duration({text})")),
            (Type::Int | Type::Number, Some(value)) if value.parse::<crate::values::Decimal>().is_ok() => {
                write(value.to_owned())
            }
            (Type::Bool, Some(value @ ("true" | "false"))) => write(value.to_owned()),
            (Type::Bool, Some("yes")) => write("true".to_owned()),
            (Type::Bool, Some("no")) => write("false".to_owned()),
            (Type::User, Some(_)) => Some(Fault::new(&found.at, "expression_person").with("found", text)),
            (Type::Choices(_), Some(_)) => Some(Fault::new(&found.at, "expression_use_in").with("found", text)),
            _ => None,
        }
    }
}

fn domain(kind: &Type) -> Option<&Domain> {
    match kind {
        Type::Choice(domain) | Type::Choices(domain) | Type::Stage(domain) => Some(domain),
        _ => None,
    }
}

/// A list of values for a message, cut where it gets long.
pub(super) fn named(values: &[&str]) -> String {
    let mut text = values.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
    if values.len() > MOST_NAMED {
        text.push_str(", ...");
    }
    text
}
