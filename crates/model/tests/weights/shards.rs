//! Lists of shards that do not fit the shards.

use crate::folders::{FIRST_SHARD, PICKLED_SHARDS, SECOND_SHARD, refused, shards};
use goldpan_model::{Error, ShardFault};
use std::fs;

#[test]
fn a_list_of_shards_must_fit_them() {
    let index = |map: &str| format!(r#"{{"metadata": {{}}, "weight_map": {map}}}"#);
    let folder = shards();
    let list = folder.path().join(PICKLED_SHARDS);
    let fault = |map: &str| {
        fs::write(&list, index(map)).unwrap();
        let error = refused(folder.path());
        let message = error.to_string();
        assert!(message.contains(list.to_str().unwrap()), "{message}");
        match error {
            Error::Shards { fault, .. } => fault,
            error => panic!("{error:?}"),
        }
    };
    for shard in [
        "../x.bin",
        "/etc/passwd",
        "a/b.bin",
        "..",
        "",
        "a\\\\b.bin",
        "a\\u0000b",
    ] {
        let fault = fault(&format!(r#"{{"w": "{shard}"}}"#));
        let ShardFault::Name { name, .. } = fault else {
            panic!("{fault:?}");
        };
        assert_eq!(name, "w");
    }
    let missing = fault(r#"{"w": "pytorch_model-00003-of-00002.bin"}"#);
    assert!(matches!(missing, ShardFault::Missing { name, .. } if name == "w"));
    let promised = fault(&format!(
        r#"{{"bert.embeddings.LayerNorm.bias": "{FIRST_SHARD}", "w": "{FIRST_SHARD}"}}"#
    ));
    let ShardFault::Promised { name, shard } = promised else {
        panic!("{promised:?}");
    };
    assert_eq!(
        (name.as_str(), shard),
        ("w", folder.path().join(FIRST_SHARD))
    );
    let repeated = fault(&format!(
        r#"{{"w": "{FIRST_SHARD}", "w": "{FIRST_SHARD}"}}"#
    ));
    assert!(matches!(repeated, ShardFault::Repeated { name } if name == "w"));

    fs::write(&list, index("[]")).unwrap();
    assert!(matches!(refused(folder.path()), Error::Json { .. }));
    fs::write(&list, "{").unwrap();
    assert!(matches!(refused(folder.path()), Error::Json { .. }));
}

#[test]
fn a_tensor_in_two_shards_is_refused() {
    let folder = shards();
    fs::copy(
        folder.path().join(FIRST_SHARD),
        folder.path().join(SECOND_SHARD),
    )
    .unwrap();
    let list = folder.path().join(PICKLED_SHARDS);
    let name = "bert.embeddings.LayerNorm.bias";
    let map = format!(r#"{{"weight_map": {{"{name}": "{FIRST_SHARD}", "x": "{SECOND_SHARD}"}}}}"#);
    fs::write(list, map).unwrap();
    let error = refused(folder.path());
    let Error::DuplicateTensor {
        path,
        name: found,
        other,
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(found, name);
    assert_eq!(path, folder.path().join(SECOND_SHARD));
    assert_eq!(other, folder.path().join(FIRST_SHARD));
}
