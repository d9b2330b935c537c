//! The one table, and the line that says on what it was measured.

use super::drive::Run;
use std::fmt::Write as _;

/// A work on one database of one size with so many callers: the median of its rounds.
#[derive(Clone, Debug)]
pub struct Line {
    pub work: &'static str,
    pub database: &'static str,
    pub deals: u64,
    /// Nothing where there are none.
    pub callers: Option<usize>,
    pub run: Run,
    /// Works a second at the raw limit, and ours of the same round divided by it: the median of the rounds.
    pub raw: Option<(f64, f64)>,
    pub pss_mib: Option<f64>,
}

/// The table in Markdown; lines of one work together, so that what grows is seen.
pub fn markdown(lines: &[Line]) -> String {
    let mut text = String::from(
        "| work | database | deals | callers | rate/s | raw/s | ratio to raw | p50 ms | p99 ms | p99/p50 | CPU us, server | CPU us, PostgreSQL | PSS MiB | growth |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let mut works: Vec<&str> = Vec::new();
    for line in lines.iter().filter(|line| line.run.p50_micros > 0.0 || line.pss_mib.is_some()) {
        if !works.contains(&line.work) {
            works.push(line.work);
        }
    }
    for work in works {
        let mut of_work: Vec<&Line> = lines.iter().filter(|line| line.work == work).collect();
        of_work.sort_by_key(|line| (line.database != "SQLite", line.callers, line.deals));
        for line in &of_work {
            let same = |other: &&&Line| other.database == line.database && other.callers == line.callers;
            let smallest = of_work.iter().filter(same).min_by_key(|line| line.deals);
            let grown = smallest.filter(|smallest| smallest.deals < line.deals && smallest.run.p50_micros > 0.0);
            write_line(&mut text, line, grown.map(|smallest| line.run.p50_micros / smallest.run.p50_micros));
        }
    }
    text
}

fn write_line(text: &mut String, line: &Line, growth: Option<f64>) {
    let run = &line.run;
    let shown = |is: bool, value: String| if is { value } else { "-".to_owned() };
    let timed = run.p50_micros > 0.0;
    let cells = [
        line.work.to_owned(),
        line.database.to_owned(),
        line.deals.to_string(),
        line.callers.map_or_else(|| "-".to_owned(), |callers| callers.to_string()),
        shown(run.rate > 0.0, format!("{:.0}", run.rate)),
        line.raw.map_or_else(|| "-".to_owned(), |(rate, _)| format!("{rate:.0}")),
        line.raw.map_or_else(|| "-".to_owned(), |(_, ratio)| format!("{ratio:.2}")),
        shown(timed, format!("{:.2}", run.p50_micros / 1000.0)),
        shown(timed, format!("{:.2}", run.p99_micros / 1000.0)),
        shown(timed, format!("{:.1}", run.p99_micros / run.p50_micros)),
        shown(run.cpu_micros[0] > 0.0, format!("{:.0}", run.cpu_micros[0])),
        shown(run.cpu_micros[1] > 0.0, format!("{:.0}", run.cpu_micros[1])),
        line.pss_mib.map_or_else(|| "-".to_owned(), |pss| format!("{pss:.0}")),
        growth.map_or_else(|| "-".to_owned(), |growth| format!("{growth:.2}")),
    ];
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// How the works were measured.
pub fn how(rounds: usize, seconds: f64) -> String {
    format!(
        "Medians of {rounds} rounds of {seconds} s, raw and ours in turn, each after a tenth of that to warm up; PostgreSQL \
         vacuumed, analysed and checkpointed after the bulk load. Growth: p50 against the smallest size."
    )
}

/// The machine, and what is durable.
pub fn conditions(postgres: Option<&str>) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let find = |text: &str, name: &str| -> String {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
        value.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let processor = find(&read("/proc/cpuinfo"), "model name");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = find(&read("/proc/meminfo"), "MemTotal");
    let system = read("/proc/sys/kernel/osrelease");
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/.git");
    let git = std::process::Command::new("git").args(["--git-dir", here, "rev-parse", "--short", "HEAD"]).output();
    let commit =
        git.ok().filter(|git| git.status.success()).map(|git| String::from_utf8_lossy(&git.stdout).into_owned());
    let build = if cfg!(debug_assertions) { "debug build: the figures mean nothing" } else { "release build" };
    format!(
        "Commit {}; {processor}, {cores} cores for server, database and callers together, {memory}, Linux {}; {build}; \
         SQLite {}: WAL, synchronous=FULL, checkpoint at 4000 pages; PostgreSQL: {}.",
        commit.as_deref().map_or("unknown", str::trim),
        system.trim(),
        rusqlite::version(),
        postgres.unwrap_or("not run"),
    )
}
