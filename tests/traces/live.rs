//! A real transfer over loopback: the records of the loops are what the analysis needs.

use tftpsh::analysis::{Annotated, Annotation, Ring};
use tftpsh::client::{Negotiation, Options};
use tftpsh::event::Observers;
use tftpsh::files::Target;
use tftpsh::server::Policy;
use tftpsh::trace::{Pcapng, Tracer};
use tftpsh::wire::Mode;

use crate::Page;
use crate::support::{Client, serve_practice};

#[test]
fn a_real_get_is_analysed_from_its_request_to_its_last_ack() {
    let server = serve_practice(Policy::default());
    let settings = Options { negotiation: Negotiation::Off, ..Options::default() };
    let page = Page::default();
    let mut tracer = Tracer::new();
    tracer.keep();
    tracer.add(Box::new(Pcapng::new(None).with_lost(true)), Box::new(page.clone()));
    let mut observers = Observers::none();
    observers.add(&mut tracer);
    let mut target = Target::writer(Box::new(std::io::sink()), Mode::Octet);
    Client::to(server.address()).with(settings).get_observed("fw.bin", &mut target, &mut observers).expect("the file");
    drop(observers);

    let kept = tracer.ring().and_then(Ring::last).expect("one transfer");
    let codes: Vec<_> = kept.again(None).filter_map(Annotated::packet).map(|packet| packet.why.code()).collect();
    let pair = ["data.expected", "ack.send"];
    let expected = [&["req.read"][..], &pair.repeat(5), &["data.last", "ack.final"]].concat();
    assert_eq!(codes, expected);
    let packets = || kept.again(None).filter_map(Annotated::packet);
    assert!(packets().skip(1).all(|packet| packet.flags.is_empty() || packet.n == 2));
    assert!(packets().all(|packet| packet.local.ip().is_loopback() && packet.peer.ip().is_loopback()));
    let whole =
        kept.again(None).any(|seen| matches!(&seen.kind, Annotation::End(end) if end.bytes == 3000 && end.blocks == 6));
    assert!(whole, "the end is recorded");
    assert_eq!(crate::capture::count(&page.bytes()), 13);
}
