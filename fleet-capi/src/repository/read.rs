//! From a directory to files, from files to documents.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use fleet_core::yaml::{
    DecodeProblem, Document, DuplicateKeys, FieldPath, Misfit, MisfitProblem, Position, ReadOptions,
    documents_with, nearest,
};
use serde_json::Value;

use super::error::{Place, RepositoryError};
use super::options::{RepositoryOptions, UnknownFields, UnknownKinds};
use super::shapes::{may_be_secret, shape_of};
use super::{RepositoryObject, TOP};
use crate::{Object, ObjectError};

/// A file of the repository as it was read.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    /// As reached from the path that was opened.
    pub(super) path: PathBuf,
    /// Which cluster directory it lies in.
    pub(super) directory: usize,
    pub(super) text: String,
}

/// Everything that was read, good or not.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) directories: Vec<PathBuf>,
    pub(super) files: Vec<SourceFile>,
    pub(super) objects: Vec<RepositoryObject>,
    pub(super) errors: Vec<RepositoryError>,
    /// Something could not be read at all, so that what seems to be missing may be there.
    pub(super) incomplete: bool,
}

impl Contents {
    pub(super) fn read(root: &Path, options: &RepositoryOptions) -> Self {
        let mut contents = Self::default();
        match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => contents.read_root(root, options),
            Ok(_) => contents.lose(RepositoryError::NotADirectory {
                path: root.to_owned(),
            }),
            Err(source) => contents.lose(io(root, source)),
        }
        contents
    }

    fn read_root(&mut self, root: &Path, options: &RepositoryOptions) {
        let Some(real_root) = self.accept(root, fs::canonicalize(root)) else {
            return;
        };
        for path in self.entries(root) {
            let Some(metadata) = self.accept(&path, fs::symlink_metadata(&path)) else {
                continue;
            };
            let mut is_directory = metadata.is_dir();
            if metadata.is_symlink() {
                match inside(&path, &real_root, "directory") {
                    Ok(real) => is_directory = real.is_dir(),
                    Err(error) => {
                        self.lose(error);
                        continue;
                    }
                }
            }
            if is_directory {
                self.read_directory(path, &real_root, options);
            } else if is_manifest(&path) {
                self.errors.push(RepositoryError::OutsideCluster { file: path });
            }
        }
    }

    fn read_directory(&mut self, directory: PathBuf, real_root: &Path, options: &RepositoryOptions) {
        let index = self.directories.len();
        for path in self
            .entries(&directory)
            .into_iter()
            .filter(|path| is_manifest(path))
        {
            match read_file(&path, real_root, options) {
                Ok(text) => {
                    let file = SourceFile {
                        path,
                        directory: index,
                        text,
                    };
                    self.read_documents(&file, options);
                    self.files.push(file);
                }
                Err(error) => self.lose(error),
            }
        }
        self.directories.push(directory);
    }

    /// The visible entries of a directory in the order of their names' bytes, whatever the file system gives.
    fn entries(&mut self, directory: &Path) -> Vec<PathBuf> {
        let Some(entries) = self.accept(directory, fs::read_dir(directory)) else {
            return Vec::new();
        };
        let mut names = Vec::new();
        for entry in entries {
            if let Some(entry) = self.accept(directory, entry) {
                names.push(entry.file_name());
            }
        }
        names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
        names.sort();
        names.into_iter().map(|name| directory.join(name)).collect()
    }

    fn read_documents(&mut self, file: &SourceFile, options: &RepositoryOptions) {
        let mut yaml = ReadOptions::default();
        // kubectl and the API server refuse them too: which of the two was meant is anyone's guess.
        yaml.duplicate_keys = DuplicateKeys::Refuse;
        let documents = match documents_with(&file.text, &yaml) {
            Ok(documents) => documents,
            Err(source) => {
                let at = Place {
                    file: file.path.clone(),
                    position: source.position().unwrap_or(TOP),
                };
                return self.lose(RepositoryError::NotYaml { at, source });
            }
        };
        for document in documents {
            let at = |path: &FieldPath| Place {
                file: file.path.clone(),
                position: document.position(path).unwrap_or(TOP),
            };
            let text = |pointer: &str| document.value().pointer(pointer).and_then(Value::as_str);
            let missing = [
                ("/apiVersion", "apiVersion"),
                ("/kind", "kind"),
                ("/metadata/name", "metadata.name"),
            ]
            .into_iter()
            .find(|(pointer, _)| text(pointer).is_none_or(str::is_empty));
            if let Some((_, field)) = missing {
                let at = at(&FieldPath::root());
                self.lose(RepositoryError::NotAnObject { at, field });
                continue;
            }
            let api_version = text("/apiVersion").unwrap_or_default();
            let kind = text("/kind").unwrap_or_default();
            let mut object = None;
            if let Some(shape) = shape_of(api_version, kind) {
                let before = self.errors.len();
                let keep_unknown = options.unknown_fields == UnknownFields::Keep;
                let misfits = shape.misfits(&document, |path| may_be_secret(kind, path));
                let misfits = misfits.into_iter().filter(|misfit| {
                    !(keep_unknown && matches!(misfit.problem, MisfitProblem::Unknown { .. }))
                });
                self.errors
                    .extend(misfits.map(|misfit| misfit_error(misfit, &file.path, kind)));
                match Object::decode(&document) {
                    Ok(read) => object = Some(read),
                    // The shape has said it better, and with its place.
                    Err(_) if self.errors.len() > before => {}
                    Err(error) => self.errors.push(unreadable(&document, file, kind, error)),
                }
            } else if options.unknown_kinds == UnknownKinds::Refuse {
                let error = RepositoryError::UnknownKind {
                    at: at(&FieldPath::root().field("kind")),
                    api_version: api_version.to_owned(),
                    kind: kind.to_owned(),
                    suggestion: similar_kind(api_version, kind),
                };
                self.lose(error);
            }
            let owned = |pointer: &str| text(pointer).unwrap_or_default().to_owned();
            self.objects.push(RepositoryObject {
                file: self.files.len(),
                path: file.path.clone(),
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
                namespace: owned("/metadata/namespace"),
                name: owned("/metadata/name"),
                object,
                document,
            });
        }
    }

    fn accept<T>(&mut self, path: &Path, result: std::io::Result<T>) -> Option<T> {
        result.map_err(|source| self.lose(io(path, source))).ok()
    }

    fn lose(&mut self, error: RepositoryError) {
        self.incomplete = true;
        self.errors.push(error);
    }
}

