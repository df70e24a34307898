//! The program `tftp`; all of it is in the library.

fn main() -> std::process::ExitCode {
    tftpsh::internals::main()
}
