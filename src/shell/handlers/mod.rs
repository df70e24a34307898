//! What commands do, one file for each family.

mod again;
pub(super) mod escape;
pub(super) mod faults;
pub(super) mod help;
pub(super) mod hosts;
pub(super) mod lessons;
pub(super) mod local_files;
mod privileges;
pub(super) mod repeat;
pub(super) mod server;
mod server_status;
mod service;
pub(super) mod settings;
pub(super) mod status;
pub(super) mod trace;
pub(super) mod transfer;
