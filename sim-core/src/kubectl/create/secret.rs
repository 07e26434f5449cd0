//! `kubectl create secret generic`, `docker-registry` and `tls`. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/create/create_secret{,_docker,_tls}.go`, v1.36.
//!
//! Left out: whether a certificate and its key belong together; that they are PEM is checked.

use serde_json::{Map, Value, json};

use super::{hash, non_empty_name, one_name, sources};
use crate::api::defaults::base64_encode;
use crate::api::quote::quote;
use crate::apiserver::validation::names;
use crate::kubectl::emit::compact_json;
use crate::kubectl::failure::{Answer, Failure};
use crate::kubectl::flags::{Flag, switch, value};
use crate::kubectl::{Call, Next, target};

/// The flags of `create secret generic`.
pub const FLAGS: &[Flag] = &[value("from-file"), value("from-literal"), value("from-env-file"), value("type"), switch("append-hash")];

/// The flags of `create secret docker-registry`.
pub const DOCKER_FLAGS: &[Flag] = &[
    value("docker-username"),
    value("docker-password"),
    value("docker-email"),
    value("docker-server"),
    value("from-file"),
    switch("append-hash"),
];

/// The flags of `create secret tls`.
pub const TLS_FLAGS: &[Flag] = &[value("cert"), value("key"), switch("append-hash")];

/// Where a registry's credentials stand in a Secret.
const DOCKER_CONFIG: &str = ".dockerconfigjson";

/// Runs `kubectl create secret generic`.
pub fn generic(call: &mut Call<'_>) -> Answer<Next> {
    let name = non_empty_name(call)?;
    sources::check_alone(call)?;
    let mut data = Map::new();
    add(&mut data, sources::literals(call)?)?;
    add(&mut data, sources::files(call, &call.flags.list("from-file"))?)?;
    add(&mut data, sources::env_files(call, "secret")?)?;
    let kind = call.flags.text("type").to_owned();
    secret(call, name, &kind, data)
}

/// Runs `kubectl create secret docker-registry`.
pub fn docker_registry(call: &mut Call<'_>) -> Answer<Next> {
    let name = non_empty_name(call)?;
    let [user, password, email, server] =
        ["docker-username", "docker-password", "docker-email", "docker-server"].map(|flag| call.flags.text(flag).to_owned());
    let files: Vec<String> = call.flags.list("from-file");
    if files.is_empty() && (user.is_empty() || password.is_empty() || server.is_empty()) {
        let why = "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required";
        return Err(Failure::plain(why));
    }
    let mut data = Map::new();
    if files.is_empty() {
        let content = docker_config(&server, &user, &password, &email);
        data.insert(DOCKER_CONFIG.into(), Value::from(base64_encode(content.as_bytes())));
    } else {
        let keyed = |file: String| if file.contains('=') { file } else { format!("{DOCKER_CONFIG}={file}") };
        let keyed: Vec<String> = files.into_iter().map(keyed).collect();
        add(&mut data, sources::files(call, &keyed)?)?;
    }
    secret(call, name, "kubernetes.io/dockerconfigjson", data)
}

/// The credentials as docker's own configuration file has them, its fields in the order of Go's struct.
fn docker_config(server: &str, user: &str, password: &str, email: &str) -> String {
    let text = |text: &str| compact_json(&Value::from(text));
    let auth = base64_encode(format!("{user}:{password}").as_bytes());
    let fields = [("username", user), ("password", password), ("email", email), ("auth", &auth)];
    let fields = fields.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("\"{name}\":{}", text(value)));
    let fields: Vec<String> = fields.collect();
    format!("{{\"auths\":{{{}:{{{}}}}}}}", text(server), fields.join(","))
}

