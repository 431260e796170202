//! Standard output that nobody has to read to its end.

use std::io::{self, ErrorKind, Write};

/// Standard output for as long as somebody reads it. What is written after (`recover | head -n 1`) is dropped: the program
/// goes on, and its exit status says what it found. Any other error, a full disk for one, is an error.
///
/// ```
/// use std::io::Write as _;
///
/// writeln!(fleet_examples::stdout(), "done")?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn stdout() -> UntilClosed<io::Stdout> {
    UntilClosed::new(io::stdout())
}

/// A writer whose reader may go.
#[derive(Debug)]
pub struct UntilClosed<W> {
    out: W,
    is_closed: bool,
}

impl<W: Write> UntilClosed<W> {
    /// Writes to this until its reader goes.
    pub fn new(out: W) -> Self {
        Self {
            out,
            is_closed: false,
        }
    }

    /// Whether the reader has gone: whoever answers without end stops here.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    fn unless_closed<T>(&mut self, done: io::Result<T>, dropped: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(dropped)
            }
            done => done,
        }
    }
}

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        let done = self.out.write(bytes);
        self.unless_closed(done, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let done = self.out.flush();
        self.unless_closed(done, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many writes, and then fails.
    struct Reader(usize, ErrorKind);

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(self.1.into());
            }
            self.0 -= 1;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_goes_is_no_failure_and_a_full_disk_is() {
        let mut out = UntilClosed::new(Reader(1, ErrorKind::BrokenPipe));
        out.write_all(b"read").unwrap();
        assert!(!out.is_closed());
        out.write_all(b"not read").unwrap();
        out.write_all(b"nor this").unwrap();
        out.flush().unwrap();
        assert!(out.is_closed());

        let mut full = UntilClosed::new(Reader(0, ErrorKind::StorageFull));
        let error = full.write_all(b"lost").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }
}
