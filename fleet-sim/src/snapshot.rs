//! A hub's whole state in one file: written in one piece, refused when it is not what was written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cluster_api::mix;
use crate::entropy::{Entropy, SavedEntropy};
use crate::resources::{Registry, read_definition};
use crate::state::State;
use crate::store::{ResourceKey, SavedStore, Store};

/// The first words of every snapshot; a number follows.
const MAGIC: &str = "fleet-sim snapshot";
/// Goes up when an older reader could not read what a newer one writes.
const VERSION: u64 = 1;

/// Why a hub could not be saved or brought back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file could not be read or written.
    #[error("cannot {action} the snapshot {path}", path = path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file is something else.
    #[error(
        "{path} is not a snapshot: it does not begin with `{MAGIC}`; name a file that Hub::save wrote",
        path = path.display()
    )]
    NotASnapshot {
        /// Which file.
        path: PathBuf,
    },
    /// The file comes from a newer fleet-sim.
    #[error(
        "{path} has snapshot format {found}, this fleet-sim reads up to {VERSION}; use the one that wrote it or a newer one",
        path = path.display()
    )]
    Version {
        /// Which file.
        path: PathBuf,
        /// The format it has.
        found: u64,
    },
    /// The file is not whole, or was changed.
    #[error("{path} is damaged: {found}; restore it from a copy or save the hub again", path = path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What does not hold.
        found: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SavedHub {
    now: Timestamp,
    create_namespaces: bool,
    entropy: SavedEntropy,
    store: SavedStore,
}

/// Writes a hub's state: beside the file first, then in its place, so that there is always a whole one.
pub(crate) fn save(path: &Path, state: &State, now: Timestamp) -> Result<(), SnapshotError> {
    let saved = SavedHub {
        now,
        create_namespaces: state.create_namespaces,
        entropy: state.entropy.save(),
        store: state.store.save(),
    };
    let io = |source| SnapshotError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    };
    let body = serde_json::to_string(&saved).map_err(|error| io(error.into()))?;
    let head = format!(
        "{MAGIC} {VERSION} {} {:016x}\n",
        body.len(),
        mix(VERSION, &[&body])
    );
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = create(&beside)
        .and_then(|mut file| {
            file.write_all(head.as_bytes())?;
            file.write_all(body.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        // What is left of it helps nobody.
        let _ = fs::remove_file(&beside);
        io(error)
    })
}

/// Secrets are in it: nobody else may read it.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Reads a hub's state and the time it was saved at.
pub(crate) fn load(path: &Path) -> Result<(State, Timestamp), SnapshotError> {
    let bytes = fs::read(path).map_err(|source| SnapshotError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    let body = body(path, &bytes)?;
    let damaged = |found: String| SnapshotError::Damaged {
        path: path.to_owned(),
        found,
    };
    let saved: SavedHub = serde_json::from_str(body).map_err(|error| damaged(error.to_string()))?;
    let store = Store::restore(saved.store).map_err(damaged)?;
    let state = State {
        types: types(&store).map_err(damaged)?,
        store,
        entropy: Entropy::restore(&saved.entropy).map_err(damaged)?,
        create_namespaces: saved.create_namespaces,
    };
    Ok((state, saved.now))
}

/// What follows the first line, if it is whole and unchanged.
fn body<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b str, SnapshotError> {
    let path = || path.to_owned();
    let Some(rest) = bytes.strip_prefix(MAGIC.as_bytes()) else {
        return Err(SnapshotError::NotASnapshot { path: path() });
    };
    let damaged = |found: String| SnapshotError::Damaged { path: path(), found };
    let text = std::str::from_utf8(rest).map_err(|error| damaged(error.to_string()))?;
    let (head, body) = text.split_once('\n').unwrap_or((text, ""));
    let mut words = head.split_ascii_whitespace();
    let version: Option<u64> = words.next().and_then(|word| word.parse().ok());
    match version {
        Some(VERSION) => {}
        Some(found) => return Err(SnapshotError::Version { path: path(), found }),
        None => return Err(damaged("its first line names no format".to_owned())),
    }
    let length: Option<usize> = words.next().and_then(|word| word.parse().ok());
    let sum = words.next().and_then(|word| u64::from_str_radix(word, 16).ok());
    let (Some(length), Some(sum)) = (length, sum) else {
        return Err(damaged("its first line tells no length and checksum".to_owned()));
    };
    if body.len() != length {
        return Err(damaged(format!("it holds {} bytes of {length}", body.len())));
    }
    if mix(VERSION, &[body]) != sum {
        return Err(damaged("its checksum does not fit its content".to_owned()));
    }
    Ok(body)
}

/// The resources that the stored definitions define.
fn types(store: &Store) -> Result<Registry, String> {
    let mut types = Registry::with_built_ins();
    let definitions = ResourceKey::new("apiextensions.k8s.io", "customresourcedefinitions");
    for stored in store.list(&definitions, None, None) {
        let resource = read_definition(&stored.value());
        types.install(resource.map_err(|_| format!("the definition {} cannot be served", stored.name()))?);
    }
    Ok(types)
}
