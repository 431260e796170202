//! A Git repository at a revision: its files, and what the two ways of matching them select.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io, thread};

use serde::{Deserialize, Serialize};

use super::source::{FailureKind, SourceFailure};

/// The files of a repository at a revision, by path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GitTree {
    entries: BTreeMap<String, GitEntry>,
}

/// A file of a repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum GitEntry {
    /// A file with its text.
    File(String),
    /// A symbolic link with its target.
    Symlink(String),
}

impl GitTree {
    /// A repository with these files.
    pub fn new<P: Into<String>, C: Into<String>>(files: impl IntoIterator<Item = (P, C)>) -> Self {
        Self {
            entries: files
                .into_iter()
                .map(|(path, text)| (path.into(), GitEntry::File(text.into())))
                .collect(),
        }
    }

    /// Adds a symbolic link.
    pub fn with_symlink(mut self, path: impl Into<String>, target: impl Into<String>) -> Self {
        self.entries.insert(path.into(), GitEntry::Symlink(target.into()));
        self
    }

    /// Reads a directory as a checked-out repository: every file but those of `.git`, symbolic links as they are.
    ///
    /// Bytes that are no UTF-8 are replaced; such files give no parameters.
    ///
    /// # Errors
    /// The directory or a file in it cannot be read. Nothing is left out in silence.
    pub fn from_directory(root: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.add_directory(root, "")?;
        Ok(tree)
    }

    fn add_directory(&mut self, directory: &Path, prefix: &str) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let path = format!("{prefix}{}", name.to_string_lossy());
            let kind = entry.file_type()?;
            if kind.is_symlink() {
                let target = fs::read_link(entry.path())?;
                self.entries
                    .insert(path, GitEntry::Symlink(target.to_string_lossy().into_owned()));
            } else if kind.is_dir() {
                if path != ".git" {
                    self.add_directory(&entry.path(), &format!("{path}/"))?;
                }
            } else if kind.is_file() {
                let text = String::from_utf8_lossy(&fs::read(entry.path())?).into_owned();
                self.entries.insert(path, GitEntry::File(text));
            }
        }
        Ok(())
    }

    /// Reads a repository, cloned or bare, at a revision, with the `git` of this machine. Nothing is checked out.
    ///
    /// A branch is looked for as it is and below `origin/`; an empty revision is `HEAD`. Submodules are not entered.
    ///
    /// # Errors
    /// There is no such repository or revision, or `git` cannot be run.
    pub fn at_revision(repository: &Path, revision: &str) -> Result<Self, SourceFailure> {
        let revision = if revision.is_empty() { "HEAD" } else { revision };
        let commit = [revision.to_owned(), format!("origin/{revision}")]
            .iter()
            .find_map(|name| {
                let name = format!("{name}^{{commit}}");
                run(
                    repository,
                    &["rev-parse", "--verify", "--quiet", "--end-of-options", &name],
                    b"",
                )
                .ok()
            })
            .ok_or_else(|| {
                SourceFailure::new(
                    FailureKind::NotFound,
                    format!(
                        "unable to resolve git revision {revision} in {}",
                        repository.display()
                    ),
                )
            })?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        let listed = run(repository, &["ls-tree", "-r", "-z", "--full-tree", &commit], b"")?;
        // MODE TYPE OBJECT, a tab, PATH; of each the blob is asked for in one go.
        let mut files = Vec::new();
        let mut asked = Vec::new();
        for entry in listed.split(|byte| *byte == 0) {
            let text = String::from_utf8_lossy(entry);
            let Some((about, path)) = text.split_once('\t') else {
                continue;
            };
            let [mode, "blob", object] = about.split(' ').collect::<Vec<_>>()[..] else {
                continue;
            };
            asked.extend_from_slice(object.as_bytes());
            asked.push(b'\n');
            files.push((path.to_owned(), mode == LINK_MODE));
        }
        let contents = run(repository, &["cat-file", "--batch"], &asked)?;
        let mut rest = contents.as_slice();
        let mut tree = Self::default();
        for (path, is_link) in files {
            let blob = next_blob(&mut rest).ok_or_else(|| {
                SourceFailure::new(
                    FailureKind::Garbage,
                    format!("git gave no content for {path} at {commit}"),
                )
            })?;
            let text = String::from_utf8_lossy(blob).into_owned();
            let entry = if is_link {
                GitEntry::Symlink(text)
            } else {
                GitEntry::File(text)
            };
            tree.entries.insert(path, entry);
        }
        Ok(tree)
    }

    /// The files and links, by path.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &GitEntry)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// All directories: entries by name, a parent before what is in it. Hidden ones only if asked for.
    pub(crate) fn directories(&self, hidden: bool) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for path in self.entries.keys() {
            for (end, _) in path.match_indices('/') {
                let directory = &path[..end];
                if hidden || !directory.split('/').any(|name| name.starts_with('.')) {
                    found.push(directory);
                }
            }
        }
        found.sort_by(|a, b| a.split('/').cmp(b.split('/')));
        found.dedup();
        found
    }

    pub(crate) fn is_directory(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        self.entries
            .range(prefix.clone()..)
            .next()
            .is_some_and(|(next, _)| next.starts_with(&prefix))
    }

    /// The text of a file, through links that stay inside the repository.
    pub(crate) fn read(&self, path: &str) -> Result<&str, ReadProblem> {
        let mut at = path.to_owned();
        for _ in 0..MAX_LINKS {
            match self.entries.get(&at) {
                Some(GitEntry::File(text)) => return Ok(text),
                Some(GitEntry::Symlink(target)) => {
                    at = resolve(&at, target).ok_or(ReadProblem::Outside)?;
                }
                None if self.is_directory(&at) => return Err(ReadProblem::Directory),
                None => return Err(ReadProblem::Missing),
            }
        }
        Err(ReadProblem::Loop)
    }
}

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadProblem {
    Directory,
    Missing,
    Loop,
    Outside,
}

impl ReadProblem {
    /// What the operating system says.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Directory => "is a directory",
            Self::Missing => "no such file or directory",
            Self::Loop => "too many levels of symbolic links",
            Self::Outside => "the link leaves the repository",
        }
    }
}

/// Where a link in the repository points to, if that is in the repository.
fn resolve(link: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = link.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The next object of `git cat-file --batch`: `OBJECT TYPE SIZE`, a line end, that many bytes, a line end.
fn next_blob<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let header = std::str::from_utf8(&rest[..end]).ok()?;
    let size: usize = header.rsplit(' ').next()?.parse().ok()?;
    let blob = rest.get(end + 1..end + 1 + size)?;
    *rest = rest.get(end + 2 + size..)?;
    Some(blob)
}

/// Runs git on a repository, without prompts and without the user's hooks or configuration of the system.
fn run(repository: &Path, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, SourceFailure> {
    let unavailable = |error: io::Error| {
        SourceFailure::new(FailureKind::Unavailable, format!("git cannot be run: {error}"))
    };
    let mut child = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(unavailable)?;
    let output = thread::scope(|scope| {
        // Written beside reading: both pipes may fill up.
        if let Some(mut stdin) = child.stdin.take() {
            scope.spawn(move || stdin.write_all(input));
        }
        child.wait_with_output()
    })
    .map_err(unavailable)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(SourceFailure::new(
        FailureKind::NotFound,
        format!("{}: {words}", repository.display()),
    ))
}

/// How git marks a symbolic link.
const LINK_MODE: &str = "120000";
const MAX_LINKS: usize = 40;
