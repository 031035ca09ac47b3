//! The admin endpoint: health, readiness and metrics, on a thread and a runtime of its own, so that nobody who looks at
//! the switch can slow it down.

use crate::{
    driver::{Control, Snapshot},
    record::{Decision, PaymentId},
    telemetry::Metrics,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse,
    routing::{get, post},
};
use std::sync::Arc;

struct Admin {
    control: Control,
    metrics: Metrics,
}

/// Serves until the switch has ended.
pub(crate) fn serve(listener: std::net::TcpListener, control: Control) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.and_then(|runtime| runtime.block_on(run(listener, control)));
    if let Err(error) = served {
        tracing::error!(%error, "the admin endpoint ended");
    }
}

async fn run(listener: std::net::TcpListener, control: Control) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let over = control.clone();
    let admin = Arc::new(Admin { control, metrics: Metrics::new() });
    let routes = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/saf", get(stored))
        .route("/saf/{item}/retry", post(retry))
        .route("/saf/{item}/resolve", post(resolve))
        .with_state(admin);
    let served = async { axum::serve(listener, routes).await };
    tokio::select! {
        served = served => served,
        () = over.ended() => Ok(()),
    }
}

/// 200 as long as the switch's thread answers.
async fn healthz(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    // The answer itself is the proof: the data path is alive.
    admin.control.snapshot().await;
    (StatusCode::OK, "ok\n")
}

/// 200 when payments can be taken, 503 when not; either way with the state of each bank.
async fn readyz(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    let snapshot = admin.control.snapshot().await;
    let status = if snapshot.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness(&snapshot)))
}

fn readiness(snapshot: &Snapshot) -> serde_json::Value {
    let banks = snapshot.banks.iter().map(|bank| {
        let states: Vec<_> = bank.connections.iter().map(|state| state.as_str()).collect();
        serde_json::json!({
            "name": &*bank.name, "up": bank.up(), "connections": states, "in_flight": bank.in_flight,
        })
    });
    let acquirers = snapshot.acquirers.iter().map(|acquirer| {
        serde_json::json!({
            "name": &*acquirer.name, "sessions": acquirer.sessions, "in_flight": acquirer.in_flight,
        })
    });
    serde_json::json!({
        "ready": snapshot.ready,
        "draining": snapshot.draining,
        "banks": banks.collect::<Vec<_>>(),
        "acquirers": acquirers.collect::<Vec<_>>(),
    })
}

/// What is stored for banks.
async fn stored(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    Json(admin.control.stored().await)
}

/// Who decides over a stored message, and why.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct By {
    by: String,
    #[serde(default)]
    reason: String,
}

async fn retry(State(admin): State<Arc<Admin>>, Path(item): Path<u64>, Json(by): Json<By>) -> impl IntoResponse {
    decide(&admin, item, Decision::Retry, &by).await
}

async fn resolve(State(admin): State<Arc<Admin>>, Path(item): Path<u64>, Json(by): Json<By>) -> impl IntoResponse {
    if by.reason.trim().is_empty() {
        let error = serde_json::json!({ "error": "to resolve takes a reason" });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(error));
    }
    decide(&admin, item, Decision::Resolve, &by).await
}

async fn decide(admin: &Admin, item: u64, decision: Decision, by: &By) -> (StatusCode, Json<serde_json::Value>) {
    if by.by.trim().is_empty() {
        let error = serde_json::json!({ "error": "it must be said who decides" });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(error));
    }
    let text = if by.reason.is_empty() { by.by.clone() } else { format!("{}: {}", by.by, by.reason) };
    if admin.control.decide(PaymentId(item), decision, &text).await {
        (StatusCode::OK, Json(serde_json::json!({})))
    } else {
        (StatusCode::NOT_FOUND, Json(serde_json::json!({ "error": format!("nothing is stored under {item}") })))
    }
}

async fn metrics(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    let snapshot = admin.control.snapshot().await;
    let kind = [("content-type", "text/plain; version=0.0.4; charset=utf-8")];
    (kind, admin.metrics.render(&snapshot))
}
