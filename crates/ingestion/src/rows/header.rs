//! The header row: which of its columns holds the codes.

use domain::{CodeError, LoadFailure, RejectReason, check_code};

use super::fields::Fields;

const COUPON_CODE: &[u8] = b"Coupon Code";

#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    columns: usize,
    code: usize,
}

impl Header {
    /// Exactly one column must be named `Coupon Code`, in any letter case; what stands beside it does not matter.
    pub(super) fn read(fields: Fields<'_>) -> Result<Self, LoadFailure> {
        let named = |field: &[u8]| field.trim_ascii().eq_ignore_ascii_case(COUPON_CODE);
        let mut found = fields.iter().enumerate().filter(|(_, field)| named(field));
        match (found.next(), found.next()) {
            (Some((code, _)), None) => Ok(Self {
                columns: fields.count(),
                code,
            }),
            (None, _) => Err(LoadFailure::NoHeader),
            (Some(_), Some(_)) => Err(LoadFailure::TwoHeaders),
        }
    }

    /// A row's code. A row that ends before the code's column has an empty one.
    #[inline]
    pub(super) fn code_in<'r>(&self, fields: Fields<'r>) -> Result<&'r str, RejectReason> {
        if fields.count() > self.columns {
            return Err(RejectReason::TooManyFields);
        }
        let field = fields.get(self.code).ok_or(CodeError::Empty)?;
        Ok(check_code(field)?)
    }
}
