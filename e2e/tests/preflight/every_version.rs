//! A second API server, which serves every version that it has: the one of the end-to-end run serves what is on by default.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kube::config::AuthInfo;
use kube::{Client, Config};
use tempfile::TempDir;

use crate::BoxError;

const TOKEN: &str = "end-to-end";
const PATIENCE: Duration = Duration::from_mins(1);

/// Etcd and kube-apiserver in one process, which ends with this value.
pub(crate) struct EveryVersion {
    pub(crate) client: Client,
    process: Child,
    data: TempDir,
}

impl EveryVersion {
    /// `None` when the program of the end-to-end scripts is not built; an error where it has to be (`CI`).
    pub(crate) async fn start() -> Result<Option<Self>, BoxError> {
        let program = program();
        if !program.is_file() {
            let message = format!(
                "{}: not there; FLEET_E2E_BIN names its directory",
                program.display()
            );
            if std::env::var_os("CI").is_some() {
                return Err(message.into());
            }
            eprintln!("SKIPPED: {message}");
            return Ok(None);
        }
        let data = tempfile::tempdir()?;
        let file = |name: &str| data.path().join(name);
        // A service account key is asked for, though no token is ever made.
        let key = Command::new("openssl")
            .args(["genrsa", "-out"])
            .arg(file("sa.key"))
            .stderr(Stdio::null())
            .status()?;
        if !key.success() {
            return Err(format!("openssl genrsa: {key}").into());
        }
        std::fs::write(file("tokens.csv"), format!("{TOKEN},e2e,e2e,system:masters\n"))?;
        let port = free_port()?;
        let flag = |name: &str, value: &dyn std::fmt::Display| format!("--{name}={value}");
        let process = Command::new(program)
            .args([
                flag("data-dir", &data.path().display()),
                flag("etcd-port", &free_port()?),
                flag("secure-port", &port),
                flag("bind-address", &"127.0.0.1"),
                flag("advertise-address", &"127.0.0.1"),
                flag("endpoint-reconciler-type", &"none"),
                flag("cert-dir", &file("pki").display()),
                flag("token-auth-file", &file("tokens.csv").display()),
                flag("service-account-issuer", &"https://127.0.0.1"),
                flag("service-account-key-file", &file("sa.key").display()),
                flag("service-account-signing-key-file", &file("sa.key").display()),
                flag("service-cluster-ip-range", &"10.0.0.0/16"),
                flag("disable-admission-plugins", &"ServiceAccount"),
                flag("authorization-mode", &"RBAC"),
                flag("runtime-config", &"api/all=true"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(file("log"))?)
            .spawn()?;

        let mut config = Config::new(format!("https://127.0.0.1:{port}").parse()?);
        // Its certificate is its own, and nothing but this test talks to it.
        config.accept_invalid_certs = true;
        config.auth_info = AuthInfo {
            token: Some(TOKEN.to_owned().into()),
            ..AuthInfo::default()
        };
        let mut server = Self {
            client: Client::try_from(config)?,
            process,
            data,
        };
        let begin = Instant::now();
        loop {
            let ready = http::Request::get("/readyz").body(Vec::new())?;
            if server.client.request_text(ready).await.is_ok() {
                return Ok(Some(server));
            }
            if server.process.try_wait()?.is_some() || begin.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(server.data.path().join("log"))?;
                let last: Vec<&str> = log.lines().rev().take(5).collect();
                return Err(format!("the second API server did not come up: {last:#?}").into());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

impl Drop for EveryVersion {
    fn drop(&mut self) {
        // Its data is thrown away.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where the end-to-end scripts keep their programs.
fn program() -> PathBuf {
    let directory = std::env::var_os("FLEET_E2E_BIN").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    directory
        .unwrap_or_else(|| home().join(".cache/fleet-e2e/bin"))
        .join("controlplane")
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
