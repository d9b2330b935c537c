//! Who runs on which processors: a trial's callers must not take those of what they ask.

/// The processors that this program was given, in two parts.
pub struct Halves {
    first: Vec<usize>,
    second: Vec<usize>,
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    pub fn given() -> Vec<usize> {
        let given = sched_getaffinity(None).unwrap();
        (0..CpuSet::MAX_CPU).filter(|number| given.is_set(*number)).collect()
    }

    pub fn stay_on(processors: &[usize]) {
        let mut set = CpuSet::new();
        processors.iter().for_each(|number| set.set(*number));
        sched_setaffinity(None, &set).unwrap();
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    /// None that anybody could be kept on.
    pub fn given() -> Vec<usize> {
        Vec::new()
    }

    pub fn stay_on(_: &[usize]) {}
}

impl Halves {
    /// Nothing where there is but one, or where the system keeps nobody on some.
    pub fn of_all() -> Option<Self> {
        let given = system::given();
        let (first, second) = given.split_at(given.len() / 2);
        (!first.is_empty()).then(|| Self { first: first.to_vec(), second: second.to_vec() })
    }

    /// What this thread starts from now on runs on the first half; how many processors that are.
    pub fn begin_on_first(&self) -> usize {
        system::stay_on(&self.first);
        self.first.len()
    }

    /// This thread, and what it starts from now on, stays on the second half.
    pub fn go_on_second(&self) {
        system::stay_on(&self.second);
    }
}
