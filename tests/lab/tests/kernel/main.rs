//! The model's network against this machine's kernel. Each case says what it needs; where that is missing, it says so and is skipped.
//!
//! In CI (where `CI` is set) a program that is missing is a failure, for it can be installed (`cargo xtask lab`). What the kernel lacks or
//! forbids is not.

#[cfg(target_os = "linux")]
mod cases;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    cases::run()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: the lab needs Linux's network namespaces");
    println!("test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out");
}
