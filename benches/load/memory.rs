//! What a process has in memory, as the system counts it.

#![allow(dead_code, reason = "each program uses its part")]

/// In KiB. Pages that several processes share count for each by its part: where one of them ends, the part of the others
/// grows though they took nothing.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// With its part of what it shares (PSS).
    pub in_all: u64,
    /// Nobody else's, and no page of a file.
    pub own: u64,
}

impl Memory {
    pub fn of(process: u32) -> Self {
        let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap();
        Self { in_all: kib(&rollup, "Pss:"), own: kib(&rollup, "Pss_Anon:") }
    }
}

/// What a file of the system says in KiB behind a name at the beginning of a line.
pub fn kib(lines: &str, name: &str) -> u64 {
    let line = lines.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
