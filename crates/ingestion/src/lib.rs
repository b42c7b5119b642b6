//! A hosted file becomes codes in a list.
