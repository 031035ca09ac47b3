//! The admin endpoint: health, readiness and metrics, what is stored, and listening in, on a thread and a runtime of its
//! own, so that nobody who looks at the switch can slow it down. [`caller`] says who may do what.

mod caller;
mod listen;
mod operate;
mod trace;

pub(crate) use listen::bind_socket;

use crate::{
    config,
    driver::{Control, Snapshot},
    record::{Decision, PaymentId},
    telemetry::Metrics,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use caller::{Door, Operator, Reader};
use std::sync::Arc;

struct Admin {
    control: Control,
    metrics: Metrics,
}

/// The ways in, bound.
pub(crate) struct Bound {
    pub(crate) tcp: std::net::TcpListener,
    #[cfg(unix)]
    pub(crate) socket: Option<std::os::unix::net::UnixListener>,
}

/// Why a request is not done.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(serde_json::json!({ "error": self.1 }))).into_response()
    }
}

/// Serves until the switch has ended.
pub(crate) fn serve(bound: Bound, settings: config::Admin, control: Control) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.and_then(|runtime| runtime.block_on(run(bound, settings, control)));
    if let Err(error) = served {
        tracing::error!(%error, "the admin endpoint ended");
    }
}

async fn run(bound: Bound, settings: config::Admin, control: Control) -> std::io::Result<()> {
    bound.tcp.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(bound.tcp)?;
    let over = control.clone();
    let routes = routes().with_state(Arc::new(Admin { control, metrics: Metrics::new() }));
    let (tls, door) = match settings.tls {
        Some(tls) => (Some(tls.into()), Door::Tls(settings.tokens.into())),
        None => (None, Door::Plain),
    };
    let by_tcp = listen::tcp(listener, routes.clone(), tls, door);
    #[cfg(unix)]
    let by_socket = async {
        match bound.socket {
            Some(socket) => listen::socket(tokio::net::UnixListener::from_std(socket)?, routes).await,
            None => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let by_socket = std::future::pending();
    let served = tokio::select! {
        served = by_tcp => served,
        served = by_socket => served,
        () = over.ended() => Ok(()),
    };
    if let Some(path) = settings.socket {
        // Whoever comes next need not wonder whether somebody listens.
        let _ = std::fs::remove_file(path);
    }
    served
}

fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/trace", get(trace::trace))
        .route("/links", get(operate::links))
        .route("/links/{bank}/{action}", post(operate::bank))
        .route("/links/{bank}/{slot}/{action}", post(operate::connection))
        .route("/routes/{route}/{state}", post(operate::route))
        .route("/cutover/{bank}", post(operate::cutover))
        .route("/saf", get(stored))
        .route("/saf/{item}/retry", post(retry))
        .route("/saf/{item}/resolve", post(resolve))
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
async fn stored(_: Reader, State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    Json(admin.control.stored().await)
}

/// Who decides, and why.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct By {
    #[serde(default)]
    by: String,
    #[serde(default)]
    reason: String,
}

impl By {
    /// As it is recorded: who they say they are, who they are known to be, and the reason.
    fn text(&self, Operator(caller): &Operator) -> String {
        let who = match self.by.trim() {
            "" => caller.clone(),
            by if by == caller => caller.clone(),
            by => format!("{by} ({caller})"),
        };
        if self.reason.trim().is_empty() { who } else { format!("{who}: {}", self.reason.trim()) }
    }
}

async fn retry(
    caller: Operator,
    State(admin): State<Arc<Admin>>,
    Path(item): Path<u64>,
    Json(by): Json<By>,
) -> Result<Json<serde_json::Value>, Refused> {
    decide(&admin, item, Decision::Retry, &by.text(&caller)).await
}

async fn resolve(
    caller: Operator,
    State(admin): State<Arc<Admin>>,
    Path(item): Path<u64>,
    Json(by): Json<By>,
) -> Result<Json<serde_json::Value>, Refused> {
    if by.reason.trim().is_empty() {
        return Err(Refused(StatusCode::UNPROCESSABLE_ENTITY, "to resolve takes a reason".to_owned()));
    }
    decide(&admin, item, Decision::Resolve, &by.text(&caller)).await
}

async fn decide(admin: &Admin, item: u64, decision: Decision, by: &str) -> Result<Json<serde_json::Value>, Refused> {
    if admin.control.decide(PaymentId(item), decision, by).await {
        Ok(Json(serde_json::json!({})))
    } else {
        Err(Refused(StatusCode::NOT_FOUND, format!("nothing is stored under {item}")))
    }
}

async fn metrics(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    let snapshot = admin.control.snapshot().await;
    let kind = [("content-type", "text/plain; version=0.0.4; charset=utf-8")];
    (kind, admin.metrics.render(&snapshot))
}
