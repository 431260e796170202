//! The files of a Git tree at a revision, read from the repository's own store: nothing is checked out.

use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::files::{is_manifest_name, is_meant_as_manifest, looks_like_manifest};
use crate::pass::Pass;
use crate::scan::{Scanner, read_all};
use crate::verdict::Report;

/// A Git tree that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// The program `git` cannot be run.
    #[error("git cannot be run in {}; is it installed, and is the directory there?", repository.display())]
    Run {
        /// The repository.
        repository: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The revision is not there.
    #[error("git knows no tree `{revision}` in {}: {message}", repository.display())]
    Revision {
        /// The repository.
        repository: PathBuf,
        /// The revision as it was given.
        revision: String,
        /// What git said.
        message: String,
    },
    /// Git gave up in the middle.
    #[error("git broke off while {} was read", repository.display())]
    Broken {
        /// The repository.
        repository: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Scanner {
    /// Scans the files of a Git repository as they are at a revision: a commit, a branch, a tag.
    ///
    /// Files are named `REVISION:PATH`, as for `git show`. Symbolic links and submodules are not followed; they are counted
    /// among the other files. It runs the program `git`, which knows every format that a repository can have.
    ///
    /// # Errors
    /// When there is no git, no repository or no such revision.
    pub fn scan_git(&self, repository: impl AsRef<Path>, revision: &str) -> Result<Report, GitError> {
        let repository = repository.as_ref();
        let run = |source| GitError::Run {
            repository: repository.to_owned(),
            source,
        };
        let broken = |source| GitError::Broken {
            repository: repository.to_owned(),
            source,
        };
        let listed = git(repository)
            .args(["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", revision])
            .output()
            .map_err(run)?;
        if !listed.status.success() {
            return Err(GitError::Revision {
                repository: repository.to_owned(),
                revision: revision.to_owned(),
                message: String::from_utf8_lossy(&listed.stderr).trim().to_owned(),
            });
        }
        let mut child = git(repository)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(run)?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(broken(io::ErrorKind::BrokenPipe.into()));
        };
        let mut stdout = BufReader::new(stdout);
        let mut pass = Pass::new(self);
        for entry in listed
            .stdout
            .split(|byte| *byte == 0)
            .filter(|entry| !entry.is_empty())
        {
            let entry = String::from_utf8_lossy(entry);
            let Some((head, path)) = entry.split_once('\t') else {
                continue;
            };
            let mut columns = head.split(' ');
            let (mode, _, object) = (columns.next(), columns.next(), columns.next());
            let Some(object) = object.filter(|_| mode.is_some_and(|mode| mode.starts_with("100"))) else {
                pass.sink.summary.other_files += 1;
                continue;
            };
            writeln!(stdin, "{object}").map_err(broken)?;
            blob(&mut pass, revision, path, &mut stdout).map_err(broken)?;
        }
        drop(stdin);
        child.wait().map_err(broken)?;
        Ok(pass.finish())
    }
}

fn git(repository: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).stdin(Stdio::null());
    command
}

fn blob(pass: &mut Pass<'_>, revision: &str, path: &str, stdout: &mut impl BufRead) -> io::Result<()> {
    let mut head = String::new();
    stdout.read_line(&mut head)?;
    let file: Arc<str> = format!("{revision}:{path}").into();
    let Some(size) = head
        .trim_end()
        .rsplit(' ')
        .next()
        .and_then(|size| size.parse::<u64>().ok())
    else {
        pass.unreadable(&file, &io::Error::other("its content is not in the repository"));
        return Ok(());
    };
    let mut content = stdout.by_ref().take(size);
    let mut beginning = Vec::new();
    content.by_ref().take(4096).read_to_end(&mut beginning)?;
    pass.is_manifest = is_meant_as_manifest(Path::new(path));
    if is_manifest_name(Path::new(path)) || looks_like_manifest(&beginning) {
        pass.sink.summary.files += 1;
        if let Err(error) = read_all(pass, &file, beginning.as_slice().chain(content.by_ref())) {
            pass.unreadable(&file, &error);
        }
    } else {
        pass.sink.summary.other_files += 1;
    }
    io::copy(&mut content, &mut io::sink())?;
    stdout.read_exact(&mut [0])
}
