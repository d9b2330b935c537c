//! What only shows between the steps of a use case: what it costs, in statements, because a time means nothing from one
//! machine to the next; and who was quicker.

mod restarts;
mod schedule;
mod statements;
