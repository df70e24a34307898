//! The languages behind `trace`, `fault`, `serve`, `client` and `plan`, as forms.

use super::{Arg, Form};

/// `trace`
pub(super) static TRACE: &[Form] = &[
    &[Arg::Choice(&["on", "off", "status", "?"])],
    &[Arg::Choice(&["classic", "ladder", "hex", "json"]), Arg::Rest(TO)],
    &[Arg::Word("explain"), Arg::Choice(&["short", "full"]), Arg::Rest(TO)],
    &[Arg::Word("explain"), Arg::Rest(TO)],
    &[Arg::Word("pcap"), Arg::Word("off")],
    &[Arg::Word("pcap"), Arg::Local, Arg::Word("snap"), Arg::Number("octets"), Arg::Word("lost")],
    &[Arg::Word("pcap"), Arg::Local, Arg::Word("lost"), Arg::Word("snap"), Arg::Number("octets")],
    &[Arg::Word("again"), Arg::Choice(VIEWS), Arg::Number("first-last")],
    &[Arg::Word("again"), Arg::Number("first-last")],
    &[Arg::Word("show"), Arg::Number("packet")],
    &[Arg::Word("limit"), Arg::Number("pairs")],
    &[Arg::Word("limit"), Arg::Word("all")],
    &[Arg::Word("ascii"), Arg::Choice(&["on", "off", "auto"])],
];
const VIEWS: &[&str] = &["classic", "explain", "ladder", "hex", "json"];
const TO: &[Form] = &[&[Arg::Word("to"), Arg::Local], &[Arg::Word("off")]];

/// `fault`, and what stands behind `serve fault`.
pub(super) static FAULT: &[Form] = &[
    &[Arg::Rest(RULE)],
    &[Arg::Word("off"), Arg::Number("rule")],
    &[Arg::Word("seed"), Arg::Number("seed")],
    &[Arg::Word("test"), Arg::Rest(RULE)],
    &[Arg::Word("remote"), Arg::Switch],
];
const RULE: &[Form] = &[
    &[Arg::Choice(&["drop", "dup", "swap", "stranger"]), WAY, KIND, Arg::Rest(WHICH)],
    &[Arg::Word("delay"), Arg::Number("milliseconds"), WAY, KIND, Arg::Rest(WHICH)],
    &[Arg::Word("corrupt"), WAY, KIND, Arg::Rest(WHICH)],
    &[Arg::Word("corrupt"), Arg::Number("offset"), WAY, KIND, Arg::Rest(WHICH)],
    &[Arg::Word("cut"), Arg::Number("octets"), WAY, KIND, Arg::Rest(WHICH)],
];
const WAY: Arg = Arg::Choice(&["sent", "received", "both"]);
const KIND: Arg = Arg::Choice(&["any", "rrq", "wrq", "data", "ack", "oack", "error"]);
const WHICH: &[Form] = &[
    &[Arg::Number("block"), Arg::Rest(HOW)],
    &[Arg::Choice(&["first", "last"]), Arg::Rest(HOW)],
    &[Arg::Word("every"), Arg::Number("step"), Arg::Rest(HOW)],
    &[Arg::Rest(HOW)],
];
const HOW: &[Form] = &[&[Arg::Word("times"), Arg::Number("count")], &[Arg::Word("rate"), Arg::Number("percent")]];

/// `serve`, beside the folder and its port.
pub(super) static SERVE: &[Form] = &[
    &[Arg::Choice(&["status", "stop"])],
    &[Arg::Word("fault"), Arg::Rest(FAULT)],
    &[Arg::Word("bug"), Arg::Choice(BUGS)],
    &[Arg::Word("rexmt"), Arg::Number("seconds")],
    &[Arg::Word("blksize"), Arg::Number("bytes")],
    &[Arg::Word("options"), Arg::Switch],
];
const BUGS: &[&str] = &[
    "sorcerer",
    "first-zero",
    "oversize",
    "wrong-code",
    "one-port",
    "no-resend",
    "no-empty",
    "wrap-1",
    "no-wrap",
    "deaf-netascii",
    "ack-early",
    "oack-extra",
    "oack-raise",
    "stranger",
    "?",
    "off",
];

/// `client`
pub(super) static CLIENT: &[Form] = &[&[Arg::Word("bug"), Arg::Choice(&["no-tid", "no-dally", "off"])]];

/// `plan`
pub(super) static PLAN: &[Form] = &[&[Arg::Number("size"), QUANTITY, VALUE, QUANTITY, VALUE, QUANTITY, VALUE]];
const QUANTITY: Arg = Arg::Choice(&["blksize", "windowsize", "rtt"]);
const VALUE: Arg = Arg::Number("value");
