//! A Git repository at a revision: its files, and what the two ways of matching them select.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};

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

const MAX_LINKS: usize = 40;
