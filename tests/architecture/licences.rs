//! Everything that is linked in may be used by everybody: each package has a permissive licence, or a choice of one.

use std::process::Command;

const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Whether an SPDX expression can be fulfilled with permissive licences alone.
fn is_permissive(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut place = 0;
    let fulfilled = any(&words, &mut place);
    fulfilled && place == words.len()
}

fn any(words: &[&str], place: &mut usize) -> bool {
    let mut fulfilled = all(words, place);
    while words.get(*place) == Some(&"OR") {
        *place += 1;
        // Both sides are read, whatever the first says.
        fulfilled |= all(words, place);
    }
    fulfilled
}

fn all(words: &[&str], place: &mut usize) -> bool {
    let mut fulfilled = one(words, place);
    while words.get(*place) == Some(&"AND") {
        *place += 1;
        fulfilled &= one(words, place);
    }
    fulfilled
}

fn one(words: &[&str], place: &mut usize) -> bool {
    let Some(word) = words.get(*place) else {
        // Something is missing: past the end is never the end.
        *place = usize::MAX;
        return false;
    };
    *place += 1;
    if *word == "(" {
        let fulfilled = any(words, place);
        let is_closed = words.get(*place) == Some(&")");
        *place = place.saturating_add(1);
        return fulfilled && is_closed;
    }
    let mut licence = (*word).to_owned();
    if words.get(*place) == Some(&"WITH")
        && let Some(exception) = words.get(*place + 1)
    {
        licence = format!("{licence} WITH {exception}");
        *place += 2;
    }
    PERMISSIVE.contains(&licence.as_str())
}

#[test]
fn expressions_are_read() {
    for good in
        ["MIT", "MIT/Apache-2.0", "GPL-2.0-only OR MIT", "(MIT OR GPL-3.0) AND Zlib", "Apache-2.0 WITH LLVM-exception"]
    {
        assert!(is_permissive(good), "{good}");
    }
    for bad in ["GPL-3.0-or-later", "MIT AND GPL-2.0-only", "", "MIT OR", "(MIT", "AGPL-3.0 OR (MIT AND LGPL-2.1)"] {
        assert!(!is_permissive(bad), "{bad}");
    }
}

#[test]
fn every_package_has_a_permissive_licence() {
    // Only what is built on this machine: packages of other platforms need not be there.
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let rustc = String::from_utf8(rustc.stdout).unwrap();
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    let strict: Vec<String> = packages
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(is_permissive))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    assert!(strict.is_empty(), "not permissive:\n{}", strict.join("\n"));
}
