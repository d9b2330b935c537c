//! Rounds over one database: raw and ours in turn, and of all rounds the median.

use super::drive::{Run, drive};
use super::http::Connection;
use super::postgres::{self, bench};
use super::product::{Place, Process, Stat};
use super::table::Line;
use super::works::{Asked, Company, Kind};
use super::{Database, raw};
use loudou::store::{Store, StoreSettings};
use std::path::{Path, PathBuf};

pub struct Rounds<'a> {
    database: Database,
    deals: u64,
    place: &'a Place,
    folder: &'a Path,
    count: usize,
    seconds: f64,
    company: Company,
    product: Process,
    bare: Process,
    pgbench: Option<PathBuf>,
    lines: Vec<Line>,
}

impl<'a> Rounds<'a> {
    pub fn new(
        database: Database,
        deals: u64,
        place: &'a Place,
        folder: &'a Path,
        (count, seconds): (usize, f64),
    ) -> Self {
        let pgbench = postgres::pgbench();
        if pgbench.is_none() && database == Database::Postgres {
            eprintln!("pgbench is not installed: no raw limit of the moves on PostgreSQL");
        }
        let (mut product, bare) = (Process::product(place), Process::bare(place));
        if database == Database::Postgres {
            let backend = postgres::Client::connect(&place.url).number("SELECT pg_backend_pid()::bigint");
            product.postmaster = backend.and_then(|id| Stat::of(u32::try_from(id).ok()?)).map(|stat| stat.parent);
        }
        let company = Company::new(deals, place);
        company.sign_in();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = Connection::open(&product.address).await.unwrap();
            company.find_deep_page(&mut connection).await.unwrap();
        });
        Self { database, deals, place, folder, count, seconds, company, product, bare, pgbench, lines: Vec::new() }
    }

    fn line(&mut self, work: &'static str, callers: Option<usize>, run: Run, raw: Option<(f64, f64)>) -> &mut Line {
        let (database, deals) = (self.database.name(), self.deals);
        eprintln!("{database}, {deals} deals, {work}, {callers:?} callers: {:.0}/s, raw {raw:.2?}", run.rate);
        self.lines.push(Line { work, database, deals, callers, run, raw, pss_mib: None });
        self.lines.last_mut().unwrap()
    }

    /// What the disk allows.
    pub fn disk(&mut self) {
        let runs = (0..self.count).map(|_| raw::fdatasync(self.folder, self.seconds)).collect();
        self.line("raw: fdatasync of 16 KiB", None, median(runs), None);
    }

    /// From the start of a process to its first good answer, over the database as it is; and its memory then. One at a
    /// time: another beside it would take on half of what they share.
    pub fn start(&mut self) {
        let mut memory = Vec::new();
        let mut runs = Vec::new();
        for _ in 0..self.count.max(3) {
            self.product.stop();
            let postmaster = self.product.postmaster;
            self.product = Process::product(self.place);
            self.product.postmaster = postmaster;
            let [cpu, _] = self.product.cpu_micros();
            let micros = self.product.start.as_secs_f64() * 1e6;
            runs.push(Run { rate: 1e6 / micros, p50_micros: micros, p99_micros: micros, cpu_micros: [cpu, 0.0] });
            memory.push(self.product.pss_mib());
        }
        memory.sort_unstable_by(f64::total_cmp);
        let idle = memory[memory.len() / 2];
        self.line("start to ready; idle", None, median(runs), None).pss_mib = Some(idle);
    }

    /// One work with so many callers.
    pub fn work(&mut self, kind: Kind, callers: usize) {
        let asked = |bare| Asked { kind, company: &self.company, bare };
        let (mut runs, mut raws, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.count {
            self.company.sign_in();
            let raw = match kind {
                kind if kind.reads() => Some(drive(&self.bare, &asked(true), callers, self.seconds).unwrap().rate),
                Kind::Move | Kind::Refusal => self.raw_move(kind == Kind::Refusal, callers),
                _ => None,
            };
            let run = drive(&self.product, &asked(false), callers, self.seconds);
            let run = run.unwrap_or_else(|fault| panic!("{}: {fault}", kind.name()));
            if let Some(raw) = raw {
                raws.push(raw);
                ratios.push(run.rate / raw);
            }
            runs.push(run);
        }
        let raw = middle(raws).zip(middle(ratios));
        let pss = self.product.pss_mib();
        self.line(kind.name(), Some(callers), median(runs), raw).pss_mib = Some(pss);
    }

    /// One commit a move for a lone caller, 64 in a commit where several wait; as many clients as callers on PostgreSQL.
    fn raw_move(&self, refused: bool, callers: usize) -> Option<f64> {
        match (self.database, &self.pgbench) {
            (Database::Sqlite, _) => {
                let (path, group) = (self.place.path(), if callers == 1 { 1 } else { 64 });
                Some(raw::sqlite(path, (refused, self.sample(refused)), group, self.seconds, self.deals))
            }
            (Database::Postgres, None) => None,
            (Database::Postgres, Some(pgbench)) => {
                let moved = (refused, self.sample(refused));
                Some(bench(pgbench, &self.place.url, moved, callers, self.seconds, self.deals))
            }
        }
    }

    /// The last decision of this kind that the product recorded: what lies in it, a raw move keeps too. The first time it
    /// is asked for one.
    fn sample(&self, refused: bool) -> i64 {
        let (kind, outcome) = if refused { (Kind::Refusal, "refused") } else { (Kind::Move, "allowed") };
        let sql = format!(
            "SELECT max(seq) FROM (SELECT seq, outcome, criteria FROM decisions ORDER BY seq DESC LIMIT 10000) AS last \
             WHERE outcome = '{outcome}' AND CAST(criteria AS text) LIKE '%interested%'"
        );
        let find = || self.place.number(&sql);
        find().unwrap_or_else(|| {
            let asked = Asked { kind, company: &self.company, bare: false };
            drive(&self.product, &asked, 1, 0.01).unwrap();
            find().unwrap()
        })
    }

    /// Stops the product. Whatever was measured, raw moves too, the counts of what everybody holds must be those of a
    /// recount: otherwise something else was measured than moves.
    pub fn end(mut self) -> Vec<Line> {
        self.product.stop();
        drop(self.bare);
        recount(self.place);
        self.lines
    }
}

/// What everybody holds is what a recount says.
pub fn recount(place: &Place) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let amiss = runtime.block_on(async {
        let store = Store::open(&StoreSettings::new(&place.url)).await.unwrap();
        let amiss = store.read(|tx| tx.holdings_amiss()).await.unwrap();
        store.close().await.unwrap();
        amiss
    });
    assert!(amiss.is_empty(), "the holdings differ from a recount: {amiss:?}");
}

/// The run of the median rate.
fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_unstable_by(|one, other| one.rate.total_cmp(&other.rate));
    runs.swap_remove(runs.len() / 2)
}

fn middle(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}
