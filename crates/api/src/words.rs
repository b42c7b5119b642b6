//! The words that answers have for states and the like: declared once, as the document says them and as they are written.

/// Declares words like an enum, each of which comes from the variant of the same name.
macro_rules! words {
    (
        $(#[$about:meta])*
        $visible:vis enum $words:ident of $source:ty { $($word:ident),+ $(,)? }
    ) => {
        #[derive(serde::Serialize, utoipa::ToSchema)]
        $(#[$about])*
        $visible enum $words {
            $($word),+
        }

        impl From<$source> for $words {
            fn from(source: $source) -> Self {
                match source {
                    $(<$source>::$word => Self::$word),+
                }
            }
        }
    };
}
pub(crate) use words;
