//! Changing scalars in place, and nothing else.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use fleet_core::KubernetesVersion;
use fleet_core::yaml::{FieldPath, YamlError, nearest, replace_scalar};
use serde_json::Value;

use super::error::{RepositoryError, RepositoryErrors};
use super::resolve::version_path;
use super::{ClusterRepository, RepositoryObject};

/// The change of one file, not yet made. It prints as a unified diff.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileEdit {
    /// The file, as reached from the path that was opened.
    pub path: PathBuf,
    /// Its text now.
    pub before: String,
    /// Its text afterwards.
    pub after: String,
}

impl FileEdit {
    /// Makes the change: all of it or none. The new text is written beside the file, which it then replaces; the
    /// file's permissions stay. A file behind a symbolic link is changed where it is.
    ///
    /// # Errors
    /// A file that is no longer as it was read is left alone: [`RepositoryError::Changed`].
    pub fn write(&self) -> Result<(), RepositoryError> {
        let io = |source| RepositoryError::Io {
            path: self.path.clone(),
            source,
        };
        let real = fs::canonicalize(&self.path).map_err(io)?;
        if fs::read(&real).map_err(io)? != self.before.as_bytes() {
            return Err(RepositoryError::Changed {
                path: self.path.clone(),
            });
        }
        let permissions = fs::metadata(&real).map_err(io)?.permissions();
        let (beside, mut file) = create_beside(&real).map_err(io)?;
        let written = file
            .write_all(self.after.as_bytes())
            .and_then(|()| file.set_permissions(permissions))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&beside, &real));
        written.map_err(|source| {
            // What is left over is ours alone; that it cannot be removed either is not the news.
            let _ = fs::remove_file(&beside);
            io(source)
        })
    }
}

/// As a unified diff with three lines of context.
impl fmt::Display for FileEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before: Vec<&str> = self.before.split_inclusive('\n').collect();
        let after: Vec<&str> = self.after.split_inclusive('\n').collect();
        writeln!(f, "--- a/{}", self.path.display())?;
        writeln!(f, "+++ b/{}", self.path.display())?;
        for hunk in hunks(&before, &after) {
            hunk.write(f, &before, &after)?;
        }
        Ok(())
    }
}

pub(super) fn set_version(
    repository: &ClusterRepository,
    cluster: &str,
    version: &KubernetesVersion,
) -> Result<Vec<FileEdit>, RepositoryErrors> {
    let Some(found) = repository.cluster(cluster) else {
        let names = repository.clusters().map(super::RepositoryCluster::name);
        return Err(RepositoryErrors::from(RepositoryError::UnknownCluster {
            path: repository.root.clone(),
            name: cluster.to_owned(),
            suggestion: nearest(cluster, names).map(str::to_owned),
        }));
    };
    let text = version.to_string();
    let mut errors = Vec::new();
    let mut edits: Vec<(usize, FileEdit)> = Vec::new();
    let objects = std::iter::once(found.object())
        .chain(found.control_plane())
        .chain(found.workers());
    let mut changes: Vec<_> = objects.filter_map(|object| change(object, version)).collect();
    // From the end of each file to its beginning, so that an edit does not move the next one.
    changes.sort_by_key(|change| (change.object.file, std::cmp::Reverse(change.start())));
    for change in changes {
        let Some(file) = repository.files.get(change.object.file) else {
            continue;
        };
        let at = change.object.place(&change.path);
        let Some(span) = change.span else {
            errors.push(RepositoryError::NotEditable {
                at,
                path: change.path,
            });
            continue;
        };
        if edits.last().is_none_or(|(file, _)| *file != change.object.file) {
            let edit = FileEdit {
                path: file.path.clone(),
                before: file.text.clone(),
                after: file.text.clone(),
            };
            edits.push((change.object.file, edit));
        }
        let Some((_, edit)) = edits.last_mut() else {
            continue;
        };
        match replace_scalar(&edit.after, span, text.as_str()) {
            Ok(after) => edit.after = after,
            Err(source) => errors.push(replace_error(at, change.path, source)),
        }
    }
    RepositoryErrors::check(errors)?;
    Ok(edits.into_iter().map(|(_, edit)| edit).collect())
}

struct Change<'a> {
    object: &'a RepositoryObject,
    path: FieldPath,
    span: Option<std::ops::Range<usize>>,
}

