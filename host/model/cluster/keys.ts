// Where what is in the store. Whoever may read or write a key is said in host/store/rights.ts. Ids are host/model/cluster/ids.ts's.
//
//   /weft/v1/cluster                          ClusterRecord
//   /weft/v1/token/worker|manager             TokenRecord                    managers only
//   /weft/v1/secret/probe                     SecretRecord                   what probes are authenticated with
//   /weft/v1/node/ID                          NodeRecord                     written by managers
//   /weft/v1/restoring                        "", on a lease: a backup was put back, and hosts put back what it did not have before anything new is made
//   /weft/v1/members                          a counter; every transaction that adds a node or changes a name or VTEP compares and changes it,
//                                             so that both stay unique (removing a node frees them: no need)
//   /weft/v1/alive/ID                         AliveRecord, on a lease        written by the node
//   /weft/v1/report/ID                        ReportRecord                   written by the node
//   /weft/v1/network/ID                       NetworkRecord
//   /weft/v1/network-name/NAME                network's id                   unique names
//   /weft/v1/vni/VNI                          network's id                   unique VNIs
//   /weft/v1/network-removal/ID               "", on a short lease: no endpoint is added while somebody removes the network
//   /weft/v1/pools                            a counter; every transaction that takes or frees a subnet compares and changes it
//   /weft/v1/endpoint/NETWORK/NODE/ID         EndpointRecord
//   /weft/v1/address/NETWORK/IP               AddressRecord                  one owner an address; a resting one is on a lease
//   /weft/v1/mac/NETWORK/MAC                  endpoint's id                  one owner a MAC

export const ROOT = "/weft/v1/";

export const CLUSTER_KEY = `${ROOT}cluster`;
export const RESTORING_KEY = `${ROOT}restoring`;
export const MEMBERS_KEY = `${ROOT}members`;
export const POOLS_KEY = `${ROOT}pools`;
export const PROBE_SECRET_KEY = `${ROOT}secret/probe`;

export const NODES = `${ROOT}node/`;
export const ALIVE = `${ROOT}alive/`;
export const REPORTS = `${ROOT}report/`;
export const TOKENS = `${ROOT}token/`;
export const NETWORKS = `${ROOT}network/`;
export const NETWORK_NAMES = `${ROOT}network-name/`;
export const NETWORK_REMOVALS = `${ROOT}network-removal/`;
export const VNIS = `${ROOT}vni/`;
export const ENDPOINTS = `${ROOT}endpoint/`;
export const ADDRESSES = `${ROOT}address/`;
export const MACS = `${ROOT}mac/`;

export const tokenKey = (role: string) => `${TOKENS}${role}`;
export const nodeKey = (id: string) => `${NODES}${id}`;
export const aliveKey = (id: string) => `${ALIVE}${id}`;
export const reportKey = (id: string) => `${REPORTS}${id}`;
export const networkKey = (id: string) => `${NETWORKS}${id}`;
export const networkNameKey = (name: string) => `${NETWORK_NAMES}${name}`;
export const networkRemovalKey = (id: string) => `${NETWORK_REMOVALS}${id}`;
export const vniKey = (vni: number) => `${VNIS}${vni}`;
export const networkEndpoints = (network: string) => `${ENDPOINTS}${network}/`;
export const nodeEndpoints = (network: string, node: string) => `${ENDPOINTS}${network}/${node}/`;
export const endpointKey = (network: string, node: string, id: string) => `${ENDPOINTS}${network}/${node}/${id}`;
export const networkAddresses = (network: string) => `${ADDRESSES}${network}/`;
export const addressKey = (network: string, ip: string) => `${ADDRESSES}${network}/${ip}`;
export const networkMacs = (network: string) => `${MACS}${network}/`;
export const macKey = (network: string, mac: string) => `${MACS}${network}/${mac}`;

/** The parts of a key after its kind, e.g. [network, node, endpoint]. */
export function partsOf(key: string, prefix: string): string[] {
  return key.slice(prefix.length).split("/");
}
