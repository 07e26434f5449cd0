//! `kubectl describe csr`: what a CertificateSigningRequest asks for. Mirrors `describeCertificateSigningRequest` of
//! `staging/src/k8s.io/kubectl/pkg/describe/describe.go`, v1.36, and reads of the request (PKCS #10, RFC 2986) what that shows: the subject
//! and its alternative names. Signatures and keys aren't looked at.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use super::Page;
use crate::api::defaults::base64_decode;
use crate::kubectl::age::Clock;
use crate::kubectl::field::{name, text};
use crate::kubectl::get::extension::{requested_duration, signing_status};
use crate::kubectl::get::labels_or_none;

/// What a request says about its subject.
#[derive(Debug, Default, PartialEq)]
pub struct Request {
    /// Attributes of the distinguished name: the last number of `2.5.4.n`, and a value.
    subject: Vec<(u8, String)>,
    dns_names: Vec<String>,
    email_addresses: Vec<String>,
    uris: Vec<String>,
    ip_addresses: Vec<String>,
}

/// Writes a CertificateSigningRequest and the request in it.
pub fn describe(page: &mut Page, object: &Value, request: &Request, clock: &Clock) {
    page.field("Name", name(object));
    page.field("Labels", labels_or_none(object, "metadata.labels"));
    page.field("Annotations", labels_or_none(object, "metadata.annotations"));
    page.field("CreationTimestamp", clock.rfc1123(text(object, "metadata.creationTimestamp")));
    page.field("Requesting User", text(object, "spec.username"));
    if !text(object, "spec.signerName").is_empty() {
        page.field("Signer", text(object, "spec.signerName"));
    }
    if let Some(duration) = requested_duration(object) {
        page.field("Requested Duration", duration);
    }
    page.field("Status", signing_status(object));
    subject(page, request);
}

fn subject(page: &mut Page, request: &Request) {
    const LISTS: &[(&str, u8)] = &[
        ("Organization", 10),
        ("Organizational Unit", 11),
        ("Country", 6),
        ("Locality", 7),
        ("Province", 8),
        ("StreetAddress", 9),
        ("PostalCode", 17),
    ];
    let of = |kind: u8| request.subject.iter().filter(|(known, _)| *known == kind).map(|(_, value)| value.clone()).collect::<Vec<_>>();
    // The last one counts, as in Go's pkix.Name.
    let one = |kind: u8| of(kind).pop().unwrap_or_default();
    page.line(0, "Subject:");
    page.line(0, format!("\tCommon Name:\t{}", one(3)));
    page.line(0, format!("\tSerial Number:\t{}", one(5)));
    LISTS.iter().for_each(|(title, kind)| list(page, title, &of(*kind)));
    let names = [
        ("DNS Names", &request.dns_names),
        ("Email Addresses", &request.email_addresses),
        ("URIs", &request.uris),
        ("IP Addresses", &request.ip_addresses),
    ];
    if names.iter().any(|(_, names)| !names.is_empty()) {
        page.line(0, "Subject Alternative Names:");
        names.iter().for_each(|(title, names)| list(page, title, names));
    }
}

fn list(page: &mut Page, title: &str, values: &[String]) {
    for (i, value) in values.iter().enumerate() {
        page.line(0, if i == 0 { format!("\t{title}:\t{value}") } else { format!("\t\t{value}") });
    }
}

/// Reads the request in an object.
///
/// # Errors
/// It isn't one.
pub fn request_of(object: &Value) -> Result<Request, String> {
    parse(text(object, "spec.request")).map_err(|why| format!("Error parsing CSR: {why}"))
}

/// Reads the base64 of a PEM block of the base64 of a request.
fn parse(encoded: &str) -> Result<Request, &'static str> {
    const WRONG: &str = "PEM block type must be CERTIFICATE REQUEST";
    const MALFORMED: &str = "asn1: structure error";
    let pem = base64_decode(encoded).and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(WRONG)?;
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE REQUEST-----").ok_or(WRONG)?;
    let (body, _) = rest.split_once("-----END CERTIFICATE REQUEST-----").ok_or(WRONG)?;
    let body: String = body.split_whitespace().collect();
    let der = base64_decode(&body).ok_or(WRONG)?;
    read(&der).ok_or(MALFORMED)
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const OCTETS: u8 = 0x04;
/// `[0]`, the attributes of a request.
const ATTRIBUTES: u8 = 0xa0;
/// 2.5.4, the attributes of names.
const NAME_ATTRIBUTE: [u8; 2] = [0x55, 0x04];
/// 1.2.840.113549.1.9.14, the extensions asked for.
const EXTENSIONS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
/// 2.5.29.17, the alternative names.
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// Takes the next element off DER: its tag and its content.
fn next<'a>(der: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if *first >= 0x80 {
        let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
        length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(length)?;
    *der = after;
    Some((*tag, content))
}

