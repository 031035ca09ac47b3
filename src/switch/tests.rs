//! Conversations with the machine, without sockets; the numbers are those of the certification cases.

mod answers;
mod calendar;
mod chaos;
mod delivery;
mod door;
mod followers;
mod holds;
mod links;
mod outbound;
mod races;
mod recalls;
mod recovery;
mod resends;
mod reversals;
mod rig;
mod routes;
mod table;
mod takeovers;
mod timeouts;
mod undelivered;
mod verdicts;
