//! The fields of a JSON object. A body is declared once, by `body!`: the declaration is its schema in the document and
//! what its handler reads.

use std::marker::PhantomData;

use actix_web::web::Bytes;
use serde_json::Value;

use crate::{
    error::ApiError,
    names,
    strict_json::{self, Object, parsed},
};

/// A JSON object's fields. A key that is null counts as absent.
pub(crate) struct Fields(Object);

impl Fields {
    /// The fields of the object that this text is, if it is one.
    pub(crate) fn read(text: Bytes) -> Option<Self> {
        Object::read(text).map(Self)
    }

    pub(crate) fn none() -> Self {
        Self(Object::empty())
    }

    /// Of what a body declares; any other key is ignored.
    pub(crate) fn lenient<B: Declared>(&self) -> B {
        B::of(self)
    }

    /// Of what a body declares; the first other key is refused by its name.
    pub(crate) fn strict<B: Declared>(&self) -> Result<B, ApiError> {
        self.refuse_unknown(B::KEYS)?;
        Ok(B::of(self))
    }

    /// Refuses the first key that is none of these.
    pub(crate) fn refuse_unknown(&self, known: &[&str]) -> Result<(), ApiError> {
        let unknown = self.0.first_but(known);
        unknown.map_or(Ok(()), |key| {
            Err(ApiError::Invalid(names::unknown("key", &key, known)))
        })
    }

    /// All of them, as text: equal for equal requests.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        // It is JSON; as a value its keys are in order.
        let value = parsed::<Value>(self.0.text());
        value
            .and_then(|value| serde_json::to_vec(&value).ok())
            .unwrap_or_default()
    }

    /// For `body!`, which knows the type.
    pub(crate) fn field<T>(&self, key: &'static str) -> Field<T> {
        Field {
            key,
            value: self.0.value(key).filter(|value| value != "null"),
            of: PhantomData,
        }
    }
}

/// A struct that `body!` declares.
pub(crate) trait Declared {
    const KEYS: &'static [&'static str];

    fn of(fields: &Fields) -> Self;
}

/// A field as it came. It is judged when it is asked for: which of several complaints a client hears is the handler's to
/// say.
pub(crate) struct Field<T> {
    key: &'static str,
    /// Its text, if it is there.
    value: Option<Bytes>,
    of: PhantomData<T>,
}

/// A type that a field may be declared with.
pub(crate) trait Kind {
    /// What a handler gets.
    type Read;

    /// Reads a value's text, or says what it must be.
    fn read(value: &Bytes) -> Result<Self::Read, String>;
}

impl<T> Field<T> {
    /// A complaint about this field: a sentence that begins with its name.
    pub(crate) fn wrong(&self, why: impl ToString) -> ApiError {
        wrong(self.key, why)
    }

    /// The field's text, whatever it is.
    pub(crate) fn text(&self) -> Option<&Bytes> {
        self.value.as_ref()
    }

    /// The field as a value, whatever it is. Only for what is small: a value is many times its text.
    pub(crate) fn value(&self) -> Option<Value> {
        parsed(self.text()?)
    }
}

impl<T: Kind> Field<T> {
    pub(crate) fn get(&self) -> Result<T::Read, ApiError> {
        self.if_there()?.ok_or(ApiError::MissingKey(Some(self.key)))
    }

    /// For a handler that has other complaints before that the field is missing.
    pub(crate) fn if_there(&self) -> Result<Option<T::Read>, ApiError> {
        read::<T, _>(self)
    }
}

impl<T: Kind> Field<Option<T>> {
    pub(crate) fn get(&self) -> Result<Option<T::Read>, ApiError> {
        read::<T, _>(self)
    }
}

impl<T> Field<Vec<T>> {
    /// The items' texts of an array of at least one and at most so many.
    pub(crate) fn items(&self, most: usize, of: &str) -> Result<Vec<Bytes>, ApiError> {
        let value = self.value.as_ref().ok_or(ApiError::MissingKey(Some(self.key)))?;
        strict_json::items(value, most)
            .ok_or_else(|| self.wrong(format_args!("must be an array of 1 to {most} {of}")))
    }
}

