//! Tokens to a tree of what is written, not yet of what it means. Chains (`a && b && c`) stay flat, nesting is
//! counted on the way down: no source can make reading, checking or evaluating recurse deeper than `MOST_DEPTH`.

use super::fault::{Fault, MOST_CHAIN, MOST_DEPTH, MOST_NODES, MOST_PATH, limit};
use super::lexer::{Spot, Token};
use crate::values::Decimal;
use std::ops::Range;

/// A part of the source.
#[derive(Debug)]
pub(super) struct Ast<'s> {
    pub kind: Kind<'s>,
    pub at: Range<usize>,
    /// Levels below and with this one.
    depth: usize,
}

/// A name and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Name<'s> {
    pub text: &'s str,
    pub at: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Kind<'s> {
    Bool(bool),
    Int(i64),
    Number(Decimal),
    Text(String),
    /// `now`, `deal.grade`, `a.b.c`.
    Path(Vec<Name<'s>>),
    /// `name(arguments)`.
    Call(Name<'s>, Vec<Ast<'s>>),
    /// `of.name(arguments)`.
    Method(Box<Ast<'s>>, Name<'s>, Vec<Ast<'s>>),
    List(Vec<Ast<'s>>),
    Not(Box<Ast<'s>>),
    Negate(Box<Ast<'s>>),
    /// Operators of one level, from left to right.
    Chain(Box<Ast<'s>>, Vec<(Sign, Ast<'s>)>),
    If(Box<[Ast<'s>; 3]>),
}

/// A binary operator and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Sign {
    pub text: &'static str,
    pub at: Range<usize>,
}

/// A chain whose end is not read yet.
struct Open<'s> {
    level: usize,
    first: Ast<'s>,
    rest: Vec<(Sign, Ast<'s>)>,
    /// The operator before what comes next.
    sign: Sign,
}

/// Reading stopped; the fault is told.
struct Stop;

/// Binary operators, loosest first. The levels are CEL's.
const LEVELS: [&[&str]; 5] =
    [&["||"], &["&&"], &["==", "!=", "<", "<=", ">", ">=", "in"], &["+", "-"], &["*", "/", "%"]];

struct Parser<'s, 'f> {
    source: &'s str,
    spots: &'f [Spot],
    next: usize,
    nesting: usize,
    nodes: usize,
    faults: &'f mut Vec<Fault>,
}

/// The tree of a whole source; `None` if it stopped at a fault.
pub(super) fn parse<'s>(source: &'s str, spots: &[Spot], faults: &mut Vec<Fault>) -> Option<Ast<'s>> {
    let mut parser = Parser { source, spots, next: 0, nesting: 0, nodes: 0, faults };
    parser.whole().ok()
}

impl<'s> Parser<'s, '_> {
    fn whole(&mut self) -> Result<Ast<'s>, Stop> {
        let tree = self.expression()?;
        if matches!(self.token(), Token::End) { Ok(tree) } else { Err(self.unexpected()) }
    }

    fn token(&self) -> &Token {
        self.spots.get(self.next).map_or(&Token::End, |spot| &spot.token)
    }

    fn at(&self) -> Range<usize> {
        let end = self.source.len()..self.source.len();
        self.spots.get(self.next).map_or(end, |spot| spot.at.clone())
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.token(), Token::Sign(found) if *found == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.next += usize::from(found);
        found
    }

    fn fail(&mut self, fault: Fault) -> Stop {
        self.faults.push(fault);
        Stop
    }

    fn unexpected(&mut self) -> Stop {
        let at = self.at();
        let fault = match self.token() {
            Token::End => Fault::new(&at, "expression_ends_early"),
            Token::Sign("[") => Fault::new(&at, "expression_index"),
            Token::Int(_) | Token::Number(_) | Token::Text(_) | Token::Name | Token::Sign(_) => {
                let found = self.source.get(at.clone()).unwrap_or_default();
                Fault::new(&at, "expression_unexpected").with("found", found)
            }
        };
        self.fail(fault)
    }

    /// Makes a part of the tree, within the limits of depth and size.
    fn node(&mut self, kind: Kind<'s>, at: Range<usize>, below: usize) -> Result<Ast<'s>, Stop> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let fault = Fault::new(&at, "expression_too_large").with("most", limit(MOST_NODES));
            return Err(self.fail(fault));
        }
        if below >= MOST_DEPTH {
            return Err(self.too_deep(&at));
        }
        Ok(Ast { kind, at, depth: below + 1 })
    }

    fn too_deep(&mut self, at: &Range<usize>) -> Stop {
        self.fail(Fault::new(at, "expression_too_deep").with("most", limit(MOST_DEPTH)))
    }

    fn expression(&mut self) -> Result<Ast<'s>, Stop> {
        if self.nesting >= MOST_DEPTH {
            let at = self.at();
            return Err(self.too_deep(&at));
        }
        self.nesting += 1;
        let condition = self.chain()?;
        let tree = if self.take("?") { self.choice(condition)? } else { condition };
        self.nesting -= 1;
        Ok(tree)
    }

    fn choice(&mut self, condition: Ast<'s>) -> Result<Ast<'s>, Stop> {
        let yes = self.expression()?;
        if !self.take(":") {
            return Err(self.unexpected());
        }
        let no = self.expression()?;
        let at = condition.at.start..no.at.end;
        let below = condition.depth.max(yes.depth).max(no.depth);
        self.node(Kind::If(Box::new([condition, yes, no])), at, below)
    }

    /// Operators and what stands between them. One loop for all levels: a call for each would need several times
    /// the stack.
    fn chain(&mut self) -> Result<Ast<'s>, Stop> {
        let mut open: Vec<Open<'s>> = Vec::new();
        let mut operand = self.unary()?;
        while let Some((level, sign)) = self.sign() {
            while let Some(tighter) = open.pop_if(|chain| chain.level > level) {
                operand = self.close_chain(tighter, operand)?;
            }
            match open.last_mut().filter(|chain| chain.level == level) {
                Some(chain) => {
                    let before = std::mem::replace(&mut chain.sign, sign);
                    chain.rest.push((before, operand));
                    if chain.rest.len() >= MOST_CHAIN {
                        let at = chain.sign.at.clone();
                        let fault = Fault::new(&at, "expression_chain_too_long").with("most", limit(MOST_CHAIN));
                        return Err(self.fail(fault));
                    }
                }
                None => open.push(Open { level, first: operand, rest: Vec::new(), sign }),
            }
            operand = self.unary()?;
        }
        while let Some(chain) = open.pop() {
            operand = self.close_chain(chain, operand)?;
        }
        Ok(operand)
    }

    fn close_chain(&mut self, mut chain: Open<'s>, last: Ast<'s>) -> Result<Ast<'s>, Stop> {
        let at = chain.first.at.start..last.at.end;
        chain.rest.push((chain.sign, last));
        self.nodes += chain.rest.len() - 1;
        let below = chain.rest.iter().map(|(_, part)| part.depth).fold(chain.first.depth, usize::max);
        self.node(Kind::Chain(Box::new(chain.first), chain.rest), at, below)
    }

    /// The next token as a binary operator, with how tightly it binds.
    fn sign(&mut self) -> Option<(usize, Sign)> {
        let Token::Sign(text) = *self.token() else { return None };
        let level = LEVELS.iter().position(|signs| signs.contains(&text))?;
        let at = self.at();
        self.next += 1;
        Some((level, Sign { text, at }))
    }

    fn unary(&mut self) -> Result<Ast<'s>, Stop> {
        let mut signs = Vec::new();
        while self.is("!") || self.is("-") {
            if signs.len() >= MOST_DEPTH {
                let at = self.at();
                return Err(self.too_deep(&at));
            }
            signs.push((self.is("!"), self.at()));
            self.next += 1;
        }
        let mut tree = self.member()?;
        for (not, at) in signs.into_iter().rev() {
            let (at, below) = (at.start..tree.at.end, tree.depth);
            let kind = if not { Kind::Not(Box::new(tree)) } else { Kind::Negate(Box::new(tree)) };
            tree = self.node(kind, at, below)?;
        }
        Ok(tree)
    }

    /// A value with the names and calls after its dots.
    fn member(&mut self) -> Result<Ast<'s>, Stop> {
        let mut tree = self.primary()?;
        let mut members = 0;
        while self.is(".") {
            members += 1;
            if members > MOST_PATH {
                let at = self.at();
                let fault = Fault::new(&at, "expression_path_too_long").with("most", limit(MOST_PATH));
                return Err(self.fail(fault));
            }
            self.next += 1;
            let name = self.name()?;
            if self.take("(") {
                let (arguments, end) = self.list(")", name.at.start)?;
                let below = arguments.iter().map(|argument| argument.depth).fold(tree.depth, usize::max);
                let at = tree.at.start..end;
                tree = self.node(Kind::Method(Box::new(tree), name, arguments), at, below)?;
            } else if let Kind::Path(names) = &mut tree.kind {
                tree.at.end = name.at.end;
                names.push(name);
            } else {
                let fault = Fault::new(&name.at, "expression_no_members").with("name", name.text);
                return Err(self.fail(fault));
            }
        }
        Ok(tree)
    }

    fn name(&mut self) -> Result<Name<'s>, Stop> {
        let at = self.at();
        if !matches!(self.token(), Token::Name | Token::Sign("in")) {
            return Err(self.unexpected());
        }
        self.next += 1;
        Ok(Name { text: self.source.get(at.clone()).unwrap_or_default(), at })
    }

    fn primary(&mut self) -> Result<Ast<'s>, Stop> {
        let at = self.at();
        let kind = match self.token().clone() {
            Token::Int(value) => Kind::Int(value),
            Token::Number(value) => Kind::Number(value),
            Token::Text(value) => Kind::Text(value),
            Token::Name => return self.named(),
            Token::Sign("(") => {
                self.next += 1;
                let mut inner = self.expression()?;
                self.close(")", at.start)?;
                inner.at = at.start..self.last_end();
                return Ok(inner);
            }
            Token::Sign("[") => {
                self.next += 1;
                let (items, end) = self.list("]", at.start)?;
                let below = items.iter().map(|item| item.depth).fold(0, usize::max);
                return self.node(Kind::List(items), at.start..end, below);
            }
            Token::Sign(_) | Token::End => return Err(self.unexpected()),
        };
        self.next += 1;
        self.node(kind, at, 0)
    }

    fn named(&mut self) -> Result<Ast<'s>, Stop> {
        let name = self.name()?;
        let at = name.at.clone();
        if self.take("(") {
            let (arguments, end) = self.list(")", at.start)?;
            let below = arguments.iter().map(|argument| argument.depth).fold(0, usize::max);
            return self.node(Kind::Call(name, arguments), at.start..end, below);
        }
        let kind = match name.text {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            _ => Kind::Path(vec![name]),
        };
        self.node(kind, at, 0)
    }

    /// What stands between brackets, after the opening one; and where the closing one ends.
    fn list(&mut self, close: &'static str, opened: usize) -> Result<(Vec<Ast<'s>>, usize), Stop> {
        let mut items = Vec::new();
        while !self.is(close) {
            items.push(self.expression()?);
            if !self.take(",") {
                break;
            }
        }
        self.close(close, opened)?;
        Ok((items, self.last_end()))
    }

    fn close(&mut self, close: &'static str, opened: usize) -> Result<(), Stop> {
        if self.take(close) {
            return Ok(());
        }
        if matches!(self.token(), Token::End) {
            let fault = Fault::new(&(opened..self.source.len()), "expression_unclosed").with("close", close);
            return Err(self.fail(fault));
        }
        Err(self.unexpected())
    }

    /// Where the token before this one ended.
    fn last_end(&self) -> usize {
        self.next.checked_sub(1).and_then(|last| self.spots.get(last)).map_or(0, |spot| spot.at.end)
    }
}
