//! The fields of a JSON object, taken one by one with a sentence for each that is not what it should be.

use domain::TextError;
use serde_json::{Map, Value};

use crate::error::ApiError;

/// A JSON object's fields. A key that is null counts as absent.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn new(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// All of them, as text: equal for equal requests.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        // It was JSON before.
        serde_json::to_vec(&self.0).unwrap_or_default()
    }

    /// Takes a field out, whatever it is.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, key: &str) -> Result<Option<String>, ApiError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(key, "must be a string")),
        }
    }

    pub(crate) fn boolean(&mut self, key: &str) -> Result<Option<bool>, ApiError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(_) => Err(wrong(key, "must be true or false")),
        }
    }

    pub(crate) fn integer(&mut self, key: &str) -> Result<Option<i64>, ApiError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Number(number)) => number
                .as_i64()
                .map(Some)
                .ok_or_else(|| wrong(key, "must be a whole number")),
            Some(_) => Err(wrong(key, "must be a whole number")),
        }
    }

    pub(crate) fn object(&mut self, key: &str) -> Result<Option<Self>, ApiError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Self(object))),
            Some(_) => Err(wrong(key, "must be an object")),
        }
    }

    pub(crate) fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, ApiError> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let Value::Array(items) = value else {
            return Err(wrong(key, "must be an array of strings"));
        };
        let text = |item| match item {
            Value::String(text) => Ok(text),
            _ => Err(wrong(key, "must be an array of strings")),
        };
        items.into_iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// A text of a type that refuses some.
    pub(crate) fn parsed<T>(
        &mut self,
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
