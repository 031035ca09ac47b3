//! Connections and routes, by command of an operator.

use super::{
    Admin, By, Refused,
    caller::{Operator, Reader},
};
use crate::driver::{Action, Order};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};
use std::sync::Arc;

type Done = Result<Json<Value>, Refused>;

/// Every connection with its state.
pub(super) async fn links(_: Reader, State(admin): State<Arc<Admin>>) -> Json<Value> {
    let snapshot = admin.control.snapshot().await;
    let links = snapshot.banks.iter().flat_map(|bank| {
        bank.connections.iter().enumerate().map(|(slot, state)| {
            json!({ "bank": &*bank.name, "slot": slot, "state": state.as_str(), "in_flight": bank.in_flight })
        })
    });
    Json(links.collect())
}

pub(super) async fn bank(
    caller: Operator,
    State(admin): State<Arc<Admin>>,
    Path((bank, action)): Path<(String, String)>,
    Json(by): Json<By>,
) -> Done {
    let action = action.parse().map_err(unknown)?;
    carry_out(&admin, Order::Link { bank, slot: None, action }, &by.text(&caller)).await
}

pub(super) async fn connection(
    caller: Operator,
    State(admin): State<Arc<Admin>>,
    Path((bank, slot, action)): Path<(String, u16, String)>,
    Json(by): Json<By>,
) -> Done {
    let action: Action = action.parse().map_err(unknown)?;
    carry_out(&admin, Order::Link { bank, slot: Some(slot), action }, &by.text(&caller)).await
}

pub(super) async fn route(
    caller: Operator,
    State(admin): State<Arc<Admin>>,
    Path((name, state)): Path<(String, String)>,
    Json(by): Json<By>,
) -> Done {
    let on = match state.as_str() {
        "on" => true,
        "off" => false,
        _ => return Err(unknown(format!("\"{state}\" is none of on, off"))),
    };
    carry_out(&admin, Order::Route { name, on }, &by.text(&caller)).await
}

pub(super) async fn cutover(
    caller: Operator,
    State(admin): State<Arc<Admin>>,
    Path(bank): Path<String>,
    Json(by): Json<By>,
) -> Done {
    carry_out(&admin, Order::Cutover { bank }, &by.text(&caller)).await
}

async fn carry_out(admin: &Admin, order: Order, by: &str) -> Done {
    let refused = |why| Refused(StatusCode::CONFLICT, why);
    admin.control.operate(order, by).await.map(|()| Json(json!({}))).map_err(refused)
}

fn unknown(why: String) -> Refused {
    Refused(StatusCode::NOT_FOUND, why)
}
