//! The header row: which of its columns holds the codes.

use domain::{CodeError, LoadFailure, RejectReason, check_code, is_unseen};

use super::fields::{Fields, is_blank};

/// `Coupon Code`, in any letter case and with whatever blanks.
pub(super) fn is_coupon_code(field: &[u8]) -> bool {
    let Ok(field) = str::from_utf8(field) else {
        return false;
    };
    let words = field.split(is_unseen).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).eq(["coupon", "code"])
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    columns: usize,
    code: usize,
}

impl Header {
    /// Exactly one column must be named `Coupon Code`; what stands beside it does not matter.
    pub(super) fn read(fields: Fields<'_>) -> Result<Self, LoadFailure> {
        let mut found = fields
            .iter()
            .enumerate()
            .filter(|(_, field)| is_coupon_code(field));
        match (found.next(), found.next()) {
            (Some((code, _)), None) => Ok(Self {
                columns: fields.count(),
                code,
            }),
            (None, _) => Err(LoadFailure::NoHeader),
            (Some(_), Some(_)) => Err(LoadFailure::TwoHeaders),
        }
    }

    /// What stands in a row where its code should.
    pub(super) fn field<'r>(&self, fields: Fields<'r>) -> &'r [u8] {
        fields.get(self.code).unwrap_or_default()
    }

    /// A row's code. A row that ends before the code's column has an empty one; empty fields at the end, which
    /// spreadsheets append, are no reason to leave a row out.
    #[inline]
    pub(super) fn code_in<'r>(&self, fields: Fields<'r>) -> Result<&'r str, RejectReason> {
        if fields.count() > self.columns && !fields.iter().skip(self.columns).all(is_blank) {
            return Err(RejectReason::TooManyFields);
        }
        let field = fields.get(self.code).ok_or(CodeError::Empty)?;
        let code = check_code(field)?;
        if is_spreadsheet_number(code) {
            return Err(RejectReason::SpreadsheetNumber);
        }
        Ok(code)
    }
}

/// `1.23457E+15`, as a spreadsheet writes a long number: its other digits are lost, and many codes have become this one.
/// `12E5` and `1E+15` may be codes.
#[inline]
fn is_spreadsheet_number(code: &str) -> bool {
    // Nearly every code has no sign before its last two or three bytes, and is not looked at further.
    let from_end = |count| {
        code.len()
            .checked_sub(count)
            .and_then(|at| code.as_bytes().get(at))
    };
    (from_end(3) == Some(&b'+') || from_end(4) == Some(&b'+')) && is_scientific(code)
}

fn is_scientific(text: &str) -> bool {
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((mantissa, exponent)) = text.split_once("E+") else {
        return false;
    };
    let Some((whole, rest)) = mantissa.split_once(['.', ',']) else {
        return false;
    };
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    whole.len() == 1 && are_digits(whole) && are_digits(rest) && are_digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_spreadsheet_writes_is_taken_for_its_number() {
        for number in ["1.23457E+15", "1,23457E+15", "-9.1E+20", "1.5E+100", "4.0E+06"] {
            assert!(is_spreadsheet_number(number), "{number}");
        }
        for code in [
            "12E5",
            "1E+15",
            "1.2E15",
            "1.2e+15",
            "12.3E+15",
            "1.2E+5",
            "A.2E+15",
            "1.E+15",
            "1.2E+1x",
            "1.2E-15",
            "E+15",
            "ABC+12",
            "+12",
            "",
            "1.2E+15 ",
            "1.2\u{e4}+15",
        ] {
            assert!(!is_spreadsheet_number(code), "{code}");
        }
    }

    #[test]
    fn a_header_is_read_whatever_its_blanks() {
        for header in [
            "Coupon Code",
            " coupon  CODE\t",
            "Coupon\u{a0}Code",
            "\u{feff}Coupon\u{2009}Code\u{200b}",
            "Coupon\nCode",
        ] {
            assert!(is_coupon_code(header.as_bytes()), "{header:?}");
        }
        for other in [
            "CouponCode",
            "Coupon_Code",
            "Coupon Codes",
            "Coupon",
            "Code Coupon",
            "",
            "Coupon \u{fe0f}Code",
        ] {
            assert!(!is_coupon_code(other.as_bytes()), "{other:?}");
        }
    }
}
