//! Conversations with the machine, without sockets; the numbers are those of the certification cases.

mod answers;
mod chaos;
mod door;
mod followers;
mod links;
mod outbound;
mod recovery;
mod resends;
mod rig;
mod routes;
mod table;
mod timeouts;
mod verdicts;
