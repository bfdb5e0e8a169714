//! Which keys of `config.json` are known.

/// The keys that decide the arithmetic, or say what must be refused.
const READ: &[&str] = &[
    "add_cross_attention",
    "architectures",
    "auto_map",
    "hidden_act",
    "hidden_size",
    "id2label",
    "intermediate_size",
    "is_decoder",
    "is_encoder_decoder",
    "label2id",
    "layer_norm_eps",
    "max_position_embeddings",
    "model_type",
    "num_attention_heads",
    "num_hidden_layers",
    "num_labels",
    "pad_token_id",
    "position_embedding_type",
    "problem_type",
    "pruned_heads",
    "quantization_config",
    "sbert_ce_default_activation_function",
    "sentence_transformers",
    "tie_word_embeddings",
    "tokenizer_class",
    "type_vocab_size",
    "vocab_size",
];

/// The keys that change no number of a text without padding and without dropout: names and versions,
/// how a model was made or is to be trained, generation of text, and how work is laid out.
const WITHOUT_EFFECT: &[&str] = &[
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_commit_hash",
    "_name_or_path",
    "_num_labels",
    "activation",
    "adapters",
    "attention_probs_dropout_prob",
    "attn_implementation",
    "bos_token_id",
    "chunk_size_feed_forward",
    "classifier_dropout",
    "directionality",
    "dtype",
    "eos_token_id",
    "finetuning_task",
    "gradient_checkpointing",
    "hidden_dropout_prob",
    "initializer_factor",
    "initializer_range",
    "language",
    "layer_type",
    "mask_token_id",
    "cls_token_id",
    "sep_token_id",
    "unk_token_id",
    "max_length",
    "min_length",
    "name",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "pooler_fc_size",
    "pooler_num_attention_heads",
    "pooler_num_fc_layers",
    "pooler_size_per_head",
    "pooler_type",
    "return_dict",
    "task_specific_params",
    "torch_dtype",
    "torchscript",
    "transformers_version",
    "use_bfloat16",
    "use_cache",
    // Settings of text generation, which older versions wrote into every model.
    "bad_words_ids",
    "begin_suppress_tokens",
    "cross_attention_hidden_size",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "length_penalty",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "output_scores",
    "prefix",
    "remove_invalid_values",
    "repetition_penalty",
    "return_dict_in_generate",
    "suppress_tokens",
    "temperature",
    "tf_legacy_loss",
    "top_k",
    "top_p",
    "typical_p",
];

/// Whether a key is known.
pub(super) fn is_known(key: &str) -> bool {
    READ.contains(&key) || WITHOUT_EFFECT.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_file::assert_documented;

    #[test]
    fn the_published_table_names_every_key() {
        assert_documented(READ.iter().chain(WITHOUT_EFFECT));
    }
}
