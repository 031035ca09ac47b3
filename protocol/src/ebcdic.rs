//! EBCDIC code pages 037, 500 and 1047: each a permutation of Latin-1 (source: the IBM character data tables).

use crate::class::Class;

/// Code page 037 to Latin-1, one row a leading nibble.
const CP037: [u8; 256] = *b"\
\x00\x01\x02\x03\x9c\x09\x86\x7f\x97\x8d\x8e\x0b\x0c\x0d\x0e\x0f\
\x10\x11\x12\x13\x9d\x85\x08\x87\x18\x19\x92\x8f\x1c\x1d\x1e\x1f\
\x80\x81\x82\x83\x84\x0a\x17\x1b\x88\x89\x8a\x8b\x8c\x05\x06\x07\
\x90\x91\x16\x93\x94\x95\x96\x04\x98\x99\x9a\x9b\x14\x15\x9e\x1a\
\x20\xa0\xe2\xe4\xe0\xe1\xe3\xe5\xe7\xf1\xa2\x2e\x3c\x28\x2b\x7c\
\x26\xe9\xea\xeb\xe8\xed\xee\xef\xec\xdf\x21\x24\x2a\x29\x3b\xac\
\x2d\x2f\xc2\xc4\xc0\xc1\xc3\xc5\xc7\xd1\xa6\x2c\x25\x5f\x3e\x3f\
\xf8\xc9\xca\xcb\xc8\xcd\xce\xcf\xcc\x60\x3a\x23\x40\x27\x3d\x22\
\xd8\x61\x62\x63\x64\x65\x66\x67\x68\x69\xab\xbb\xf0\xfd\xfe\xb1\
\xb0\x6a\x6b\x6c\x6d\x6e\x6f\x70\x71\x72\xaa\xba\xe6\xb8\xc6\xa4\
\xb5\x7e\x73\x74\x75\x76\x77\x78\x79\x7a\xa1\xbf\xd0\xdd\xde\xae\
\x5e\xa3\xa5\xb7\xa9\xa7\xb6\xbc\xbd\xbe\x5b\x5d\xaf\xa8\xb4\xd7\
\x7b\x41\x42\x43\x44\x45\x46\x47\x48\x49\xad\xf4\xf6\xf2\xf3\xf5\
\x7d\x4a\x4b\x4c\x4d\x4e\x4f\x50\x51\x52\xb9\xfb\xfc\xf9\xfa\xff\
\x5c\xf7\x53\x54\x55\x56\x57\x58\x59\x5a\xb2\xd4\xd6\xd2\xd3\xd5\
\x30\x31\x32\x33\x34\x35\x36\x37\x38\x39\xb3\xdb\xdc\xd9\xda\x9f";

/// The places where a page differs from 037.
const fn differing(changes: &[(u8, u8)]) -> [u8; 256] {
    let mut page = CP037;
    let mut i = 0;
    while i < changes.len() {
        page[changes[i].0 as usize] = changes[i].1;
        i += 1;
    }
    page
}

const CP500: [u8; 256] =
    differing(&[(0x4A, b'['), (0x4F, b'!'), (0x5A, b']'), (0x5F, b'^'), (0xB0, 0xA2), (0xBA, 0xAC), (0xBB, b'|')]);

const CP1047: [u8; 256] =
    differing(&[(0x5F, b'^'), (0xAD, b'['), (0xB0, 0xAC), (0xBA, 0xDD), (0xBB, 0xA8), (0xBD, b']')]);

const fn inverse(page: &[u8; 256]) -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[page[i] as usize] = i as u8;
        i += 1;
    }
    table
}

/// A code page, both ways.
pub(crate) struct Page {
    /// EBCDIC byte to Latin-1.
    pub(crate) to_latin: [u8; 256],
    /// Latin-1 to EBCDIC byte.
    pub(crate) from_latin: [u8; 256],
    /// The classes that admit each EBCDIC byte, one bit a class.
    classes: [u16; 256],
}

impl Page {
    const fn new(to_latin: [u8; 256]) -> Self {
        let mut classes = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut at = 0;
            while at < CLASSES.len() {
                if CLASSES[at].admits(1, to_latin[byte]) {
                    classes[byte] |= 1 << CLASSES[at] as u16;
                }
                at += 1;
            }
            byte += 1;
        }
        Self { to_latin, from_latin: inverse(&to_latin), classes }
    }

    /// Does the class admit all of these EBCDIC bytes?
    #[inline]
    pub(crate) fn admits_all(&self, class: Class, bytes: &[u8]) -> bool {
        let (sign, rest) = match (class, bytes.split_first()) {
            (Class::Xn, Some((sign, rest))) => (matches!(self.to_latin[*sign as usize], b'C' | b'D'), rest),
            _ => (true, bytes),
        };
        let all = rest.iter().fold(u16::MAX, |all, byte| all & self.classes[*byte as usize]);
        sign && (all >> class as u16) & 1 == 1
    }
}

/// The classes of text.
const CLASSES: [Class; 8] = [Class::N, Class::A, Class::An, Class::As, Class::Ns, Class::Ans, Class::Z, Class::Xn];

pub(crate) static PAGE_037: Page = Page::new(CP037);
pub(crate) static PAGE_500: Page = Page::new(CP500);
pub(crate) static PAGE_1047: Page = Page::new(CP1047);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_permutations() {
        for page in [&PAGE_037, &PAGE_500, &PAGE_1047] {
            for byte in 0..=255u8 {
                assert_eq!(page.from_latin[page.to_latin[byte as usize] as usize], byte);
            }
            assert_eq!(page.from_latin[b'0' as usize], 0xF0);
            assert_eq!(page.from_latin[b'A' as usize], 0xC1);
            assert_eq!(page.from_latin[b' ' as usize], 0x40);
        }
    }

    #[test]
    fn classes_are_those_of_the_text() {
        for page in [&PAGE_037, &PAGE_500, &PAGE_1047] {
            for class in CLASSES {
                for byte in 0..=255u8 {
                    let latin = page.to_latin[byte as usize];
                    let wanted = [b'C', latin].iter().enumerate().all(|(at, byte)| class.admits(at, *byte));
                    assert_eq!(page.admits_all(class, &[0xC3, byte]), wanted, "{class:?} {byte:02x}");
                }
            }
        }
    }

    #[test]
    fn brackets_are_where_each_page_has_them() {
        assert_eq!((PAGE_037.to_latin[0xBA], PAGE_500.to_latin[0x4A], PAGE_1047.to_latin[0xAD]), (b'[', b'[', b'['));
    }
}
