//! A generator of pseudo-random numbers that gives the same numbers on every machine.

/// A pseudo-random number generator (`SplitMix64`).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let product = u128::from(self.next()).wrapping_mul(u128::from(end)) >> 64;
        u64::try_from(product).unwrap_or_default()
    }

    /// Returns true with a probability of `per_mille` / 1000.
    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// Returns an index below `count`.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        let end = u64::try_from(count).unwrap_or_default();
        usize::try_from(self.below(end)).unwrap_or_default()
    }

    /// Returns one of the texts.
    pub(crate) fn text(&mut self, of: &[&'static str]) -> &'static str {
        let index = self.index(of.len());
        of.get(index).copied().unwrap_or_default()
    }

    /// Appends `count` random characters of an alphabet.
    pub(crate) fn letters(&mut self, alphabet: &str, count: usize, out: &mut String) {
        for _ in 0..count {
            let at = self.index(alphabet.len());
            out.push_str(alphabet.get(at..=at).unwrap_or_default());
        }
    }
}
