//! The layers before the handlers, tried with operations of their own: what no operation of the product does on purpose
//! (panic, dawdle) can be tried here only.
