use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the number of file descriptors that this process may have to the most that it may ask for.
///
/// A transfer takes a socket and a file, and many systems permit 1,024 at first: that is for programs that use select(2),
/// which this one does not. If the system refuses, the limit stays: clients that find no descriptor get an ERROR.
pub(crate) fn raise_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_becomes_the_most_that_is_permitted() {
        raise_limit();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(soft, hard);
    }
}
