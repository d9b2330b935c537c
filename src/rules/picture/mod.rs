//! A funnel as a picture: SVG for people, Mermaid for documents that draw it themselves. Pure: rules in, text out.
//!
//! Both show the stages in their order with what is aimed at, what is demanded to enter, and every move. `words` says all
//! of that in the reader's language; `svg` and `mermaid` only place it.

mod layout;
mod mermaid;
mod svg;
#[cfg(test)]
mod tests;
mod words;

pub use mermaid::mermaid;
pub use svg::svg;
