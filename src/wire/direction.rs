use crate::macros::named;

named! {
    /// The direction of a datagram, seen from this side.
    #[derive(PartialOrd, Ord)]
    Direction {
        /// From here to the peer.
        Sent = "sent",
        /// From the peer to here.
        Received = "received",
    }
}
