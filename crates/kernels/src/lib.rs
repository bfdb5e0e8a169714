//! CPU kernels for the encoder, as burn backend extensions beside plain-burn twins.
//!
//! Each operation here works on *packed* tokens: `[total_tokens, hidden]`, the sequences of a batch
//! laid end to end without padding. On burn's CPU device (`Flex`) the operations run the kernels of
//! this crate, forward and backward; on every other device they run the twins of [`plain`], built
//! from burn's own operations. Both give the same numbers up to rounding.
//!
//! The kernels are written so that the compiler vectorises them, and safe Rust but for the product's inner
//! loop and the processor's own bf16 instructions; `pulp` selects AVX-512, AVX2, NEON or the baseline at run
//! time. Products are chains of fused multiply-adds, a multiply is fused
//! with an add only where the code says so, and every reduction has one fixed order: so a result is the
//! same on each path and on any number of threads.

mod attention;
mod autodiff;
mod embeddings;
mod flex;
mod frozen;
mod gelu;
mod layer;
mod layer_norm;
mod math;
mod matrix;
mod ops;
pub mod plain;
mod precision;
mod sequences;
mod turn;

pub use embeddings::TableRows;
pub use frozen::{FrozenLinear, PackedLinear};
pub use layer::{Adapter, EncoderLayer, LayerNorm, LayersCall, Part, encoder_layers};
pub use ops::{EmbeddingTables, attention, embed, gelu, has_kernels, residual_layer_norm};
pub use precision::Precision;
pub use sequences::Sequences;
