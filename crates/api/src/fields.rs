//! The fields of a JSON object, taken one by one with a sentence for each that is not what it should be.

use actix_web::web::Bytes;
use domain::TextError;
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

    /// Refuses the first key that is none of these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
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

    /// The text of a field, whatever it is.
    pub(crate) fn raw(&self, key: &str) -> Option<Bytes> {
        self.0.value(key).filter(|value| value != "null")
    }

    /// A field as a value, whatever it is. Only for what is small: a value is many times its text.
    pub(crate) fn value(&self, key: &str) -> Option<Value> {
        parsed(&self.raw(key)?)
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, ApiError> {
        self.of_type(key, "must be a string")
    }

    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>, ApiError> {
        self.of_type(key, "must be true or false")
    }

    pub(crate) fn integer(&self, key: &str) -> Result<Option<i64>, ApiError> {
        self.of_type(key, "must be a whole number")
    }

    pub(crate) fn object(&self, key: &str) -> Result<Option<Self>, ApiError> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        Self::read(value)
            .map(Some)
            .ok_or_else(|| wrong(key, "must be an object"))
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, ApiError> {
        self.of_type(key, "must be an array of strings")
    }

    /// The items' texts of an array of at least one and at most so many.
    pub(crate) fn items(&self, key: &'static str, most: usize, of: &str) -> Result<Vec<Bytes>, ApiError> {
        let value = self.raw(key).ok_or(ApiError::MissingKey(Some(key)))?;
        strict_json::items(&value, most)
            .ok_or_else(|| wrong(key, format_args!("must be an array of 1 to {most} {of}")))
    }

    fn of_type<T: serde::de::DeserializeOwned>(&self, key: &str, why: &str) -> Result<Option<T>, ApiError> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        parsed(&value).map(Some).ok_or_else(|| wrong(key, why))
    }

    /// A text of a type that refuses some.
    pub(crate) fn parsed<T>(
        &self,
        key: &str,
        parse: impl FnOnce(String) -> Result<T, TextError>,
    ) -> Result<Option<T>, ApiError> {
        self.text(key)?
            .map(|text| parse(text).map_err(|error| wrong(key, error)))
            .transpose()
    }
}

/// A complaint about one field: a sentence that begins with its name.
pub(crate) fn wrong(key: &str, why: impl ToString) -> ApiError {
    ApiError::Invalid(format!("'{key}' {}.", why.to_string()))
}
