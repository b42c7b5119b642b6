//! A block of codes on its way to the disk.

/// A block of codes, as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    pub number: i32,
    pub first_fingerprint: i64,
    /// Codes separated by line feeds, UTF-8.
    pub codes: Vec<u8>,
}

/// Codes stay out of logs.
impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Block")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
