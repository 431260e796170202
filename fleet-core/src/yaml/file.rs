//! Reading a text file from a stranger: a file, of a bounded size, in UTF-8.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::Position;

/// Why a file gives no text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system does not give it.
    #[error("cannot be read: {0}")]
    Io(io::Error),
    /// It is a directory, a pipe or a device, which may never end.
    #[error("is no regular file; name a file of text")]
    NotAFile,
    /// It is larger than it may be.
    #[error("is larger than {limit} bytes; split it, or name the right file")]
    TooLarge {
        /// The most bytes a file may have.
        limit: u64,
    },
    /// It is binary, or in another encoding.
    #[error("{position}: is not UTF-8 text; save it as UTF-8")]
    NotUtf8 {
        /// Where the text ends.
        position: Position,
    },
}

// No source: the text has all of it, and would have it twice with its causes behind it.
impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl FileError {
    /// Where in the file the mistake is, if it is in the file.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::NotUtf8 { position } => Some(*position),
            _ => None,
        }
    }
}

/// The text of a file of at most `limit` bytes.
///
/// # Errors
/// As [`FileError`] lists them. A pipe or a device is refused and never waited for.
pub fn read_file(path: impl AsRef<Path>, limit: u64) -> Result<String, FileError> {
    let path = path.as_ref();
    // Before opening: opening a pipe waits for someone to write.
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(FileError::NotAFile);
    }
    if metadata.len() > limit {
        return Err(FileError::TooLarge { limit });
    }
    let mut bytes = Vec::new();
    // A file may grow between looking and reading.
    File::open(path)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge { limit });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(error.as_bytes().get(..good).unwrap_or_default());
        let line = before.split('\n').count() as u64;
        let beside = before.rsplit('\n').next().unwrap_or_default();
        FileError::NotUtf8 {
            position: Position {
                line,
                column: beside.chars().count() as u64 + 1,
            },
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_refused_and_never_waited_for() {
        let directory = std::env::temp_dir().join(format!("fleet-core-file-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("a.yaml");
        std::fs::write(&file, "a: 1\nb: \u{e9}").unwrap();
        assert_eq!(read_file(&file, 100).unwrap(), "a: 1\nb: \u{e9}");
        assert!(matches!(
            read_file(&file, 5),
            Err(FileError::TooLarge { limit: 5 })
        ));
        std::fs::write(&file, b"a: 1\nb: \xff").unwrap();
        let error = read_file(&file, 100).unwrap_err();
        assert_eq!(error.to_string(), "2:4: is not UTF-8 text; save it as UTF-8");
        assert!(matches!(read_file(&directory, 100), Err(FileError::NotAFile)));
        assert!(matches!(read_file("/dev/zero", 100), Err(FileError::NotAFile)));
        assert!(matches!(
            read_file(directory.join("none"), 100),
            Err(FileError::Io(_))
        ));
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
