//! Damage to a file's bytes: flips, cuts, repetitions, splices, numbers and words in other places.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// The most bytes that a file grows to.
const LARGEST: usize = 128 << 10;

/// Numbers that lengths, offsets and counts go wrong by.
const NUMBERS: [i64; 14] = [
    0,
    1,
    -1,
    2,
    7,
    127,
    255,
    65_535,
    1 << 20,
    i32::MAX as i64,
    i32::MIN as i64,
    u32::MAX as i64,
    i64::MAX,
    i64::MIN,
];

/// Numbers as texts have them.
const WRITTEN: [&str; 12] = [
    "0",
    "-1",
    "1",
    "4294967296",
    "9223372036854775808",
    "18446744073709551616",
    "1e999",
    "-0.0",
    "1e-400",
    "NaN",
    "00",
    "99999999999999999999999999999999999999999",
];

/// Characters that texts go wrong by.
const CHARACTERS: [&str; 16] = [
    "\0",
    "\u{feff}",
    "\u{2028}",
    "\u{85}",
    "\r",
    "\n",
    "\r\n",
    "\t",
    "\"",
    "'",
    "\u{a0}",
    "\u{1f469}\u{200d}",
    "e\u{301}",
    "\u{10ffff}",
    "\\",
    "\u{202e}",
];

/// Damages `bytes` once to eight times. `other` is a file to take parts of, `words` are those that the
/// format has a meaning for.
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], words: &[&[u8]], rng: &mut ChaCha8Rng) {
    // Mostly a few: a file that is damaged everywhere fails at its first byte.
    let times = 1 + rng.random_range(0..4) * rng.random_range(0..3);
    for _ in 0..times {
        once(bytes, other, words, rng);
        bytes.truncate(LARGEST);
    }
}

fn once(bytes: &mut Vec<u8>, other: &[u8], words: &[&[u8]], rng: &mut ChaCha8Rng) {
    let length = bytes.len();
    match rng.random_range(0..17) {
        0 | 1 if length > 0 => bytes[rng.random_range(0..length)] ^= 1 << rng.random_range(0..8),
        2 if length > 0 => bytes[rng.random_range(0..length)] = rng.random(),
        3 => bytes.truncate(rng.random_range(0..=length)),
        4 => drop(bytes.drain(part(length, rng))),
        // The same again, once or many times.
        5 => {
            let chunk = bytes[part(length, rng)].to_vec();
            let times = [1, 2, 10, 1000][rng.random_range(0..4)];
            let most = LARGEST / chunk.len().max(1);
            let at = rng.random_range(0..=length);
            bytes.splice(at..at, chunk.repeat(times.min(most)));
        }
        6 | 7 if !words.is_empty() => {
            let word = words[rng.random_range(0..words.len())];
            put(bytes, word, rng);
        }
        // The start of this file, and the end of another.
        8 => {
            bytes.truncate(rng.random_range(0..=length));
            bytes.extend(&other[rng.random_range(0..=other.len())..]);
        }
        9 => {
            let chunk = other[part(other.len(), rng)].to_vec();
            put(bytes, &chunk, rng);
        }
        10 | 11 if length >= 8 => number(bytes, rng),
        12 => {
            let written = WRITTEN[rng.random_range(0..WRITTEN.len())];
            match digits(bytes, rng) {
                Some(range) => drop(bytes.splice(range, written.bytes())),
                None => put(bytes, written.as_bytes(), rng),
            }
        }
        13 => {
            let character = CHARACTERS[rng.random_range(0..CHARACTERS.len())];
            put(bytes, character.as_bytes(), rng);
        }
        // Deep: one byte or word many times.
        14 => {
            let word: &[u8] = match words {
                [] => b"[",
                _ => words[rng.random_range(0..words.len())],
            };
            let times = [3, 100, 3000][rng.random_range(0..3)];
            put(bytes, &word.repeat(times), rng);
        }
        15 => swap_lines(bytes, rng),
        _ => {
            let junk: Vec<u8> = (0..rng.random_range(1..9)).map(|_| rng.random()).collect();
            put(bytes, &junk, rng);
        }
    }
}

/// A part of something of this length, short ones more often.
fn part(length: usize, rng: &mut ChaCha8Rng) -> std::ops::Range<usize> {
    let start = rng.random_range(0..=length);
    let most = match rng.random_range(0..3) {
        0 => 4,
        1 => 64,
        _ => length,
    };
    start..start + rng.random_range(0..=most.min(length - start))
}

/// Puts bytes somewhere, over what is there or before it.
fn put(bytes: &mut Vec<u8>, new: &[u8], rng: &mut ChaCha8Rng) {
    let start = rng.random_range(0..=bytes.len());
    let end = match rng.random() {
        true => (start + new.len()).min(bytes.len()),
        false => start,
    };
    bytes.splice(start..end, new.iter().copied());
}

/// Writes a number of four or eight bytes, mostly where one may be, or changes the one there a little.
fn number(bytes: &mut [u8], rng: &mut ChaCha8Rng) {
    let mut at = rng.random_range(0..=bytes.len() - 8);
    if rng.random_range(0..4) > 0 {
        at -= at % 4;
    }
    let place = &mut bytes[at..at + 8];
    let mut old = [0; 8];
    old.copy_from_slice(place);
    let old = i64::from_le_bytes(old);
    let new = match rng.random() {
        true => NUMBERS[rng.random_range(0..NUMBERS.len())],
        false => old.wrapping_add(rng.random_range(-16..=16)),
    };
    let new = new.to_le_bytes();
    match rng.random() {
        true => place.copy_from_slice(&new),
        false => place[..4].copy_from_slice(&new[..4]),
    }
}

/// A run of digits after a random place.
fn digits(bytes: &[u8], rng: &mut ChaCha8Rng) -> Option<std::ops::Range<usize>> {
    let from = rng.random_range(0..=bytes.len());
    let start = from + bytes[from..].iter().position(u8::is_ascii_digit)?;
    let count = bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    Some(start..start + count.count())
}

fn swap_lines(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let mut lines: Vec<Vec<u8>> = bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let (a, b) = (
        rng.random_range(0..lines.len()),
        rng.random_range(0..lines.len()),
    );
    lines.swap(a, b);
    *bytes = lines.join(&b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn the_same_seed_does_the_same_damage_and_nothing_grows_without_end() {
        let damage = |seed| {
            let mut bytes = b"id,text\n1,hello\n22,world\n".repeat(200);
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            mutate(&mut bytes, b"other", &[b"[", b"]"], &mut rng);
            bytes
        };
        let mut different = std::collections::HashSet::new();
        for seed in 0..2000 {
            let bytes = damage(seed);
            assert_eq!(bytes, damage(seed));
            assert!(bytes.len() <= LARGEST);
            different.insert(bytes);
        }
        assert!(different.len() > 1900, "{}", different.len());
    }

    #[test]
    fn empty_files_are_damaged_too() {
        for seed in 0..2000 {
            let mut bytes = Vec::new();
            mutate(&mut bytes, b"", &[], &mut ChaCha8Rng::seed_from_u64(seed));
        }
    }
}
