//! What a rule does before its strategy picks, and how it balances classes.

use goldpan_artifact::Progress;

use crate::copies::without_copies;
use crate::distinct::distinct;
use crate::error::Error;
use crate::pick::{Pick, Task};
use crate::pool::Pool;
use crate::rule::{Balance, Rule};
use crate::work::{Shape, Work};
use goldpan_geometry::neighbours::{BLOCK, Space, nearest};

/// Leaves the rows in `pool.free` that the rule lets be picked: the filter comes first, then copies are
/// passed over, then outliers, then duplicates.
pub(crate) fn eligible(
    rule: &Rule,
    pool: &mut Pool<'_>,
    progress: &dyn Progress,
) -> Result<(), Error> {
    by_texts(rule, pool)?;
    if let Some(share) = rule.skip_outliers {
        pool.free = typical(pool, share, progress)?;
    }
    if let Some(distance) = rule.skip_duplicates {
        let vectors = pool.vectors().ok_or(Error::NoPool)?;
        let squares = vectors.squared_lengths()?;
        let (free, labelled) = (&pool.free, &pool.labelled);
        let distance = distance as f32;
        pool.free = distinct(vectors, squares, free, labelled, distance, progress)?;
    }
    Ok(())
}

/// Leaves the rows in `pool.free` that the condition keeps, and that are no copies where the rule passes
/// over those.
pub(crate) fn by_texts(rule: &Rule, pool: &mut Pool<'_>) -> Result<(), Error> {
    if let Some(filter) = &rule.filter {
        pool.free = filter.keep(pool, &pool.free)?;
    }
    if rule.skip_copies {
        pool.free = without_copies(pool);
    }
    Ok(())
}

/// How many neighbours tell how typical a row is (Hacohen et al. 2022).
const NEIGHBOURS: usize = 20;

/// What [`eligible`] takes at most.
pub(crate) fn work(rule: &Rule, shape: &Shape) -> Work {
    let (rows, free) = (shape.rows as f64, shape.free() as f64);
    let (labelled, dimension) = (shape.labelled as f64, shape.dimension as f64);
    let vector = dimension * shape.value_bytes as f64;
    let mut work = Work::default();
    if rule.filter.is_some() || rule.skip_copies {
        work = work.then(Work {
            steps: free,
            memory: 20.0 * free,
            ..Work::default()
        });
    }
    if rule.skip_outliers.is_some() {
        let passes = 1.0 + free / BLOCK as f64;
        work = work.then(Work {
            products: free * rows * dimension,
            steps: NEIGHBOURS as f64 * free,
            read: (rows + passes * free) * vector,
            memory: (24 * NEIGHBOURS + 64) as f64 * free + 4.0 * BLOCK as f64 * dimension,
        });
    }
    if rule.skip_duplicates.is_some() {
        work = work.then(Work {
            products: free * (labelled + free / 2.0) * dimension,
            steps: free,
            read: 2.0 * rows * vector,
            memory: 4.0 * rows * (dimension + 2.0),
        });
    }
    work
}

/// The free rows without the `share` of them that is farthest, on average, from its nearest neighbours
/// in the pool; of equally far ones the higher rows go first.
fn typical(pool: &Pool<'_>, share: f64, progress: &dyn Progress) -> Result<Vec<u32>, Error> {
    let vectors = pool.vectors().ok_or(Error::NoPool)?;
    let squares = vectors.squared_lengths()?;
    let space = Space {
        points: vectors,
        squares,
    };
    let all: Vec<u32> = (0..pool.ids.len() as u32).collect();
    let neighbours = nearest(&space, &pool.free, &all, NEIGHBOURS, progress);
    let neighbours = neighbours.map_err(|_| Error::Cancelled)?;
    let mut order: Vec<usize> = (0..pool.free.len()).collect();
    order.sort_by(|&a, &b| {
        let typicality = |i| neighbours.typicality(i);
        typicality(b).total_cmp(&typicality(a)).then(a.cmp(&b))
    });
    let passed = (share * order.len() as f64).round() as usize;
    order.truncate(order.len() - passed);
    order.sort_unstable();
    Ok(order.into_iter().map(|i| pool.free[i]).collect())
}