/// Whether a file is to be read. A `kustomization.yaml` says how others are put together; it is no manifest.
fn is_manifest(path: &Path) -> bool {
    let is_yaml = path.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")
    });
    let is_kustomization = path
        .file_stem()
        .is_some_and(|stem| stem.eq_ignore_ascii_case("kustomization"));
    is_yaml && !is_kustomization
}

fn read_file(path: &Path, real_root: &Path, options: &RepositoryOptions) -> Result<String, RepositoryError> {
    let link = fs::symlink_metadata(path).map_err(|source| io(path, source))?;
    let metadata = if link.is_symlink() {
        fs::metadata(inside(path, real_root, "file")?).map_err(|source| io(path, source))?
    } else {
        link
    };
    // A pipe or a device would make reading wait for ever.
    if !metadata.is_file() {
        return Err(RepositoryError::NotAFile {
            path: path.to_owned(),
        });
    }
    let too_large = |found| RepositoryError::TooLarge {
        path: path.to_owned(),
        found,
        limit: options.max_file_bytes,
    };
    if metadata.len() > options.max_file_bytes {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)
        // A file may grow between looking and reading.
        .and_then(|file| {
            file.take(options.max_file_bytes.saturating_add(1))
                .read_to_end(&mut bytes)
        })
        .map_err(|source| io(path, source))?;
    if bytes.len() as u64 > options.max_file_bytes {
        return Err(too_large(bytes.len() as u64));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(error.as_bytes().get(..good).unwrap_or_default());
        let (above, beside) = before.rsplit_once('\n').map_or((0, &*before), |(above, beside)| {
            (above.split('\n').count(), beside)
        });
        RepositoryError::NotUtf8 {
            at: Place {
                file: path.to_owned(),
                position: Position {
                    line: above as u64 + 1,
                    column: beside.chars().count() as u64 + 1,
                },
            },
        }
    })
}

