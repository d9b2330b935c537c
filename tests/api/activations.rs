//! An activation is exact: on processes under load of which one stands still and one is killed, with the file and the API
//! at it at once. `cargo bench --bench soak -- activations --database postgres` does the same for as long as one likes.

use crate::postgres::Server;
use crate::trial_of_activations::trial;

#[test]
fn no_decision_is_committed_under_rules_that_were_replaced() {
    let Some(server) = Server::timed() else { return };
    let seen = trial(&server, 2, 7);
    assert_eq!((seen.from_file, seen.took.len(), seen.known_after.len()), (3, 2, 2), "{seen:?}");
    assert!(seen.compared > 50 && seen.answered > 50, "{seen:?}");
}
