//! Serves the metrics over plain HTTP.

use std::time::Duration;

use fleet_upgrade::operator::Metrics;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How long one who asks may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers every request with the metrics: there is nothing else to ask for.
pub async fn metrics(listener: TcpListener, metrics: Metrics) {
    loop {
        if let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(tokio::time::timeout(PATIENCE, answer(socket, metrics.clone())));
        }
    }
}

async fn answer(mut socket: TcpStream, metrics: Metrics) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let _ = socket.read(&mut request).await?;
    let body = metrics.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    socket.write_all(format!("{head}{body}").as_bytes()).await?;
    socket.shutdown().await
}
