//! The layout of a run's map, kept in the run's folder: a run with nothing to do ends at once.

use std::path::Path;

use goldpan_artifact::{Digest, atomic};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::map::layout::Layout;

/// The file in the run's folder.
const FILE: &str = "map.json";

/// Rises with every change that lays equal points out otherwise.
const VERSION: u32 = 1;

/// A layout and the points that it is of.
#[derive(Serialize, Deserialize)]
struct Remembered {
    points: String,
    layout: Option<Layout>,
}

/// The layout of these points, from the folder where it was laid out before.
///
/// # Errors
///
/// When a new layout cannot be made or written. A file that is damaged or of other points is replaced.
pub(super) fn layout(
    points: &[f32],
    dimension: usize,
    folder: &Path,
) -> Result<Option<Layout>, Error> {
    let path = folder.join(FILE);
    let digest = digest(points, dimension);
    let before = std::fs::read(&path).ok();
    let before: Option<Remembered> = before.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if let Some(before) = before.filter(|before| before.points == digest) {
        return Ok(before.layout);
    }
    let remembered = Remembered {
        points: digest,
        layout: Layout::of(points, dimension)?,
    };
    if let Ok(bytes) = serde_json::to_vec(&remembered) {
        atomic::write_bytes(path, &bytes)?;
    }
    Ok(remembered.layout)
}

fn digest(points: &[f32], dimension: usize) -> String {
    let mut bytes = format!("{VERSION} {dimension} ").into_bytes();
    bytes.extend(points.iter().flat_map(|number| number.to_le_bytes()));
    Digest::of(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(salt: usize) -> Vec<f32> {
        (0..120).map(|place| (place * salt % 17) as f32).collect()
    }

    #[test]
    fn a_layout_is_taken_from_the_folder_where_its_points_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let of = |salt| {
            layout(&points(salt), 3, folder.path())
                .unwrap()
                .unwrap()
                .places
        };
        let first = of(7);
        // Changed by hand, to see that it is read.
        let path = folder.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut changed: Remembered = serde_json::from_str(&text).unwrap();
        changed.layout.as_mut().unwrap().places[0] = [0.25, 0.75];
        std::fs::write(&path, serde_json::to_string(&changed).unwrap()).unwrap();
        assert_eq!(of(7)[0], [0.25, 0.75]);
        assert_eq!(of(7)[1..], first[1..]);
        // Of other points, or damaged, it is made anew.
        assert_ne!(of(5), first);
        std::fs::write(&path, "{").unwrap();
        assert_eq!(of(7), first);
    }
}
