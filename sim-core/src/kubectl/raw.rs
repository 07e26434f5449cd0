//! `kubectl create --raw`: a body goes to a path of the API as it is, and the answer comes back as it is. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/rawhttp/raw.go` and the checks of `pkg/cmd/create/create.go`, v1.36.
//!
//! Only the path of the eviction subresource is known here: there is no other way to it but `drain`.

use serde_json::{Value, json};

use super::api::Eviction;
use super::failure::{Answer, Failure};
use super::{Call, Next};
use crate::api::status::{ApiError, Reason};

/// Flags that make no sense together with `--raw`, as the command line spells them.
const EXCLUSIVE: [(&str, &str); 3] = [("recursive", "--recursive"), ("selector", "--selector (-l)"), ("output", "--output")];

/// Sends the one file to the path.
pub fn post(call: &mut Call<'_>) -> Answer<Next> {
    let url = call.flags.text("raw").to_owned();
    let files = call.flags.all("filename");
    let [file] = files else { return Err(Failure::plain("--raw can only use a single local file or stdin")) };
    if file.starts_with("http://") || file.starts_with("https://") {
        return Err(Failure::plain("--raw cannot read from a url"));
    }
    if let Some((_, shown)) = EXCLUSIVE.iter().find(|(flag, _)| call.flags.has(flag)) {
        return Err(Failure::Plain(format!("--raw and {shown} are mutually exclusive")));
    }
    if !url.starts_with('/') {
        return Err(Failure::Plain(format!("--raw must be a valid URL path: parse {url:?}: invalid URI for request")));
    }
    let body = call.files.get(file).ok_or_else(|| Failure::Plain(format!("open {file}: no such file or directory")))?;
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let words: Vec<&str> = path.trim_matches('/').split('/').collect();
    let ["api", "v1", "namespaces", namespace, "pods", name, "eviction"] = words[..] else {
        return Err(Failure::not_simulated(&format!("kubectl create --raw {path}")));
    };
    let body: Value = serde_json::from_str(body).map_err(|error| ApiError::new(Reason::BadRequest, error.to_string()))?;
    let mut eviction = Eviction::from_tree(&body, name)?;
    eviction.dry_run |= query.split('&').any(|pair| pair == "dryRun=All");
    call.api.evict(namespace, name, &eviction)?;
    // As the server writes it: fields in the order of Go's struct.
    let metadata = json!({});
    call.out
        .push_str(&format!("{{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{metadata},\"status\":\"Success\",\"code\":201}}\n"));
    Ok(Next::Done)
}
