//! What a scenario says of its network: `cluster.network`.

use super::words::Span;
use crate::net::config::{Backend, IpvsScheduler, NetworkConfig, ProxyMode};
use serde::Deserialize;

/// The fields of `cluster.network`. What isn't given stays as `kubeadm` and flannel's manifest set it up.
#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NetworkFields {
    backend: Option<BackendWord>,
    proxy: Option<ProxyWord>,
    /// Only with `proxy: ipvs`.
    ipvs_scheduler: Option<SchedulerWord>,
    min_sync_period: Option<Span>,
    masquerade_all: Option<bool>,
    bridge: Option<BridgeWord>,
    hairpin: Option<bool>,
    bridge_netfilter: Option<bool>,
    default_route: Option<bool>,
    mtu: Option<u16>,
    policies: Option<bool>,
    dns: Option<bool>,
    load_balancers: Option<bool>,
    ingress: Option<bool>,
    gateway: Option<bool>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum BackendWord {
    Vxlan,
    HostGw,
    None,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum ProxyWord {
    Iptables,
    Nftables,
    Ipvs,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum SchedulerWord {
    Rr,
    Wrr,
    Lc,
    Sh,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum BridgeWord {
    Cni0,
    Docker0,
}

/// The least that IPv4 hosts must take, and the most that a length field can say: RFC 791.
const MTU: std::ops::RangeInclusive<u16> = 576..=65_535;

impl NetworkFields {
    /// The network that they describe.
    ///
    /// # Errors
    /// Fields that don't go together.
    pub(super) fn config(&self) -> Result<NetworkConfig, String> {
        let mut config = NetworkConfig::default();
        if let Some(word) = self.backend {
            config.backend = match word {
                BackendWord::Vxlan => Backend::Vxlan,
                BackendWord::HostGw => Backend::HostGw,
                BackendWord::None => Backend::None,
            };
        }
        let scheduler = match self.ipvs_scheduler {
            None | Some(SchedulerWord::Rr) => IpvsScheduler::RoundRobin,
            Some(SchedulerWord::Wrr) => IpvsScheduler::WeightedRoundRobin,
            Some(SchedulerWord::Lc) => IpvsScheduler::LeastConnection,
            Some(SchedulerWord::Sh) => IpvsScheduler::SourceHashing,
        };
        if self.ipvs_scheduler.is_some() && self.proxy != Some(ProxyWord::Ipvs) {
            return Err("network.ipvsScheduler goes only with `proxy: ipvs`".to_owned());
        }
        config.proxy = match self.proxy {
            None | Some(ProxyWord::Iptables) => ProxyMode::Iptables,
            Some(ProxyWord::Nftables) => ProxyMode::Nftables,
            Some(ProxyWord::Ipvs) => ProxyMode::Ipvs(scheduler),
        };
        if let Some(BridgeWord::Docker0) = self.bridge {
            config.bridge = "docker0";
        }
        if let Some(mtu) = self.mtu {
            if !MTU.contains(&mtu) {
                return Err(format!("network.mtu: {mtu} is not from {} to {}", MTU.start(), MTU.end()));
            }
            config.underlay_mtu = mtu;
        }
        config.min_sync_period = self.min_sync_period.map_or(config.min_sync_period, |span| span.0);
        let switches = [
            (self.masquerade_all, &mut config.masquerade_all),
            (self.hairpin, &mut config.hairpin),
            (self.bridge_netfilter, &mut config.bridge_netfilter),
            (self.default_route, &mut config.default_route),
            (self.policies, &mut config.policies),
            (self.dns, &mut config.dns),
            (self.load_balancers, &mut config.cloud),
            (self.ingress, &mut config.ingress),
            (self.gateway, &mut config.gateway),
        ];
        for (given, switch) in switches {
            *switch = given.unwrap_or(*switch);
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::yaml::typed;

    fn read(text: &str) -> Result<NetworkConfig, String> {
        let fields: NetworkFields = typed::from_str(text).map_err(|error| error.to_string())?;
        fields.config()
    }

    #[test]
    fn networks_are_described() {
        assert_eq!(read("{}"), Ok(NetworkConfig::default()));
        let config = read("{backend: host-gw, proxy: ipvs, ipvsScheduler: lc, bridge: docker0, hairpin: false, dns: true, gateway: true}")
            .expect("valid");
        assert_eq!((config.backend, config.bridge, config.hairpin, config.dns), (Backend::HostGw, "docker0", false, true));
        assert_eq!(config.proxy, ProxyMode::Ipvs(IpvsScheduler::LeastConnection));
        assert_eq!((config.ingress, config.gateway), (false, true));
        let refused = |text: &str, part: &str| {
            let said = read(text).expect_err(text);
            assert!(said.contains(part), "{text}: {said}");
        };
        refused("{ipvsScheduler: lc}", "proxy: ipvs");
        refused("{mtu: 100}", "from 576");
        refused("{backend: calico}", "calico");
        refused("{flannel: true}", "flannel");
    }
}
