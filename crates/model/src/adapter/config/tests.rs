use super::*;
use serde_json::{Value, json};

/// A plain configuration with some keys replaced.
fn read(changes: Value) -> Result<Config, Error> {
    let mut config = json!({
        "base_model_name_or_path": "base",
        "bias": "none",
        "init_lora_weights": true,
        "lora_alpha": 16,
        "lora_dropout": 0.1,
        "megatron_core": "megatron.core",
        "peft_type": "LORA",
        "peft_version": "0.21.2",
        "qalora_group_size": 16,
        "r": 8,
        "target_modules": ["value", "query"],
        "task_type": "SEQ_CLS",
        "use_dora": false,
    });
    for (key, value) in changes.as_object().unwrap() {
        config[key] = value.clone();
    }
    read_text(&config.to_string())
}

fn read_text(config: &str) -> Result<Config, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapter_config.json");
    std::fs::write(&path, config).unwrap();
    Config::read(&path)
}

/// Asserts that the changed configuration is refused with an error that names `feature`.
fn refused(changes: Value, feature: &str) {
    let error = match read(changes.clone()) {
        Ok(_) => panic!("{changes} is read"),
        Err(error) => error.to_string(),
    };
    assert!(error.contains(feature), "{changes}: {error}");
    assert!(error.contains("adapter_config.json"), "{error}");
}

#[test]
fn what_is_not_plain_lora_is_refused_by_name() {
    for (changes, feature) in [
        (json!({"peft_type": "LOHA"}), "LOHA"),
        (json!({"peft_type": "IA3"}), "IA3"),
        (json!({"peft_type": "PREFIX_TUNING"}), "PREFIX_TUNING"),
        (json!({"task_type": "TOKEN_CLS"}), "TOKEN_CLS"),
        (json!({"bias": "all"}), "bias \"all\""),
        (json!({"bias": "lora_only"}), "bias \"lora_only\""),
        (json!({"use_dora": true}), "DoRA"),
        (json!({"use_qalora": true}), "QALoRA"),
        (json!({"use_bdlora": {"nblocks": 2}}), "BD-LoRA"),
        (json!({"kasa_config": {"beta": 1e-4}}), "KaSA"),
        (json!({"lora_bias": true}), "lora_bias"),
        (json!({"fan_in_fan_out": true}), "fan_in_fan_out"),
        (
            json!({"layer_replication": [[0, 1], [0, 1]]}),
            "layer_replication",
        ),
        (json!({"alora_invocation_tokens": [1, 2]}), "aLoRA"),
        (
            json!({"trainable_token_indices": [1]}),
            "trainable_token_indices",
        ),
        (
            json!({"target_parameters": ["x.weight"]}),
            "target_parameters",
        ),
        (json!({"arrow_config": {"top_k": 3}}), "arrow_config"),
        (json!({"velora_config": {"scale": 1.0}}), "VeLoRA"),
        (json!({"monteclora_config": {"x": 1}}), "MonteCLoRA"),
        (json!({"megatron_config": {"x": 1}}), "megatron_config"),
        (json!({"ensure_weight_tying": true}), "ensure_weight_tying"),
        (
            json!({"modules_to_save": ["classifier", "pooler"]}),
            "\"pooler\"",
        ),
        (json!({"modules_to_save": ["dense"]}), "\"dense\""),
        (json!({"init_lora_weights": "pissa"}), "pissa"),
        (
            json!({"init_lora_weights": "pissa_niter_16"}),
            "pissa_niter_16",
        ),
        (json!({"init_lora_weights": "olora"}), "olora"),
        (json!({"init_lora_weights": "corda"}), "corda"),
        (json!({"init_lora_weights": "loftq"}), "loftq"),
        (json!({"init_lora_weights": "lora_ga"}), "lora_ga"),
        (json!({"init_lora_weights": "of_tomorrow"}), "of_tomorrow"),
        (json!({"lora_of_tomorrow": "on"}), "lora_of_tomorrow"),
        (json!({"lora_of_tomorrow": 0}), "lora_of_tomorrow"),
        (json!({"lora_of_tomorrow": {"a": null}}), "lora_of_tomorrow"),
        (json!({"r": 0}), "a rank of 0"),
        (json!({"rank_pattern": {"query": 0}}), "a rank of 0"),
        (json!({"rank_pattern": {"(": 2}}), "rank_pattern"),
        (json!({"target_modules": "*"}), "target_modules"),
    ] {
        refused(changes, feature);
    }
}

