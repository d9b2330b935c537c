//! What use cases cost, in statements: counted, because a time means nothing from one machine to the next.

mod statements;
