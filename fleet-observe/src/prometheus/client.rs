//! Sends queries, within bounds of time and size.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Answer, Query, QueryError, read, read_with_warnings};

/// A client of the query API of Prometheus, a Thanos querier, or whatever else speaks it.
///
/// What is incomplete is never taken for an answer: see [`read`]. Over plain HTTP by default; TLS and proxies are the connector's
/// ([`with_connector`](Self::with_connector)), which is the final program's choice.
///
/// ```no_run
/// use fleet_observe::prometheus::{Client, Query};
///
/// # async fn ask() -> Result<(), Box<dyn std::error::Error>> {
/// let thanos = Client::new("http://thanos-query.monitoring:9090")?;
/// let answer = thanos.query(&Query::instant("sum by (cluster) (up)")).await?;
/// for (cluster, up) in answer.by_label("cluster") {
///     println!("{cluster}: {up}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client<C = HttpConnector> {
    base: String,
    http: Http<C, Full<Bytes>>,
    authorization: Option<HeaderValue>,
    patience: Duration,
    longest: usize,
}

impl<C> fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// Why a query was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server's URL is none.
    #[error("found `{found}`, expected a URL such as `http://prometheus.monitoring:9090`")]
    Url {
        /// What was found.
        found: String,
    },
    /// The token cannot be sent. Its text is not repeated.
    #[error("the bearer token holds characters that no header can have, such as a newline at its end")]
    Token,
    /// The server cannot be asked.
    #[error("{base} cannot be asked")]
    Unreachable {
        /// The server's URL.
        base: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer takes too long.
    #[error("{base} does not answer within {} s", after.as_secs_f64())]
    TooSlow {
        /// The server's URL.
        base: String,
        /// How long was waited.
        after: Duration,
    },
    /// The answer is too long; nothing of it was kept.
    #[error(
        "the answer of {base} is longer than {longest} bytes; ask for fewer series, or for a shorter range"
    )]
    TooLong {
        /// The server's URL.
        base: String,
        /// The bound.
        longest: usize,
    },
    /// The server's answer is none to rely on.
    #[error(transparent)]
    Query(#[from] QueryError),
}

impl Client {
    /// The server at this URL, over plain HTTP.
    ///
    /// # Errors
    /// [`ClientError::Url`].
    pub fn new(base: &str) -> Result<Self, ClientError> {
        Self::with_connector(base, HttpConnector::new())
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> Client<C> {
    /// The server at this URL, through this connector: hyper-rustls', say.
    ///
    /// # Errors
    /// [`ClientError::Url`].
    pub fn with_connector(base: &str, connector: C) -> Result<Self, ClientError> {
        let is_base = |url: &Uri| url.scheme().is_some() && url.host().is_some() && url.query().is_none();
        if !base.parse().is_ok_and(|url| is_base(&url)) {
            return Err(ClientError::Url {
                found: base.to_owned(),
            });
        }
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            http: Http::builder(TokioExecutor::new()).build(connector),
            authorization: None,
            patience: Duration::from_secs(30),
            longest: 64 << 20,
        })
    }

    /// Sends this token with every query.
    ///
    /// # Errors
    /// [`ClientError::Token`].
    pub fn bearer_token(mut self, token: &SecretString) -> Result<Self, ClientError> {
        let value = format!("Bearer {}", token.expose_secret());
        let mut value = HeaderValue::from_str(&value).map_err(|_| ClientError::Token)?;
        value.set_sensitive(true);
        self.authorization = Some(value);
        Ok(self)
    }

    /// How long an answer may take. Default: 30 seconds.
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// How long an answer may be, in bytes. Default: 64 MiB.
    pub fn longest_answer(self, longest: usize) -> Self {
        Self { longest, ..self }
    }

    /// Asks, and takes nothing incomplete for an answer.
    ///
    /// # Errors
    /// As [`ClientError`] says.
    pub async fn query(&self, query: &Query) -> Result<Answer, ClientError> {
        let (status, body) = self.send(query).await?;
        Ok(read(status, &body)?)
    }

    /// Asks for what there is, with what the server warns of.
    ///
    /// # Errors
    /// As [`ClientError`] says, warnings aside.
    pub async fn query_with_warnings(&self, query: &Query) -> Result<Answer, ClientError> {
        let (status, body) = self.send(query).await?;
        Ok(read_with_warnings(status, &body)?)
    }

    async fn send(&self, query: &Query) -> Result<(u16, Bytes), ClientError> {
        let unreachable = |source: Box<dyn std::error::Error + Send + Sync>| ClientError::Unreachable {
            base: self.base.clone(),
            source,
        };
        let mut request = Request::post(format!("{}{}", self.base, query.path()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request
            .body(Full::from(query.form()))
            .map_err(|error| unreachable(error.into()))?;
        let exchange = async {
            let answer = self.http.request(request).await;
            let answer = answer.map_err(|error| unreachable(error.into()))?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), self.longest).collect().await;
            let body = body.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    ClientError::TooLong {
                        base: self.base.clone(),
                        longest: self.longest,
                    }
                } else {
                    unreachable(error)
                }
            })?;
            Ok((status, body.to_bytes()))
        };
        let slow = |_| ClientError::TooSlow {
            base: self.base.clone(),
            after: self.patience,
        };
        tokio::time::timeout(self.patience, exchange)
            .await
            .map_err(slow)?
    }
}