fn read<T: Kind, F>(field: &Field<F>) -> Result<Option<T::Read>, ApiError> {
    let read = field.value.as_ref().map(T::read).transpose();
    read.map_err(|why| field.wrong(why))
}

impl Kind for String {
    type Read = Self;

    fn read(value: &Bytes) -> Result<Self, String> {
        parsed(value).ok_or_else(|| "must be a string".to_owned())
    }
}

impl Kind for bool {
    type Read = Self;

    fn read(value: &Bytes) -> Result<Self, String> {
        parsed(value).ok_or_else(|| "must be true or false".to_owned())
    }
}

impl Kind for i64 {
    type Read = Self;

    fn read(value: &Bytes) -> Result<Self, String> {
        parsed(value).ok_or_else(|| "must be a whole number".to_owned())
    }
}

/// Declares a body, or an object within one, like a struct. Each field is what the document says of it, and is read as
/// `Kind` has it for its type; a field that no handler reads is dead code, which the compiler finds.
macro_rules! body {
    (
        $(#[$about:meta])*
        $visible:vis struct $body:ident {
            $($(#[$about_field:meta])* $field:ident: $type:ty,)+
        }
    ) => {
        #[derive(utoipa::ToSchema)]
        $(#[$about])*
        $visible struct $body {
            $($(#[$about_field])* #[schema(value_type = $type)] $field: $crate::fields::Field<$type>,)+
        }

        impl $crate::fields::Declared for $body {
            const KEYS: &'static [&'static str] = &[$(stringify!($field)),+];

            fn of(fields: &$crate::fields::Fields) -> Self {
                Self {
                    $($field: fields.field(stringify!($field)),)+
                }
            }
        }

        impl $crate::fields::Kind for $body {
            type Read = $crate::fields::Fields;

            fn read(value: &actix_web::web::Bytes) -> Result<Self::Read, String> {
                $crate::fields::Fields::read(value.clone()).ok_or_else(|| "must be an object".to_owned())
            }
        }
    };
}
pub(crate) use body;

/// A complaint about what is called so: a sentence that begins with its name.
pub(crate) fn wrong(name: &str, why: impl ToString) -> ApiError {
    ApiError::Invalid(format!("'{name}' {}.", why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::texts;

    body! {
        struct Order {
            name: texts::Name,
            count: Option<i64>,
            items: Vec<String>,
        }
    }

    fn fields(text: &'static str) -> Fields {
        Fields::read(Bytes::from_static(text.as_bytes())).unwrap()
    }

    fn invalid(why: &str) -> ApiError {
        ApiError::Invalid(why.to_owned())
    }

    #[test]
    fn a_field_is_judged_when_it_is_asked_for() {
        let order: Order = fields(r#"{"name": " ", "count": 1.5, "items": []}"#).lenient();
        assert_eq!(
            order.name.get().unwrap_err(),
            invalid("'name' must not be empty or blank.")
        );
        assert_eq!(
            order.count.get().unwrap_err(),
            invalid("'count' must be a whole number.")
        );
        assert_eq!(
            order.items.items(2, "items").unwrap_err(),
            invalid("'items' must be an array of 1 to 2 items.")
        );
    }

    #[test]
    fn a_null_is_absent_and_only_what_is_required_is_missed() {
        let order: Order = fields(r#"{"name": null, "count": null}"#).lenient();
        assert_eq!(order.name.get().unwrap_err(), ApiError::MissingKey(Some("name")));
        assert_eq!(order.name.if_there().unwrap(), None);
        assert_eq!(order.count.get().unwrap(), None);
        assert_eq!(
            order.items.items(2, "items").unwrap_err(),
            ApiError::MissingKey(Some("items"))
        );
    }

    #[test]
    fn what_is_not_declared_is_refused_or_ignored() {
        let more = fields(r#"{"name": "a", "Count": 1}"#);
        assert!(more.lenient::<Order>().name.get().is_ok());
        assert_eq!(
            more.strict::<Order>().err().unwrap(),
            invalid("'Count' is no key of this request. Did you mean 'count'?")
        );
    }
}
