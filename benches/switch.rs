//! The machine alone: one payment through request and answer, same dialect on both sides, the codec's decoding left out.

use banklink::{
    clock::{Mono, Now, Wall},
    rules::{Acquirer, Bank, Route, Rules},
    switch::{AcquirerId, BankId, Input, Origin, Output, SessionId, Switch},
};
use banklink_protocol::{
    Dialect, Message,
    element::{Stan, Transmission},
    frame::Header,
};
use criterion::{Criterion, criterion_group, criterion_main};
use std::{hint::black_box, sync::Arc};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const IN_FLIGHT: usize = 512;

fn now(nanos: u64) -> Now {
    Now { mono: Mono(nanos), wall: Wall(1_795_403_926_000_000 + (nanos / 1000) as i64) }
}

/// The 18-field request of the codec's benchmark, decoded from its bytes as it would be.
fn request(dialect: &Arc<Dialect>) -> Message {
    let mut message = Message::new(dialect, "0200".parse().unwrap());
    for (field, value) in [
        (2, "4111111111111111"),
        (3, "000000"),
        (4, "000000001234"),
        (7, "1123031846"),
        (11, "000001"),
        (12, "031846"),
        (13, "1123"),
        (14, "2912"),
        (18, "5411"),
        (22, "051"),
        (32, "12345"),
        (35, "4111111111111111=29121010000012345678"),
        (37, "632703000001"),
        (41, "TERM0001"),
        (42, "MERCHANT0000001"),
        (43, "A SHOP                   A TOWN       GB"),
        (49, "840"),
    ] {
        message.set(field, value.as_bytes()).unwrap();
    }
    message.set(52, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
    redecode(&message)
}

fn redecode(message: &Message) -> Message {
    let mut bytes = bytes::BytesMut::new();
    message.encode(&mut bytes).unwrap();
    message.dialect().decode(bytes.freeze()).unwrap()
}

fn answer(request: &Message) -> Message {
    let mut answer = request.clone();
    answer.set_mti("0210".parse().unwrap());
    for field in [14, 18, 22, 35, 43, 52] {
        answer.remove(field);
    }
    answer.set(38, b"A1B2C3").unwrap();
    answer.set(39, b"00").unwrap();
    redecode(&answer)
}

fn up(dialect: &Arc<Dialect>) -> Switch {
    let mut acquirer = Acquirer::new("pos", dialect);
    acquirer.max_in_flight = 100_000;
    let mut bank = Bank::new("bank", dialect);
    bank.max_in_flight = 100_000;
    bank.link.sign_on = false;
    let rules = Rules::new(vec![acquirer], vec![bank], vec![Route::to("all", &[BankId(0)])]);
    let mut switch = Switch::new(Arc::new(rules), now(0), 1);
    while let Some(output) = switch.poll_output() {
        if let Output::Connect { connection } = output {
            switch.handle(now(0), Input::ConnectionUp { connection });
        }
    }
    switch
}

/// Sends one request; the bank's answer to it comes back.
fn ask(switch: &mut Switch, nanos: u64, message: Box<Message>) -> Option<Input> {
    let origin =
        Origin::Session { acquirer: AcquirerId(0), session: SessionId(1), header: Header::new(), arrived: Mono(nanos) };
    switch.handle(now(nanos), Input::Request { origin, message });
    let mut sent = None;
    while let Some(output) = switch.poll_output() {
        if let Output::ToBank { connection, message, .. } = output {
            sent = Some(Input::FromBank { connection, header: Header::new(), message });
        } else {
            black_box(&output);
        }
    }
    sent
}

/// All messages of a round are made beforehand, and so not measured: 512 requests go out, 512 answers come back.
fn payment(criterion: &mut Criterion) {
    let dialect = Dialect::named("iso87-ascii").unwrap();
    let mut switch = up(&dialect);
    let (request, reply) = (request(&dialect), answer(&request(&dialect)));
    let (mut stan, mut nanos) = (Stan(1), 1);
    let mut group = criterion.benchmark_group("switch");
    group.throughput(criterion::Throughput::Elements(IN_FLIGHT as u64));
    group.bench_function("512 payments", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut taken = std::time::Duration::ZERO;
            for _ in 0..rounds {
                let mut requests = Vec::with_capacity(IN_FLIGHT);
                for _ in 0..IN_FLIGHT {
                    stan = stan.next();
                    let mut message = request.clone();
                    message.set(11, &stan.digits()).unwrap();
                    message.set(37, format!("{:012}", nanos / 1_000 + u64::from(stan.0)).as_bytes()).unwrap();
                    let local = Transmission::from_wall(now(nanos).wall.0).0;
                    message.set(13, &local[..4]).unwrap();
                    message.set(12, &local[4..]).unwrap();
                    requests.push(Box::new(redecode(&message)));
                }
                // A terminal's clock goes on: what was forgotten of it is not asked for.
                nanos += 1_000_000_000;
                taken += round(&mut switch, nanos, requests, &reply);
            }
            taken
        });
    });
    group.finish();
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
#[expect(clippy::vec_box, reason = "each is handed over in its box")]
fn round(switch: &mut Switch, nanos: u64, requests: Vec<Box<Message>>, reply: &Message) -> std::time::Duration {
    let mut sent = Vec::with_capacity(IN_FLIGHT);
    let start = std::time::Instant::now();
    for message in requests {
        sent.push(ask(switch, nanos, message));
    }
    let asked = start.elapsed();
    let answers: Vec<Input> = sent.into_iter().map(|sent| to_answer(sent, reply)).collect();
    let start = std::time::Instant::now();
    for answer in answers {
        switch.handle(now(nanos + 1000), answer);
        while let Some(output) = switch.poll_output() {
            black_box(&output);
        }
    }
    asked + start.elapsed()
}

fn to_answer(sent: Option<Input>, reply: &Message) -> Input {
    let Some(Input::FromBank { connection, header, message: request }) = sent else { panic!("every request is sent") };
    let mut message = reply.clone();
    for field in [7, 11, 37] {
        message.set(field, &request.logical(field).unwrap()).unwrap();
    }
    Input::FromBank { connection, header, message: Box::new(redecode(&message)) }
}

criterion_group!(benches, payment);
criterion_main!(benches);
