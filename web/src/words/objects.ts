/** Objects as kubectl names them. Kubernetes' own words stay English in every language. */
import type { Party, Ref } from '../sim/frames';

/** `pod/web-0`; with its namespace in front if that isn't `default`: `dev/pod/web-0`. */
export function objectName(object: Ref): string {
  const name = `${object.kind.toLowerCase()}/${object.name}`;
  return object.namespace && object.namespace !== 'default' ? `${object.namespace}/${name}` : name;
}

/** `-n dev`, to put into a command; nothing for `default`, and for objects without a namespace. */
export function inNamespace(namespace: string): string {
  return namespace && namespace !== 'default' ? ` -n ${namespace}` : '';
}

/** The program that speaks or hears: `kube-apiserver`, `deployment-controller`, `kubelet (node-1)`. */
export function partyName(party: Party): string {
  switch (party.role) {
    case 'user':
      return 'kubectl';
    case 'apiServer':
      return 'kube-apiserver';
    case 'etcd':
      return 'etcd';
    case 'scheduler':
      return 'kube-scheduler';
    case 'controller':
      return party.name || 'kube-controller-manager';
    case 'kubelet':
      return party.name ? `kubelet (${party.name})` : 'kubelet';
    case 'proxy':
      return party.name ? `kube-proxy (${party.name})` : 'kube-proxy';
  }
}

/** `deployment` of `deployments`, `endpointslice` of `endpointslices`, `ingress` of `ingresses`. */
export function singular(resource: string): string {
  if (/(?:ss|x|ch)es$/.test(resource)) return resource.slice(0, -2);
  if (resource.endsWith('ies')) return `${resource.slice(0, -3)}y`;
  return resource.endsWith('s') ? resource.slice(0, -1) : resource;
}
