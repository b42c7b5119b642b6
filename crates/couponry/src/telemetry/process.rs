//! What the process uses of its machine, as the kernel counts it.

use std::{fs, time::Instant};

use opentelemetry::{KeyValue, global};
use rustix::param::{clock_ticks_per_second, page_size};

/// From now on it is looked at whenever somebody reads the metrics.
pub(super) fn watch(started: Instant) {
    let meter = global::meter("couponry");
    meter
        .f64_observable_counter("process.cpu.time")
        .with_unit("s")
        .with_description("Processor time")
        .with_callback(|observer| {
            for (mode, seconds) in ["user", "system"]
                .into_iter()
                .zip(processor_times().unwrap_or_default())
            {
                observer.observe(seconds, &[KeyValue::new("cpu.mode", mode)]);
            }
        })
        .build();
    meter
        .u64_observable_gauge("process.memory.usage")
        .with_unit("By")
        .with_description("Resident memory")
        .with_callback(|observer| {
            if let Some(bytes) = resident_bytes() {
                observer.observe(bytes, &[]);
            }
        })
        .build();
    meter
        .u64_observable_gauge("process.unix.file_descriptor.count")
        .with_unit("{file_descriptor}")
        .with_description("Open files")
        .with_callback(|observer| {
            if let Ok(files) = fs::read_dir("/proc/self/fd") {
                // One of them is the directory itself.
                observer.observe(files.count().saturating_sub(1) as u64, &[]);
            }
        })
        .build();
    meter
        .f64_observable_gauge("process.uptime")
        .with_unit("s")
        .with_description("Since the start")
        .with_callback(move |observer| observer.observe(started.elapsed().as_secs_f64(), &[]))
        .build();
}

/// In user mode and in the kernel.
fn processor_times() -> Option<Vec<f64>> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name, in brackets, may have blanks.
    let (_, after_name) = stat.rsplit_once(')')?;
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks: Vec<u32> = ticks.map(str::parse).collect::<Result<_, _>>().ok()?;
    let a_second = u32::try_from(clock_ticks_per_second()).ok()?;
    Some(
        ticks
            .into_iter()
            .map(|ticks| f64::from(ticks) / f64::from(a_second))
            .collect(),
    )
}

fn resident_bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * page_size() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_uses_memory_and_a_processor() {
        assert!(resident_bytes().unwrap() > 1_000_000);
        let mut spent = 0_u64;
        while processor_times().unwrap().into_iter().sum::<f64>() <= 0.0 {
            spent = std::hint::black_box(spent.wrapping_add(1));
        }
        assert_eq!(processor_times().unwrap().len(), 2);
    }
}
