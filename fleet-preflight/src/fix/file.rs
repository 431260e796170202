//! Mended files: as a patch to review, and written with the original kept beside them.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::{HelmFix, Moved, Refused};
use crate::files::{each_file, is_kept_original, is_manifest_name};
use crate::pass::Pass;
use crate::scan::Scanner;

/// The change of one file, not yet made. It prints as a unified diff.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileFix {
    /// The file.
    pub path: PathBuf,
    /// Its text now.
    pub before: String,
    /// Its text afterwards.
    pub after: String,
    /// What moves.
    pub moved: Vec<Moved>,
    /// What must be done by hand.
    pub refused: Vec<Refused>,
    /// Helm releases that are recorded in the file.
    pub releases: Vec<HelmFix>,
}

/// A file that cannot be mended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FixError {
    /// It cannot be read or written.
    #[error("{}: cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is not what it was when it was read.
    #[error("{}: changed since it was read; look at the patch again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl Scanner {
    /// What would be changed in files and directories: fixes in the order of their paths, and the files that cannot be mended.
    ///
    /// Files that hold no word of an old version are not even kept. Nothing is written.
    pub fn fix_paths<P: AsRef<Path>>(
        &self,
        paths: impl IntoIterator<Item = P>,
    ) -> (Vec<FileFix>, Vec<FixError>) {
        let mut fixes = Vec::new();
        let mut errors = Vec::new();
        // What cannot be entered is for the scan to tell.
        let mut pass = Pass::new(self);
        let paths = paths.into_iter().map(|path| path.as_ref().to_owned()).collect();
        each_file(paths, &mut pass, |path, named| {
            if !named && (is_kept_original(path) || !is_manifest_name(path)) {
                return;
            }
            match self.fix_file(path) {
                Ok(fix) => fixes.extend(fix),
                Err(error) => errors.push(error),
            }
        });
        fixes.sort_by(|a: &FileFix, b| a.path.cmp(&b.path));
        (fixes, errors)
    }

    /// What would be changed in a file; `None` when nothing is to be done. Nothing is written.
    ///
    /// # Errors
    /// When the file cannot be read, or is not UTF-8.
    pub fn fix_file(&self, path: impl AsRef<Path>) -> Result<Option<FileFix>, FixError> {
        let path = path.as_ref();
        let before = fs::read_to_string(path).map_err(|source| FixError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(self.fix_content(path, before))
    }

    /// What would be changed in a file of this content, wherever it was read from; `None` when nothing is to be done.
    pub fn fix_content(&self, path: impl AsRef<Path>, content: String) -> Option<FileFix> {
        let path = path.as_ref();
        let fix = self.fix_text(&path.to_string_lossy(), &content);
        let nothing = fix.moved.is_empty() && fix.refused.is_empty() && fix.releases.is_empty();
        (!nothing).then(|| FileFix {
            path: path.to_owned(),
            before: content,
            after: fix.text,
            moved: fix.moved,
            refused: fix.refused,
            releases: fix.releases,
        })
    }
}

impl FileFix {
    /// Makes the change, all of it or none, and keeps the original as `NAME.orig` (or `.orig.1` and so on when there is one).
    /// Returns the original's new path; `None` when nothing was to be changed.
    ///
    /// # Errors
    /// A file that is no longer as it was read is left alone.
    pub fn write(&self) -> Result<Option<PathBuf>, FixError> {
        if self.before == self.after {
            return Ok(None);
        }
        let io = |source| FixError::Io {
            path: self.path.clone(),
            source,
        };
        let real = fs::canonicalize(&self.path).map_err(io)?;
        if fs::read(&real).map_err(io)? != self.before.as_bytes() {
            return Err(FixError::Changed {
                path: self.path.clone(),
            });
        }
        let permissions = fs::metadata(&real).map_err(io)?.permissions();
        let kept = create_new(&real, "orig", self.before.as_bytes(), &permissions).map_err(io)?;
        // Renaming is the one step that is whole or not at all.
        let beside = create_new(&real, "new", self.after.as_bytes(), &permissions).map_err(io)?;
        fs::rename(&beside, &real).map_err(io)?;
        Ok(Some(kept))
    }
}

fn create_new(path: &Path, end: &str, content: &[u8], permissions: &fs::Permissions) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut attempt = 0_u32;
    loop {
        let name = if attempt == 0 {
            format!("{name}.{end}")
        } else {
            format!("{name}.{end}.{attempt}")
        };
        let beside = path.with_file_name(name);
        match fs::OpenOptions::new().write(true).create_new(true).open(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            Err(error) => return Err(error),
            Ok(mut file) => {
                file.write_all(content)?;
                file.set_permissions(permissions.clone())?;
                file.sync_all()?;
                return Ok(beside);
            }
        }
    }
}

/// As a unified diff that `git apply` and `patch -p1` take.
impl fmt::Display for FileFix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.before == self.after {
            return Ok(());
        }
        let name = self.path.to_string_lossy();
        let name = name.trim_start_matches("./").trim_start_matches('/');
        let diff = TextDiff::from_lines(&self.before, &self.after);
        write!(
            f,
            "{}",
            diff.unified_diff()
                .header(&format!("a/{name}"), &format!("b/{name}"))
        )
    }
}
