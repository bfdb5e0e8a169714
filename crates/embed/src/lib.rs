//! Goldpan's embed.
