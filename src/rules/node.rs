//! A rules file as a tree: what was written where, before anybody says what it means.

use super::problem::Place;

/// A part of the file.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Node {
    pub place: Place,
    /// `funnels.standard.stages[2]`; empty for the whole file.
    pub path: String,
    pub content: Content,
}

#[derive(Clone, Debug)]
pub(in crate::rules) enum Content {
    Scalar(Scalar),
    List { items: Vec<Node> },
    Map { entries: Vec<Entry>, flow: bool },
}

#[derive(Clone, Debug)]
pub(in crate::rules) struct Scalar {
    pub text: String,
    pub style: Style,
    /// The comment that ends the line, if one does: unquoted text is cut by it.
    pub comment: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Style {
    Plain,
    Quoted,
    Block,
    /// Not readable as a text (an alias, a tag); that was told.
    Told,
}

#[derive(Clone, Debug)]
pub(in crate::rules) struct Entry {
    pub key: String,
    pub key_place: Place,
    pub value: Node,
}

impl Node {
    /// The text, of a scalar.
    pub(in crate::rules) fn scalar(&self) -> Option<&Scalar> {
        match &self.content {
            Content::Scalar(scalar) => Some(scalar),
            Content::List { .. } | Content::Map { .. } => None,
        }
    }

    /// Nothing was written, or one of YAML's words for nothing.
    pub(in crate::rules) fn is_nothing(&self) -> bool {
        self.scalar().is_some_and(Scalar::is_nothing)
    }

    /// What is wrong here was told already.
    pub(in crate::rules) fn is_told(&self) -> bool {
        self.scalar().is_some_and(|scalar| scalar.style == Style::Told)
    }
}

impl Scalar {
    pub(in crate::rules) fn is_nothing(&self) -> bool {
        match self.style {
            Style::Plain => matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL"),
            Style::Quoted | Style::Block => false,
            Style::Told => true,
        }
    }
}
