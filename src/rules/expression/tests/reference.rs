//! The expressions of the reference come to what stands behind them there.

use super::*;

#[test]
fn the_expressions_of_the_reference_come_to_what_it_says() {
    let page = include_str!("../../../../docs/rules-reference.md");
    let blocks = page.split("```cel\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut tried = 0;
    for line in blocks.flat_map(str::lines) {
        let (source, expected) = line.split_once("// ").expect(line);
        assert_eq!(value(source.trim()), expected, "{source}");
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
}
