//! Who is asking, and what they may do. By the file system's socket comes whoever its permissions let in; over TLS, whoever
//! shows a token of the configuration. Over plain TCP nobody can say who they are: there is health and metrics only.

use super::Refused;
use crate::config::{Role, Token};
use axum::{
    extract::{ConnectInfo, Extension, FromRequestParts},
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
};
use std::sync::Arc;

/// By which way a request came.
#[derive(Clone)]
pub(super) enum Door {
    /// Plain TCP.
    Plain,
    /// TLS, with those who may come.
    Tls(Arc<[Token]>),
    /// The file system's socket.
    Socket,
}

/// The user at the other end of the socket, where the system says.
#[derive(Clone, Copy)]
pub(super) struct User(pub(super) Option<u32>);

/// Somebody who may look.
pub(super) struct Reader;

/// Somebody who may decide and command, by name.
pub(super) struct Operator(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        who(parts, state).await.map(|_| Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        match who(parts, state).await? {
            (name, Role::Operate) => Ok(Self(name)),
            (name, Role::Read) => Err(Refused(StatusCode::FORBIDDEN, format!("{name} may look, and not operate"))),
        }
    }
}

async fn who<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<(String, Role), Refused> {
    let Extension(door) = Extension::<Door>::from_request_parts(parts, state).await.expect("every way in has its door");
    match door {
        Door::Socket => {
            let user = ConnectInfo::<User>::from_request_parts(parts, state).await.ok();
            let name = match user.and_then(|ConnectInfo(User(id))| id) {
                Some(id) => format!("uid {id}"),
                None => "the socket".to_owned(),
            };
            Ok((name, Role::Operate))
        }
        Door::Tls(tokens) => {
            let shown = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
            let shown = shown.and_then(|value| value.strip_prefix("Bearer "));
            let known = tokens.iter().find(|token| shown.is_some_and(|shown| token.is(shown)));
            let known = known.map(|token| (token.name.clone(), token.role));
            known.ok_or_else(|| Refused(StatusCode::UNAUTHORIZED, "a token of the configuration is needed".to_owned()))
        }
        Door::Plain => Err(Refused(
            StatusCode::FORBIDDEN,
            "over plain TCP there are health and metrics only: use the control socket, or TLS with a token".to_owned(),
        )),
    }
}
