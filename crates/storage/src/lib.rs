//! PostgreSQL: the only crate that speaks SQL.
