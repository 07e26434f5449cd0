//! `kubectl port-forward` and `kubectl proxy`: refused, as no port of this machine leads into the simulation. Mirrors the checks of
//! `staging/src/k8s.io/kubectl/pkg/cmd/{portforward,proxy}`, v1.36.

use super::failure::{Answer, Failure};
use super::flags::{Flag, short, switch, value};
use super::{Call, Next, containers};

/// The flags of `port-forward`.
pub const PORT_FORWARD_FLAGS: &[Flag] = &[value("address"), value("pod-running-timeout")];

/// The flags of `proxy`.
pub const PROXY_FLAGS: &[Flag] = &[
    short("port", 'p'),
    short("www", 'w'),
    short("www-prefix", 'P'),
    short("unix-socket", 'u'),
    switch("append-server-path"),
    switch("disable-filter"),
    value("accept-hosts"),
    value("accept-paths"),
    value("address"),
    value("api-prefix"),
    value("keepalive"),
    value("reject-methods"),
    value("reject-paths"),
];

/// Runs `kubectl port-forward`.
pub fn port_forward(call: &mut Call<'_>) -> Answer<Next> {
    let Some((named, ports)) = call.flags.args.split_first().filter(|(_, ports)| !ports.is_empty()) else {
        return Err(call.flags.usage("TYPE/NAME and list of ports are required for port-forward"));
    };
    let (named, port) = (named.clone(), ports[0].clone());
    containers::find(call, &named, "attach to")?;
    let port = port.rsplit(':').next().unwrap_or_default().to_owned();
    Err(Failure::Plain(format!(
        "kubectl port-forward is not simulated: no port of this machine leads into the simulation; \
         try `kubectl exec` with `curl localhost:{port}` or `wget -qO- localhost:{port}`"
    )))
}

/// Runs `kubectl proxy`.
pub fn proxy(call: &mut Call<'_>) -> Answer<Next> {
    if let Some(text) = call.flags.get("port")
        && text.parse::<i64>().is_err()
    {
        let message = format!("invalid argument {text:?} for \"-p, --port\" flag: strconv.ParseInt: parsing {text:?}: invalid syntax");
        return Err(Failure::Bare(format!("error: {message}\nSee 'kubectl proxy --help' for usage.")));
    }
    Err(Failure::plain("kubectl proxy is not simulated: no port of this machine leads into the simulation"))
}