/// All elements of DER.
fn elements(mut der: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    while let Some(element) = next(&mut der) {
        found.push(element);
    }
    found
}

fn read(der: &[u8]) -> Option<Request> {
    let (_, whole) = next(&mut &*der).filter(|(tag, _)| *tag == SEQUENCE)?;
    let (_, info) = next(&mut &*whole).filter(|(tag, _)| *tag == SEQUENCE)?;
    let parts = elements(info);
    let (_, subject) = parts.get(1).filter(|(tag, _)| *tag == SEQUENCE)?;
    let mut request = Request::default();
    for (_, attribute) in elements(subject).into_iter().filter(|(tag, _)| *tag == SET).flat_map(|(_, set)| elements(set)) {
        if let [(OBJECT_ID, id), (_, value)] = elements(attribute).as_slice()
            && let [a, b, kind] = *id
            && [*a, *b] == NAME_ATTRIBUTE
        {
            request.subject.push((*kind, String::from_utf8_lossy(value).into_owned()));
        }
    }
    for (_, attribute) in parts.iter().filter(|(tag, _)| *tag == ATTRIBUTES).flat_map(|(_, all)| elements(all)) {
        if let [(OBJECT_ID, EXTENSIONS), (SET, set)] = elements(attribute).as_slice() {
            let extensions = elements(set).into_iter().flat_map(|(_, list)| elements(list));
            extensions.for_each(|(_, extension)| alternative_names(extension, &mut request));
        }
    }
    Some(request)
}

fn alternative_names(extension: &[u8], request: &mut Request) {
    let parts = elements(extension);
    let (Some((OBJECT_ID, ALTERNATIVE_NAMES)), Some((OCTETS, value))) = (parts.first(), parts.last()) else { return };
    let names = next(&mut &**value).map_or_else(Vec::new, |(_, names)| elements(names));
    for (tag, name) in names {
        let words = || String::from_utf8_lossy(name).into_owned();
        match tag {
            0x81 => request.email_addresses.push(words()),
            0x82 => request.dns_names.push(words()),
            0x86 => request.uris.push(words()),
            0x87 => request.ip_addresses.extend(ip_address(name)),
            _ => {}
        }
    }
}

fn ip_address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| Ipv6Addr::from(sixteen).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::defaults::base64_encode;

    /// `openssl req` for CN=jane, O=devs, O=ops with two DNS names, an IP address and a URI.
    const PEM: &str = "-----BEGIN CERTIFICATE REQUEST-----\n\
        MIIBNDCB3AIBADAsMQ0wCwYDVQQKDARkZXZzMQwwCgYDVQQKDANvcHMxDTALBgNV\n\
        BAMMBGphbmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQbzzB2jWDDWtKywNmR\n\
        nMtpKjGkkcTiBBZjxTkva4sCu3X8tp5E1Bqt3V/fUpibtSkPUcCdrvY8WmTeZh94\n\
        UK4VoE4wTAYJKoZIhvcNAQkOMT8wPTA7BgNVHREENDAygg1hLmV4YW1wbGUuY29t\n\
        gg1iLmV4YW1wbGUuY29thwQKAAABhgxzcGlmZmU6Ly94L3kwCgYIKoZIzj0EAwID\n\
        RwAwRAIgUX/pxWx3tJmfLSsFh+2mpSGXECs1lT+SjQ/NjZkUrpgCIEU13wzMGrK/\n\
        nrwRB/kquIlow2EX7KwVZfi2zHyiNEj7\n\
        -----END CERTIFICATE REQUEST-----\n";

    #[test]
    fn requests_are_read() {
        let request = parse(&base64_encode(PEM.as_bytes())).expect("a request");
        let mut page = Page::default();
        subject(&mut page, &request);
        let expected = "Subject:\n\tCommon Name:\tjane\n\tSerial Number:\t\n\tOrganization:\tdevs\n\t\tops\nSubject Alternative Names:\n\
            \tDNS Names:\ta.example.com\n\t\tb.example.com\n\tURIs:\tspiffe://x/y\n\tIP Addresses:\t10.0.0.1\n";
        assert_eq!(page.raw(), expected);
    }

    #[test]
    fn what_is_none() {
        assert_eq!(parse("eA=="), Err("PEM block type must be CERTIFICATE REQUEST"));
        let empty = "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n";
        assert_eq!(parse(&base64_encode(empty.as_bytes())), Err("asn1: structure error"));
    }
}
