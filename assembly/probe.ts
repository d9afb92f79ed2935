// The core's insides for the unit tests and microbenchmarks: everything that the production module keeps to itself. Built into
// build/probe.wasm, which no agent loads. The tests put bytes into the shared memory and pass addresses.

export * from "./offload/frame";
export * from "./offload/segment";
export * from "./offload/superframe";
export * from "./path/cursor";
export * from "./path/flow";
export * from "./path/outer";
export * from "./ring/block";
export * from "./ring/breath";
export * from "./ring/counter";
export * from "./ring/event";
export * from "./table/address";
export * from "./table/fdb";
export * from "./table/hash";
export * from "./table/network";
export * from "./table/port";
export * from "./wire/arp";
export * from "./wire/checksum";
export * from "./wire/ethernet";
export * from "./wire/icmp";
export * from "./wire/ipv4";
export * from "./wire/ipv6";
export * from "./wire/nd";
export * from "./wire/tcp";
export * from "./wire/virtio-net";
export * from "./wire/vlan";
export * from "./wire/vxlan";