impl Change<'_> {
    fn start(&self) -> Option<usize> {
        self.span.as_ref().map(|span| span.start)
    }
}

/// What to change in an object; nothing where no version is written or it is that one already.
fn change<'a>(object: &'a RepositoryObject, version: &KubernetesVersion) -> Option<Change<'a>> {
    let path = version_path(object)?;
    let found = object.document.at(&path).and_then(Value::as_str)?;
    let same = found
        .parse()
        .is_ok_and(|found: KubernetesVersion| found == *version);
    (!same).then(|| Change {
        span: object.document.span(&path),
        object,
        path,
    })
}

fn replace_error(at: super::Place, path: FieldPath, source: YamlError) -> RepositoryError {
    match source {
        YamlError::Replace(fleet_core::yaml::ReplaceProblem::NotAlone) => {
            RepositoryError::NotEditable { at, path }
        }
        source => RepositoryError::Replace { at, path, source },
    }
}

/// A new file in the same directory, because only there a rename is one step.
fn create_beside(real: &Path) -> std::io::Result<(PathBuf, fs::File)> {
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let mut attempt = 0_u32;
    loop {
        let beside = real.with_file_name(format!(".{name}.{}-{attempt}.tmp", std::process::id()));
        match fs::OpenOptions::new().write(true).create_new(true).open(&beside) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            opened => return opened.map(|file| (beside, file)),
        }
    }
}

/// Lines that differ, with the context around them. Ranges are of lines from 0.
struct Hunk {
    before: std::ops::Range<usize>,
    after: std::ops::Range<usize>,
    /// The differing lines in it, as pairs of ranges.
    changes: Vec<(std::ops::Range<usize>, std::ops::Range<usize>)>,
}

impl Hunk {
    fn write(&self, f: &mut fmt::Formatter<'_>, before: &[&str], after: &[&str]) -> fmt::Result {
        writeln!(
            f,
            "@@ -{},{} +{},{} @@",
            self.before.start + 1,
            self.before.len(),
            self.after.start + 1,
            self.after.len()
        )?;
        let mut at = self.before.start;
        for (old, new) in &self.changes {
            lines(f, ' ', before, at..old.start)?;
            lines(f, '-', before, old.clone())?;
            lines(f, '+', after, new.clone())?;
            at = old.end;
        }
        lines(f, ' ', before, at..self.before.end)
    }
}

fn lines(
    f: &mut fmt::Formatter<'_>,
    mark: char,
    text: &[&str],
    range: std::ops::Range<usize>,
) -> fmt::Result {
    for line in text.get(range).unwrap_or_default() {
        write!(f, "{mark}{line}")?;
        if !line.ends_with('\n') {
            write!(f, "\n\\ No newline at end of file\n")?;
        }
    }
    Ok(())
}

const CONTEXT: usize = 3;

/// An edit replaces scalars, so lines stand where they stood unless a scalar had several: then one hunk tells all.
fn hunks(before: &[&str], after: &[&str]) -> Vec<Hunk> {
    let mut changes: Vec<(std::ops::Range<usize>, std::ops::Range<usize>)> = Vec::new();
    if before.len() == after.len() {
        for (line, _) in before.iter().zip(after).enumerate().filter(|(_, (a, b))| a != b) {
            changes.push((line..line + 1, line..line + 1));
        }
    } else {
        let same_start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
        let rest = before.len().min(after.len()) - same_start;
        let ends = before.iter().rev().zip(after.iter().rev());
        let same_end = ends.take_while(|(a, b)| a == b).count().min(rest);
        changes.push((
            same_start..before.len() - same_end,
            same_start..after.len() - same_end,
        ));
    }
    let mut hunks: Vec<Hunk> = Vec::new();
    for (old, new) in changes {
        let end = (old.end + CONTEXT).min(before.len());
        let end_after = (new.end + CONTEXT).min(after.len());
        match hunks.last_mut() {
            Some(hunk) if old.start.saturating_sub(CONTEXT) <= hunk.before.end => {
                hunk.before.end = end;
                hunk.after.end = end_after;
                hunk.changes.push((old, new));
            }
            _ => hunks.push(Hunk {
                before: old.start.saturating_sub(CONTEXT)..end,
                after: new.start.saturating_sub(CONTEXT)..end_after,
                changes: vec![(old, new)],
            }),
        }
    }
    hunks
}