/// Where a symbolic link leads, if that is below the root and not the way back up.
fn inside(path: &Path, real_root: &Path, expected: &'static str) -> Result<PathBuf, RepositoryError> {
    let refuse = |target| RepositoryError::Link {
        path: path.to_owned(),
        target,
        expected,
    };
    let Ok(real) = fs::canonicalize(path) else {
        // It leads to itself, or to nothing.
        return Err(refuse(fs::read_link(path).map_err(|source| io(path, source))?));
    };
    if real == real_root || !real.starts_with(real_root) {
        return Err(refuse(real));
    }
    Ok(real)
}

fn io(path: &Path, source: std::io::Error) -> RepositoryError {
    RepositoryError::Io {
        path: path.to_owned(),
        source,
    }
}

fn unreadable(document: &Document, file: &SourceFile, kind: &str, error: ObjectError) -> RepositoryError {
    let (path, position, problem) = match error {
        ObjectError::Document { source, .. } => {
            (source.path().clone(), source.position(), source.problem().clone())
        }
        ObjectError::Field { path, source, .. } => {
            let position = document.position(&path).unwrap_or(TOP);
            (path, position, *source)
        }
        other => (
            FieldPath::root(),
            document.start(),
            DecodeProblem::Invalid {
                message: other.to_string(),
            },
        ),
    };
    RepositoryError::Field {
        at: Place {
            file: file.path.clone(),
            position,
        },
        problem: if may_be_secret(kind, &path) {
            DecodeProblem::Invalid {
                message: "the value does not fit; it is not shown, for it may be a secret".to_owned(),
            }
        } else {
            problem
        },
        path,
    }
}

fn misfit_error(misfit: Misfit, file: &Path, kind: &str) -> RepositoryError {
    let Misfit {
        path,
        position,
        problem,
        ..
    } = misfit;
    let at = Place {
        file: file.to_owned(),
        position: position.unwrap_or(TOP),
    };
    match problem {
        MisfitProblem::Unknown { suggestion } => RepositoryError::UnknownField {
            at,
            path,
            kind: kind.to_owned(),
            suggestion,
        },
        MisfitProblem::Missing { expected } => RepositoryError::MissingField {
            at,
            path,
            expected: expected.to_owned(),
        },
        MisfitProblem::WrongType { found, expected } => RepositoryError::WrongType {
            at,
            path,
            found,
            expected: expected.to_owned(),
        },
        other => RepositoryError::Field {
            at,
            path,
            problem: DecodeProblem::Invalid {
                message: format!("{other:?}"),
            },
        },
    }
}

/// The kind that was probably meant: another spelling, or another version of the API.
fn similar_kind(api_version: &str, kind: &str) -> Option<String> {
    if let Some(known) = Object::KINDS.iter().rev().find(|known| known.kind == kind) {
        // The newest.
        return Some(format!("{} {kind}", known.api_version));
    }
    let kind = nearest(kind, Object::KINDS.iter().map(|known| known.kind))?;
    let of_kind = || Object::KINDS.iter().filter(|known| known.kind == kind);
    let same_version = of_kind().find(|known| known.api_version == api_version);
    let known = same_version.or_else(|| of_kind().next_back())?;
    Some(format!("{} {}", known.api_version, known.kind))
}
