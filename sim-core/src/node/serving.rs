//! What listens in pods, and what it answers: by what is known of its image, its arguments and its files.

use crate::kernel::time::SimTime;
use crate::node::Nodes;
use crate::node::inside::listening::Listening;
use crate::node::kubelet::pod_worker::PodWorker;
use crate::node::runtime::image::Images;
use crate::node::runtime::images::{Server, Serves, lookup};
use crate::node::runtime::shell::Setting;
use crate::node::runtime::shell::machine::filled;
use crate::node::runtime::shell::network::Response;
use crate::node::runtime::shell::times;
use std::net::Ipv4Addr;

/// A request as a server sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request<'a> {
    /// `GET`, …
    pub method: &'a str,
    /// The path, with what is asked for behind `?`.
    pub path: &'a str,
    /// `Host`
    pub host: &'a str,
    /// Other headers.
    pub headers: &'a [(String, String)],
    /// Where it comes from.
    pub from: (Ipv4Addr, u16),
}

impl Nodes {
    /// The image of the container that listens.
    pub fn image_of(&self, listening: Listening) -> &str {
        self.pods.get(listening.pod).map_or("", |worker| worker.spec_of(listening.container.into()).image.as_str())
    }

    /// What a process answers to a request.
    pub fn page(&self, now: SimTime, listening: Listening, port: u16, request: &Request<'_>) -> Response {
        let Some(worker) = self.pods.get(listening.pod) else { return Response::default() };
        let index = usize::from(listening.container);
        let facts = lookup(&worker.spec_of(index).image);
        let words = words_of(worker, index);
        let server = words.iter().find_map(|word| facts.program(word)).or(facts.unknown_program());
        let Some(server) = server else { return answer(server_header(None), 200, "ok".to_owned()) };
        let spec = server.serves.iter().find(|serves| serves.port == port).or(server.serves.first());
        let headers = server_header(Some(server));
        let Some(setting) = self.present(now, worker, index) else { return answer(headers, 200, String::new()) };
        match spec {
            Some(spec) if spec.answer.starts_with('/') && spec.answer.ends_with(".html") => {
                file(&setting, server, &spec.answer, request, headers)
            }
            Some(spec) => answer(headers, 200, said(&setting, spec, &words, request, now)),
            None => answer(headers, 200, String::new()),
        }
    }
}

/// Whether a container's process listens on a port once it serves: by its arguments, or by what is known of its image.
pub(super) fn takes(worker: &PodWorker, images: &Images, index: usize, port: u16) -> bool {
    flag_port(&words_of(worker, index)).map_or_else(|| worker.listens_on(images, index, i32::from(port)), |own| own == port)
}

/// A container's command and arguments.
fn words_of(worker: &PodWorker, index: usize) -> Vec<String> {
    let spec = worker.spec_of(index);
    let tree = crate::node::inside::surroundings::container_named(&worker.pod, &spec.name);
    let list = |field: &str| -> Vec<String> {
        let words = tree.and_then(|tree| tree[field].as_array()).into_iter().flatten();
        words.filter_map(|word| word.as_str().map(str::to_owned)).collect()
    };
    lookup(&spec.image).argv(&list("command"), &list("args"))
}

/// The port that `-listen=:8080`, `--port 8080` and their like give a server that has one port.
fn flag_port(words: &[String]) -> Option<u16> {
    const FLAGS: [&str; 3] = ["listen", "port", "http-port"];
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix("--").or(word.strip_prefix('-')) else { continue };
        let (name, value) = flag.split_once('=').map_or_else(|| (flag, None), |(name, value)| (name, Some(value)));
        if FLAGS.contains(&name) {
            let value = value.or_else(|| words.next().map(String::as_str))?;
            return value.rsplit(':').next().and_then(|port| port.parse().ok());
        }
    }
    None
}

fn answer(mut headers: Vec<(String, String)>, status: u16, body: String) -> Response {
    headers.push(("Content-Length".to_owned(), body.len().to_string()));
    Response { status, headers, body, ..Response::default() }
}

