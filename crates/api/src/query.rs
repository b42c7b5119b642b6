//! The parameters of a query, declared once by `query!`: the declaration is what the document says of them and what a
//! handler reads.

use std::{fmt, marker::PhantomData, ops::RangeInclusive};

use domain::ExternalId;
use url::form_urlencoded;

use crate::error::ApiError;

/// A parameter as it came. It is judged when it is asked for.
pub(crate) struct Parameter<T> {
    name: &'static str,
    /// Its first value, if it was given.
    value: Option<String>,
    is_repeated: bool,
    of: PhantomData<T>,
}

impl<T> Parameter<T> {
    /// For `query!`, which knows the type.
    pub(crate) fn of(query: &str, name: &'static str) -> Self {
        let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        Self {
            name,
            value: values.next().map(|(_, value)| value.into_owned()),
            is_repeated: values.next().is_some(),
            of: PhantomData,
        }
    }

    /// A complaint about this parameter: a sentence that begins with its name.
    pub(crate) fn wrong(&self, why: impl fmt::Display) -> ApiError {
        ApiError::Bad(format!("'{}' {why}.", self.name))
    }

    /// The first value, however often it was given.
    pub(crate) fn first(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// The one value.
    pub(crate) fn text(&self) -> Result<Option<&str>, ApiError> {
        if self.is_repeated {
            return Err(self.wrong("must be given once"));
        }
        Ok(self.first())
    }
}

impl Parameter<Option<i64>> {
    /// The one value, a number.
    pub(crate) fn number(&self, range: RangeInclusive<i64>) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text()? else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| {
            self.wrong(format_args!(
                "must be a whole number from {} to {}",
                range.start(),
                range.end()
            ))
        })
    }
}

impl Parameter<Option<String>> {
    /// The one value, an id of the sender's system.
    pub(crate) fn id(&self) -> Result<Option<ExternalId>, ApiError> {
        let id = self.text()?.map(ExternalId::new).transpose();
        id.map_err(|error| self.wrong(error))
    }
}

/// Declares the parameters of a query like a struct. One that no handler reads is dead code, which the compiler finds.
macro_rules! query {
    (
        $(#[$about:meta])*
        $visible:vis struct $query:ident {
            $($(#[$about_parameter:meta])* $parameter:ident: $type:ty,)+
        }
    ) => {
        #[derive(utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        $(#[$about])*
        $visible struct $query {
            $(
                $(#[$about_parameter])*
                #[param(value_type = $type)]
                $parameter: $crate::query::Parameter<$type>,
            )+
        }

        impl $query {
            $visible fn of(query: &str) -> Self {
                Self {
                    $($parameter: $crate::query::Parameter::of(query, stringify!($parameter)),)+
                }
            }
        }
    };
}
pub(crate) use query;