#[test]
fn other_methods_are_named_though_they_lack_loras_keys() {
    let error = read_text(r#"{"peft_type": "LOHA", "alpha": 8, "r": 8}"#);
    let error = error.err().unwrap().to_string();
    assert!(error.contains("LOHA"), "{error}");
}

#[test]
fn what_changes_nothing_is_read() {
    for changes in [
        json!({"lora_of_tomorrow": null, "a": false, "b": [], "c": {}, "d": ""}),
        json!({"init_lora_weights": false}),
        json!({"init_lora_weights": "gaussian"}),
        json!({"init_lora_weights": "eva", "eva_config": {"rho": 2.0}}),
        json!({"init_lora_weights": "orthogonal"}),
        json!({"corda_config": {"corda_method": "ipm"}, "loftq_config": {"loftq_bits": 4}}),
        json!({"task_type": null, "modules_to_save": null, "rank_pattern": null}),
        json!({"modules_to_save": ["classifier", "score"]}),
        json!({"runtime_config": {"ephemeral_gpu_offload": false}}),
    ] {
        assert!(read(changes.clone()).is_ok(), "{changes}");
    }
}

fn module(layer: usize, rest: &str) -> String {
    format!("bert.encoder.layer.{layer}.{rest}")
}

/// The modules of a model with two layers that are adapted, as layer and path.
fn covered(changes: Value) -> Vec<String> {
    let config = read(changes).unwrap();
    let mut covered = Vec::new();
    for layer in 0..2 {
        for target in crate::Target::ALL {
            if config.targets.cover(&module(layer, target.path())).unwrap() {
                covered.push(format!("{layer} {}", target.path()));
            }
        }
    }
    if config.targets.cover("bert.pooler.dense").unwrap() {
        covered.push("pooler".to_owned());
    }
    covered
}

#[test]
fn targets_are_found_as_in_peft() {
    let (q, k, v) = (
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
    );
    let dense = [
        "attention.output.dense",
        "intermediate.dense",
        "output.dense",
    ];
    let of = |layers: &[usize], paths: &[&str]| -> Vec<String> {
        let each = layers
            .iter()
            .flat_map(|layer| paths.iter().map(move |path| (layer, path)));
        each.map(|(layer, path)| format!("{layer} {path}"))
            .collect()
    };
    let both = [0, 1];
    let mut linear = of(&both, &[q, k, v, dense[0], dense[1], dense[2]]);
    linear.push("pooler".to_owned());
    let mut all_dense = of(&both, &dense);
    all_dense.push("pooler".to_owned());
    for (changes, expected) in [
        (json!({}), of(&both, &[q, v])),
        (json!({"target_modules": null}), of(&both, &[q, v])),
        (json!({"target_modules": ["dense"]}), all_dense),
        (
            json!({"target_modules": ["output.dense"]}),
            of(&both, &[dense[0], dense[2]]),
        ),
        (json!({"target_modules": ["uery"]}), vec![]),
        (json!({"target_modules": [module(1, q)]}), of(&[1], &[q])),
        (
            json!({"target_modules": [module(1, q)], "layers_to_transform": 0}),
            of(&[1], &[q]),
        ),
        (json!({"target_modules": "all-linear"}), linear.clone()),
        (json!({"target_modules": "All-Linear"}), linear.clone()),
        (
            json!({"target_modules": "all-linear", "exclude_modules": ["pooler.dense"]}),
            {
                linear.pop();
                linear
            },
        ),
        (
            json!({"target_modules": r".*\.0\.attention\.self\.(query|key)"}),
            of(&[0], &[q, k]),
        ),
        (
            json!({"target_modules": r".*\.(query|key)", "layers_to_transform": [0]}),
            of(&[0], &[q, k]),
        ),
        (json!({"target_modules": "query"}), vec![]),
        (json!({"exclude_modules": r".*\.1\..*"}), of(&[0], &[q, v])),
        (json!({"exclude_modules": ["value"]}), of(&both, &[q])),
        (json!({"layers_to_transform": 1}), of(&[1], &[q, v])),
        (json!({"layers_to_transform": [1, 7]}), of(&[1], &[q, v])),
        (json!({"layers_to_transform": []}), of(&both, &[q, v])),
        (
            json!({"layers_to_transform": [0], "layers_pattern": "layer"}),
            of(&[0], &[q, v]),
        ),
        (
            json!({"layers_to_transform": [0], "layers_pattern": ["h", "layer"]}),
            of(&[0], &[q, v]),
        ),
        (
            json!({"layers_to_transform": [0], "layers_pattern": ["h"]}),
            vec![],
        ),
        (
            json!({"layers_to_transform": [0], "layers_pattern": ""}),
            of(&[0], &[q, v]),
        ),
        (
            json!({"layers_to_transform": [0], "target_modules": ["dense"]}),
            of(&[0], &dense),
        ),
    ] {
        assert_eq!(covered(changes.clone()), expected, "{changes}");
    }
}

#[test]
fn ranks_and_scales_come_from_the_first_pattern_that_matches() {
    let text = r#"{
        "peft_type": "LORA", "r": 8, "lora_alpha": 16,
        "rank_pattern": {"self.query": 4, "layer.1.attention.self.query": 2, "^value": 3},
        "alpha_pattern": {"layer\\.\\d+\\.attention\\.self\\.(query|value)": 6, "value": 1}
    }"#;
    let config = read_text(text).unwrap();
    let of = |rest: &str| {
        let module = module(1, rest);
        (
            config.rank(&module).unwrap(),
            config.scale(&module).unwrap(),
        )
    };
    assert_eq!(of("attention.self.query"), (4, 1.5));
    assert_eq!(of("attention.self.value"), (8, 0.75));
    assert_eq!(of("attention.self.key"), (8, 2.0));

    let turned = text.replace(
        r#""self.query": 4, "layer.1.attention.self.query": 2"#,
        r#""layer.1.attention.self.query": 2, "self.query": 4"#,
    );
    let config = read_text(&turned).unwrap();
    assert_eq!(config.rank(&module(1, "attention.self.query")).unwrap(), 2);
    assert_eq!(config.rank(&module(0, "attention.self.query")).unwrap(), 4);
}

#[test]
fn rank_stabilised_scales_divide_by_the_root_of_each_modules_rank() {
    let config = read(json!({
        "use_rslora": true, "rank_pattern": {"query": 4}, "alpha_pattern": {"value": 2.0},
    }));
    let config = config.unwrap();
    let scale = |rest: &str| config.scale(&module(0, rest)).unwrap();
    assert_eq!(scale("attention.self.query"), 8.0);
    assert_eq!(scale("attention.self.value"), (2.0 / 8f64.sqrt()) as f32);
}

#[test]
fn the_head_is_promised_by_any_of_its_names() {
    let saves = |saved: Value, tensor: &str| {
        let config = read(json!({"modules_to_save": saved})).unwrap();
        config.saves(tensor)
    };
    assert!(saves(json!(["score", "classifier"]), "classifier.weight"));
    assert!(saves(json!(["classifier"]), "classifier.out_proj.bias"));
    assert!(saves(json!(["out_proj"]), "classifier.out_proj.bias"));
    assert!(!saves(json!(["out_proj"]), "classifier.dense.bias"));
    assert!(!saves(json!(["score"]), "classifier.weight"));
    assert!(!saves(json!(null), "classifier.weight"));
}