/// Runs `kubectl create secret tls`.
pub fn tls(call: &mut Call<'_>) -> Answer<Next> {
    let name = one_name(call)?;
    let (cert, key) = (call.flags.text("cert").to_owned(), call.flags.text("key").to_owned());
    if cert.is_empty() || key.is_empty() {
        return Err(Failure::plain("key and cert must be specified"));
    }
    let read = |path: &String| {
        let missing = || Failure::Plain(format!("Cannot read file {path}, open {path}: no such file or directory"));
        call.files.get(path).cloned().ok_or_else(missing)
    };
    let (cert, key) = (read(&cert)?, read(&key)?);
    check_pem(&cert, "certificate", "find \"CERTIFICATE\" PEM block in certificate input", |kind| kind == "CERTIFICATE")?;
    check_pem(&key, "key", "find PEM block with type ending in \"PRIVATE KEY\" in key input", |kind| kind.ends_with("PRIVATE KEY"))?;
    let encoded = |content: &str| Value::from(base64_encode(content.as_bytes()));
    let data = Map::from_iter([("tls.crt".to_owned(), encoded(&cert)), ("tls.key".to_owned(), encoded(&key))]);
    secret(call, name, "kubernetes.io/tls", data)
}

/// Go's words of `crypto/tls.X509KeyPair` for a file in which no PEM block is of use.
fn check_pem(content: &str, what: &str, wanted: &str, fits: impl Fn(&str) -> bool) -> Answer<()> {
    let kinds: Vec<&str> = content.lines().filter_map(|line| line.trim_end().strip_prefix("-----BEGIN ")?.strip_suffix("-----")).collect();
    if kinds.is_empty() {
        return Err(Failure::Plain(format!("tls: failed to find any PEM data in {what} input")));
    }
    if kinds.iter().any(|kind| fits(kind)) {
        return Ok(());
    }
    Err(Failure::Plain(format!("tls: failed to {wanted} after skipping PEM blocks of the following types: [{}]", kinds.join(" "))))
}

fn add(data: &mut Map<String, Value>, entries: Vec<sources::Entry>) -> Answer<()> {
    for (key, content) in entries {
        let why = names::config_key(&key);
        if !why.is_empty() {
            return Err(Failure::Plain(format!("{} is not valid key name for a Secret {}", quote(&key), why.join(";"))));
        }
        if data.contains_key(&key) {
            return Err(Failure::Plain(format!("cannot add key {key}, another key by that name already exists")));
        }
        data.insert(key, Value::from(base64_encode(content.as_bytes())));
    }
    Ok(())
}

fn secret(call: &mut Call<'_>, mut name: String, kind: &str, data: Map<String, Value>) -> Answer<Next> {
    if call.flags.on("append-hash") {
        let suffix = hash::suffix(&json!({"kind": "Secret", "type": kind, "name": name, "data": data}));
        name = format!("{name}-{suffix}");
    }
    let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}});
    if !data.is_empty() {
        secret["data"] = Value::Object(data);
    }
    if !kind.is_empty() {
        secret["type"] = Value::from(kind);
    }
    super::object(call, target::resource("secrets")?, secret, Some("failed to create secret"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials() {
        assert_eq!(docker_config("x", "u", "p", ""), r#"{"auths":{"x":{"username":"u","password":"p","auth":"dTpw"}}}"#);
        let with_mail = r#"{"auths":{"x":{"username":"u","password":"p","email":"e@x","auth":"dTpw"}}}"#;
        assert_eq!(docker_config("x", "u", "p", "e@x"), with_mail);
    }

    #[test]
    fn pem() {
        let fits = |kind: &str| kind == "CERTIFICATE";
        let wrong = |content: &str| check_pem(content, "certificate", "find it", fits).err().map(|failure| failure.message());
        assert_eq!(wrong("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"), None);
        assert_eq!(wrong("hello"), Some("tls: failed to find any PEM data in certificate input".to_owned()));
        let skipped = "tls: failed to find it after skipping PEM blocks of the following types: [EC PRIVATE KEY]";
        assert_eq!(wrong("-----BEGIN EC PRIVATE KEY-----\n"), Some(skipped.to_owned()));
    }
}
