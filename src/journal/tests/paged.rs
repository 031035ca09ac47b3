//! Files that are written once.

use super::{
    super::{
        disk::{Disk, read_whole},
        format::PAGE,
        paged::{CHUNK, Paged},
    },
    memory::MemoryDisk,
};

#[test]
fn what_is_written_piece_by_piece_is_there_as_a_whole() {
    let disk = MemoryDisk::default();
    let mut file = Paged::create(&disk, "file".to_owned()).unwrap();
    let mut wanted = Vec::new();
    let pad = |wanted: &mut Vec<u8>| wanted.resize(wanted.len().next_multiple_of(PAGE), 0);
    for round in 0..400 {
        let piece = vec![round as u8; round * 37 % 5000];
        file.put(&piece).unwrap();
        wanted.extend(piece);
        if round % 10 == 0 {
            file.pad().unwrap();
            pad(&mut wanted);
        }
    }
    // Up to the end of a chunk, and beyond it in one piece.
    let rest = vec![7; CHUNK - wanted.len() % CHUNK];
    let long = vec![8; 2 * CHUNK + 1];
    for piece in [rest, long] {
        file.put(&piece).unwrap();
        wanted.extend(piece);
    }
    pad(&mut wanted);
    file.finish().unwrap();
    assert_eq!(disk.names("").unwrap(), ["file"]);
    assert!(read_whole(&disk, "file", u64::MAX).unwrap().unwrap() == wanted);
}
