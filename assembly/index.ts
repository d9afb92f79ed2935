// The packet core: the list of its exports. Workers call attach, wake, rest, egress, ingress, complete, recover, tell…; the main thread's instance looks
// into the tables and calls their writers. Every constant of the ABI is exported too, so that the host can compare it with the one it was written against.

export * from "./abi/counter";
export * from "./abi/event";
export * from "./abi/layout";
export * from "./abi/limits";
export * from "./abi/network";
export * from "./abi/port";
export * from "./abi/reason";
export * from "./abi/table";
export * from "./abi/vtep";
export * from "./abi/worker";
export { complete, recover } from "./path/complete";
export { egress } from "./path/egress";
export { ingress } from "./path/ingress";
export { attach } from "./ring/block";
export { rest, wake } from "./ring/breath";
export { tellPathMtu, tellPortGone } from "./ring/event";
export { addressFind, addressRebuild, addressRemove, addressSet } from "./table/address";
export { fdbAge, fdbFind, fdbFlush, fdbRebuild, fdbRemove, fdbSet, fdbTarget } from "./table/fdb";
