//! Files and directories, read by as many threads as there are cores.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::finding::{Finding, ObjectRef, Place};
use crate::pass::{Pass, Sink};
use crate::rules;
use crate::scan::Scanner;
use crate::text::chunk::{Chunk, Chunker};
use crate::verdict::Report;

/// How many pieces of large files may wait for a thread.
const WAITING: usize = 2;

impl Scanner {
    /// Scans files and directories. What cannot be read is a finding; symbolic links are followed once.
    ///
    /// A file that is named is always read; in directories, `.git` is passed over, and so are files that are no manifests by
    /// their name and do not look like one inside. They are counted. In programs and documentation that speak of manifests, what is no
    /// YAML is no finding; the old versions in it are.
    pub fn scan_paths<P: AsRef<Path>>(&self, paths: impl IntoIterator<Item = P>) -> Report {
        let queue = Queue::new(paths.into_iter().map(|path| path.as_ref().to_owned()).collect());
        let kept = Arc::default();
        let passes: Vec<Sink> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..self.threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut pass = Pass::beside(self, Arc::clone(&kept));
                        while let Some(job) = queue.next(&mut pass) {
                            job.run(&queue, &mut pass);
                            queue.done();
                        }
                        pass.sink
                    })
                })
                .collect();
            handles
                .into_iter()
                .filter_map(|handle| handle.join().ok())
                .collect()
        });
        let mut whole = Sink::default();
        for sink in passes {
            whole.merge(sink);
        }
        whole.into_report(self)
    }
}

enum Job {
    File { path: PathBuf, named: bool },
    Piece(Waiting),
}

struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    chunks: Vec<Waiting>,
    /// The memory of pieces that are done with.
    spare: Vec<String>,
    walk: Walk,
    /// Jobs that are being run, and so may still add chunks.
    running: usize,
}

/// A piece of a large file that waits for a thread.
struct Waiting {
    file: Arc<str>,
    chunk: Chunk,
    is_manifest: bool,
}

struct Walk {
    /// Paths that were named, the next one last.
    named: Vec<PathBuf>,
    /// Directories that are being read, with their canonical paths: a link back to one is a loop.
    open: Vec<(fs::ReadDir, PathBuf)>,
}

impl Queue {
    fn new(mut named: Vec<PathBuf>) -> Self {
        named.reverse();
        Self {
            state: Mutex::new(State {
                chunks: Vec::new(),
                spare: Vec::new(),
                walk: Walk {
                    named,
                    open: Vec::new(),
                },
                running: 0,
            }),
            changed: Condvar::new(),
        }
    }

    fn next(&self, pass: &mut Pass<'_>) -> Option<Job> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(piece) = state.chunks.pop() {
                state.running += 1;
                return Some(Job::Piece(piece));
            }
            if let Some((path, named)) = state.walk.next(pass) {
                state.running += 1;
                return Some(Job::File { path, named });
            }
            if state.running == 0 {
                self.changed.notify_all();
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running -= 1;
        if state.running == 0 {
            self.changed.notify_all();
        }
    }

    /// Leaves a piece to another thread; gives it back when enough are waiting. And memory that is free again.
    fn offer(&self, piece: Waiting, chunker: &mut Chunker<File>) -> Option<Chunk> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.spare.drain(..).for_each(|text| chunker.reuse(text));
        if state.chunks.len() >= WAITING {
            return Some(piece.chunk);
        }
        state.chunks.push(piece);
        self.changed.notify_one();
        None
    }
}

impl Walk {
    fn next(&mut self, pass: &mut Pass<'_>) -> Option<(PathBuf, bool)> {
        loop {
            if let Some((entries, _)) = self.open.last_mut() {
                match entries.next() {
                    None => {
                        self.open.pop();
                    }
                    Some(Err(error)) => pass.unreadable(&"directory".into(), &error),
                    Some(Ok(entry)) => {
                        if entry.file_name() != ".git"
                            && let Some(path) = self.enter(entry.path(), pass)
                        {
                            return Some((path, false));
                        }
                    }
                }
            } else {
                let path = self.named.pop()?;
                if let Some(path) = self.enter(path, pass) {
                    return Some((path, true));
                }
            }
        }
    }

