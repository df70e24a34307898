//! What a process that is left running needs from the system.
//!
//! ```text
//! addresses     where other computers reach this one
//! descriptors   as many files and sockets as the system permits
//! systemd       sockets that the service manager bound, and notices for it
//! privileges    another user, once the ports are bound
//! ```

mod addresses;
mod descriptors;
mod privileges;
mod systemd;

pub(crate) use addresses::addresses_for_others;
pub(crate) use descriptors::raise_limit;
pub(crate) use privileges::{User, is_root, may_enter};
pub(crate) use systemd::{ServiceManager, activated_sockets};
