//! Parses the command line and calls the library.

fn main() -> std::process::ExitCode {
    loudou::cli::main()
}