fn server_header(server: Option<&Server>) -> Vec<(String, String)> {
    let name = match server.map(|server| server.name.as_str()) {
        Some("nginx" | "nginx-quiet" | "nginx-hello") => "nginx/1.29.3",
        Some("httpd") => "Apache/2.4.65 (Unix)",
        _ => return Vec::new(),
    };
    vec![("Server".to_owned(), name.to_owned()), ("Content-Type".to_owned(), "text/html".to_owned())]
}

/// A page out of the server's directory.
fn file(setting: &Setting, server: &Server, index: &str, request: &Request<'_>, headers: Vec<(String, String)>) -> Response {
    let root = index.rsplit_once('/').map_or("", |(root, _)| root);
    let path = request.path.split('?').next().unwrap_or("/").trim_end_matches('/');
    let found = [format!("{root}{path}"), format!("{root}{path}/index.html")];
    let file = found.iter().filter_map(|path| setting.files.get(path.as_str())).find(|file| file.mode & 0o040_000 == 0);
    match file {
        Some(file) => answer(headers, 200, file.data.to_string()),
        None if server.name == "httpd" => answer(
            headers,
            404,
            "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n\
             <p>The requested URL was not found on this server.</p>\n</body></html>\n"
                .to_owned(),
        ),
        None => {
            // Without any page, nginx doesn't list the directory.
            let status = if path.is_empty() { "403 Forbidden" } else { "404 Not Found" };
            let body = format!(
                "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n<hr><center>nginx/1.29.3</center>\r\n\
                 </body>\r\n</html>\r\n"
            );
            answer(headers, if path.is_empty() { 403 } else { 404 }, body)
        }
    }
}

/// A text with what is known put in.
fn said(setting: &Setting, spec: &Serves, words: &[String], request: &Request<'_>, now: SimTime) -> String {
    let path = request.path.split('?').next().unwrap_or("/");
    let text = spec.paths.get(path).unwrap_or(&spec.answer);
    let headers = || {
        let mut list = vec![("host".to_owned(), request.host.to_owned())];
        list.extend(request.headers.iter().cloned());
        list
    };
    filled(text, |name| match name {
        "hostname" => setting.hostname.clone(),
        "ip" => setting.address.map_or_else(|| "127.0.0.1".to_owned(), |address| address.to_string()),
        "method" => request.method.to_owned(),
        "path" => request.path.to_owned(),
        "host" => request.host.to_owned(),
        "remote" => format!("{}:{}", request.from.0, request.from.1),
        "client" => request.from.0.to_string(),
        "headers" => headers().iter().map(|(name, value)| format!("{}: {value}\n", title(name))).collect(),
        "rows" => headers().iter().map(|(name, value)| format!("\t{name}={value}\n")).collect(),
        "msg" => request.path.split_once("msg=").map_or_else(String::new, |(_, text)| text.replace('+', " ")),
        "text" => flag(words, "text").or_else(|| variable(setting, "ECHO_TEXT")).unwrap_or_else(|| "hello-world".to_owned()),
        name if name.starts_with('%') => times::format(setting.epoch, now, name),
        name => variable(setting, name).unwrap_or_default(),
    })
}

fn variable(setting: &Setting, name: &str) -> Option<String> {
    setting.env.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

/// `-text=hello`, `-text hello`, `--text hello`.
fn flag(words: &[String], name: &str) -> Option<String> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let bare = word.strip_prefix("--").or(word.strip_prefix('-'));
        match bare.map(|bare| bare.split_once('=').unwrap_or((bare, ""))) {
            Some((known, "")) if known == name => return words.next().cloned(),
            Some((known, value)) if known == name => return Some(value.to_owned()),
            _ => {}
        }
    }
    None
}

/// `user-agent` as `User-Agent`.
fn title(name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let mut letters = part.chars();
        letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
    });
    parts.collect::<Vec<_>>().join("-")
}
