//! Pages of a list: one more than a page holds is asked for, which tells whether there are more.

/// How many to ask for, for a page of `limit`.
#[must_use]
pub fn wanted(limit: u16) -> i64 {
    i64::from(limit) + 1
}

/// The page of what was found, and the place of its last where there are more: the next page goes on from there.
#[must_use]
pub fn cut<T, P>(mut found: Vec<T>, limit: u16, place: impl Fn(&T) -> P) -> (Vec<T>, Option<P>) {
    let more = found.len() > usize::from(limit);
    found.truncate(usize::from(limit));
    let next = found.last().filter(|_| more).map(place);
    (found, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_begins_after_the_last_of_this_one_if_there_is_one() {
        assert_eq!(wanted(2), 3);
        let page = |found: &[i64]| cut(found.to_vec(), 2, |last| *last);
        assert_eq!(page(&[1, 2, 3]), (vec![1, 2], Some(2)));
        assert_eq!(page(&[1, 2]), (vec![1, 2], None));
        assert_eq!(page(&[]), (vec![], None));
    }
}
