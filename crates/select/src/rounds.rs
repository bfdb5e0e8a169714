//! Taking turns.

/// The first `count` of what the lists give in rounds: in each, every list that is not yet used up
/// gives its next, in the order of the lists. With each comes the number of its list.
pub(crate) fn rounds(lists: &[Vec<u32>], count: usize) -> Vec<(usize, u32)> {
    let mut taken = Vec::with_capacity(count);
    let mut open: Vec<usize> = (0..lists.len()).collect();
    let mut round = 0;
    while taken.len() < count && !open.is_empty() {
        open.retain(|list| lists[*list].len() > round);
        let left = count - taken.len();
        taken.extend(
            open.iter()
                .take(left)
                .map(|&list| (list, lists[list][round])),
        );
        round += 1;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_take_turns_until_used_up() {
        let lists = [vec![1, 2, 3], vec![], vec![4], vec![5, 6]];
        let all = [(0, 1), (2, 4), (3, 5), (0, 2), (3, 6), (0, 3)];
        for count in 0..=6 {
            assert_eq!(rounds(&lists, count), all[..count]);
        }
        assert_eq!(rounds(&lists, 9), all);
        assert_eq!(rounds(&[], 3), []);
    }
}
