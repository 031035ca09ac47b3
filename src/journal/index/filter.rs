//! A filter: is a key certainly not in a run? A Bloom filter in blocks of a cache line, about ten bits a key; one in a
//! hundred that are not there looks as if it were.

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;
/// Keys to a block, on average.
const KEYS: usize = 51;
/// Bits set for a key.
const BITS: u32 = 6;

/// Blocks for so many keys.
pub(super) fn blocks(keys: usize) -> usize {
    keys.div_ceil(KEYS).max(1)
}

/// The block of a key.
fn block_of(key: u64, blocks: usize) -> usize {
    ((u128::from(mix(key)) * blocks as u128) >> 64) as usize
}

/// Entries are in the order of their keys: what the block is chosen by must not be.
const fn mix(key: u64) -> u64 {
    (key ^ (key >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The bits of a key in its block.
fn bits(key: u64) -> impl Iterator<Item = usize> {
    let spread = key.wrapping_mul(0xD6E8_FEB8_6659_FD93).rotate_left(29);
    (0..BITS).map(move |turn| (spread >> (turn * 9)) as usize & (BLOCK * 8 - 1))
}

/// Adds a key to the blocks.
pub(super) fn add(filter: &mut [u8], key: u64) {
    let block = block_of(key, filter.len() / BLOCK) * BLOCK;
    bits(key).for_each(|bit| filter[block + bit / 8] |= 1 << (bit % 8));
}

/// May the key be in the run?
pub(super) fn may_have(filter: &[u8], key: u64) -> bool {
    let block = block_of(key, filter.len() / BLOCK) * BLOCK;
    bits(key).all(|bit| filter[block + bit / 8] & (1 << (bit % 8)) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_is_found_and_little_else() {
        let key = |number: u64| (number + 1).wrapping_mul(0xA24B_AED4_963E_E407).rotate_left(23);
        let mut filter = vec![0; blocks(10_000) * BLOCK];
        (0..10_000).for_each(|number| add(&mut filter, key(number)));
        assert!((0..10_000).all(|number| may_have(&filter, key(number))));
        let wrong = (10_000..110_000).filter(|&number| may_have(&filter, key(number))).count();
        assert!(wrong < 3_000, "{wrong} of 100,000 that are not there");
    }
}
