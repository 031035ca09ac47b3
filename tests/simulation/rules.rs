//! The configuration of the simulated switch: small limits, short timers.

use crate::random::Random;
use banklink::{
    rules::{Acquirer, Bank, CardRange, Holding, Route, RrnPolicy, Rules, Strategy},
    switch::BankId,
};
use banklink_protocol::Dialect;
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

/// From the arrival of a request to its time-out.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) fn dialect(name: &str) -> Arc<Dialect> {
    static DIALECTS: LazyLock<[Arc<Dialect>; 2]> =
        LazyLock::new(|| ["iso87-ascii", "iso87-bcd"].map(|name| Dialect::named(name).unwrap()));
    Arc::clone(&DIALECTS[usize::from(name == "iso87-bcd")])
}

/// Two acquirers, three banks, three routes; what is chance is chosen by the seed.
pub(crate) fn rules(random: &mut Random) -> Rules {
    let (window, limit) = (1 + random.below(6) as usize, 8 + random.below(40) as usize);
    let advice = random.chance(70);
    let holding = Holding {
        life: Duration::from_secs(if random.chance(20) { 1 + random.below(10) } else { 7 * 86_400 }),
        excess: if random.chance(50) { 15 } else { 0 },
        many: random.chance(60),
    };
    let bank = |name: &str, language: &str, connections| {
        let mut bank = Bank::new(name, &dialect(language));
        bank.connections = connections;
        bank.answer_timeout = TIMEOUT;
        bank.max_in_flight = 8;
        bank.breaker = 3;
        bank.link.network_timeout = Duration::from_secs(1);
        bank.link.echo_idle = Duration::from_secs(4);
        bank.link.reconnect_min = Duration::from_millis(200);
        bank.link.reconnect_max = Duration::from_secs(2);
        bank.reversal.advice = advice;
        bank.store.window = window;
        bank.store.limit = limit;
        bank.store.strikes = 5;
        bank.store.spacing_max = Duration::from_secs(20);
        bank.holding = holding.clone();
        bank
    };
    let acquirer = |name: &str, rrn, partial| {
        let mut acquirer = Acquirer::new(name, &dialect("iso87-ascii"));
        acquirer.timeout_code = "68".parse().unwrap();
        acquirer.max_in_flight = 12;
        acquirer.rrn = rrn;
        acquirer.partial_approvals = partial;
        acquirer.undelivered_grace = Duration::from_secs(2);
        acquirer
    };
    let route = |name: &str, low, high, banks: &[BankId], strategy| {
        let mut route = Route::to(name, banks);
        route.cards = vec![CardRange { low, high }];
        route.strategy = strategy;
        route
    };
    let (a, b, c) = (BankId(0), BankId(1), BankId(2));
    let mut weighted = route("weighted", 34_000_000_000, 34_999_999_999, &[a, c], Strategy::Weight);
    weighted.targets[1].weight = 3;
    let mut rules = Rules::new(
        vec![acquirer("pos", RrnPolicy::AsSent, true), acquirer("atm", RrnPolicy::Assigned, false)],
        vec![bank("a", "iso87-ascii", 2), bank("b", "iso87-bcd", 2), bank("c", "iso87-ascii", 1)],
        vec![
            route("first", 41_111_100_000, 41_111_199_999, &[a, b], Strategy::Priority),
            route("turns", 55_000_000_000, 55_999_999_999, &[b, c], Strategy::RoundRobin),
            weighted,
        ],
    );
    // What is forgotten is read back.
    rules.recent = 1 << (3 + random.below(8));
    rules
}
