//! JSON, compressed and in base64: what fits into a string of an object.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ports::BoxError;

/// The most that is unpacked, in bytes: a plan of a million clusters. More is a mistake or an attack.
const MOST: u64 = 1 << 30;

pub(super) fn pack<T: Serialize + ?Sized>(value: &T) -> Result<String, BoxError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&serde_json::to_vec(value)?)?;
    Ok(STANDARD.encode(encoder.finish()?))
}

pub(super) fn unpack<T: DeserializeOwned>(text: &str) -> Result<T, BoxError> {
    let packed = STANDARD.decode(text)?;
    let mut json = Vec::new();
    let read = GzDecoder::new(packed.as_slice())
        .take(MOST)
        .read_to_end(&mut json)?;
    if read as u64 == MOST {
        return Err("more than a gigabyte when unpacked".into());
    }
    Ok(serde_json::from_slice(&json)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_unpacked() {
        let values: Vec<u32> = (0..10_000).collect();
        let packed = pack(&values).unwrap();
        assert!(packed.len() < 40_000, "{}", packed.len());
        assert_eq!(unpack::<Vec<u32>>(&packed).unwrap(), values);
        for wrong in ["", "!", "aGVsbG8="] {
            assert!(unpack::<Vec<u32>>(wrong).is_err(), "{wrong}");
        }
    }
}
