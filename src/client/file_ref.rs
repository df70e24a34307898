use crate::wire::Printable;

/// A file on a server.
#[derive(Debug, Clone, Copy)]
pub struct FileRef<'a> {
    /// Name or address of the server, without brackets.
    pub host: &'a str,
    /// Port for requests.
    pub port: u16,
    /// Name of the file there.
    pub name: &'a [u8],
}

impl FileRef<'_> {
    /// Returns `switch1:69` or `[::1]:69`.
    pub(super) fn server(&self) -> String {
        let host = Printable(self.host.as_bytes()).brief();
        if self.host.contains(':') { format!("[{host}]:{}", self.port) } else { format!("{host}:{}", self.port) }
    }
}