/// Picks class by class, each predicted class its quota. What was picked of the classes before counts
/// as labelled. The picks of all classes are told in turns, in proportion to the quotas.
pub(crate) fn balanced(
    task: &Task<'_>,
    balance: &Balance,
    pool: &Pool<'_>,
    count: usize,
) -> Result<Vec<Pick>, Error> {
    let weights = weights(balance, pool)?;
    let probabilities = pool.probabilities()?;
    let mut members = vec![Vec::new(); weights.len()];
    for &row in &pool.free {
        members[probabilities.top(row)].push(row);
    }
    let room: Vec<usize> = members.iter().map(Vec::len).collect();
    if let ([class], 2..) = (occupied(&room).as_slice(), room.len()) {
        let (classes, _) = pool.classes();
        tracing::warn!(
            "the model predicts `{}` for every text that may be picked: there is nothing to balance",
            classes[*class]
        );
    }
    let quotas = quotas(&weights, &room, count);
    let mut part = pool.clone();
    let mut picks: Vec<std::vec::IntoIter<Pick>> = Vec::with_capacity(members.len());
    for (members, quota) in members.into_iter().zip(&quotas) {
        part.free = members;
        let picked = task.pick(&part, *quota)?;
        part.labelled
            .extend(picked.iter().map(|pick| pick.row as u32));
        part.labelled.sort_unstable();
        picks.push(picked.into_iter());
    }
    // Which pick is earlier, and which row labelled, is another matter for all classes together.
    let unlocated = |pick| Pick {
        nearest_labelled: None,
        nearest_earlier: None,
        ..pick
    };
    let mut told = vec![0_usize; picks.len()];
    let mut all = Vec::with_capacity(count);
    loop {
        // The class that is furthest behind its share, the lowest on ties.
        let behind = |class: &usize| (told[*class] + 1) as f64 / quotas[*class] as f64;
        let next = (0..picks.len())
            .filter(|&class| picks[class].len() > 0)
            .min_by(|a, b| behind(a).total_cmp(&behind(b)).then(a.cmp(b)));
        let Some(class) = next else { return Ok(all) };
        told[class] += 1;
        all.extend(picks[class].next().map(unlocated));
    }
}

/// The classes that have texts.
fn occupied(room: &[usize]) -> Vec<usize> {
    (0..room.len()).filter(|&class| room[class] > 0).collect()
}

/// The weight of each class.
fn weights(balance: &Balance, pool: &Pool<'_>) -> Result<Vec<f64>, Error> {
    let (classes, path) = pool.classes();
    match balance {
        Balance::Uniform => Ok(vec![1.0; classes.len()]),
        Balance::Weights(named) => {
            if let Some(class) = named.keys().find(|name| !classes.contains(name)) {
                return Err(Error::UnknownClass {
                    class: class.clone(),
                    path: path.to_owned(),
                    classes: classes.to_vec(),
                });
            }
            let weight = |class| named.get(class).copied().unwrap_or(0.0);
            Ok(classes.iter().map(weight).collect())
        }
    }
}

/// How many of `count` each class gets: in proportion to its weight, by largest remainders, and no more
/// than it has room for. What one has no room for goes to the others in proportion, and last of all to
/// classes without weight.
fn quotas(weights: &[f64], room: &[usize], count: usize) -> Vec<usize> {
    let mut quotas = vec![0; weights.len()];
    let mut left = count.min(room.iter().sum());
    while left > 0 {
        let open: Vec<usize> = (0..room.len())
            .filter(|&class| quotas[class] < room[class])
            .collect();
        let heavy = open.iter().any(|&class| weights[class] > 0.0);
        let weight = |class: usize| if heavy { weights[class] } else { 1.0 };
        let total: f64 = open.iter().map(|&class| weight(class)).sum();
        let shares: Vec<f64> = open
            .iter()
            .map(|&class| left as f64 * weight(class) / total)
            .collect();
        let before = left;
        for (&class, share) in open.iter().zip(&shares) {
            let more = (share.floor() as usize).min(room[class] - quotas[class]);
            quotas[class] += more;
            left -= more;
        }
        if left == before {
            let mut order: Vec<usize> = (0..open.len()).collect();
            order.sort_by(|&a, &b| {
                let remainder = |i: usize| shares[i] - shares[i].floor();
                remainder(b).total_cmp(&remainder(a)).then(a.cmp(&b))
            });
            for i in order {
                if left > 0 && shares[i] > 0.0 {
                    quotas[open[i]] += 1;
                    left -= 1;
                }
            }
        }
    }
    quotas
}

#[cfg(test)]
mod tests {
    use super::quotas;

    #[test]
    fn quotas_go_by_weight_then_by_remainder_and_by_room() {
        assert_eq!(quotas(&[1.0, 1.0], &[9, 9], 4), [2, 2]);
        assert_eq!(quotas(&[1.0, 1.0], &[9, 9], 5), [3, 2], "the lower on ties");
        assert_eq!(quotas(&[1.0, 2.0], &[9, 9], 4), [1, 3]);
        assert_eq!(quotas(&[1.0, 1.0, 2.0], &[9, 9, 1], 7), [3, 3, 1]);
        assert_eq!(
            quotas(&[1.0, 0.0], &[2, 9], 5),
            [2, 3],
            "without weight last"
        );
        assert_eq!(quotas(&[1.0, 1.0], &[2, 1], 9), [2, 1]);
    }
}
