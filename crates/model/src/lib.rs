//! The allocator as docs/ALLOCATIONS.md tells it: one list, its tables, and the calls that are under way.
//!
//! It was written from the documents and shares nothing with the SQL, so it is a second judgement. Its tests look at every
//! state that a few calls can bring about, whatever is cut in between; `storage` drives it and the real functions with
//! the same steps and compares.

mod call;
mod change;
mod rules;
mod tables;
mod world;

pub use call::{Answer, Call, Request, Stage};
pub use change::Change;
pub use rules::{Defect, Rules};
pub use tables::{Code, Key, Position, Status, Tables};
pub use world::World;
