//! The names of the world outside the cluster. There is no such world: a name that could exist has an address of its own all the same, always
//! the same one, out of those that are kept for examples (RFC 5737). A scenario may say others.

use super::{Code, Data, Kind, Record, Reply, TTL};
use crate::kernel::chance::{Stream, draw};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Domains at the top that exist, besides those of countries. Of the more than a thousand only these are known here: a namespace may well be
/// called like one of the others.
const TOP: [&str; 24] = [
    "com", "net", "org", "edu", "gov", "mil", "int", "info", "biz", "pro", "app", "dev", "cloud", "online", "site", "tech", "xyz", "blog",
    "page", "run", "wiki", "news", "live", "world",
];
/// Codes of countries, two letters each.
const COUNTRIES: &str = "acadaeafagaialamaoaqarasatauawaxazbabbbdbebfbgbhbibjbmbnbobrbsbtbwbybzcacccdcfcgchcickclcmcncocrcucvcwcxcyczdedjdkdm\
                         dodzeceeegereseteufifjfkfmfofrgagbgdgegfggghgiglgmgngpgqgrgsgtgugwgyhkhmhnhrhthuidieiliminioiqirisitjejmjojpkekgkhki\
                         kmknkpkrkwkykzlalblclilklrlsltlulvlymamcmdmemgmhmkmlmmmnmompmqmrmsmtmumvmwmxmymznancnenfngninlnonpnrnunzompapepfpgph\
                         pkplpmpnprpsptpwpyqareroursrwsasbscsdsesgshsisjskslsmsnsosrssstsvsxsysztctdtftgthtjtktltmtntotrtttvtwtzuaugukusuyuz\
                         vavcvevgvivnvuwfwsyeytzazmzw";

/// The world's names.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    seed: u64,
    table: BTreeMap<String, Vec<Ipv4Addr>>,
}

impl Outside {
    /// The world of a run.
    pub fn new(seed: u64) -> Self {
        Outside { seed, table: BTreeMap::new() }
    }

    /// Gives a name addresses; none: it doesn't exist.
    pub fn set(&mut self, name: &str, addresses: Vec<Ipv4Addr>) {
        self.table.insert(super::normal(name), addresses);
    }

    /// The addresses of a name; `None`: there is no such name.
    pub fn addresses(&self, name: &str) -> Option<Vec<Ipv4Addr>> {
        match self.table.get(name) {
            Some(addresses) => (!addresses.is_empty()).then(|| addresses.clone()),
            None => exists(name).then(|| vec![self.made_up(name)]),
        }
    }

    /// What the name servers outside answer.
    pub fn answer(&self, name: &str, kind: Kind) -> Reply {
        let Some(addresses) = self.addresses(name).filter(|_| kind != Kind::Ptr) else {
            return Reply::new(Code::NxDomain, false, Vec::new());
        };
        let wanted = if kind == Kind::A { addresses } else { Vec::new() };
        let records = wanted.into_iter().map(|address| Record { name: name.to_owned(), ttl: TTL, data: Data::A(address) });
        Reply::new(Code::NoError, false, records.collect())
    }

    /// `TEST-NET-2` and `TEST-NET-3`.
    fn made_up(&self, name: &str) -> Ipv4Addr {
        let key = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |key, byte| (key ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let pick = draw(self.seed, Stream::Dns, u128::from(key) | 1 << 127).below(508);
        let host = (pick % 254 + 1) as u8;
        if pick < 254 { Ipv4Addr::new(198, 51, 100, host) } else { Ipv4Addr::new(203, 0, 113, host) }
    }
}

/// Whether a name could exist: it has a domain at its top that does.
fn exists(name: &str) -> bool {
    let Some((below, top)) = name.rsplit_once('.') else { return false };
    let is_country = top.len() == 2 && COUNTRIES.as_bytes().chunks(2).any(|code| code == top.as_bytes());
    !below.is_empty()
        && !below.ends_with(".in-addr")
        && (is_country || TOP.contains(&top))
        && name.split('.').all(|label| !label.is_empty())
}
