//! The engine on virtual time: whole runs, restarts at every write, ports that fail, orders from people.

mod faults;
mod fleet;
mod orders;
mod restarts;
mod whole_run;
