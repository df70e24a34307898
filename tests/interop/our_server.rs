//! The clients people run against our server, whichever ports its transfers have.

use crate::clients::{Client, ClientKind};
use crate::errand::{Asked, Direction, Manner, SIZES, carry};
use crate::servers::{Server, ServerKind};

fn sweep(kind: ClientKind, manner: Manner) {
    let Some(client) = Client::find(kind) else { return };
    for ports in [ServerKind::Ours, ServerKind::OursOnePort, ServerKind::OursPortRange] {
        let Some(server) = Server::start(ports) else { return };
        for direction in [Direction::Get, Direction::Put] {
            for size in SIZES {
                if size == 0 && direction == Direction::Get && chokes_on_nothing(&client, &manner) {
                    continue;
                }
                carry(&client, &server, direction, &manner, size);
            }
        }
    }
}

/// curl ends with an error of its own when an OACK announces an empty file, whichever server says so.
fn chokes_on_nothing(client: &Client, manner: &Manner) -> bool {
    client.kind == ClientKind::Curl && manner.options != Asked::Nothing
}

/// `CLIENT { TEST: MANNER; .. }`: every size, get and put, at each server.
macro_rules! sweeps {
    ($($client:ident { $($name:ident: $netascii:literal, $options:expr;)+ })+) => {
        $($(
            #[test]
            fn $name() {
                sweep(ClientKind::$client, Manner { netascii: $netascii, options: $options });
            }
        )+)+
    };
}

sweeps! {
    Ours {
        we_get_and_put: false, Asked::Default;
        we_get_and_put_text: true, Asked::Default;
        we_get_and_put_without_options: false, Asked::Nothing;
        we_get_and_put_with_the_smallest_block_size: false, Asked::Everything(8, 64);
        we_get_and_put_with_the_largest_block_size: false, Asked::Everything(65464, 2);
        we_get_and_put_with_a_window: false, Asked::Everything(1428, 16);
    }
    TftpHpa {
        tftp_hpa_gets_and_puts: false, Asked::Default;
        tftp_hpa_gets_and_puts_text: true, Asked::Default;
    }
    Atftp {
        atftp_gets_and_puts: false, Asked::Default;
        atftp_gets_and_puts_text: true, Asked::Default;
        atftp_gets_and_puts_with_the_smallest_block_size: false, Asked::Blocks(8);
        atftp_gets_and_puts_with_a_block_size: false, Asked::Blocks(1428);
        atftp_gets_and_puts_with_the_largest_block_size: false, Asked::Blocks(65464);
        atftp_gets_and_puts_with_a_window_of_one: false, Asked::Everything(512, 1);
        atftp_gets_and_puts_with_every_option: false, Asked::Everything(1024, 8);
        atftp_gets_and_puts_with_a_long_window: false, Asked::Everything(1428, 64);
    }
    Busybox {
        busybox_gets_and_puts: false, Asked::Default;
        busybox_gets_and_puts_with_a_short_block_size: false, Asked::Blocks(256);
        busybox_gets_and_puts_with_a_block_size: false, Asked::Blocks(1428);
        busybox_gets_and_puts_with_the_largest_block_size: false, Asked::Blocks(65464);
    }
    Curl {
        curl_gets_and_puts: false, Asked::Default;
        curl_gets_and_puts_without_options: false, Asked::Nothing;
        curl_gets_and_puts_with_the_smallest_block_size: false, Asked::Blocks(8);
        curl_gets_and_puts_with_a_block_size: false, Asked::Blocks(1428);
        curl_gets_and_puts_with_the_largest_block_size: false, Asked::Blocks(65464);
    }
}
