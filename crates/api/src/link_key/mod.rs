//! What links that open without credentials are signed with: one file per verb.

pub(crate) mod rotate;
