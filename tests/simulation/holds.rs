//! Pre-authorisations: their plans, and what must be true of them in the end.

use crate::{
    acquirers::{Agent, Belief, name_of, terminal},
    bank::Bank,
    random::Random,
};
use banklink::{
    record::{Hold, PaymentId, Record, Stored},
    rules::Rules,
};
use banklink_protocol::Message;
use std::collections::{BTreeMap, HashSet};

/// What follows a pre-authorisation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Increment,
    Completion,
    /// By an advice.
    Advice,
}

/// The messages that follow the pre-authorisation `first`, once it is approved: some at the same time, some after one
/// another, for less than what is held or for more.
pub(crate) fn steps(first: &Message, random: &mut Random) -> Vec<(Step, Message)> {
    let count = 1 + random.below(4);
    let step = |number| {
        let step = [Step::Increment, Step::Completion, Step::Completion, Step::Advice][random.below(4) as usize];
        (step, follower(first, step, number, random))
    };
    (0..count).map(step).collect()
}

fn follower(first: &Message, step: Step, number: u64, random: &mut Random) -> Message {
    let mut message = first.clone();
    let (mti, held) = (["0100", "0200", "0220"][step as usize], first.number(4).unwrap());
    message.set_mti(mti.parse().unwrap());
    message.set(11, format!("{:06}", 101 + number).as_bytes()).unwrap();
    message.set(7, format!("11230320{number:02}").as_bytes()).unwrap();
    message.set(12, format!("0320{number:02}").as_bytes()).unwrap();
    // What the bank makes of it, the last digit says: mostly it approves.
    let last = if random.chance(80) { 0 } else { random.below(10) };
    let amount = [held / 3, held / 2, held, held + held / 10, 2 * held][random.below(5) as usize] / 10 * 10 + last;
    message.set_number(4, amount).unwrap();
    if let Some(track) = message.text(35) {
        message.set(2, track.split('=').next().unwrap().as_bytes()).unwrap();
        message.remove(35);
        message.remove(52);
    }
    if random.chance(60) {
        let original = format!("0100{}{}{:011}{:011}", first.text(11).unwrap(), first.text(7).unwrap(), 12345, 0);
        message.set(90, original.as_bytes()).unwrap();
    } else if step != Step::Advice {
        // By its RRN, and the code of its approval.
        message.set(38, b"A1B2C3").unwrap();
    }
    message
}

/// In the end, what the switch says of each hold is what the bank has of it, and what its front ends believe; and nothing was
/// taken that was not held.
pub(crate) fn judge_holds(agents: &[Agent], banks: &[Bank], rules: &Rules, records: &[Record]) {
    let (holds, uncovered) = (told(records), uncovered(records));
    for (payment, agent) in agents.iter().enumerate().filter(|(_, agent)| !agent.followers.is_empty()) {
        let rrn = agent.message.text(37).unwrap();
        let of_it: Vec<_> = holds.iter().filter(|((_, of), _)| *of == rrn).collect();
        let mut sums = Sums::default();
        sums.add(agent, banks);
        for &follower in &agent.followers {
            let follower = &agents[follower];
            let parked = uncovered.contains(&(rrn.clone(), follower.message.text(11).unwrap()));
            let advised = sums.add(follower, banks);
            if follower.belief == Belief::Advised {
                assert_eq!(advised, !parked, "{}: an advice goes to its bank or to people", terminal(payment));
            }
        }
        let taken: u64 = of_it.iter().map(|(_, (_, hold))| hold.taken).sum();
        let standing = || of_it.iter().map(|(_, (_, hold))| hold).filter(|hold| !hold.voided);
        assert!(of_it.iter().all(|(_, (_, hold))| hold.under_way == 0), "nothing is under way in the end");
        assert_eq!(taken, sums.captured, "{}: what is taken, to the switch and at its bank", terminal(payment));
        if standing().count() > 0 {
            let held: u64 = standing().map(|hold| hold.held).sum();
            assert_eq!(held, sums.held, "{}: what is held, to the switch and at its bank", terminal(payment));
        }
        let Some(((_, _), (bank, _))) = of_it.last() else {
            assert_eq!(sums.captured, 0, "{}: taken of nothing", terminal(payment));
            continue;
        };
        let terms = &rules.banks[*bank].holding;
        let most = sums.ever * (100 + u64::from(terms.excess)) / 100;
        assert!(sums.captured <= most, "{}: {} taken of {}", terminal(payment), sums.captured, sums.ever);
        assert!(terms.many || sums.completions <= 1, "{}: one completion ends a hold", terminal(payment));
    }
}

/// What the banks have of one transaction.
#[derive(Default)]
struct Sums {
    captured: u64,
    completions: u64,
    held: u64,
    /// Held at any time.
    ever: u64,
}

impl Sums {
    /// Adds what the banks have of this message; was an advice of it taken?
    fn add(&mut self, agent: &Agent, banks: &[Bank]) -> bool {
        let name = name_of(&agent.message);
        let entries = banks.iter().flat_map(Bank::entries).filter(|entry| entry.name == name);
        for entry in entries {
            if agent.message.mti().class() == 1 {
                self.held += entry.booked;
                self.ever += entry.approved;
            } else {
                self.captured += entry.booked;
                self.completions += u64::from(entry.booked > 0);
            }
        }
        let advised: u64 = banks.iter().filter_map(|bank| bank.advices.get(&name)).sum();
        self.captured += advised * agent.message.number(4).unwrap();
        self.completions += advised;
        advised > 0
    }
}

/// The last that was said of each hold, with the RRN of its pre-authorisation, and its bank.
fn told(records: &[Record]) -> BTreeMap<(PaymentId, String), (usize, Hold)> {
    let (mut rrns, mut banks, mut holds) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for record in records {
        match record {
            Record::Received { payment, rrn: Some(rrn), .. } => drop(rrns.insert(*payment, rrn.to_string())),
            Record::Sent { payment, connection, .. } => drop(banks.insert(*payment, usize::from(connection.bank.0))),
            Record::Hold { payment, hold, .. } => {
                holds.insert((*payment, rrns[payment].clone()), (banks[payment], *hold));
            }
            _ => {}
        }
    }
    holds
}

/// RRN and STAN of the advices that went to people.
fn uncovered(records: &[Record]) -> HashSet<(String, String)> {
    let mut names = BTreeMap::new();
    let mut uncovered = HashSet::new();
    for record in records {
        match record {
            Record::Received { payment, rrn: Some(rrn), stan, .. } => {
                names.insert(*payment, (rrn.to_string(), stan.to_string()));
            }
            Record::Queued { item, kind: Stored::Uncovered, .. } => drop(uncovered.insert(names[item].clone())),
            _ => {}
        }
    }
    uncovered
}
