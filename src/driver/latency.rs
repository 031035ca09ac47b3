//! How long payments took, counted in a fixed number of buckets.

use std::time::Duration;

/// Number of buckets of a [`Latency`]: four to each doubling, from 1 µs to 2^32 µs.
const BUCKETS: usize = 128;

/// A histogram of durations with a fixed size: four buckets to each doubling, so a quantile is right within 19 %.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Latency {
    #[serde(skip)]
    counts: Box<[u64; BUCKETS]>,
    count: u64,
    sum_micros: u64,
}

impl Default for Latency {
    fn default() -> Self {
        Self { counts: Box::new([0; BUCKETS]), count: 0, sum_micros: 0 }
    }
}

impl Latency {
    /// Counts one duration.
    pub fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(1);
        self.counts[bucket_of(micros)] += 1;
        self.count += 1;
        self.sum_micros = self.sum_micros.saturating_add(micros);
    }
    /// How many were counted.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }
    /// Their sum.
    #[must_use]
    pub const fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_micros)
    }
    /// The duration that the share `quantile` (0 to 1) of all stayed below; zero where nothing was counted.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    pub fn quantile(&self, quantile: f64) -> Duration {
        let rank = (self.count as f64 * quantile.clamp(0.0, 1.0)).ceil() as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank && seen > 0 {
                return Duration::from_micros(upper_bound(index));
            }
        }
        Duration::ZERO
    }
    /// How many stayed below `2^exponent` microseconds: the buckets of the exported histogram.
    #[must_use]
    pub fn below_power(&self, exponent: u32) -> u64 {
        self.counts.iter().take(exponent as usize * 4).sum()
    }
    /// What was counted since `earlier`, a copy of this histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut difference = self.clone();
        for (now, before) in difference.counts.iter_mut().zip(earlier.counts.iter()) {
            *now = now.saturating_sub(*before);
        }
        difference.count = self.count.saturating_sub(earlier.count);
        difference.sum_micros = self.sum_micros.saturating_sub(earlier.sum_micros);
        difference
    }
}

/// The bucket of a number of microseconds: its power of two, and the next two bits.
const fn bucket_of(micros: u64) -> usize {
    let power = micros.ilog2();
    let quarter = if power >= 2 { micros >> (power - 2) & 3 } else { (micros << (2 - power)) & 3 };
    let index = power as usize * 4 + quarter as usize;
    if index < BUCKETS { index } else { BUCKETS - 1 }
}

/// The first number of microseconds above the bucket.
const fn upper_bound(index: usize) -> u64 {
    let power = index as u32 / 4;
    let quarter = index as u64 % 4;
    ((4 + quarter + 1) << power).div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_within_a_fifth() {
        let mut latency = Latency::default();
        for micros in 1..=10_000 {
            latency.record(Duration::from_micros(micros));
        }
        for (quantile, exact) in [(0.5, 5_000.0), (0.99, 9_900.0), (1.0, 10_000.0)] {
            let found = latency.quantile(quantile).as_secs_f64() * 1e6;
            assert!(found >= exact && found <= exact * 1.25, "{quantile}: {found} for {exact}");
        }
        assert_eq!(latency.count(), 10_000);
        assert_eq!(latency.below_power(10), 1_023);
    }

    #[test]
    fn an_empty_histogram_has_no_quantile() {
        assert_eq!(Latency::default().quantile(0.99), Duration::ZERO);
    }

    #[test]
    fn the_longest_time_fits() {
        let mut latency = Latency::default();
        latency.record(Duration::MAX);
        assert_eq!(latency.count(), 1);
        assert!(latency.quantile(0.5) > Duration::from_secs(3_000));
    }

    #[test]
    fn a_difference_holds_what_came_since() {
        let mut latency = Latency::default();
        latency.record(Duration::from_micros(10));
        let before = latency.clone();
        latency.record(Duration::from_millis(10));
        let since = latency.since(&before);
        assert_eq!(since.count(), 1);
        assert!(since.quantile(0.5) >= Duration::from_millis(10));
    }
}
