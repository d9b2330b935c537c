//! What it costs to read, check and compile a rules file: the one that comes with the product (an administrator's check
//! answers at once: below 20 ms), and files as large as they may be, faultless and with a mistake in every line.

#![allow(clippy::panic, reason = "a bench whose file is wrong has nothing to measure")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loudou::rules::{Severity, check};
use std::fmt::Write as _;
use std::hint::black_box;

const SHIPPED: &str = include_str!("../config/rules.yaml");
/// Larger files are refused unread.
const MOST_BYTES: usize = 256 * 1024;
/// A little less than as many problems as are told.
const MISTAKES: usize = 400;

const HEAD: &str = r#"
format: 1
languages: [en]
currency: CNY
country: CN
calendar: {time_zone: Asia/Shanghai, workdays: [mon, tue, wed, thu, fri], hours: 09:00-18:00}
fields:
  customer:
    name: {type: text, required: true}
    size: {type: choice, of: [large, ordinary]}
    industry: {type: text}
  deal:
    suitable: {type: bool}
    score: {type: number}
first_administrator: [admin]
roles:
  admin: {may: [{do: [people.read, people.write, rules.read, rules.draft, rules.activate, deals.*, customers.*], scope: all}]}
funnels:
"#;

/// A file of almost the largest size: funnels full of stages full of criteria.
fn large() -> String {
    let mut text = HEAD.to_owned();
    for funnel in 0..50 {
        let mut one = format!("  f{funnel}:\n    stages:\n      - {{id: resource, kind: start}}\n");
        for stage in 0..12 {
            write_stage(&mut one, stage);
        }
        one.push_str("      - {id: won, kind: won}\n      - {id: lost, kind: lost, reasons: [{id: refused}]}\n");
        if text.len() + one.len() > MOST_BYTES {
            break;
        }
        text.push_str(&one);
    }
    text
}

fn write_stage(text: &mut String, stage: usize) {
    let written = write!(
        text,
        r#"      - id: s{stage}
        dwell: 5wd
        rate: 50%
        holding: {{ideal: 7, warn: 9, at_most: 12}}
        enter:
          - {{id: scored, require: 'deal.score > {stage} && deal.suitable || customer.size in ["large", "ordinary"]'}}
          - {{id: industry, require: 'customer.industry.startsWith("manufacturing of ") && deal.score <= 100 - {stage}'}}
          - {{id: known, require: 'has(customer.industry) && customer.name != "unknown" && (deal.suitable || deal.score >= 80)'}}
"#
    );
    written.unwrap_or_else(|fault| panic!("{fault}"));
}

fn checking(bench: &mut Criterion) {
    let large = large();
    assert!((MOST_BYTES * 9 / 10..=MOST_BYTES).contains(&large.len()), "{} bytes", large.len());
    let faulty = large.replacen("deal.score >", "deal.scores >", MISTAKES);
    for (text, problems) in [(SHIPPED, 0), (&large, 0), (&faulty, MISTAKES)] {
        let checked = check(text, None);
        let errors: Vec<_> = checked.problems.iter().filter(|one| one.severity == Severity::Error).collect();
        assert_eq!((errors.len(), checked.rules.is_some()), (problems, problems == 0), "{:?}", errors.first());
    }
    let mut group = bench.benchmark_group("check");
    let files = [("the shipped file", SHIPPED), ("the largest file", &large), ("the largest file, faulty", &faulty)];
    for (name, text) in files {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bench| bench.iter(|| check(black_box(text), None)));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = checking
}
criterion_main!(benches);
