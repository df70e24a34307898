//! Get and put.