    /// A file is returned, a directory opened.
    fn enter(&mut self, path: PathBuf, pass: &mut Pass<'_>) -> Option<PathBuf> {
        let name: Arc<str> = path.to_string_lossy().into();
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => {
                pass.unreadable(&name, &error);
                return None;
            }
        };
        if metadata.is_file() {
            return Some(path);
        }
        if !metadata.is_dir() {
            let error = io::Error::other("neither a file nor a directory");
            pass.unreadable(&name, &error);
            return None;
        }
        match fs::canonicalize(&path).and_then(|real| Ok((fs::read_dir(&path)?, real))) {
            Ok((_, real)) if self.open.iter().any(|(_, open)| *open == real) => {
                pass.sink.summary.unreadable += 1;
                let message = "a symbolic link to a directory that it lies in: not followed";
                pass.report(Finding::new(
                    &rules::UNREADABLE,
                    Place::whole(name),
                    ObjectRef::default(),
                    message,
                ));
            }
            Ok(opened) => self.open.push(opened),
            Err(error) => pass.unreadable(&name, &error),
        }
        None
    }
}

impl Job {
    fn run(self, queue: &Queue, pass: &mut Pass<'_>) {
        match self {
            Self::Piece(Waiting {
                file,
                chunk,
                is_manifest,
            }) => {
                pass.is_manifest = is_manifest;
                pass.chunk(&file, &chunk);
                let mut state = queue.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.spare.push(chunk.text);
            }
            Self::File { path, named } => {
                let file: Arc<str> = path.to_string_lossy().into();
                if let Err(error) = read(&path, named, &file, queue, pass) {
                    pass.unreadable(&file, &error);
                }
            }
        }
    }
}

fn read(path: &Path, named: bool, file: &Arc<str>, queue: &Queue, pass: &mut Pass<'_>) -> io::Result<()> {
    let mut handle = File::open(path)?;
    if !named && is_kept_original(path) {
        pass.sink.summary.other_files += 1;
        return Ok(());
    }
    if !named && !is_manifest_name(path) && !looks_like_manifest(&beginning(&mut handle)?) {
        pass.sink.summary.other_files += 1;
        return Ok(());
    }
    let is_manifest = named || is_meant_as_manifest(path);
    pass.is_manifest = is_manifest;
    pass.sink.summary.files += 1;
    let mut chunker = Chunker::new(handle);
    let mut next = chunker.next()?;
    while let Some(chunk) = next {
        next = chunker.next()?;
        // The last piece is done here: nearly every file has only one.
        let own = if next.is_some() {
            let file = Arc::clone(file);
            queue.offer(
                Waiting {
                    file,
                    chunk,
                    is_manifest,
                },
                &mut chunker,
            )
        } else {
            Some(chunk)
        };
        if let Some(chunk) = own {
            pass.chunk(file, &chunk);
            chunker.reuse(chunk.text);
        }
    }
    Ok(())
}

/// Every file under the paths, with whether it was named; what cannot be entered is reported to the pass.
pub(crate) fn each_file(paths: Vec<PathBuf>, pass: &mut Pass<'_>, mut take: impl FnMut(&Path, bool)) {
    let mut walk = Queue::new(paths)
        .state
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .walk;
    while let Some((path, named)) = walk.next(pass) {
        take(&path, named);
    }
}

/// What [`FileFix::write`](crate::FileFix::write) keeps: it is old by design.
pub(crate) fn is_kept_original(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy())
        .unwrap_or_default();
    name.ends_with(".orig")
        || name
            .rsplit_once(".orig.")
            .is_some_and(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()))
}

pub(crate) fn is_manifest_name(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_ascii_lowercase());
    let name = name.as_deref().unwrap_or("");
    [".yaml", ".yml", ".json", ".yaml.gz", ".yml.gz", ".json.gz"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Whether a file that looks like a manifest is meant as one: by its name, as a template, or because its name says nothing. In others (a
/// program, documentation) a manifest is an example, and that the rest is no YAML is no wonder.
pub(crate) fn is_meant_as_manifest(path: &Path) -> bool {
    const TEMPLATES: [&str; 5] = ["tpl", "tmpl", "gotmpl", "template", "j2"];
    is_manifest_name(path)
        || path.extension().is_none_or(|extension| {
            TEMPLATES
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
        })
}

/// Whether a file with another name holds a manifest all the same, by its beginning. Binary files without such a name are none.
pub(crate) fn looks_like_manifest(beginning: &[u8]) -> bool {
    memchr::memmem::find(beginning, b"apiVersion").is_some()
}

fn beginning(file: &mut File) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(4096);
    Read::by_ref(file).take(4096).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(head)
}
