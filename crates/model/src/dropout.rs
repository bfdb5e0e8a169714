//! Dropout whose masks come from the seed alone: Srivastava et al. 2014, JMLR 15.

use burn::tensor::{Tensor, TensorData};
use goldpan_artifact::rng;
use rand::RngExt;

/// The dropout of one forward pass in training. Its masks are the same on every device.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropout {
    /// The share of an adapter's inputs that is set to 0.
    pub adapter: f32,
    /// The share of the head's inputs that is set to 0.
    pub head: f32,
    /// The seed of the training.
    pub seed: u64,
    /// What tells this pass from all others of the training.
    pub pass: String,
}

impl Dropout {
    /// Drops inputs of the adapter of the linear layer `name`.
    pub(crate) fn on_adapter(&self, x: Tensor<2>, name: &str) -> Tensor<2> {
        self.apply(x, self.adapter, name)
    }

    /// Drops inputs of the head's linear layer `name`.
    pub(crate) fn on_head(&self, x: Tensor<2>, name: &str) -> Tensor<2> {
        self.apply(x, self.head, name)
    }

    /// Sets a share of the values to 0 and scales the others so that the mean is kept.
    fn apply(&self, x: Tensor<2>, share: f32, name: &str) -> Tensor<2> {
        if share == 0.0 {
            return x;
        }
        let [rows, columns] = x.dims();
        let mut random = rng(self.seed, &format!("train/dropout/{}/{name}", self.pass));
        let kept = 1.0 / (1.0 - share);
        let mask: Vec<f32> = (0..rows * columns)
            .map(|_| match random.random::<f32>() < share {
                true => 0.0,
                false => kept,
            })
            .collect();
        let device = x.device().inner();
        x * Tensor::from_data(TensorData::new(mask, [rows, columns]), &device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn dropout(share: f32, pass: &str) -> Dropout {
        Dropout {
            adapter: share,
            head: 0.0,
            seed: 3,
            pass: pass.to_owned(),
        }
    }

    fn ones(rows: usize, columns: usize) -> Tensor<2> {
        Tensor::ones([rows, columns], &Device::flex())
    }

    fn dropped(share: f32, pass: &str, name: &str) -> Vec<f32> {
        let x = dropout(share, pass).on_adapter(ones(100, 50), name);
        x.into_data().iter::<f32>().collect()
    }

    #[test]
    fn the_share_is_dropped_and_the_mean_kept() {
        let values = dropped(0.25, "step 1", "a");
        assert!(values.iter().all(|&x| x == 0.0 || x == 1.0 / 0.75));
        let zeros = values.iter().filter(|&&x| x == 0.0).count();
        assert!((1100..1400).contains(&zeros), "{zeros} of 5000");
    }

    #[test]
    fn a_mask_is_that_of_its_pass_and_layer() {
        let one = dropped(0.5, "step 1", "a");
        assert_eq!(one, dropped(0.5, "step 1", "a"));
        assert_ne!(one, dropped(0.5, "step 2", "a"));
        assert_ne!(one, dropped(0.5, "step 1", "b"));
        assert_eq!(dropped(0.0, "step 1", "a"), vec![1.0; 5000]);
    }
}
