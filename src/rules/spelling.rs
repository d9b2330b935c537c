//! "Did you mean": the known word nearest to an unknown one.

/// The nearest of `known` to `word`, if near enough to be a slip: up to a third of its letters.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let most = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= most && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_none() {
        let known = ["company_size", "stage", "A", "制造业"];
        let cases = [
            ("company_siz", Some("company_size")),
            ("stgae", Some("stage")),
            ("Stage", Some("stage")),
            ("a", Some("A")),
            ("制造叶", Some("制造业")),
            ("X", None),
            ("owner", None),
        ];
        for (word, found) in cases {
            assert_eq!(nearest(word, known), found, "{word}");
        }
    }
}
