//! Where tensors live: chosen at run time, never replaced silently.

use crate::error::Error;
use goldpan_kernels::Precision;
use std::fmt;
use std::str::FromStr;

/// The device a user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DeviceChoice {
    /// The first CUDA device where this build has CUDA, else the CPU.
    #[default]
    Auto,
    /// The CPU, by burn's Flex backend.
    Cpu,
    /// A CUDA device by its number; needs the feature `cuda`.
    Cuda(usize),
    /// LibTorch on the CPU; needs the feature `tch`, whose backend burn has deprecated.
    LibTorch,
    /// LibTorch on a CUDA device; needs the feature `tch`.
    LibTorchCuda(usize),
}

/// A text that names no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no device: use auto, cpu, cuda:0, tch or tch:cuda:0")]
pub struct ParseDeviceError(String);

impl FromStr for DeviceChoice {
    type Err = ParseDeviceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || ParseDeviceError(text.to_owned());
        let index = |number: &str| number.parse().map_err(|_| unknown());
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "tch" => Ok(Self::LibTorch),
            "tch:cuda" => Ok(Self::LibTorchCuda(0)),
            _ => {
                if let Some(number) = text.strip_prefix("cuda:") {
                    Ok(Self::Cuda(index(number)?))
                } else if let Some(number) = text.strip_prefix("tch:cuda:") {
                    Ok(Self::LibTorchCuda(index(number)?))
                } else {
                    Err(unknown())
                }
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::LibTorch => f.write_str("tch"),
            Self::LibTorchCuda(index) => write!(f, "tch:cuda:{index}"),
        }
    }
}

impl DeviceChoice {
    /// Opens the device.
    ///
    /// # Errors
    ///
    /// When this build lacks the device.
    pub fn open(self) -> Result<Device, Error> {
        match self {
            #[cfg(feature = "cuda")]
            Self::Auto => Self::Cuda(0).open(),
            #[cfg(not(feature = "cuda"))]
            Self::Auto => Self::Cpu.open(),
            Self::Cpu => Ok(Device::new(burn::tensor::Device::flex(), "cpu")),
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => Ok(Device::new(burn::tensor::Device::cuda(index), "cuda")),
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => Err(Error::DeviceNotBuilt {
                device: self,
                feature: "cuda",
            }),
            #[cfg(feature = "tch")]
            #[allow(deprecated)]
            Self::LibTorch => Ok(Device::new(burn::tensor::Device::libtorch(), "tch-cpu")),
            #[cfg(feature = "tch")]
            #[allow(deprecated)]
            Self::LibTorchCuda(index) => Ok(Device::new(
                burn::tensor::Device::libtorch_cuda(index),
                "tch-cuda",
            )),
            #[cfg(not(feature = "tch"))]
            Self::LibTorch | Self::LibTorchCuda(_) => Err(Error::DeviceNotBuilt {
                device: self,
                feature: "tch",
            }),
        }
    }
}

/// An open device, and the precision it computes products with frozen weights in.
#[derive(Clone, Debug)]
pub struct Device {
    tensors: burn::tensor::Device,
    class: &'static str,
    precision: Precision,
}

impl Device {
    fn new(tensors: burn::tensor::Device, class: &'static str) -> Self {
        Self {
            tensors,
            class,
            precision: Precision::F32,
        }
    }

    /// The same device with another precision.
    pub fn with_precision(&self, precision: Precision) -> Self {
        Self {
            precision,
            ..self.clone()
        }
    }

    /// The precision of products with frozen weights.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The kind of device, without its number: part of every cache key, since kinds differ in
    /// rounding.
    pub fn class(&self) -> &'static str {
        self.class
    }

    /// The device as burn knows it.
    pub fn tensors(&self) -> &burn::tensor::Device {
        &self.tensors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_a_round_trip() {
        for name in ["auto", "cpu", "cuda:0", "cuda:3", "tch", "tch:cuda:1"] {
            let choice: DeviceChoice = name.parse().unwrap();
            assert_eq!(choice.to_string(), name);
        }
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_known() {
        for name in ["gpu", "cuda:", "cuda:x", "", "CPU"] {
            let error = name.parse::<DeviceChoice>().unwrap_err();
            assert!(error.to_string().contains("use auto, cpu, cuda:0"));
        }
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_outside_the_build_is_refused() {
        let error = DeviceChoice::Cuda(0).open().unwrap_err();
        assert!(error.to_string().contains("--features cuda"));
    }
}
