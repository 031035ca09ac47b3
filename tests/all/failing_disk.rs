//! A disk that refuses writes: nothing is approved that is not recorded, everybody gets an answer, and when the disk is
//! well again the switch goes on by itself with what was durable.

use crate::harness::{
    line::Line,
    messages::{field, purchase, reply, set},
    program::Program,
    world::Setup,
};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

/// From now on no write of this process reaches beyond so many bytes of a file.
fn limit_files(program: &Program, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(program.child.id()).expect("a process number"));
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(pid, Resource::Fsize, limit).expect("our own child");
}

#[tokio::test]
async fn a_disk_that_refuses_writes_is_answered_96_and_comes_back() {
    let setup = Setup::new().acquirer("shop", "iso87-ascii", "");
    let setup = setup.bank("acme", "iso87-ascii", "timeout = \"20s\"\nconnections = 1").await;
    let (config, banks, _folder) = setup.more("[log]\nlevel = \"info\"\nformat = \"json\"\n").write();
    let mut program = Program::start_without_file_signal(&config);
    let address = program.address(["listening", "shop"]);
    let mut bank = banks[0].connection().await;
    bank.sign_on("00").await;
    program.line_with(["\"to\":\"up\"", "acme"]);
    let mut shop = Line::connect(address, "iso87-ascii").await;

    let first = purchase("iso87-ascii");
    shop.send(&first).await;
    bank.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
    let out = purchase("iso87-ascii");
    shop.send(&out).await;
    let sent = bank.expect("0200").await;

    limit_files(&program, Some(4096));
    // Its approval cannot be recorded, so it is not told.
    bank.send(&reply(&sent, "00")).await;
    program.line_with(["ALARM", "the journal failed"]);
    let mut shop = Line::connect(address, "iso87-ascii").await;
    let mut new = purchase("iso87-ascii");
    set(&mut new, 12, "120001");
    shop.send(&first).await;
    let answer = shop.ask(&new).await;
    assert_eq!(
        (field(&answer, 11), field(&answer, 39)),
        (field(&new, 11), "96".to_owned()),
        "of what was before, nothing"
    );
    program.line_with(["ALARM", "does not open"]);

    limit_files(&program, None);
    program.line_with(["the journal is open again", ""]);
    let mut bank = banks[0].connection().await;
    bank.sign_on("00").await;
    let reversal = bank.expect("0420").await;
    assert_eq!(field(&reversal, 90)[4..10], field(&sent, 11), "what nobody was told is taken back");
    bank.send(&reply(&reversal, "00")).await;
    program.line_with(["delivered", "acme"]);
    assert_eq!(field(&shop.ask(&out).await, 39), "91", "and never told as approved");
    assert_eq!(field(&shop.ask(&first).await, 39), "00", "what was told before, is told again");
    shop.send(&purchase("iso87-ascii")).await;
    bank.answer_next("00").await;
    assert_eq!(field(&shop.expect("0210").await, 39), "00");
}
