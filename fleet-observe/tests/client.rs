//! The client against a server that says what a test wants.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use fleet_observe::prometheus::{Client, ClientError, Query, QueryError};

/// Answers one request with this, and gives back what was asked.
fn server(status: &str, body: &str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = String::new();
        let mut buffer = [0; 4096];
        // The form is the last thing that is sent.
        while !request.contains("query=") {
            let read = stream.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            request += std::str::from_utf8(&buffer[..read]).unwrap();
        }
        // Who has heard enough hangs up.
        let _ = stream.write_all(answer.as_bytes());
        request
    });
    (base, asked)
}

async fn ask(status: &str, body: &str) -> Result<f64, ClientError> {
    let (base, _) = server(status, body);
    let answer = Client::new(&base)?.query(&Query::instant("up")).await?;
    Ok(answer.series[0].last().unwrap())
}

const ONE: &str = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#;

#[tokio::test]
async fn a_query_is_sent_and_its_answer_read() {
    let (base, asked) = server("200 OK", ONE);
    let client = Client::new(&format!("{base}/"))
        .unwrap()
        .bearer_token(&"s3cret".into())
        .unwrap();
    assert!(!format!("{client:?}").contains("s3cret"));
    let answer = client.query(&Query::instant("up")).await.unwrap();
    assert_eq!(answer.series[0].last(), Some(1.0));
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("POST /api/v1/query HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("authorization: Bearer s3cret\r\n"), "{asked}");
    assert!(
        asked.ends_with("\r\n\r\nquery=up&partial_response=false"),
        "{asked}"
    );
}

#[tokio::test]
async fn what_is_no_whole_answer_is_an_error() {
    let warned = ONE.replacen('{', r#"{"warnings":["store eu is down"],"#, 1);
    assert!(matches!(
        ask("200 OK", &warned).await,
        Err(ClientError::Query(QueryError::Incomplete { .. }))
    ));
    let (base, _) = server("200 OK", &warned);
    let answer = Client::new(&base)
        .unwrap()
        .query_with_warnings(&Query::instant("up"))
        .await;
    assert_eq!(answer.unwrap().warnings, ["store eu is down"]);
    let refused = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
    assert_eq!(
        ask("400 Bad Request", refused).await.unwrap_err().to_string(),
        "the server answers 400 (bad_data): parse error"
    );
    assert!(matches!(
        ask("502 Bad Gateway", "<html>").await,
        Err(ClientError::Query(QueryError::NotPrometheus { status: 502, .. }))
    ));
}

#[tokio::test]
async fn a_server_that_is_not_there_slow_or_endless_is_an_error() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = Client::new(&format!("http://{gone}"))
        .unwrap()
        .query(&Query::instant("up"))
        .await;
    assert!(matches!(error, Err(ClientError::Unreachable { .. })), "{error:?}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::new(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
    let client = client.patience(Duration::from_millis(100));
    let error = client.query(&Query::instant("up")).await.unwrap_err().to_string();
    assert!(error.ends_with("does not answer within 0.1 s"), "{error}");

    let (base, _) = server("200 OK", &"x".repeat(100_000));
    let client = Client::new(&base).unwrap().longest_answer(1_000);
    let error = client.query(&Query::instant("up")).await.unwrap_err();
    assert!(
        matches!(error, ClientError::TooLong { longest: 1_000, .. }),
        "{error:?}"
    );

    for url in ["prometheus:9090", "", "http://", "http://a?b"] {
        assert!(matches!(Client::new(url), Err(ClientError::Url { .. })), "{url}");
    }
    // Without a connector for it, TLS is refused, and not left out.
    let error = Client::new("https://127.0.0.1:1")
        .unwrap()
        .query(&Query::instant("up"))
        .await;
    assert!(matches!(error, Err(ClientError::Unreachable { .. })));
    let token = Client::new("http://a")
        .unwrap()
        .bearer_token(&"a\n".into())
        .unwrap_err();
    assert!(matches!(token, ClientError::Token));
}
